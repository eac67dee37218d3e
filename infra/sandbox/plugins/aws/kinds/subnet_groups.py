"""Subnet groups, which RDS and ElastiCache have alike."""

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Kind
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value


class SubnetGroup(Kind):
    """A change tells description and subnets together."""

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Add the subnets, which AWS tells with their zones."""
        subnets = [subnet["SubnetIdentifier"] for subnet in answer.get("Subnets", [])]
        return {**super().told(cloud, region, id, answer), "subnetIds": subnets}

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Send both, whichever of them changed."""
        if any(old.get(name) != new.get(name) for name in ("description", "subnetIds")):
            super().update(cloud, region, id, {}, new)
