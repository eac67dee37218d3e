"""What watches over an environment and limits it: what is there by itself, and how settings reach it."""

import json
from typing import Any

import pytest

from tests.examples import declared_graph
from tests.harness import Graph

TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms-topic"


def governed(**sections: Any) -> Graph:
    return declared_graph(lambda raw: raw.update(sections))


@pytest.fixture(scope="module")
def declared() -> Graph:
    return declared_graph()


@pytest.fixture(scope="module")
def changed() -> Graph:
    return governed(
        alarms={"emails": ["oncall@example.com"]},
        queues={"orders": {"visibility_timeout": "2m", "max_receives": 2, "retention_days": 7, "age_alarm": "1h"}},
        budget={
            "monthly_usd": 1500,
            "alerts": [{"percent": 50}, {"percent": 110, "of": "forecast"}],
            "emails": ["finance@example.com"],
        },
        audit={
            "lock": "governance",
            "retention_days": 30,
            "log_retention_days": None,
            "object_events": True,
            "protect": False,
        },
    )


def test_a_stack_has_a_topic_a_queue_for_mail_and_an_audit_by_itself(declared: Graph) -> None:
    assert declared.exports["alarms"] == TOPIC
    assert declared.exports["queues"] == {
        "mail": {
            "url": "https://sqs.example.invalid/queue-mail-messages",
            "dead_letters": "https://sqs.example.invalid/queue-mail-dead-letters",
        }
    }
    assert declared.exports["audit"] == "audit-records-bucket-1a2b3c4"
    assert declared.named("audit-trail").plain("name") == "shop"
    assert not declared.of_type(":Budget")
    assert not declared.of_type(":TopicSubscription")


def test_every_alarm_and_alert_goes_to_the_topic(changed: Graph) -> None:
    here = [alarm for alarm in changed.of_type(":MetricAlarm") if "region" not in alarm.inputs]
    assert {"queue-orders-dead-alarm", "queue-orders-age-alarm"} <= {alarm.name for alarm in here}
    assert {topic for alarm in here for topic in alarm.plain("alarmActions")} == {TOPIC}
    for told in changed.named("budget-month").plain("notifications"):
        assert told["subscriberSnsTopicArns"] == [TOPIC]
    assert changed.named("alarms-to-oncall@example.com").plain("topic") == TOPIC


def test_settings_reach_a_queue(changed: Graph) -> None:
    queue = changed.named("queue-orders-messages")
    assert queue.plain("visibilityTimeoutSeconds") == 120
    assert queue.plain("messageRetentionSeconds") == 7 * 86400
    assert json.loads(queue.plain("redrivePolicy"))["maxReceiveCount"] == 2
    assert changed.named("queue-orders-age-alarm").plain("threshold") == 3600
    assert set(changed.exports["queues"]) == {"orders"}


def test_settings_reach_the_budget(changed: Graph) -> None:
    budget = changed.named("budget-month")
    assert (budget.plain("name"), budget.plain("limitAmount")) == ("shop", "1500")
    assert budget.plain("costFilters") == [{"name": "TagKeyValue", "values": ["user:environment$example"]}]
    told = budget.plain("notifications")
    assert [(one["notificationType"], one["threshold"]) for one in told] == [("ACTUAL", 50), ("FORECASTED", 110)]
    assert [one["subscriberEmailAddresses"] for one in told] == [["finance@example.com"]] * 2


def test_the_budget_counts_what_carries_the_environments_tag(changed: Graph) -> None:
    (provider,) = changed.of_type("pulumi:providers:aws")
    assert json.loads(provider.plain("defaultTags"))["tags"]["environment"] == "example"


def test_settings_reach_the_audit(changed: Graph) -> None:
    assert changed.named("audit-lock").plain("rule", "defaultRetention") == {"mode": "GOVERNANCE", "days": 30}
    assert not changed.named("audit-records-bucket").protect
    assert "cloudWatchLogsGroupArn" not in changed.named("audit-trail").inputs


def test_accesses_to_all_buckets_but_that_of_public_assets_are_recorded(changed: Graph) -> None:
    _, objects = changed.named("audit-trail").plain("advancedEventSelectors")
    (watched,) = [one["startsWiths"] for one in objects["fieldSelectors"] if one["field"] == "resources.ARN"]
    assert watched == [f"arn:aws:s3:::{purpose}-objects-bucket/" for purpose in ("uploads", "exports", "backups")]


def test_the_audit_can_be_left_to_another_stack_of_the_account() -> None:
    graph = governed(audit=None)
    assert not graph.of_type(":Trail")
    assert "audit" not in graph.exports


def test_a_stack_can_do_without_queues() -> None:
    graph = governed(queues={})
    assert not graph.of_type("sqs/queue:Queue")
    assert graph.exports["queues"] == {}
