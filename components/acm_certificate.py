"""A certificate of AWS Certificate Manager, for what AWS itself terminates TLS in: load balancers and CloudFront.

Owns the certificate, the record that proves the zone, and the alarm before its end. What terminates TLS in the cluster
takes a `ClusterCertificate`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import acm, cloudwatch, route53

from infra.tags import tags

_PROOF_SECONDS = 300  # the record stays for the renewals, and never changes
_DAY = 86_400  # the metric comes twice a day


@dataclass(frozen=True, kw_only=True)
class AcmCertificateArgs:
    """Arguments of `AcmCertificate`.

    Args:
        zone_id: the hosted zone of the host.
        host: what it is for.
        wildcard: whether it is for every host one label below as well; the same record proves both.
        warning_days: an alarm when it ends sooner; ACM renews it 45 days or more before.
        alarm_topic_arn: a topic in the certificate's region.
        region: where it is used; None for the provider's region. CloudFront's are in us-east-1.
    """

    zone_id: pulumi.Input[str]
    host: str
    alarm_topic_arn: pulumi.Input[str]
    wildcard: bool = False
    warning_days: int = 30
    region: str | None = None


class AcmCertificate(pulumi.ComponentResource):
    """Renewed by ACM for as long as its record stands; somebody is told when a renewal has not come about in time."""

    arn: pulumi.Output[str]
    """The certificate, known once it is issued."""

    def __init__(self, name: str, args: AcmCertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:dns:AcmCertificate", name, None, opts)
        self._name = name
        self._args = args
        certificate = acm.Certificate(
            f"{name}-certificate",
            domain_name=args.host,
            subject_alternative_names=[f"*.{args.host}"] if args.wildcard else None,
            validation_method="DNS",
            region=args.region,
            tags=tags(f"{name}-certificate", "dns"),
            opts=self._child(),
        )
        validation = acm.CertificateValidation(
            f"{name}-issued",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[self._proof(certificate).fqdn],
            region=args.region,
            opts=self._child(),
        )
        self.arn = validation.certificate_arn
        self._alarm(certificate)
        self.register_outputs({"arn": self.arn})

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _proof(self, certificate: acm.Certificate) -> route53.Record:
        options: pulumi.Output[Sequence[acm.outputs.CertificateDomainValidationOption]]
        options = certificate.domain_validation_options
        return route53.Record(
            f"{self._name}-proof",
            zone_id=self._args.zone_id,
            name=options[0].resource_record_name,
            type=options[0].resource_record_type,
            records=[options[0].resource_record_value],
            ttl=_PROOF_SECONDS,
            # The same host has the same record in each region and account.
            allow_overwrite=True,
            opts=self._child(),
        )

    def _alarm(self, certificate: acm.Certificate) -> None:
        cloudwatch.MetricAlarm(
            f"{self._name}-expiry",
            alarm_description=f"the certificate of {self._args.host} ends soon and is not renewed",
            namespace="AWS/CertificateManager",
            metric_name="DaysToExpiry",
            dimensions={"CertificateArn": certificate.arn},
            statistic="Minimum",
            comparison_operator="LessThanThreshold",
            threshold=self._args.warning_days,
            period=_DAY,
            evaluation_periods=1,
            alarm_actions=[self._args.alarm_topic_arn],
            ok_actions=[self._args.alarm_topic_arn],
            region=self._args.region,
            tags=tags(f"{self._name}-expiry", "dns"),
            opts=self._child(),
        )
