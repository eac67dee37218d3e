"""Checks stack files as a whole: each of them, and between them; every fault with its file and line.

Owns where a fault is told. Leaves what is one to the stack files' reader, the models and `neighbours`.
"""

import contextlib
import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import yaml

from infra.errors import TenantryError
from infra.paths import PROJECT_ROOT
from infra.settings import SETTINGS_KEY, cell_files, configurations, stack_file, tenant_file
from infra.settings.cells import CellStackSettings
from infra.settings.fleet import Written, misplaced
from infra.settings.loader import AnySettings, Listed, SettingsError, validate_stack, validate_with
from infra.settings.models import StackSettings
from infra.settings.neighbours import clashes
from infra.settings.problems import Problem
from infra.settings.stack_file import StackFile, StackFileError, read, source_of, stacks
from infra.settings.tenant_file import TenantFile

_KEYS = ("config", "encryptedkey", "encryptionsalt", "environment", "secretsprovider")
"""What the engine knows at the top of a stack file (Pulumi's documentation, "Stack settings file reference")."""

_TENANTS = ((tenant_file.FIELD,), (cell_files.FIELD,))

_NAMESPACE = SETTINGS_KEY.partition(":")[0] + ":"


class Interpret(Protocol):
    """Makes settings of a stack: `validate_stack`, or `load_stack`, which adds what the caller's environment says."""

    def __call__(self, stack: str, raw: object, /, *, root: Path) -> AnySettings:
        """Return the settings of a stack's name, of what its file says, and of the project's folder."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a stack file.

    Args:
        file: its name.
        line: where, counted from 1; None when no one line is to blame.
        path: the setting, as `tenantry:settings.network.zones[1]`; None when the file as a whole is wrong.
        text: what is wrong, and what is allowed; without values.
    """

    file: str
    line: int | None
    path: str | None
    text: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        line = ": ".join(part for part in (where, self.path, self.text) if part)
        return "".join(character if character.isprintable() else "?" for character in line)  # one line, of any key


class WrongStackFiles(TenantryError):
    """Stack files that are not valid; `faults` says why, one line each, which are told above this error's own."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Collect the faults.

        Args:
            faults: one at least, of one file or of several.
        """
        self.faults = tuple(faults)
        count = len(self.faults)
        what = f"{count} setting{'s are' if count > 1 else ' is'} not valid"
        files = dict.fromkeys(fault.file for fault in self.faults)
        super().__init__(what, ", ".join(files), "mend the lines above")


def settings_of(path: Path, interpret: Interpret = validate_stack) -> StackSettings:
    """Return the settings of an environment's stack file, for a command that needs them.

    Args:
        path: the file.
        interpret: `validate_stack`, or `load_stack`.

    Raises:
        StackFileError: it cannot be read, or is no stack file.
        WrongStackFiles: with every fault of it at once, as `check` tells them.
        TenantryError: it is a cell's.
    """
    settings = any_settings_of(path, interpret)
    if isinstance(settings, CellStackSettings):
        raise TenantryError("a cell of an environment", path.name, f"name that one: {settings.cell.of}", exit_code=2)
    return settings


def any_settings_of(path: Path, interpret: Interpret = validate_stack) -> AnySettings:
    """Return the settings of a stack file, be it an environment's or a cell's.

    Args:
        path: the file.
        interpret: `validate_stack`, or `load_stack`.

    Raises:
        StackFileError: it cannot be read, or is no stack file.
        WrongStackFiles: with every fault of it at once, as `check` tells them.
    """
    settings, faults = _judged(read(path), interpret, _Listings())
    if settings is None or faults:
        raise WrongStackFiles(_by_line(faults))
    return settings


def check(
    names: Sequence[str] = (), root: Path = PROJECT_ROOT, proposed: TenantFile | None = None
) -> dict[str, list[Fault]]:
    """Return what is wrong with stack files: file name -> faults by line.

    Args:
        names: the stacks to tell of; by default all. Those that are not named are still looked at, since no two
            environments may have the same addresses.
        root: the folder of the stack files.
        proposed: what a tenant file is going to hold, instead of what it does.

    Raises:
        TenantryError: a named stack has no file.
    """

    listings = _Listings(proposed)

    def interpret(stack: str, raw: object, /, *, root: Path) -> AnySettings:
        if not isinstance(raw, Mapping):
            return validate_stack(stack, raw, root)
        file = files[stack]
        return validate_with(Listed(listings.of(file), listings.of_cells(file), root), stack, raw)

    wanted = {name: source_of(name, root) for name in names or stacks(root)}
    files: dict[str, StackFile] = {}
    found: dict[str, list[Fault]] = {}
    for stack in dict.fromkeys((*wanted, *stacks(root))):
        path = source_of(stack, root)
        try:
            files[stack] = read(path)
            found[stack] = _judged(files[stack], interpret, listings)[1]
        except StackFileError as error:
            found[stack] = [Fault(error.file, error.line, None, f"{error.what}; {error.remedy}")]
    for file in files.values():
        _tell_cells(file, found, listings, wanted)
    wrong = {stack: {(fault.file, fault.path) for fault in faults} for stack, faults in found.items()}
    settings = {stack: files[stack].settings if stack in files else None for stack in found}
    between = (*clashes(settings), *misplaced({stack: _written(files.get(stack), listings) for stack in found}))
    for stack, fault in ((stack, _located(files[stack], problem, listings)) for stack, problem in between):
        if (fault.file, fault.path) not in wrong[stack]:  # that is to be mended first
            found[stack].append(fault)
    return {path.name: _by_line(found[stack]) for stack, path in wanted.items()}


def told(error: SettingsError, raw: object, root: Path = PROJECT_ROOT) -> list[str]:
    """Return the problems of a stack that the engine runs, one line each.

    Args:
        error: what its settings were refused for.
        raw: the settings that the engine gave. It may read another file than that of the work tree, as in the sandbox;
            lines are told when both say the same.
        root: the folder of the stack files.
    """
    try:
        file = read(source_of(error.stack, root))
    except TenantryError:
        return list(error.problems)
    listings = _Listings()
    if file.settings != raw:  # the tenants are where these settings say
        file = StackFile(file.path, {"config": {SETTINGS_KEY: raw}}, None)
        of_tenants = [problem for problem in error.found if problem.place[0:1] in _TENANTS]
        others = [str(problem) for problem in error.found if problem not in of_tenants]
        return [*others, *(str(_located(file, problem, listings)) for problem in of_tenants)]
    return [str(fault) for fault in _by_line(_located(file, problem, listings) for problem in error.found)]


class _Listings:
    """The tenant files that go with stack files, each read once."""

    def __init__(self, proposed: TenantFile | None = None) -> None:
        self._proposed = proposed
        self._read: dict[str, TenantFile] = {}

    def of(self, file: StackFile) -> TenantFile:
        """Return the tenants of a stack.

        Raises:
            StackFileError: they cannot be read.
        """
        root, proposed = file.path.parent, self._proposed
        path = tenant_file.path_of(file.stack, file.settings, root)
        if proposed is not None and path.resolve() == proposed.path.resolve():
            return proposed
        if file.stack not in self._read:
            self._read[file.stack] = tenant_file.read(file.stack, file.settings, root)
        return self._read[file.stack]

    def of_cells(self, file: StackFile) -> dict[str, TenantFile]:
        """Return the tenants of an environment's cells; what cannot be read is told with the cell."""
        found: dict[str, TenantFile] = {}
        for stack in cell_files.stacks_of(file.stack, file.settings):
            path = file.path.with_name(f"Pulumi.{stack}.yaml")
            with contextlib.suppress(StackFileError):
                found |= {stack: self.of(read(path))} if path.exists() else {}
        return found


def _tell_cells(
    file: StackFile, found: Mapping[str, list[Fault]], listings: _Listings, wanted: Collection[str]
) -> None:
    """Tell cells what their environment found wrong with their tenants; where they are told of, it need not be."""
    holders = {listed.name: stack for stack, listed in listings.of_cells(file).items()}
    for fault in [fault for fault in found[file.stack] if fault.file in holders]:
        cell = holders[fault.file]
        if fault not in found[cell]:
            found[cell].append(fault)
        if cell in wanted:
            found[file.stack].remove(fault)


def _judged(file: StackFile, interpret: Interpret, listings: _Listings) -> tuple[AnySettings | None, list[Fault]]:
    """Return what a file says, as far as it is settings, and what is wrong with it."""
    config = file.content.get("config") or {}
    ours = [key for key in config if key.startswith(_NAMESPACE)]
    unknown = [
        *_unknown_keys(file, (), _KEYS, list(file.content)),
        *_unknown_keys(file, ("config",), (SETTINGS_KEY,), [*ours, *_misspelt(config)]),
    ]
    if unknown and SETTINGS_KEY not in config:
        return None, unknown  # most likely that is where they are
    try:
        return interpret(file.stack, file.settings, root=file.path.parent), unknown
    except SettingsError as error:
        return None, [*unknown, *(_located(file, problem, listings) for problem in error.found)]


def _misspelt(config: Mapping[str, object]) -> list[str]:
    """Return what is most like the key of the settings, where that is missing; other keys are the engine's business."""
    others = [key for key in config if not key.startswith(_NAMESPACE)]
    return [] if SETTINGS_KEY in config else difflib.get_close_matches(SETTINGS_KEY, others, n=1)


def _unknown_keys(file: StackFile, place: Sequence[str], known: Sequence[str], keys: Sequence[str]) -> Iterator[Fault]:
    for key in keys:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            meant = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(known)}"
            yield Fault(file.path.name, file.line((*place, key)), ".".join((*place, key)), f"unknown key; {meant}")


def _written(file: StackFile | None, listings: _Listings) -> Written | None:
    """Return what the files of a stack say; None when they cannot be read, which is told elsewhere."""
    try:
        tenants = None if file is None else listings.of(file)
    except StackFileError:
        return None
    return None if file is None or tenants is None else Written(file.settings, tenants.entries, tenants.name)


def _by_line(faults: Iterable[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: (fault.file, fault.line or 0))  # the stack file first


def _located(file: StackFile, problem: Problem, listings: _Listings) -> Fault:
    inline = (file.settings or {}).get(tenant_file.FIELD) if isinstance(file.settings, Mapping) else None
    if problem.place[:1] == (tenant_file.FIELD,) and inline is None:
        return _of_tenant(listings.of(file), problem)
    if problem.place[:1] == (cell_files.FIELD,) and len(problem.place) > 1:
        return _of_tenant(*cell_files.located(problem, listings.of_cells(file).values()))
    if problem.place[:1] == (configurations.FIELD,) and len(problem.place) > 1:
        return _of_configuration(file.path.parent, problem)
    return Fault(file.path.name, file.line(("config", SETTINGS_KEY, *problem.place)), problem.path, problem.text)


def _of_configuration(root: Path, problem: Problem) -> Fault:
    _, version, *place = problem.place
    name = configurations.FOLDER / f"{version}.yaml"
    line = 1
    node = yaml.CSafeLoader(stack_file.text_of(root / name)).get_single_node()
    for part in place:
        found = stack_file.child(node, part)
        if found is None:
            break
        line, node = found
    return Fault(str(name), line, ".".join(map(str, place)) or None, problem.text)


def _of_tenant(file: TenantFile, problem: Problem) -> Fault:
    _, *place = problem.place
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return Fault(file.name, file.line(place), path or None, problem.text)
