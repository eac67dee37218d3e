"""Tags of AWS resources.

Owns what every resource carries by itself: its name and the component that owns it. Leaves what a whole environment
shares (environment, owner, cost centre) to the provider's default tags.
"""

import re

from infra.naming import MANAGED_BY

_NOT_IN_TAGS = re.compile(r"[^\w\s.:/=+@-]")
"""What AWS allows in no tag (AWS General Reference, "Tag naming limits and requirements"); a path may have it."""


def tags(name: str, component: str) -> dict[str, str]:
    """Return the tags of one resource.

    Args:
        name: its logical name, which the AWS console shows; what no tag can hold is an underscore there.
        component: what it is within the platform, as `network`.
    """
    return {"Name": _NOT_IN_TAGS.sub("_", name), "tenantry:component": component, "tenantry:managed-by": MANAGED_BY}
