"""The tenants of the stack as it was applied last, and the refusal of wishes that would delete any by accident.

The engine is asked for what its backend holds of this very stack (`pulumi:pulumi:readStackResourceOutputs`, which is
built into it): before the first update that is nothing; while one goes on, and after one that failed, what the last
wrote. A `StackReference` to the own stack would know no more, and keep a second copy of every output in the state,
secrets and all, which each preview would list as read.
"""

from collections.abc import Mapping, Sequence

import pulumi

from infra.settings.tenants import TenantSettings
from infra.settings.transitions import applied_tenants, faults, moved

_READ = "pulumi:pulumi:readStackResourceOutputs"


async def check(wanted: Sequence[TenantSettings], file: str, *, own_database: bool | None = None) -> None:
    """Return when the wanted tenants may follow those of the stack; to be awaited before anything is declared.

    Args:
        wanted: those of the tenant file.
        file: its name, for the lines.
        own_database: whether the stack is a cell that wants a database of its own; None of an environment.

    Raises:
        pulumi.RunError: they may not; every reason, one line each. Nothing was declared, so nothing changes.
    """
    resources = await _resources()
    tenants = applied_tenants(resources)
    found = faults(tenants, wanted, file)
    other = None if own_database is None else moved(resources, tenants, own_database=own_database)
    if other is not None:
        found.append(f"Pulumi.{pulumi.get_stack()}.yaml: {other}")
    if found:
        raise pulumi.RunError("\n".join(found))


async def _resources() -> Mapping[str, Mapping[str, object]]:
    own = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    told = await pulumi.runtime.invoke_async(_READ, {"stackName": own})
    return (told or {}).get("outputs") or {}
