"""What AWS can do and moto cannot, in the form of moto's own handlers.

Simulated like the rest of the cloud: calls that moto lacks keep what they are told and tell it again, and references
that moto lets dangle are refused with AWS's own codes. Everything is kept in moto's backends, so that the journal's
replay and moto's reset hold for it too.
"""

from infra.sandbox.cloud.additions import (
    acm,
    amp,
    bucket_policies,
    budgets,
    cloudfront,
    cloudtrail,
    eks,
    elasticache,
    endpoints,
    logs,
    network_uses,
    object_locks,
    rds,
    route53,
    s3,
    secret_replicas,
    sqs,
    wafv2,
)


def install() -> None:
    """Let moto answer with the additions; once a process, before the first request. Doing it again changes nothing."""
    acm.install()
    amp.install()
    bucket_policies.install()
    budgets.install()
    cloudtrail.install()
    cloudfront.install()
    eks.install()
    elasticache.install()
    endpoints.install()
    logs.install()
    network_uses.install()
    object_locks.install()
    rds.install()
    route53.install()
    s3.install()
    secret_replicas.install()
    sqs.install()
    wafv2.install()
