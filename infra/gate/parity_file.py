"""`stacks/parity.yaml`: which differences between two stacks are meant, each with its reason.

Owns what may be in that file, and what it allows. Leaves reading lists to `infra.settings.list_file`, and finding
differences to `parity`.
"""

import datetime
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from infra.errors import TenantryError
from infra.gate.change import Value
from infra.gate.parity import Comparison, Difference, plain
from infra.paths import PROJECT_ROOT
from infra.settings import list_file, stack_file
from infra.settings.checking import Fault, WrongStackFiles
from infra.settings.list_file import ListFile
from infra.settings.problems import problems_of
from infra.settings.section import Contradiction, Section

NAME = "stacks/parity.yaml"
"""Where the list is, from the project's folder."""

_BEGIN = "begin each entry with `- `, as `- { between: [a, b], reason: why, allowed: [...] }`"

_DAY = "must be a day, as 2026-12-31"

_WRITTEN_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

Text = Annotated[str, Field(min_length=1)]
"""Something has to be written."""


def _day(written: object) -> datetime.date:
    if not isinstance(written, str) or not _WRITTEN_DAY.fullmatch(written):
        raise ValueError(_DAY)
    try:
        return datetime.date.fromisoformat(written)
    except ValueError:
        raise ValueError(_DAY) from None


class AllowedDifference(Section):
    """Which differences one line allows; in its texts, `*` stands for any characters and everything else for itself."""

    type: Text
    """The resource's type token."""

    name: Text
    """Its logical name, neutral."""

    path: Text | None = None
    """The property; without it, a resource that `only` one of the two has."""

    only: Text | None = None
    """Which stack has the resource."""

    values: dict[str, Any] = Field(default_factory=dict)
    """Stack -> the value that is meant, neutral; of a stack without the property nothing. None given: any."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return what makes neither a property nor a resource."""
        if (self.path is None) == (self.only is None):
            yield (), "one of path and only: path for a property, only for a resource that one stack has"
        if self.only is not None and self.values:
            yield ("values",), "not beside only; a resource that only one stack has is allowed as a whole"

    def allows(self, difference: Difference) -> bool:
        """Whether a difference is one of those that are meant."""
        return (
            difference.only == self.only
            and _matches(self.type, difference.type)
            and _matches(self.name, difference.name)
            and (self.path is None or _matches(self.path, difference.path))
            and (not self.values or _text(self.values) == _text(difference.values))
        )


class AllowedEntry(Section):
    """Differences between two stacks that have one reason."""

    between: Annotated[tuple[str, ...], Field(min_length=2, max_length=2)]
    """The stacks."""

    reason: Text
    """Why they are meant."""

    expires: Annotated[datetime.date, BeforeValidator(_day)] | None = None
    """The last day on which they are; none: for good."""

    allowed: Annotated[tuple[AllowedDifference, ...], Field(min_length=1)]
    """Which they are."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return names of stacks that are not those of `between`."""
        if len(set(self.between)) < len(self.between):
            yield ("between", 1), "the same stack twice; name the other one"
        for position, line in enumerate(self.allowed):
            if line.only is not None and line.only not in self.between:
                yield ("allowed", position, "only"), "must be one of between"
            for stack in line.values:
                if stack not in self.between:
                    yield ("allowed", position, "values", stack), "must be one of between"


class _Entries(Section):
    """The whole file, so that what is wrong with one entry is told like what is wrong with a setting."""

    entries: tuple[AllowedEntry, ...]


@dataclass(frozen=True)
class Allowed:
    """One difference, and why it is meant.

    Args:
        difference: which.
        entry: the position of the entry that allows it.
    """

    difference: Difference
    entry: int


@dataclass(frozen=True)
class Judgement:
    """What the list makes of a comparison.

    Args:
        comparison: of which.
        entries: the position of each entry about these stacks -> the entry.
        allowed: the differences that are meant.
        refused: those that are not.
        faults: lines that allow nothing, and entries that have expired, with their lines in the file.
    """

    comparison: Comparison
    entries: Mapping[int, AllowedEntry]
    allowed: Sequence[Allowed]
    refused: Sequence[Difference]
    faults: Sequence[Fault]

    @property
    def passes(self) -> bool:
        """Whether every difference is meant, and every line of the list is of use."""
        return not self.refused and not self.faults


class WrongParityFile(WrongStackFiles):
    """A list that is not valid; `faults` says why, one line each."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Collect the faults.

        Args:
            faults: one at least.
        """
        self.faults = tuple(faults)
        count = f"{len(faults)} entries are not valid" if len(faults) > 1 else "an entry is not valid"
        TenantryError.__init__(self, count, NAME, "mend the lines above", exit_code=2)


@dataclass(frozen=True)
class ParityFile:
    """The list, as it is written and as it is meant."""

    file: ListFile
    entries: Sequence[AllowedEntry]

    def judge(self, comparison: Comparison, today: datetime.date) -> Judgement:
        """Return which differences are meant.

        Args:
            comparison: of two stacks.
            today: the day by which entries have expired.
        """
        entries = {
            position: entry
            for position, entry in enumerate(self.entries)
            if set(entry.between) == set(comparison.stacks)
        }
        valid = {position: entry for position, entry in entries.items() if not _expired(entry, today)}
        lines = [(position, number, line) for position, one in valid.items() for number, line in enumerate(one.allowed)]
        allowed, refused, used = [], [], set[tuple[int, int]]()
        for difference in comparison.differences:
            found = [(position, number) for position, number, line in lines if line.allows(difference)]
            used.update(found)
            if found:
                allowed.append(Allowed(difference, found[0][0]))
            else:
                refused.append(difference)
        expired = [
            self._fault((position, "expires"), f"expired after {entries[position].expires}; make the stacks equal")
            for position in entries.keys() - valid.keys()
        ]
        unused = [
            self._fault((position, "allowed", number), "allows nothing that there is; remove it")
            for position, number, _ in lines
            if (position, number) not in used
        ]
        faults = sorted([*expired, *unused], key=lambda fault: fault.line or 0)
        return Judgement(comparison, entries, allowed, refused, faults)

    def _fault(self, place: Sequence[str | int], text: str) -> Fault:
        return Fault(self.file.name, self.file.line(place), _path(place), text)


def read(root: Path = PROJECT_ROOT) -> ParityFile:
    """Return the list; an empty one where there is no file.

    Args:
        root: the project's folder.

    Raises:
        StackFileError: it cannot be read, or is no list in YAML.
        WrongParityFile: with everything that is wrong with its entries.
    """
    path = root / NAME
    text = list_file.text_of(path, NAME) if path.exists() else ""
    file = ListFile(path, NAME, text, list_file.entries_of(NAME, text, _BEGIN))
    try:
        entries = _Entries.model_validate({"entries": file.entries}).entries
    except ValidationError as error:
        found = [(problem.place[1:], problem.text) for problem in problems_of(error, model=_Entries)]
        raise WrongParityFile([Fault(NAME, file.line(place), _path(place), text) for place, text in found]) from None
    known = stack_file.stacks(root)
    unknown = [
        Fault(NAME, file.line((position, "between", index)), _path((position, "between", index)), _no_stack(known))
        for position, entry in enumerate(entries)
        for index, stack in enumerate(entry.between)
        if stack not in known
    ]
    if unknown:
        raise WrongParityFile(unknown)
    return ParityFile(file, entries)


def _no_stack(known: Sequence[str]) -> str:
    return f"no such stack; use one of: {', '.join(known)}"


def _expired(entry: AllowedEntry, today: datetime.date) -> bool:
    return entry.expires is not None and entry.expires < today


def _path(place: Sequence[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)


def _text(values: Mapping[str, Value]) -> str:
    """Return values as a text in which true is not 1, as it is to Python."""
    return json.dumps({stack: plain(value) for stack, value in values.items()}, sort_keys=True)


def _matches(pattern: str, text: str) -> bool:
    return _pattern(pattern).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
