"""Examples of every resource type that the plugin has; a family of types is a file."""

from tests.plugins.aws.examples import (
    acm,
    budgets,
    cloudfront,
    cloudtrail,
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
    budgets,
    cloudfront,
    cloudtrail,
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

EXAMPLES = tuple(example for family in _FAMILIES for example in family.EXAMPLES)
