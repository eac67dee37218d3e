"""Waivers: `stacks/waivers/STACK.yaml`, what a stack's reviewers let pass although a rule blocks it.

Owns how one is written and read, and what it is bound to. A waiver holds for one rule, one resource and one exact
change of it: whatever else is changed there later is looked at again. Leaves which findings it helps to `judging`.
"""

import datetime
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from infra.gate.change import Resource, Value
from infra.gate.digest import canonical
from infra.gate.property_paths import find, parse
from infra.gate.verdict import Finding
from infra.paths import PROJECT_ROOT
from infra.settings import list_file
from infra.settings.checking import Fault, WrongStackFiles
from infra.settings.gate import RuleName
from infra.settings.list_file import ListFile
from infra.settings.problems import problems_of
from infra.settings.route_kinds import Sentence
from infra.settings.section import Contradiction, Section
from infra.settings.tenant_kinds import Sha256

FOLDER = Path("stacks/waivers")
"""Where the files are, below the project's folder."""

DAYS = 14
"""How long a waiver holds unless somebody writes another day: ours, as long as a change should wait for its turn."""

_BEGIN = "begin each waiver with `- `, as `tenantry gate STACK --waive` prints it"

REASON, OWNER = "<why it may pass>", "<who answers for it>"
"""What stands where somebody has to write; a file that has it is refused."""

_DAY = "a day, as `2026-12-31`"


def _filled(text: str) -> str:
    """Return a text that somebody has written.

    Raises:
        ValueError: it stands as it was printed.
    """
    if text.startswith("<") and text.endswith(">"):
        raise ValueError("as it was printed; write it in place of the words between < and >")
    return text


def _day(value: object) -> datetime.date:
    """Return a day.

    Raises:
        ValueError: it is none, or written otherwise.
    """
    text = value if isinstance(value, str) else ""
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        raise ValueError(_DAY) from None
    if day.isoformat() != text:
        raise ValueError(_DAY)
    return day


Words = Annotated[Sentence, AfterValidator(_filled)]


class Waiver(Section):
    """What lets one change of one resource pass, although one rule blocks it."""

    rule: RuleName
    """The rule, as `tenantry gate --rules` lists it."""

    urn: Annotated[str, Field(pattern=r"^(urn:pulumi:[^\x00-\x1f\x7f]+)?$", max_length=2000)]
    """Of the resource; empty for what is about the whole stack."""

    digest: Sha256
    """Of the exact change, as the gate prints it."""

    reason: Words
    """Why it may pass."""

    owner: Words
    """Who answers for it."""

    expires: Annotated[datetime.date, BeforeValidator(_day)]
    """The last day that it holds on."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is bound to: rule, URN and digest."""
        return self.rule, self.urn, self.digest

    def expired(self, today: datetime.date) -> bool:
        """Whether it holds no more.

        Args:
            today: the day that is asked for.
        """
        return self.expires < today


class _Waivers(Section):
    """The list of one file."""

    waivers: tuple[Waiver, ...]

    def contradictions(self) -> Iterator[Contradiction]:
        """Return waivers of the same that are written twice: it would be told of one that it is stale."""
        seen = set[tuple[str, str, str]]()
        for position, waiver in enumerate(self.waivers):
            if waiver.key in seen:
                yield ("waivers", position, "digest"), "written twice; keep one of them"
            seen.add(waiver.key)


def waivers_of(stack: str, root: Path = PROJECT_ROOT) -> Sequence[Waiver]:
    """Return the waivers of a stack, in the order in which they are written; none without a file.

    Args:
        stack: its name.
        root: the project's folder.

    Raises:
        StackFileError: the file cannot be read, or is no list in YAML.
        WrongStackFiles: with all that is wrong in it at once.
    """
    name = str(FOLDER / f"{stack}.yaml")
    path = root / name
    if not path.exists():
        return ()
    text = list_file.text_of(path, name)
    file = ListFile(path, name, text, list_file.entries_of(name, text, _BEGIN))
    try:
        return _Waivers.model_validate({"waivers": file.entries}).waivers
    except ValidationError as error:
        raise WrongStackFiles(_faults(file, error)) from None


def entry(finding: Finding, digest: str, today: datetime.date, reason: str = REASON, owner: str = OWNER) -> str:
    """Return what to add to the file of waivers.

    Args:
        finding: what blocks.
        digest: of the change that it was found in, or what `desired_digest` says.
        today: the day from which on it holds, for `DAYS` days.
        reason: why it may pass; to be filled in unless given.
        owner: who answers for it; to be filled in unless given.
    """
    until = today + datetime.timedelta(days=DAYS)
    written = {"rule": finding.rule, "urn": finding.urn, "digest": digest, "reason": reason, "owner": owner}
    text: str = yaml.safe_dump([written], sort_keys=False, width=10_000)
    return f"{text}  expires: {until.isoformat()}\n"


def desired_digest(finding: Finding, resource: Resource | None) -> str:
    """Return what a waiver names of a finding about what is declared, whether it changes or not.

    It is made of the rule, the URN, the path and the value that is declared there; where the finding is about the whole
    resource, of all inputs and the finding's words; of what is no resource, of the words alone. So such a waiver holds,
    update after update, for as long as that stays.

    Args:
        finding: the finding.
        resource: what it is about, as it will be; None for what is no resource.
    """
    value: Value = finding.reason
    if resource is not None:
        value = find(parse(finding.path), resource.inputs)[1] if finding.path else [finding.reason, resource.inputs]
    return hashlib.sha256(canonical([finding.rule, finding.urn, finding.path, value])).hexdigest()


def _faults(file: ListFile, error: ValidationError) -> Sequence[Fault]:
    """Return what is wrong with a file, by line."""
    problems = [
        (problem.place[1:], problem.text) for problem in problems_of(error, model=_Waivers) if len(problem.place) > 1
    ]
    found = [Fault(file.name, file.line(place), _path(place), text) for place, text in problems]
    return sorted(found, key=lambda fault: (fault.line or 0, fault.path or ""))


def _path(place: Sequence[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
