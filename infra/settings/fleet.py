"""What must be so between the files of one environment: its own and those of its cells.

Looks at settings and tenants as they are written, so that a mistake elsewhere in a file hides nothing here. Leaves what
is wrong within one file to the models.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args

from infra.settings import costs
from infra.settings.cells import HOME, MOST_TENANTS, stack_of
from infra.settings.kinds import Isolation
from infra.settings.problems import Problem
from infra.settings.tenants import ISOLATION_OF_PLAN

_CELL = ("cell",)
_OF = ("cell", "of")
_NAME = ("cell", "name")
_NO_NETWORK = "its environment declares no database, and so no network for one and no way to it; remove this"


@dataclass(frozen=True)
class Written:
    """What the files of one stack say.

    Args:
        settings: those of its stack file.
        tenants: the entries of its tenant file.
        tenant_file: that file's name.
    """

    settings: Any
    tenants: Sequence[Any]
    tenant_file: str


def misplaced(written: Mapping[str, Written | None]) -> Iterator[tuple[str, Problem]]:
    """Return what is wrong between environments and their cells; what two files have in common is told of both.

    Args:
        written: stack -> what its files say; None when they cannot be read.
    """
    for stack, files in written.items():
        if files is None:
            continue
        if _is_cell(files):
            for place, wrong in _unlisted(stack, files, written):
                yield stack, Problem(place, wrong)
        else:
            yield from _within(stack, files, written)


def _within(environment: str, files: Written, written: Mapping[str, Written | None]) -> Iterator[tuple[str, Problem]]:
    """Return what is wrong between one environment and its cells."""
    holders = {environment: files}
    for name in cells_of(files.settings):
        stack = stack_of(environment, name)
        if stack not in written:
            wrong = f"there is no Pulumi.{stack}.yaml; write one as `tenantry cells plan` prints it, or remove this"
            yield environment, Problem(("cells", name), wrong)
        cell = written.get(stack)
        if cell is None or stack == environment:
            continue
        holders[stack] = cell
        if _own_database(cell) and not _declares_database(files):
            yield stack, Problem(("database",), _NO_NETWORK)
        for field, wrong in _overdrawn(name, cell, files):
            yield environment, Problem(("cells", name, field), wrong)
            yield stack, Problem(_NAME, wrong)
        yield from ((stack, problem) for problem in _unlimited(cell, files))
    yield from shared(holders)


def _unlisted(
    stack: str, files: Written, written: Mapping[str, Written | None]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Return why a cell is none of its environment's."""
    of, name = _at(files.settings, _OF), _at(files.settings, _NAME)
    if not isinstance(of, str) or not isinstance(name, str):
        return  # which its model tells
    if of not in written:
        environments = [other for other, one in written.items() if one is not None and not _is_cell(one)]
        yield _OF, f"no stack file has that name; name one of: {', '.join(environments) or 'none'}"
        return
    environment = written[of]
    if environment is None:
        return  # its file is broken, and told of by itself
    if _is_cell(environment):
        yield _OF, "a cell itself; name the stack of the environment"
    elif name not in cells_of(environment.settings):
        yield _NAME, f"not in cells of Pulumi.{of}.yaml; add it there with its budget"
    elif stack != stack_of(of, name):
        yield _CELL, f"the stack of that cell is Pulumi.{stack_of(of, name)}.yaml; rename this file, or mend it"


def _overdrawn(name: str, cell: Written, environment: Written) -> Iterator[tuple[str, str]]:
    """Return what a cell holds too much of, as far as that is known, and why."""
    limits = _at(environment.settings, ("cells", name))
    isolations = list(_isolations(cell))
    used = costs.of_cell(isolations, in_aws=_in_aws(environment), own_database=_own_database(cell))
    held = (("budget", None, used, "resources"), ("tenants", MOST_TENANTS, len(isolations), "tenants"))
    for field, default, number, what in held if isinstance(limits, Mapping) else ():
        limit = limits.get(field, default)
        if isinstance(limit, int) and not isinstance(limit, bool) and number > limit:
            yield field, f"its stack has {number} {what}, more than it may; raise that, or put new ones in another cell"


def _unlimited(cell: Written, environment: Written) -> Iterator[Problem]:
    """Return the tenants of a cell whose plan its environment gives no limits."""
    plans = _at(environment.settings, ("plans",))
    if not isinstance(plans, Mapping):
        return
    for position, tenant in enumerate(cell.tenants):
        plan = _at(tenant, ("plan",))
        if isinstance(plan, str) and plan in ISOLATION_OF_PLAN and plan not in plans:
            yield Problem(("tenants", position, "plan"), "missing in plans of its environment; add its limits there")


def shared(holders: Mapping[str, Written]) -> Iterator[tuple[str, Problem]]:
    """Return slugs and domains that two files of one environment have; each is told of both.

    Args:
        holders: stack -> what its files say.
    """
    first: dict[tuple[str, str], tuple[str, tuple[str | int, ...]]] = {}
    for stack, files in holders.items():
        for kind, value, place in _names(files):
            taken, where = first.setdefault((kind, value), (stack, place))
            if taken != stack:
                for own, at, other in ((stack, place, taken), (taken, where, stack)):
                    wrong = f"{holders[other].tenant_file} has it, too; keep one of each in an environment"
                    yield own, Problem(at, wrong)


def _names(files: Written) -> Iterator[tuple[str, str, tuple[str | int, ...]]]:
    for position, tenant in enumerate(files.tenants):
        if not isinstance(tenant, Mapping):
            continue
        if isinstance(tenant.get("slug"), str):
            yield "slug", tenant["slug"], ("tenants", position, "slug")
        domains = tenant.get("domains")
        for number, domain in enumerate(domains if isinstance(domains, list) else ()):
            if isinstance(domain, str):
                yield "domain", domain, ("tenants", position, "domains", number)


def _isolations(files: Written) -> Iterator[Isolation]:
    for tenant in files.tenants:
        given, plan = _at(tenant, ("isolation",)), _at(tenant, ("plan",))
        isolation = given or next((kept for name, kept in ISOLATION_OF_PLAN.items() if name == plan), None)
        if isolation in get_args(Isolation) and _at(tenant, ("lifecycle", "state")) != "deleted":
            yield cast("Isolation", isolation)


def _in_aws(environment: Written) -> bool:
    """Whether an environment declares anything in AWS."""
    settings = environment.settings
    cluster = _at(settings, ("cluster",)) and not _at(settings, ("cluster", "existing"))
    redis = _at(settings, ("redis", "cache")) or _at(settings, ("redis", "sessions"))
    return bool(cluster or redis or _declares_database(environment))


def _declares_database(environment: Written) -> bool:
    return bool(_at(environment.settings, ("database",)) and not _at(environment.settings, ("database", "existing")))


def _own_database(cell: Written) -> bool:
    return bool(_at(cell.settings, ("database",)))


def _is_cell(files: Written) -> bool:
    return isinstance(files.settings, Mapping) and "cell" in files.settings


def cells_of(settings: object) -> list[str]:
    """Return the cells of an environment that are stacks of their own, in the order in which they are written.

    Args:
        settings: as the environment's stack file has them.
    """
    cells = _at(settings, ("cells",))
    return [name for name in cells if isinstance(name, str) and name != HOME] if isinstance(cells, Mapping) else []


def _at(settings: object, place: tuple[str, ...]) -> Any:
    found: Any = settings
    for key in place:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found
