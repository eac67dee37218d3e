"""Tags of AWS resources.

Owns what every resource carries by itself: its name and the component that owns it. Leaves what a whole environment
shares (environment, owner, cost centre) to the provider's default tags.
"""

from infra.naming import MANAGED_BY


def tags(name: str, component: str) -> dict[str, str]:
    """Return the tags of one resource.

    Args:
        name: its logical name, which the AWS console shows.
        component: what it is within the platform, as `network`.
    """
    return {"Name": name, "tenantry:component": component, "tenantry:managed-by": MANAGED_BY}
