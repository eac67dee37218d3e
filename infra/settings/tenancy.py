"""Settings of what looks after all tenants of a stack.

Leaves who they are to `tenants`. No I/O, no secrets.
"""

from collections.abc import Iterator, Sequence

from infra.settings.kinds import CronSchedule, ImageDigest
from infra.settings.section import Contradiction, Section
from infra.settings.tenant_kinds import ConfigurationName
from infra.settings.tenants import TenantSettings


class LifecycleJobSettings(Section):
    """The job that ends trials on their date, closes the pool to who is not served, and purges deleted tenants."""

    image: ImageDigest
    """The tools image."""

    schedule: CronSchedule = "*/5 * * * *"
    """When it is due, in UTC; so much later than its end a trial is over at most. Ours."""


class TenancySettings(Section):
    """What looks after all tenants."""

    lifecycle: LifecycleJobSettings | None = None
    """The job; null: nothing ends trials, and the rows of pool tenants stay open and stay there."""

    configuration: ConfigurationName | None = None
    """The version in `configs/` of tenants that name none; none: they have the services' own."""


def unended(tenancy: TenancySettings, tenants: Sequence[TenantSettings]) -> Iterator[Contradiction]:
    """Return, below the settings' root, that tenants are in trial and nothing ends it.

    Args:
        tenancy: what looks after them.
        tenants: all of the stack.
    """
    if tenancy.lifecycle is None and any(tenant.lifecycle.state == "trial" for tenant in tenants):
        yield ("tenancy", "lifecycle"), "missing, but tenants are in trial: nothing ends it; add tenancy.lifecycle"
