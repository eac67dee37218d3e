"""Every resource type that the plugin has, by its token; a family of types is a file."""

from collections.abc import Mapping

from infra.sandbox.plugins.aws.kind import Kind
from infra.sandbox.plugins.aws.kinds import (
    acm,
    amp,
    budgets,
    cloudfront,
    cloudtrail,
    default_security_group,
    ecr,
    eks,
    elasticache,
    iam,
    kms,
    launch_templates,
    observability,
    rds,
    route53,
    routing,
    s3,
    secrets,
    security_groups,
    sqs,
    vpc,
    wafv2,
)

_FAMILIES = (
    acm,
    amp,
    budgets,
    cloudfront,
    cloudtrail,
    default_security_group,
    ecr,
    eks,
    elasticache,
    iam,
    kms,
    launch_templates,
    observability,
    rds,
    route53,
    routing,
    s3,
    secrets,
    security_groups,
    sqs,
    vpc,
    wafv2,
)

KINDS: Mapping[str, Kind] = {kind.token: kind for family in _FAMILIES for kind in family.KINDS}
"""Token -> entry."""
