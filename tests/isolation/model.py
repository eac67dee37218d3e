"""What an attack is, and who attacks whom.

The boundary of isolation `pool`, as it is promised: the services' one login may set any tenant id, and is trusted to
set the right one. So a tenant of the pool attacks from within a transaction that a service opened for it
(`SET LOCAL app.current_tenant_id`), with any statement but one that sets another tenant's id. What keeps it in is a
guard against forgotten filters, not against a service that lies. Between all other isolations the attacker has its own
login and says what it likes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

POOL: Final = "pool"
SCHEMA: Final = "schema"
DATABASE: Final = "database"
ISOLATIONS: Final = (POOL, SCHEMA, DATABASE)

Pair = tuple[str, str]
"""The isolations of attacker and target."""

PAIRS: Final = tuple((attacker, target) for attacker in ISOLATIONS for target in ISOLATIONS)


class Win(Enum):
    """What an attacker wants besides a secret of its target, which is always a success, wherever it shows up."""

    SECRET = "a secret is seen"
    DONE = "the last statement is not refused"
    ROWS = "the last statement finds or changes a row"
    ANSWER = "the last statement answers with yes or a number"


@dataclass(frozen=True, kw_only=True)
class Attack:
    """Statements that an attacker sends, in order, until one is refused.

    Args:
        category: what it is about.
        name: what is tried, in words; no two have the same.
        steps: statements with placeholders (`runner.placeholders`).
        win: when it has succeeded.
        fault: the SQLSTATE that only a row of the target's can cause; "" for none.
        guesses: two values of `{guess}`, one that the target has and one that nobody has: the attack is made with both,
            and succeeds when the answers differ. Empty for an attack that is made once.
        within_pool: whether a tenant of the pool tries it against another; not where it sets that one's id, or where
            both are the same role, which may do it.
        targets: the isolations of those that it is tried against.
        in_transaction: whether the tenant's transaction is opened first, where the attacker is of the pool; otherwise
            the steps do it.
        undone: whether the attacker's own rows would suffer, so that it is rolled back at once; what the target loses
            shows by then.
        superuser_can: whether a superuser has success with it, in a transaction; so its spelling is tested.
    """

    category: str
    name: str
    steps: tuple[str, ...]
    win: Win = Win.SECRET
    fault: str = ""
    guesses: tuple[str, ...] = ()
    within_pool: bool = True
    targets: tuple[str, ...] = ISOLATIONS
    in_transaction: bool = True
    undone: bool = False
    superuser_can: bool = True

    def concerns(self, attacker: str, target: str) -> bool:
        """Whether it is tried by a tenant of one isolation against one of the other."""
        return target in self.targets and (self.within_pool or (attacker, target) != (POOL, POOL))


@dataclass(frozen=True)
class Login:
    """An attempt to connect.

    Args:
        name: what is tried, in words.
        parameters: libpq's, with placeholders; what is not said is the attacker's own.
    """

    name: str
    parameters: dict[str, str]


@dataclass(frozen=True)
class Tenant:
    """A tenant and its place.

    Args:
        slug: its id in the pool's rows.
        isolation: of `ISOLATIONS`.
        database: where its data is.
        schema: the same.
        owner: the role that owns its tables.
        reader: the role that reads them.
        role: the role that its workload logs in as; in the pool all have one.
        password: of that role.
    """

    slug: str
    isolation: str
    database: str
    schema: str
    owner: str
    reader: str
    role: str
    password: str


@dataclass(frozen=True)
class Facts:
    """What is to be known of a tenant's data: some of it by attackers, the secrets by nobody else.

    Args:
        customer: the id of one of its customers.
        email: that customer's.
        order_number: of one of its orders.
        large_object: the id of one that its role made; 0 in the pool, where all would share it.
        secrets: texts that are in each of its tables.
    """

    customer: str
    email: str
    order_number: int
    large_object: int
    secrets: Sequence[str]
