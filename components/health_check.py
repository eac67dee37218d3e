"""A host that is asked from outside whether it answers.

Owns the check and its alarm. Leaves what happens inside the platform to its own metrics.
"""

from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, route53

from infra.tags import tags

METRICS_REGION = "us-east-1"
"""Where Route 53 has the metrics of its checks, whatever they watch; an alarm publishes in its own region only."""

_HTTPS = 443
_FAILURES = 3  # REQUIREMENTS, Releases: 3 failed health checks
_MINUTE = 60


@dataclass(frozen=True, kw_only=True)
class HealthCheckArgs:
    """Arguments of `HealthCheck`.

    Args:
        host: a whole name.
        path: must answer with 2xx or 3xx over HTTPS.
        interval_seconds: 10 or 30; how often each of Route 53's places asks.
        alarm_topic_arn: a topic in `METRICS_REGION`.
    """

    host: str
    path: str
    alarm_topic_arn: pulumi.Input[str]
    interval_seconds: int = 30


class HealthCheck(pulumi.ComponentResource):
    """Somebody is told within two minutes or so when the host no longer answers from outside, and when it does again.

    Not a check of the certificate's end: Route 53 does not look at certificates.
    """

    check_id: pulumi.Output[str]
    """Route 53's id of the check."""

    def __init__(self, name: str, args: HealthCheckArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:dns:HealthCheck", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        check = route53.HealthCheck(
            f"{name}-check",
            type="HTTPS",
            fqdn=args.host,
            port=_HTTPS,
            resource_path=args.path,
            request_interval=args.interval_seconds,
            failure_threshold=_FAILURES,
            enable_sni=True,
            tags=tags(f"{name}-check", "dns"),
            opts=child,
        )
        cloudwatch.MetricAlarm(
            f"{name}-alarm",
            alarm_description=f"https://{args.host}{args.path} does not answer from outside",
            namespace="AWS/Route53",
            metric_name="HealthCheckStatus",
            dimensions={"HealthCheckId": check.id},
            statistic="Minimum",
            comparison_operator="LessThanThreshold",
            threshold=1,
            period=_MINUTE,
            evaluation_periods=1,
            treat_missing_data="breaching",  # a check that is gone says nothing
            alarm_actions=[args.alarm_topic_arn],
            ok_actions=[args.alarm_topic_arn],
            region=METRICS_REGION,
            tags=tags(f"{name}-alarm", "dns"),
            opts=child,
        )
        self.check_id = check.id
        self.register_outputs({"check_id": self.check_id})
