"""Whether AWS still supports, at the price it began with, what a stack declares: Kubernetes's version.

For `tenantry doctor STACK`, which has a clock; `tenantry config check` has none, so that its answer never changes by
itself. Dates are those of `infra.settings.versions`.
"""

import datetime

from infra.findings import Finding
from infra.settings.foundation import DeclaredCluster
from infra.settings.models import StackSettings
from infra.settings.versions import STANDARD_SUPPORT_ENDS

NOTICE = datetime.timedelta(days=60)
"""How long before the end it is told: as long as AWS itself gives at least (EKS user guide, version FAQs)."""


def examine(settings: StackSettings, today: datetime.date) -> list[Finding]:
    """Look at the versions of a stack, and return one finding each; none where it declares nothing that ends.

    Args:
        settings: the stack's.
        today: the day, in UTC.
    """
    return [_kubernetes(settings.cluster, today)] if isinstance(settings.cluster, DeclaredCluster) else []


def _kubernetes(cluster: DeclaredCluster, today: datetime.date) -> Finding:
    subject, end = f"Kubernetes {cluster.version}", STANDARD_SUPPORT_ENDS[cluster.version]
    if today < end - NOTICE:
        return Finding(subject, True, f"in standard support until {end}")
    then = "it costs six times as much" if cluster.extended_support else "EKS upgrades it by itself"
    told = f"standard support {'ended' if today >= end else 'ends'} on {end}, and from then on {then}"
    return Finding(subject, True, told, "raise cluster.version, one minor version at a time", warns=True)
