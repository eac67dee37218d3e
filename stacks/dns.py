"""The hosts of an environment: settings -> arguments of the components for names, certificates and health checks.

Owns which certificate goes with which gateway class. Leaves records of hosts to what answers for them.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pulumi

from components.acm_certificate import AcmCertificate, AcmCertificateArgs
from components.cluster_certificate import ClusterCertificate, ClusterCertificateArgs
from components.dns import Dns, DnsArgs
from components.health_check import HealthCheck, HealthCheckArgs
from infra.settings.dns import AcmeSettings, DnsSettings, HealthCheckSettings
from stacks.global_alarms import GlobalAlarms
from stacks.region import Region

if TYPE_CHECKING:
    from components.cluster import Cluster

Certificate = AcmCertificate | ClusterCertificate
"""ACM's is for what AWS terminates TLS in, cert-manager's for what the cluster does."""


class Names:
    """The zone of an environment, its certificate, and what asks its hosts from outside.

    `expiry_warning_days` is how long before the end of a certificate somebody is told.
    """

    def __init__(self, settings: DnsSettings, region: Region, alarms: GlobalAlarms) -> None:
        """Declare them, without a certificate that is kept in the cluster.

        Args:
            settings: the stack's.
            region: where they are made.
            alarms: where it is told that a host does not answer or a certificate ends.
        """
        self._settings = settings
        self._region = region
        args = DnsArgs(zone=settings.zone, authorities=settings.authorities, protect=settings.protect)
        self.dns = Dns("dns", args, region.opts)
        self.expiry_warning_days = settings.expiry_warning_days
        self._alarm_topic_arn = alarms.topic_arn
        self.certificate: Certificate | None = None
        if settings.gateway_class == "aws":
            self.certificate = self._acm_certificate(alarms.topic_arn)
        self._checks = {check: self._health_check(check, alarms) for check in settings.health_checks}

    def serve_cluster(
        self, cluster: "Cluster | None", namespace: pulumi.Input[str], opts: pulumi.ResourceOptions
    ) -> None:
        """Let the cluster write records of its hosts, and keep the certificate there unless the gateway takes ACM's.

        Args:
            cluster: the one that the stack declares; one that is brought has its add-ons, and brings their rights and
                the watch over its certificates.
            namespace: the gateway's.
            opts: with the cluster's provider.
        """
        after: tuple[pulumi.Resource, ...] = ()
        if cluster is not None:
            self.dns.grant_discovery("external-dns", cluster.controller_roles["external-dns"])
        if self._settings.acme is None:
            return
        if cluster is not None:
            issuing = self.dns.grant_records("cert-manager", cluster.controller_roles["cert-manager"])
            after = (cluster, issuing)
        certificate = self._cluster_certificate(self._settings.acme, namespace, after, opts)
        self.certificate = certificate
        if cluster is not None:
            self._watch(cluster, certificate, namespace)

    def outputs(self) -> Mapping[str, pulumi.Input[object]]:
        """Return the stack's outputs about them."""
        checks = {f"https://{check.host}{check.path}": made.check_id for check, made in self._checks.items()}
        about = {"zone_id": self.dns.zone_id, "name_servers": self.dns.name_servers, "health_checks": checks}
        issued = {"certificate": self.certificate.arn} if isinstance(self.certificate, AcmCertificate) else {}
        return {"dns": {**about, **issued}}

    def _acm_certificate(self, alarm_topic_arn: pulumi.Input[str]) -> AcmCertificate:
        args = AcmCertificateArgs(
            zone_id=self.dns.zone_id,
            host=self._settings.zone,
            wildcard=True,
            warning_days=self._settings.expiry_warning_days,
            alarm_topic_arn=alarm_topic_arn,
        )
        return AcmCertificate("certificate", args, self._region.opts)

    def _health_check(self, settings: HealthCheckSettings, alarms: GlobalAlarms) -> HealthCheck:
        args = HealthCheckArgs(
            host=settings.host,
            path=settings.path,
            interval_seconds=settings.seconds,
            alarm_topic_arn=alarms.global_topic_arn,
        )
        return HealthCheck(f"health-{settings.host}{settings.path}", args, self._region.opts)

    def _cluster_certificate(
        self,
        acme: AcmeSettings,
        namespace: pulumi.Input[str],
        after: tuple[pulumi.Resource, ...],
        opts: pulumi.ResourceOptions,
    ) -> ClusterCertificate:
        args = ClusterCertificateArgs(
            namespace=namespace,
            zone=self._settings.zone,
            zone_id=self.dns.zone_id,
            region=self._region.place.region,
            server=acme.server,
            email=acme.email,
            after=after,
        )
        return ClusterCertificate("certificate", args, opts)

    def _watch(self, cluster: "Cluster", certificate: ClusterCertificate, namespace: pulumi.Input[str]) -> None:
        # Its SDK is for this alone, and most stacks have their certificates from ACM.
        from components.certificate_watch import CertificateWatch, CertificateWatchArgs  # noqa: PLC0415 - see above

        args = CertificateWatchArgs(
            cluster=cluster,
            vpc_id=self._region.network.vpc_id,
            subnets=list(self._region.network.private_subnets.values()),
            namespace=namespace,
            certificate=certificate.certificate,
            warning_days=self._settings.expiry_warning_days,
            alarm_topic_arn=self._alarm_topic_arn,
        )
        CertificateWatch("certificate-watch", args, self._region.opts)
