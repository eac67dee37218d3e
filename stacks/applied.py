"""The tenants of the stack as it was applied last, and the refusal of wishes that would delete any by accident.

The engine is asked for what its backend holds of this very stack (`pulumi:pulumi:readStackResourceOutputs`, which is
built into it): before the first update that is nothing; while one goes on, and after one that failed, what the last
wrote. A `StackReference` to the own stack would know no more, and keep a second copy of every output in the state,
secrets and all, which each preview would list as read.
"""

from collections.abc import Mapping, Sequence

import pulumi

from infra.settings.tenants import TenantSettings
from infra.settings.transitions import Applied, applied_tenants, faults

_READ = "pulumi:pulumi:readStackResourceOutputs"


async def check(wanted: Sequence[TenantSettings], file: str) -> None:
    """Return when the wanted tenants may follow those of the stack; to be awaited before anything is declared.

    Args:
        wanted: those of the tenant file.
        file: its name, for the lines.

    Raises:
        pulumi.RunError: they may not; every reason, one line each. Nothing was declared, so nothing changes.
    """
    found = faults(await _tenants(), wanted, file)
    if found:
        raise pulumi.RunError("\n".join(found))


async def _tenants() -> Mapping[str, Applied]:
    own = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    told = await pulumi.runtime.invoke_async(_READ, {"stackName": own})
    return applied_tenants((told or {}).get("outputs") or {})
