"""Makes attempts and judges them.

Owns who attacks whom, in an order that is the same each time. Leaves what is tried to `catalogue`, and what an
administrator sees afterwards to `evidence`.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import psycopg

from tests.isolation.catalogue import ATTACKS, LOGINS
from tests.isolation.fleet import Fleet, made_up
from tests.isolation.model import ISOLATIONS, PAIRS, POOL, Attack, Facts, Pair, Tenant, Win
from tests.isolation.session import Answer, Session

_NOTHING = {"", "f", "0", "false"}


@dataclass
class Report:
    """What came of all attempts.

    Args:
        attempts: by pair of isolations and category.
        successes: one line each.
        attackers: slugs of those who attacked.
        targets: slugs of those who were attacked.
    """

    attempts: Counter[tuple[Pair, str]] = field(default_factory=Counter)
    successes: list[str] = field(default_factory=list)
    attackers: set[str] = field(default_factory=set)
    targets: set[str] = field(default_factory=set)

    @property
    def total(self) -> int:
        """All attempts."""
        return self.attempts.total()

    def lines(self) -> list[str]:
        """Return what `make test` prints: a line for all, one for each pair, one for the categories."""
        tenants = len(self.attackers | self.targets)
        pairs: Counter[Pair] = Counter()
        categories: Counter[str] = Counter()
        for (pair, category), count in self.attempts.items():
            pairs[pair] += count
            categories[category] += count
        return [
            f"isolation: {self.total:,} attempts over {tenants} tenants, {len(self.successes)} succeeded",
            "  " + ", ".join(f"{attacker} -> {target} {count:,}" for (attacker, target), count in pairs.items()),
            "  " + ", ".join(f"{category} {count:,}" for category, count in sorted(categories.items())),
        ]


@dataclass(frozen=True)
class Runner:
    """Lets tenants of a fleet attack each other.

    Args:
        fleet: theirs.
        facts: slug -> what is known of the tenant.
    """

    fleet: Fleet
    facts: Mapping[str, Facts]

    def run(self, duels: Iterable[tuple[Tenant, Tenant]], attacks: Sequence[Attack] = ATTACKS) -> Report:
        """Let each attacker try every attack that concerns its target, and every way to log in."""
        report = Report()
        for attacker, target in duels:
            report.attackers.add(attacker.slug)
            report.targets.add(target.slug)
            pair = (attacker.isolation, target.isolation)
            for category, name, won in self._duel(attacker, target, attacks):
                report.attempts[pair, category] += 1
                if won:
                    report.successes.append(
                        f"{attacker.isolation} {attacker.slug} -> {target.isolation} {target.slug}: {name}: {won}"
                    )
        return report

    def _duel(
        self, attacker: Tenant, target: Tenant, attacks: Sequence[Attack]
    ) -> Iterator[tuple[str, str, str | None]]:
        with ExitStack() as stack:
            victim = stack.enter_context(self.fleet.connect(target))
            victim.execute(f"SELECT '{self.facts[target.slug].secrets[0]}'".encode())
            names = placeholders(self.fleet, attacker, target, self.facts[target.slug], victim.info.backend_pid)
            for login in LOGINS if (attacker.role, attacker.database) != (target.role, target.database) else ():
                yield "login", login.name, self._log_in(attacker, target, login.parameters, names)
            session = Session(stack.enter_context(self.fleet.connect(attacker)))
            for attack in attacks:
                if attack.concerns(attacker.isolation, target.isolation):
                    yield attack.category, attack.name, self._attempt(session, attacker, attack, names, target)

    def _attempt(
        self, session: Session, attacker: Tenant, attack: Attack, names: Mapping[str, str], target: Tenant
    ) -> str | None:
        opening = []
        if attacker.isolation == POOL and attack.in_transaction:
            opening = ["BEGIN", f"SET LOCAL app.current_tenant_id = '{attacker.slug}'"]
        won = judged(session, attack, names, self.facts[target.slug].secrets, opening)
        session.reset(keep=not attack.undone)
        return won

    def _log_in(
        self, attacker: Tenant, target: Tenant, parameters: Mapping[str, str], names: Mapping[str, str]
    ) -> str | None:
        wanted = {name: value.format_map(names) for name, value in parameters.items()}
        own = {"user": attacker.role, "password": attacker.password, "dbname": attacker.database}
        try:
            connection = self.fleet.login(**(own | wanted))
        except psycopg.OperationalError as refusal:
            return _seen(str(refusal), self.facts[target.slug].secrets)
        connection.close()
        return "is logged in"


def judged(
    session: Session, attack: Attack, names: Mapping[str, str], secrets: Sequence[str], opening: Sequence[str]
) -> str | None:
    """Make one attempt and return what has succeeded of it; None for nothing. The transaction is left as it is.

    Args:
        session: the attacker's.
        attack: what to try.
        names: see `placeholders`.
        secrets: the target's.
        opening: what is said before.
    """
    outcomes = []
    for guess in attack.guesses or ("",):
        for statement in opening:
            session.connection.pgconn.exec_(statement.encode())
        known = {**names, "guess": guess.format_map(names)}
        answers = _answers(session, [step.format_map(known) for step in attack.steps])
        for answer in answers:
            if seen := _seen(answer.text, secrets):
                return seen
        last = answers[-1]
        outcomes.append((len(answers), last.done, last.state, last.rows))
        if len(answers) == len(attack.steps) and (won := _won(attack, last)):
            return won
        if attack.guesses:
            session.connection.pgconn.exec_(b"ROLLBACK")
    return "the answers differ" if len(set(outcomes)) > 1 else None


def _answers(session: Session, statements: Sequence[str]) -> list[Answer]:
    answers: list[Answer] = []
    for statement in statements:
        answers.append(session.run(statement))
        if not answers[-1].done and not statement.startswith("/* may fail */"):
            break
    return answers


def _won(attack: Attack, last: Answer) -> str | None:
    if attack.fault and last.state == attack.fault:
        return f"the server stumbles over a row of the target: {last.state}"
    won = {
        Win.SECRET: False,
        Win.DONE: last.done,
        Win.ROWS: last.rows > 0,
        Win.ANSWER: last.done and last.first not in _NOTHING,
    }
    return attack.win.value if won[attack.win] else None


def _seen(text: str, secrets: Sequence[str]) -> str | None:
    for secret in secrets:
        if secret in text or secret.encode().hex() in text:
            return Win.SECRET.value
    return None


def duels(tenants: Sequence[Tenant]) -> list[tuple[Tenant, Tenant]]:
    """Return who attacks whom: everybody once, those of an isolation each isolation in turn.

    The targets take turns as well, so that all are attacked where there are as many of each isolation, but for one.

    Args:
        tenants: at least two of each isolation.
    """
    turns: Counter[str] = Counter()
    attackers: dict[str, list[Tenant]] = {isolation: [] for isolation in ISOLATIONS}
    for attacker in tenants:
        turn = turns[attacker.isolation] + ISOLATIONS.index(attacker.isolation)
        attackers[ISOLATIONS[turn % len(ISOLATIONS)]].append(attacker)
        turns[attacker.isolation] += 1
    chosen = []
    for isolation, those in attackers.items():
        targets = [tenant for tenant in tenants if tenant.isolation == isolation]
        turned = ([*targets[first:], *targets[:first]] for first in range(len(targets)))
        matches = (list(zip(those, itertools.cycle(order))) for order in turned)
        chosen += next(match for match in matches if all(attacker != target for attacker, target in match))
    return chosen


def everybody(tenants: Sequence[Tenant], *pairs: Pair) -> list[tuple[Tenant, Tenant]]:
    """Return one duel for each of these pairs of isolations, all by default."""
    by = {isolation: [tenant for tenant in tenants if tenant.isolation == isolation] for isolation in ISOLATIONS}
    return [(by[attacker][0], by[target][-1]) for attacker, target in pairs or PAIRS]


def placeholders(fleet: Fleet, attacker: Tenant, target: Tenant, facts: Facts, victim: int) -> dict[str, str]:
    """Return what an attacker writes into its statements.

    Args:
        fleet: of both.
        attacker: who asks.
        target: whom it is about.
        facts: of the target.
        victim: the process id of a session of the target's.
    """
    cross = f"{target.database}." if target.database != attacker.database else ""
    pooled = target.isolation == POOL
    place = f"{cross}{target.schema}"
    return {
        "a": attacker.slug,
        "a_role": attacker.role,
        "a_schema": attacker.schema,
        "a_database": attacker.database,
        "b": target.slug,
        "b_role": target.role,
        "b_owner": target.owner,
        "b_reader": target.reader,
        "b_database": target.database,
        "b_schema": target.schema,
        "place": place,
        "customers": f"{place}.customers",
        "orders": f"{place}.orders",
        "of_b": f" WHERE tenant_id = '{target.slug}'" if pooled else "",
        "and_b": f" AND tenant_id = '{target.slug}'" if pooled else "",
        "column": "tenant_id, " if pooled else "",
        "value": f"'{target.slug}', " if pooled else "",
        "customer": facts.customer,
        "email": facts.email,
        "order_number": str(facts.order_number),
        "large_object": str(facts.large_object or 1),
        "secret": facts.secrets[0],
        "nobody": made_up(),
        "victim": str(victim),
        "group": fleet.group,
        "shared": fleet.shared,
    }
