"""What stands between the internet and an environment: settings -> arguments of the firewall and the CDN.

Owns which of them there are. Leaves the gateway's place behind the firewall to the gateway.
"""

from collections.abc import Mapping
from typing import Literal

import pulumi

from components.firewall import Firewall, FirewallArgs
from infra.settings.dns import EdgeSettings
from stacks.region import Region


class Edge:
    """The web firewall of an environment's gateway."""

    def __init__(self, settings: EdgeSettings, region: Region) -> None:
        """Declare it.

        Args:
            settings: the stack's.
            region: where the gateway is.
        """
        self._settings = settings
        self._region = region
        self.firewall = self._firewall("edge", "REGIONAL")

    def outputs(self) -> Mapping[str, pulumi.Input[object]]:
        """Return the stack's outputs about it."""
        return {"edge": {"web_acl": self.firewall.arn}}

    def _firewall(self, name: str, scope: Literal["REGIONAL", "CLOUDFRONT"]) -> Firewall:
        args = FirewallArgs(
            scope=scope,
            requests=self._settings.rate_limit.requests,
            seconds=self._settings.rate_limit.seconds,
            allow=self._settings.allow,
            log_retention_days=self._settings.log_retention_days,
        )
        return Firewall(name, args, self._region.opts)
