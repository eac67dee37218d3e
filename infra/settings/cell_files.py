"""The tenant files of an environment's cells, as the environment's own stack reads them.

A cell makes what its tenants have of their own; hosts, routes, flags and configurations of all tenants are made by
their environment. Owns where that finds them, and in which file a fault of one of them is. Leaves what is wrong between
these files to `fleet`.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.paths import PROJECT_ROOT
from infra.settings import fleet, stack_file, tenant_file
from infra.settings.cells import stack_of
from infra.settings.fleet import Written
from infra.settings.problems import Problem
from infra.settings.tenant_file import TenantFile

FIELD = "cell_tenants"
"""The setting that the tenants of an environment's cells become, those of one cell after those of another."""


def stacks_of(environment: str, settings: object) -> list[str]:
    """Return the stacks of an environment's cells, in the order of its settings; none of a cell's.

    Args:
        environment: its stack.
        settings: as its stack file has them.
    """
    return [stack_of(environment, name) for name in fleet.cells_of(settings)]


def read(environment: str, settings: object, root: Path = PROJECT_ROOT) -> dict[str, TenantFile]:
    """Return the tenants of an environment's cells: stack -> its own; none of one that has no stack file so far.

    Args:
        environment: its stack.
        settings: as its stack file has them.
        root: the project's folder.

    Raises:
        StackFileError: a file cannot be read, or is no stack file, or lists no tenants.
    """
    paths = (root / f"Pulumi.{stack}.yaml" for stack in stacks_of(environment, settings))
    found = [stack_file.read(path) for path in paths if path.exists()]
    return {file.stack: tenant_file.read(file.stack, file.settings, root) for file in found}


def entries(files: Mapping[str, TenantFile]) -> list[Any]:
    """Return the tenants of cells as the one list that `FIELD` is.

    Args:
        files: as `read` gives them.
    """
    return [entry for file in files.values() for entry in file.entries]


def repeated(environment: str, own: TenantFile, files: Mapping[str, TenantFile]) -> Iterator[Problem]:
    """Return slugs and domains that two of the files have, of which each could have but one route.

    Args:
        environment: its stack.
        own: its tenants.
        files: those of its cells.
    """
    written = {stack: Written(None, file.entries, file.name) for stack, file in {environment: own, **files}.items()}
    offsets, offset = {}, 0
    for stack, file in files.items():
        offsets[stack] = offset
        offset += len(file.entries)
    for stack, problem in fleet.shared(written):
        yield problem if stack == environment else Problem(_shifted(problem.place, offsets[stack]), problem.text)


def located(problem: Problem, files: Iterable[TenantFile]) -> tuple[TenantFile, Problem]:
    """Return the file that a fault of `FIELD` is in, and the fault as one of that file's own.

    Args:
        problem: at a position of `FIELD`, or below.
        files: each cell's, in the order in which they were read.

    Raises:
        LookupError: they do not have so many tenants.
    """
    _, position, *below = problem.place
    assert isinstance(position, int)
    for file in files:
        if position < len(file.entries):
            return file, Problem((tenant_file.FIELD, position, *below), problem.text)
        position -= len(file.entries)
    raise LookupError(problem.path)  # a list of other files than these


def _shifted(place: tuple[str | int, ...], by: int) -> tuple[str | int, ...]:
    _, position, *below = place
    assert isinstance(position, int)
    return (FIELD, position + by, *below)
