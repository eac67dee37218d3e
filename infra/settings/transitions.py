"""What may follow what in a tenant's life: the tenants of a stack as it was applied last, against those now wanted.

Pure. The program asks before it declares anything: what a line less in a tenant file would delete is deleted by nothing
but a line that says so. Leaves where the last tenants are read to `stacks.applied`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from infra.settings.kinds import Isolation, Plan
from infra.settings.tenants import State, TenantSettings

_MOST_LINES = 20
"""Of tenants that are gone, told one by one; so many at once are a lost file, which nobody writes anew line by line."""

_STACKS_OWN = "tenantry:tenant:"


@dataclass(frozen=True, kw_only=True)
class Applied:
    """A tenant as the stack has it.

    Args:
        isolation: how its data is kept apart.
        state: the one that an update has brought to its end; None of a tenant that no update has so far.
        plan: what it pays for, as far as the stack tells.
    """

    isolation: Isolation
    state: State | None
    plan: Plan | None = None


def applied_tenants(resources: Mapping[str, Mapping[str, object]]) -> dict[str, Applied]:
    """Return the tenants of a stack: slug -> what there is of it.

    Its outputs tell them all; those of an update that failed or was killed are not among them, and their components
    are.

    Args:
        resources: URN -> `type` and `outputs`, as the engine tells what a stack has; none before it is applied.
    """
    found: dict[str, Applied] = {}
    for urn, resource in resources.items():
        kind = str(resource.get("type"))
        if kind in _COMPONENTS:
            slug = urn.rpartition("::")[2].removeprefix("tenant-")
            found.setdefault(slug, Applied(isolation=_COMPONENTS[kind], state=None))
        elif kind == "pulumi:pulumi:Stack":
            found |= _told(resource.get("outputs"))
    return found


_COMPONENTS: Mapping[str, Isolation] = {
    f"{_STACKS_OWN}SchemaTenant": "schema",
    f"{_STACKS_OWN}DatabaseTenant": "database",
}


def moved(
    resources: Mapping[str, Mapping[str, object]], applied: Mapping[str, Applied], *, own_database: bool
) -> str | None:
    """Return why a cell may not get or lose a database of its own; None when it may, as there is no data in the other.

    Args:
        resources: as `applied_tenants` has them.
        applied: the cell's tenants, as that gives them.
        own_database: whether one is wanted.
    """
    has_one = any(resource.get("type") == "tenantry:database:Database" for resource in resources.values())
    if has_one == own_database or all(one.state == "deleted" for one in applied.values()):
        return None
    there = "the cell's own database; write that back" if has_one else "its environment's database; remove this"
    return f"database: its tenants' data is in {there}, and put tenants that need the other one into a new cell"


def faults(applied: Mapping[str, Applied], wanted: Sequence[TenantSettings], file: str) -> list[str]:
    """Return why the wanted tenants may not follow those of the stack, one line each; none when they may.

    Args:
        applied: slug -> as the stack has it.
        wanted: those of the tenant file.
        file: its name, for the lines.
    """
    named = {tenant.slug: tenant for tenant in wanted}
    changed = [
        f"{file}: {slug}: {fault}"
        for slug, tenant in sorted(named.items())
        if slug in applied and (fault := _fault(applied[slug], tenant)) is not None
    ]
    gone = {slug: one for slug, one in sorted(applied.items()) if slug not in named and one.state != "deleted"}
    return [*changed, *_missing(gone, file)]


def _fault(before: Applied, tenant: TenantSettings) -> str | None:
    state = tenant.lifecycle.state
    if before.state == "deleted":
        return None if state == "deleted" else _DEAD
    if state == "deleted" and before.state != "offboarding":
        known = before.state or "not even applied to the end"
        return (
            f"deleted, but {known} in the stack; write lifecycle: {{ state: offboarding }} first, apply it, and export "
            "its data (`tenantry tenants export`)"
        )
    if state != "deleted" and tenant.effective_isolation != before.isolation:
        return (
            f"its data is in isolation {before.isolation}, and {tenant.effective_isolation} would begin empty; add "
            f"isolation: {before.isolation} to keep it, or export it, offboard it, and import it under another slug"
        )
    return None


_DEAD = (
    "it was deleted, and its data is gone; take another slug, or remove its line, apply, and add it again: that is "
    "a new tenant, which begins empty"
)


def _missing(gone: Mapping[str, Applied], file: str) -> Iterator[str]:
    for slug, before in list(gone.items())[:_MOST_LINES]:
        remedy = f"write it back: {line(slug, before)}" if before.state else _HALF.format(slug=slug)
        yield f"{file}: {slug}: in the stack, but not in the file; {remedy}"
    if len(gone) > _MOST_LINES:
        yield f"{file}: {len(gone) - _MOST_LINES:,} more are not in the file; bring it back from version control"
    if any(before.state for before in gone.values()):
        yield _GO_ON


_HALF = (
    "an update that did not end began it. Write its line back, or remove what is there of it: "
    "pulumi destroy --target '**::tenant-{slug}' --target-dependents"
)

_GO_ON = (
    "a line that goes deletes no tenant, and nothing was changed. Who stays gets the old line back. Who leaves gets "
    "the line above: apply it, run `tenantry tenants export`, apply `state: deleted` with `export:` and the checksum "
    "that it printed, and then remove the line"
)


def line(slug: str, before: Applied) -> str:
    """Return the line of a tenant that leaves.

    Args:
        slug: its name.
        before: as the stack has it.
    """
    plans: Sequence[Plan] = (before.plan,) if before.plan else get_args(Plan)
    plan = next((plan for plan in plans if _isolation_of(plan) == before.isolation), plans[0])
    own = "" if _isolation_of(plan) == before.isolation else f"isolation: {before.isolation}, "
    return f"- {{ slug: {slug}, plan: {plan}, {own}lifecycle: {{ state: offboarding }} }}"


def _isolation_of(plan: Plan) -> Isolation:
    return TenantSettings(slug="any", plan=plan).effective_isolation


def _told(outputs: object) -> Iterator[tuple[str, Applied]]:
    """Return the tenants that the stack's outputs tell; those of older programs tell no state, and all were open."""
    listed = outputs.get("tenants") if isinstance(outputs, Mapping) else None
    for slug, told in (listed or {}).items():
        yield (
            slug,
            Applied(isolation=told["isolation"], state=told.get("state", "active"), plan=told.get("plan")),
        )
