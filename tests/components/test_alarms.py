"""Where alarms go: who may publish, and who is told."""

import json
from typing import Any

import pytest

from components.alarms import Alarms, AlarmsArgs
from tests.harness import Graph, graph_of

KEY = "arn:aws:kms:eu-central-1:123456789012:key/alarms-encryption-key"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms-topic"
PUBLISHERS = [f"{service}.amazonaws.com" for service in ("budgets", "cloudtrail", "cloudwatch")]
OF_THIS_ACCOUNT = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
OF_ITS_WORKSPACES = {"ArnLike": {"aws:SourceArn": "arn:aws:aps:*:123456789012:workspace/*"}}


@pytest.fixture(scope="module")
def graph() -> Graph:
    def declare() -> dict[str, Any]:
        alarms = Alarms("alarms", AlarmsArgs(emails=["oncall@example.com", "lead@example.com"]))
        alarms.grant_publish("scheduler", "role-of-scheduler")
        return {"topic": alarms.topic_arn}

    return graph_of(declare)


def test_the_topic_is_encrypted_with_a_key_that_publishers_of_this_account_can_use(graph: Graph) -> None:
    assert graph.named("alarms-topic").plain("kmsMasterKeyId") == KEY
    _, used, _ = json.loads(graph.named("alarms-encryption-key").plain("policy"))["Statement"]
    assert used["Principal"] == {"Service": PUBLISHERS}
    assert used["Action"] == ["kms:GenerateDataKey*", "kms:Decrypt"]
    assert used["Condition"] == OF_THIS_ACCOUNT


def test_only_services_of_this_account_publish_and_nobody_in_plain_text(graph: Graph) -> None:
    published, _, plain = json.loads(graph.named("alarms-publishers").plain("policy"))["Statement"]
    assert (published["Effect"], published["Action"], published["Resource"]) == ("Allow", ["sns:Publish"], [TOPIC])
    assert (published["Principal"], published["Condition"]) == ({"Service": PUBLISHERS}, OF_THIS_ACCOUNT)
    assert (plain["Effect"], plain["Principal"], plain["Resource"]) == ("Deny", {"AWS": "*"}, [TOPIC])
    assert plain["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_alert_managers_of_this_account_publish_and_use_the_key(graph: Graph) -> None:
    *_, used = json.loads(graph.named("alarms-encryption-key").plain("policy"))["Statement"]
    _, published, _ = json.loads(graph.named("alarms-publishers").plain("policy"))["Statement"]
    assert used["Principal"] == published["Principal"] == {"Service": "aps.amazonaws.com"}
    assert (used["Action"], "Condition" in used) == (["kms:GenerateDataKey*", "kms:Decrypt"], False)
    assert (published["Action"], published["Resource"]) == (["sns:Publish", "sns:GetTopicAttributes"], [TOPIC])
    assert published["Condition"] == {**OF_THIS_ACCOUNT, **OF_ITS_WORKSPACES}


def test_each_address_is_subscribed(graph: Graph) -> None:
    found = [
        (node.name, node.plain("protocol"), node.plain("endpoint")) for node in graph.of_type(":TopicSubscription")
    ]
    assert found == [
        ("alarms-to-lead@example.com", "email", "lead@example.com"),
        ("alarms-to-oncall@example.com", "email", "oncall@example.com"),
    ]


def test_a_role_that_is_let_in_publishes_and_does_nothing_else(graph: Graph) -> None:
    statements = json.loads(graph.named("alarms-scheduler-publishes-policy").plain("policy"))["Statement"]
    assert [(one["Action"], one["Resource"]) for one in statements] == [
        (["sns:Publish"], [TOPIC]),
        (["kms:GenerateDataKey", "kms:Decrypt"], [KEY]),
    ]


def test_the_topic_is_given_out_once_it_can_be_published_to(graph: Graph) -> None:
    assert graph.exports["topic"] == TOPIC
    assert graph.reaches(graph.named("alarms-scheduler-publishes-policy"), graph.named("alarms-publishers"))
