"""Reads a stack's settings: one YAML object into one model, every error at once.

Owns what comes from the tenant file and from the caller's environment, and where the project is. Leaves rules to the
models, and the words of errors to `problems`.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from infra.errors import TenantryError
from infra.paths import PROJECT_ROOT
from infra.settings import cell_files, configurations, tenant_file
from infra.settings.cells import CellStackSettings
from infra.settings.database import BroughtDatabase, ExistingDatabase
from infra.settings.foundation import BroughtCluster
from infra.settings.models import StackSettings
from infra.settings.problems import Problem, problems_of
from infra.settings.section import Section
from infra.settings.tenant_file import TenantFile

AnySettings = StackSettings | CellStackSettings
"""What a stack file holds: an environment's settings, or with the key `cell` those of a cell."""

_Model = TypeVar("_Model", bound=Section)

_KUBECONFIG = ("cluster", "existing", "kubeconfig")


class SettingsError(TenantryError):
    """Settings that are not valid; `problems` holds one line for each, and their text has no value of the file."""

    def __init__(self, stack: str, found: Sequence[Problem]) -> None:
        """Collect the problems of one stack file.

        Args:
            stack: the stack's name.
            found: what is wrong, each with its place.
        """
        self.stack = stack
        self.found = tuple(found)
        self.problems = tuple(map(str, found))
        count = f"{len(found)} setting{'s are' if len(found) > 1 else ' is'} not valid"
        super().__init__(count, f"Pulumi.{stack}.yaml", "mend: " + "; ".join(self.problems))


@dataclass(frozen=True)
class Listed:
    """What is in files beside a stack's own.

    Args:
        tenants: those of the stack.
        of_cells: of an environment, the stacks of its cells -> their tenants.
        root: the project's folder, which has configurations below it.
    """

    tenants: TenantFile
    of_cells: Mapping[str, TenantFile]
    root: Path


def load_stack(
    stack: str, raw: object, environment: Mapping[str, str] = os.environ, root: Path = PROJECT_ROOT
) -> AnySettings:
    """Return the settings of a stack with its tenants, which are in a file of their own.

    Args:
        stack: its name.
        raw: what the stack file holds under `tenantry:settings`, or None.
        environment: the caller's variables, for what `database.existing` leaves out.
        root: the project's folder.

    Raises:
        SettingsError: with every problem at once.
        StackFileError: a tenant file or a configuration cannot be read, or is not what it is to be.
    """
    if _is_cell(raw):
        return validate_stack(stack, raw, root)
    if not isinstance(raw, Mapping):
        return load(stack, raw, environment)
    found = _listed(stack, raw, root)
    # What two files have is told of both by `tenantry config check`, and here, where each has a route to be made.
    clashes = list(cell_files.repeated(stack, found.tenants, found.of_cells))
    return _with_listed(found, stack, raw, lambda whole: load(stack, whole, environment), clashes)


def validate_stack(stack: str, raw: object, root: Path = PROJECT_ROOT) -> AnySettings:
    """Return the settings of a stack with its tenants, without what the caller's environment adds.

    Args:
        stack: its name.
        raw: what the stack file holds under `tenantry:settings`, or None.
        root: the project's folder.

    Raises:
        SettingsError: with every problem at once.
        StackFileError: a tenant file or a configuration cannot be read, or is not what it is to be.
    """
    if not isinstance(raw, Mapping):
        return validate(stack, raw)
    return validate_with(_listed(stack, raw, root), stack, raw)


def validate_with(listed: Listed, stack: str, raw: Mapping[str, object]) -> AnySettings:
    """Return the settings of a stack with the tenants of files that may not be written yet.

    Args:
        listed: the tenants.
        stack: its name.
        raw: what the stack file holds under `tenantry:settings`.

    Raises:
        SettingsError: with every problem at once.
        StackFileError: a configuration cannot be read, or is no mapping in YAML.
    """
    if _is_cell(raw):
        return _with_listed(listed, stack, raw, lambda whole: _validated(stack, whole, CellStackSettings))
    return _with_listed(listed, stack, raw, lambda whole: validate(stack, whole))


def load(stack: str, raw: object, environment: Mapping[str, str] = os.environ) -> StackSettings:
    """Return the settings of a stack.

    Args:
        stack: its name, for messages.
        raw: what the stack file holds under `tenantry:settings`, or None.
        environment: the caller's variables, for what `database.existing` leaves out.

    Raises:
        SettingsError: with every problem at once.
    """
    return _with_environment(stack, _with_path(stack, validate(stack, raw)), environment)


def validate(stack: str, raw: object) -> StackSettings:
    """Return the settings of a stack as its file has them, without what the caller's environment adds.

    Args:
        stack: its name, for messages.
        raw: what the stack file holds under `tenantry:settings`, or None.

    Raises:
        SettingsError: with every problem at once.
    """
    if raw is None:
        raise SettingsError(stack, [Problem((), "missing; it holds all settings of the stack")])
    return _validated(stack, raw, StackSettings)


def path_in_project(path: str) -> str:
    """Return a path as other machines have it: from the project's folder, where it is there.

    Args:
        path: as this machine has it.
    """
    return str(Path(path).relative_to(PROJECT_ROOT) if Path(path).is_relative_to(PROJECT_ROOT) else path)


def path_on_machine(path: str) -> str:
    """Return a path as this machine has it.

    Args:
        path: from the project's folder, or whole.
    """
    return str(PROJECT_ROOT / path)


def _is_cell(raw: object) -> bool:
    return isinstance(raw, Mapping) and "cell" in raw


def _validated(stack: str, raw: object, model: type[_Model]) -> _Model:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise SettingsError(stack, problems_of(error, model=model)) from None


def _listed(stack: str, raw: Mapping[str, object], root: Path) -> Listed:
    return Listed(tenant_file.read(stack, raw, root), cell_files.read(stack, raw, root), root)


def _with_listed(
    listed: Listed,
    stack: str,
    raw: Mapping[str, object],
    interpret: Callable[[object], _Model],
    clashes: Sequence[Problem] = (),
) -> _Model:
    """Return the settings that the stack file and the files beside it make together."""
    misplaced = [Problem((field,), where) for field, where in _elsewhere(listed).items() if field in raw]
    if misplaced:
        raise SettingsError(stack, misplaced)
    whole: dict[str, object] = {
        **raw,
        **({tenant_file.FIELD: listed.tenants.entries} if listed.tenants.entries else {}),
    }
    told = [*listed.tenants.disorder(), *clashes]
    if not _is_cell(raw):
        of_cells = cell_files.entries(listed.of_cells)
        whole |= {cell_files.FIELD: of_cells} if of_cells else {}
        told += _add_configurations(whole, listed, of_cells)
    try:
        settings = interpret(whole)
    except SettingsError as error:
        raise SettingsError(stack, [*error.found, *told]) from None
    if told:
        raise SettingsError(stack, told)
    return settings


def _elsewhere(listed: Listed) -> dict[str, str]:
    """Return what no stack file has: field -> where it belongs."""
    return {
        tenant_file.FIELD: f"move the list to {listed.tenants.name}",
        cell_files.FIELD: "read from the tenant files of cells; move each tenant to that of its cell",
        configurations.FIELD: f"move each to a file of its own, {configurations.FOLDER}/VERSION.yaml",
    }


def _add_configurations(whole: dict[str, object], listed: Listed, of_cells: Sequence[object]) -> list[Problem]:
    """Add the versions that tenants name, and return where any is named that is not there."""
    tenancy = whole.get("tenancy")
    default = tenancy.get("configuration") if isinstance(tenancy, Mapping) else None
    own = listed.tenants.entries
    versions = configurations.named(default, (*own, *of_cells))
    if not versions:
        return []
    whole[configurations.FIELD] = there = configurations.read(versions, listed.root)
    in_cells = configurations.missing(None, of_cells, there)
    return [
        *(Problem(place, text) for place, text in configurations.missing(default, own, there)),
        *(Problem((cell_files.FIELD, *place[1:]), text) for place, text in in_cells),
    ]


def _with_path(stack: str, settings: StackSettings) -> StackSettings:
    """Return the settings with the whole path of a brought cluster's kubeconfig.

    Raises:
        SettingsError: it is below the home of a user who is not known here.
    """
    if not isinstance(settings.cluster, BroughtCluster) or settings.cluster.existing.kubeconfig is None:
        return settings
    try:
        path = PROJECT_ROOT / Path(settings.cluster.existing.kubeconfig).expanduser()
    except RuntimeError:  # what pathlib raises for want of a home
        problem = Problem(
            _KUBECONFIG, "begins with `~`, and that user or their home is not known; write the whole path"
        )
        raise SettingsError(stack, [problem]) from None
    existing = settings.cluster.existing.model_copy(update={"kubeconfig": str(path)})
    return settings.model_copy(update={"cluster": settings.cluster.model_copy(update={"existing": existing})})


def _with_environment(stack: str, settings: StackSettings, environment: Mapping[str, str]) -> StackSettings:
    if not isinstance(settings.database, BroughtDatabase):
        return settings
    given = settings.database.existing
    filled = {
        "host": given.host or environment.get("PGHOST"),
        "port": given.port or environment.get("PGPORT", 5432),
        "username": given.username or environment.get("PGUSER"),
    }
    section = ("database", "existing")
    problems = [
        Problem((*section, key), "missing; set it here, or in the environment")
        for key, value in filled.items()
        if not value
    ]
    if problems:
        raise SettingsError(stack, problems)
    try:
        existing = ExistingDatabase.model_validate({**given.model_dump(), **filled})
    except ValidationError as error:
        raise SettingsError(stack, problems_of(error, section, "from the environment")) from None
    database = settings.database.model_copy(update={"existing": existing})
    return settings.model_copy(update={"database": database})
