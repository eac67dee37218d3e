"""Examples of log groups, alarms and topics."""

import json

from tests.plugins.aws.examples.kms import key_id
from tests.plugins.aws.world import ACCOUNT, Example, World


def _key_arn(world: World) -> str:
    return f"arn:aws:kms:{world.region}:{ACCOUNT}:key/{key_id(world)}"


def topic(world: World) -> str:
    """Return the ARN of a new topic."""
    return str(world.client("sns").create_topic(Name=world.name("pager"))["TopicArn"])


def alarm(world: World) -> dict[str, object]:
    """Return the inputs of an alarm."""
    return {
        "name": world.name("slow"),
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 3,
        "metricName": "Latency",
        "namespace": "Shop",
        "statistic": "Average",
        "period": 60,
        "threshold": 0.5,
        "dimensions": {"service": "checkout"},
        "alarmActions": [topic(world)],
        "tags": {"owner": "shop"},
    }


def publishers(account: str) -> str:
    """Return a topic's policy."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": ["cloudwatch.amazonaws.com"]},
        "Action": ["sns:Publish"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _ignore(world: World, name: str) -> None:
    world.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=3,
        MetricName="Latency",
        Namespace="Shop",
        Statistic="Average",
        Period=60,
        Threshold=1000,
        ActionsEnabled=False,
    )


def log_group(world: World) -> str:
    """Return the name of a new log group."""
    name = world.name("/shop/audit")
    world.client("logs").create_log_group(logGroupName=name)
    return name


def _count_all(world: World, it: str) -> None:
    logs = world.client("logs")
    (found,) = logs.describe_metric_filters(metricName="root", metricNamespace="Shop")["metricFilters"]
    said = {"logGroupName": found["logGroupName"], "metricTransformations": found["metricTransformations"]}
    logs.put_metric_filter(filterName=it, filterPattern="", **said)


EXAMPLES: tuple[Example, ...] = (
    Example(
        token="aws:cloudwatch/logGroup:LogGroup",
        inputs=lambda world: {
            "name": world.name("/shop/flow"),
            "retentionInDays": 30,
            "kmsKeyId": _key_arn(world),
            "tags": {"owner": "shop"},
        },
        change={"retentionInDays": 90, "tags": {"owner": "platform"}},
        replacement={"name": "/other"},
        drift=lambda world, it: world.client("logs").put_retention_policy(logGroupName=it, retentionInDays=1),
        drifted=frozenset({"retentionInDays"}),
    ),
    Example(
        token="aws:cloudwatch/metricAlarm:MetricAlarm",
        inputs=alarm,
        change={"threshold": 0.9, "treatMissingData": "breaching", "tags": {"owner": "platform"}},
        replacement={"name": "other"},
        drift=_ignore,
        drifted=frozenset({"threshold", "actionsEnabled", "alarmActions"}),
    ),
    Example(
        token="aws:sns/topic:Topic",
        inputs=lambda world: {
            "name": world.name("alerts"),
            "displayName": "Alerts",
            "policy": publishers(ACCOUNT),
            "kmsMasterKeyId": "alias/aws/sns",
            "tags": {"owner": "shop"},
        },
        change={"displayName": "Pager", "policy": publishers("210987654321"), "tags": {"owner": "platform"}},
        replacement={"name": "other"},
        drift=lambda world, it: world.client("sns").set_topic_attributes(
            TopicArn=it, AttributeName="DisplayName", AttributeValue="drifted"
        ),
        drifted=frozenset({"displayName"}),
    ),
    Example(
        token="aws:sns/topicPolicy:TopicPolicy",
        inputs=lambda world: {"arn": topic(world), "policy": publishers(ACCOUNT)},
        change={"policy": publishers("210987654321")},
        replacement={"arn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:other"},
        drift=lambda world, it: world.client("sns").set_topic_attributes(
            TopicArn=it, AttributeName="Policy", AttributeValue=publishers("555555555555")
        ),
        drifted=frozenset({"policy"}),
        stays=True,  # a topic is never without a policy
    ),
    Example(
        token="aws:sns/topicSubscription:TopicSubscription",
        inputs=lambda world: {
            "topic": topic(world),
            "protocol": "email",
            "endpoint": "oncall@example.com",
            "filterPolicy": '{"severity": ["high"]}',
        },
        change={"filterPolicy": '{"severity": ["high", "low"]}'},
        replacement={"endpoint": "other@example.com"},
        drift=lambda world, it: world.client("sns").set_subscription_attributes(
            SubscriptionArn=it, AttributeName="FilterPolicy", AttributeValue='{"severity": ["none"]}'
        ),
        drifted=frozenset({"filterPolicy"}),
    ),
    Example(
        token="aws:cloudwatch/logMetricFilter:LogMetricFilter",
        inputs=lambda world: {
            "name": world.name("root"),
            "logGroupName": log_group(world),
            "pattern": '{ $.userIdentity.type = "Root" }',
            "metricTransformation": {"name": "root", "namespace": "Shop", "value": "1"},
        },
        change={"pattern": '{ $.userIdentity.type = "IAMUser" }'},
        replacement={"logGroupName": "other"},
        drift=_count_all,
        drifted=frozenset({"pattern"}),
        import_id=lambda thing: f"{thing.inputs['logGroupName']}:{thing.id}",
    ),
)
