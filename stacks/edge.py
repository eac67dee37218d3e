"""What stands between the internet and an environment: settings -> arguments of the firewall and the CDN.

Owns which of them there are. Leaves the gateway's place behind the firewall to the gateway: WAF stands before an
application load balancer only, which a gateway in the cluster (`istio`, `envoy`) must have before it to be behind WAF.
"""

from collections.abc import Mapping
from typing import Literal

import pulumi

from components.acm_certificate import AcmCertificate, AcmCertificateArgs
from components.bucket import Bucket
from components.cdn import Cdn, CdnArgs
from components.firewall import CDN_REGION, Firewall, FirewallArgs
from infra.settings.dns import CdnSettings, EdgeSettings, RateLimitSettings
from stacks.dns import Names
from stacks.global_alarms import GlobalAlarms
from stacks.region import Region


class Edge:
    """The web firewall of an environment's gateway, and the CDN before its static assets."""

    def __init__(self, settings: EdgeSettings, region: Region) -> None:
        """Declare it.

        Args:
            settings: the stack's.
            region: where the gateway is.
        """
        self._settings = settings
        self._region = region
        self.firewall = self._firewall("edge", "REGIONAL", settings.rate_limit)
        self._cdn: Cdn | None = None

    def deliver(self, settings: CdnSettings, assets: Bucket, names: Names, alarms: GlobalAlarms) -> None:
        """Declare the CDN before a bucket, with certificate and firewall of its own.

        Args:
            settings: the stack's.
            assets: the bucket, declared as `distributed`.
            names: the zone of its host.
            alarms: where it is told that its certificate ends.
        """
        certificate_args = AcmCertificateArgs(
            zone_id=names.dns.zone_id,
            host=settings.host,
            warning_days=names.expiry_warning_days,
            alarm_topic_arn=alarms.global_topic_arn,
            region=CDN_REGION,
        )
        certificate = AcmCertificate("cdn-certificate", certificate_args, self._region.opts)
        args = CdnArgs(
            host=settings.host,
            zone_id=names.dns.zone_id,
            bucket_domain=assets.domain,
            certificate_arn=certificate.arn,
            web_acl_arn=self._firewall("cdn-edge", "CLOUDFRONT", settings.rate_limit).arn,
            price_class=settings.price_class,
        )
        self._cdn = Cdn("cdn", args, self._region.opts)
        assets.allow_distribution(self._cdn.arn)

    def outputs(self) -> Mapping[str, pulumi.Input[object]]:
        """Return the stack's outputs about them."""
        cdn = {"cdn": {"arn": self._cdn.arn, "domain": self._cdn.domain}} if self._cdn else {}
        return {"edge": {"web_acl": self.firewall.arn, **cdn}}

    def _firewall(self, name: str, scope: Literal["REGIONAL", "CLOUDFRONT"], rate: RateLimitSettings) -> Firewall:
        args = FirewallArgs(
            scope=scope,
            requests=rate.requests,
            seconds=rate.seconds,
            allow=self._settings.allow,
            log_retention_days=self._settings.log_retention_days,
        )
        return Firewall(name, args, self._region.opts)
