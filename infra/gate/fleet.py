"""Who depends on a stack: its tenants and those of the environment's other cells, and its services.

Owns where that is known from: settings, the tenant files of cells, and the registry in the preview itself, which alone
tells of a tenant that nothing else names any more. Leaves whom a change touches to `blast`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from infra.gate.change import Value
from infra.gate.rules.view import View
from infra.paths import PROJECT_ROOT
from infra.settings import cell_files, stack_file
from infra.settings.cells import HOME, CellStackSettings
from infra.settings.models import StackSettings
from infra.settings.tenants import TenantSettings

REGISTRY = "tenantry:tenant:TenantRegistry"
"""The component whose ConfigMaps have an entry for each tenant."""

_UNKNOWN = "unknown"
_SERVICE = "tenantry:service:Service"


@dataclass(frozen=True, slots=True)
class Cells:
    """Where the tenants are that are not in an environment's own stack.

    Args:
        of: slug -> cell.
        apart: cells with a database server of their own.
    """

    of: Mapping[str, str] = field(default_factory=dict)
    apart: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Member:
    """One tenant.

    Args:
        slug: its name.
        plan: `free`, `pro`, `enterprise`; `unknown` where nothing tells.
        isolation: `pool`, `schema`, `database`; `unknown` where nothing tells.
        cell: where it is; empty where nothing tells.
        counts: whether it is one of the environment's tenants, and not one that has left.
    """

    slug: str
    plan: str = _UNKNOWN
    isolation: str = _UNKNOWN
    cell: str = ""
    counts: bool = False


@dataclass(frozen=True)
class Fleet:
    """Who depends on a stack.

    Args:
        environment: the stack of its environment.
        cell: which cell the stack is.
        members: slug -> tenant, of the whole environment as far as it is known.
        cells: the environment's, by name.
        apart: those that have a database server of their own.
        services: the environment's, by name.
        zone: the DNS zone of hosts; empty where nothing tells.
        settings: the environment's; None where they are not known.
    """

    environment: str
    cell: str
    members: Mapping[str, Member]
    cells: Sequence[str]
    apart: frozenset[str]
    services: Sequence[str]
    zone: str
    settings: StackSettings | None

    @property
    def everybody(self) -> Iterator[Member]:
        """Those that depend on what the stack's tenants share: of an environment's own stack all, of a cell its own."""
        return (one for one in self.members.values() if self.cell in (HOME, one.cell))

    @property
    def on_its_server(self) -> Iterator[Member]:
        """Those whose data is in the database server of the stack."""
        apart = self.apart if self.cell == HOME else frozenset[str]()
        return (one for one in self.everybody if one.cell not in apart)

    def cells_of(self, member: Member) -> Sequence[str]:
        """Return the cell of a tenant; every one that it may be in where nothing tells."""
        return (member.cell,) if member.cell else [cell for cell in self.cells if cell != HOME] or self.cells


def cells_of(environment: str, root: Path = PROJECT_ROOT) -> Cells:
    """Return where an environment's cells have which tenants, as their files say it.

    Args:
        environment: its stack.
        root: the project's folder.

    Raises:
        TenantryError: a file is not there or cannot be read.
    """
    settings = stack_file.read(stack_file.source_of(environment, root)).settings
    found: dict[str, str] = {}
    apart = set[str]()
    for stack, file in cell_files.read(environment, settings, root).items():
        cell = stack.removeprefix(f"{environment}-")
        found |= {str(one["slug"]): cell for one in file.entries if isinstance(one, Mapping) and "slug" in one}
        own = stack_file.read(stack_file.source_of(stack, root)).settings
        if isinstance(own, Mapping) and own.get("database"):
            apart.add(cell)
    return Cells(found, frozenset(apart))


def fleet_of(view: View, environment: StackSettings | None = None, cells: Cells | None = None) -> Fleet:
    """Return who depends on a stack.

    Args:
        view: its preview, with its settings.
        environment: of a cell's stack, the settings of its environment, where they are known.
        cells: what `cells_of` says of its environment; without it, a tenant of another cell may be in any.
    """
    own, where = view.settings, cells or Cells()
    settings = own if isinstance(own, StackSettings) else environment
    name, cell = (own.cell.of, own.cell.name) if isinstance(own, CellStackSettings) else (view.stack, HOME)
    listed = [*_listed(settings, where), *_own(own, cell)]
    members = {one.slug: one for one in (*_registered(view, cell), *listed)}
    names = settings.cells if settings is not None else ()
    return Fleet(
        environment=name,
        cell=cell,
        members=dict(sorted(members.items())),
        cells=sorted({cell, HOME, *names, *where.of.values()}),
        apart=where.apart,
        services=sorted(settings.services if settings is not None else _services(view)),
        zone=settings.dns.zone if settings is not None and settings.dns is not None else "",
        settings=settings,
    )


def entries(data: Value) -> Mapping[str, Value]:
    """Return slug -> entry of a registry's ConfigMap; none where its content is hidden."""
    return data if isinstance(data, Mapping) else {}


def _listed(settings: StackSettings | None, where: Cells) -> Iterator[Member]:
    """Return the tenants of an environment's settings."""
    if settings is None:
        return
    own = [cell for cell in settings.cells if cell != HOME]
    only = own[0] if len(own) == 1 else ""
    yield from (_member(tenant, where.of.get(tenant.slug, only)) for tenant in settings.cell_tenants)
    yield from (_member(tenant, HOME) for tenant in settings.tenants)


def _own(settings: StackSettings | CellStackSettings | None, cell: str) -> Iterator[Member]:
    """Return the tenants of the stack itself."""
    if settings is not None:
        yield from (_member(tenant, cell) for tenant in settings.tenants)


def _member(tenant: TenantSettings, cell: str) -> Member:
    return Member(tenant.slug, tenant.plan, tenant.effective_isolation, cell, tenant.is_declared)


def _registered(view: View, cell: str) -> Iterator[Member]:
    """Return the tenants that the registry names: first those before the update, then those afterwards."""
    for change in view.changes("kubernetes:core/v1:ConfigMap"):
        if view.owner(change.urn, REGISTRY):
            yield from _entered(change.before.get("data"), cell, counts=False)
    for resource in view.resources("kubernetes:core/v1:ConfigMap"):
        if view.owner(resource.urn, REGISTRY):
            yield from _entered(resource.inputs.get("data"), cell, counts=True)


def _entered(data: Value, cell: str, *, counts: bool) -> Iterator[Member]:
    for slug, entry in entries(data).items():
        known = _parsed(entry)
        plan, isolation = (str(known.get(key, _UNKNOWN)) for key in ("plan", "isolation"))
        yield Member(slug, plan, isolation, cell, counts and known.get("state") != "deleted")


def _parsed(entry: Value) -> Mapping[str, object]:
    try:
        known = json.loads(entry) if isinstance(entry, str) else None
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


def _services(view: View) -> set[str]:
    return {one.name for one in view.resources(_SERVICE) if one.type == _SERVICE}
