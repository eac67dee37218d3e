"""Log groups, alarms and topics: what is refused, and what they are told by."""

from typing import Any

import pytest

from tests.plugins.aws.examples.observability import alarm, publishers
from tests.plugins.aws.world import ACCOUNT, World
from tests.plugins.client import Refused

GROUP = "aws:cloudwatch/logGroup:LogGroup"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TOPIC = "aws:sns/topic:Topic"
ONE_METRIC = {"metricName": "Latency", "namespace": "Shop", "evaluationPeriods": 1, "period": 60}


@pytest.mark.parametrize(
    ("token", "given", "property_", "allowed"),
    [
        (GROUP, {"retentionInDays": 8}, "retentionInDays", "one of 0, 1, 3, 5, 7, 14, 30"),
        (GROUP, {"name": "a b"}, "name", "must match"),
        (GROUP, {"kmsKeyId": "key"}, "kmsKeyId", "must match"),
        (GROUP, {"logGroupClass": "CHEAP"}, "logGroupClass", "INFREQUENT_ACCESS"),
        (ALARM, {"evaluationPeriods": 1}, "metricName", "is required unless metricQueries"),
        (ALARM, ONE_METRIC, "statistic", "must be given, or else extendedStatistic"),
        (ALARM, {**ONE_METRIC, "statistic": "Mean"}, "statistic", "Average"),
        (ALARM, {**ONE_METRIC, "statistic": "Sum", "comparisonOperator": ">"}, "comparisonOperator", "GreaterThan"),
        (TOPIC, {"fifoTopic": True, "name": "orders"}, "name", "must end with .fifo"),
        (TOPIC, {"contentBasedDeduplication": True}, "contentBasedDeduplication", "only for a fifoTopic"),
        (TOPIC, {"policy": "{"}, "policy", "must be a JSON object"),
    ],
)
def test_wrong_input_fails_in_the_preview(
    world: World, token: str, given: dict[str, Any], property_: str, allowed: str
) -> None:
    _, failures = world.object(token).check(**given)
    assert allowed in failures[property_]


def test_a_log_group_whose_name_is_in_use_is_refused(world: World) -> None:
    name = world.name("/shop/flow")
    world.object(GROUP).create(name=name)
    with pytest.raises(Refused, match="ResourceAlreadyExistsException"):
        world.object(GROUP).create(name=name)


def test_a_log_group_of_no_key_is_refused(world: World) -> None:
    key = f"arn:aws:kms:{world.region}:{ACCOUNT}:key/00000000-0000-4000-8000-000000000000"
    with pytest.raises(Refused, match="InvalidParameterException: The specified KMS key does not exist"):
        world.object(GROUP).create(kmsKeyId=key)


def test_a_log_group_is_not_mistaken_for_one_with_a_longer_name(world: World) -> None:
    name = world.name("/shop/flow")
    world.object(GROUP).create(name=f"{name}-more", retentionInDays=7)
    group = world.object(GROUP).create(name=name, retentionInDays=30)
    assert group.outputs["arn"] == f"arn:aws:logs:{world.region}:{ACCOUNT}:log-group:{name}"
    assert group.refresh() == set()
    group.delete()
    assert group.refresh() == {"gone"}


def test_records_can_be_kept_for_ever_again(world: World) -> None:
    group = world.object(GROUP).create(retentionInDays=30)
    group.update(retentionInDays=0)
    found = world.client("logs").describe_log_groups(logGroupNamePrefix=group.id)["logGroups"][0]
    assert "retentionInDays" not in found
    assert group.refresh() == set()


def test_a_log_group_is_protected_or_left_behind_as_the_program_says(world: World) -> None:
    group = world.object(GROUP).create(deletionProtectionEnabled=True, skipDestroy=True)
    with pytest.raises(Refused, match="deletion protection"):
        group.delete()
    group.update(deletionProtectionEnabled=False, skipDestroy=True)
    group.delete()
    assert group.refresh() == set()


def test_an_alarm_may_watch_what_is_computed_of_metrics(world: World) -> None:
    metric = {"metricName": "Errors", "namespace": "Shop", "period": 60, "stat": "Sum", "dimensions": {"a": "b"}}
    given = {
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 2,
        "threshold": 0.1,
        "metricQueries": [
            {"id": "errors", "metric": metric},
            {"id": "rate", "expression": "errors / 60", "label": "Errors a second", "returnData": True},
        ],
    }
    made = world.object(ALARM).create(**given)
    found = world.client("cloudwatch").describe_alarms(AlarmNames=[made.id])["MetricAlarms"][0]["Metrics"]
    assert found[0]["MetricStat"]["Metric"]["Dimensions"] == [{"Name": "a", "Value": "b"}]
    assert (found[0]["MetricStat"]["Period"], found[0]["MetricStat"]["Stat"]) == (60, "Sum")
    assert made.refresh() == set()
    assert made.changes(**given) == {}
    assert made.changes(**{**given, "threshold": 0.2}) == {"threshold": "UPDATE"}


def test_an_alarm_without_actions_has_none_any_more(world: World) -> None:
    given = alarm(world)
    made = world.object(ALARM).create(**given)
    del given["alarmActions"]
    made.update(**given)
    found = world.client("cloudwatch").describe_alarms(AlarmNames=[made.id])["MetricAlarms"][0]
    assert found["AlarmActions"] == []
    assert world.client("cloudwatch").list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"], "its tags stay"


def test_a_topic_for_orders_in_their_order(world: World) -> None:
    name = f"{world.name('orders')}.fifo"
    made = world.object(TOPIC).create(name=name, fifoTopic=True, contentBasedDeduplication=True)
    told = world.client("sns").get_topic_attributes(TopicArn=made.id)["Attributes"]
    assert (told["FifoTopic"], told["ContentBasedDeduplication"]) == ("true", "true")
    assert made.refresh() == set()


def test_a_topic_policy_that_means_the_same_is_no_change(world: World) -> None:
    made = world.object(TOPIC).create(policy=publishers(ACCOUNT))
    same = publishers(ACCOUNT).replace('["sns:Publish"]', '"sns:Publish"')
    assert same != publishers(ACCOUNT)
    assert made.changes(policy=same) == {}
