"""The queue: what fails too often is kept apart, who sends and consumes, and what is told."""

import json
from typing import Any

import pytest
from pulumi_aws.cloudwatch import LogGroup

from components.queue import Queue, QueueArgs
from tests.harness import Graph, graph_of

ARN = "arn:aws:sqs:eu-central-1:123456789012:mail-messages"
DEAD = "arn:aws:sqs:eu-central-1:123456789012:mail-dead-letters"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/mail-encryption-key"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"


def queue(**changes: Any) -> Graph:
    def declare() -> dict[str, Any]:
        created = Queue("mail", QueueArgs(alarm_topic_arn=TOPIC, **changes))
        created.grant_send("api", "role-of-api")
        created.grant_consume("worker", "role-of-worker")
        LogGroup("user", name=created.url)
        return {"url": created.url, "dead": created.dead_letters_url}

    return graph_of(declare)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return queue()


def rights(graph: Graph, grant: str) -> list[tuple[list[str], list[str]]]:
    policy = json.loads(graph.named(f"{grant}-policy").plain("policy"))
    return [(part["Action"], part["Resource"]) for part in policy["Statement"]]


def test_after_three_receives_a_message_is_a_dead_letter(graph: Graph) -> None:
    redrive = json.loads(graph.named("mail-messages").plain("redrivePolicy"))
    assert redrive == {"deadLetterTargetArn": DEAD, "maxReceiveCount": 3}


def test_only_this_queue_puts_dead_letters_there(graph: Graph) -> None:
    allowed = graph.named("mail-dead-letters-of")
    assert json.loads(allowed.plain("redriveAllowPolicy")) == {"redrivePermission": "byQueue", "sourceQueueArns": [ARN]}
    assert allowed.plain("queueUrl") == "https://sqs.example.invalid/mail-dead-letters"


def test_dead_letters_are_kept_longest(graph: Graph) -> None:
    assert graph.named("mail-messages").plain("messageRetentionSeconds") == 4 * 86400
    assert graph.named("mail-dead-letters").plain("messageRetentionSeconds") == 14 * 86400


def test_receivers_wait_for_messages_and_have_a_minute_for_each(graph: Graph) -> None:
    assert graph.named("mail-messages").plain("receiveWaitTimeSeconds") == 20
    assert graph.named("mail-messages").plain("visibilityTimeoutSeconds") == 60


def test_both_queues_are_encrypted_and_closed_to_plain_text(graph: Graph) -> None:
    for name, arn in (("messages", ARN), ("dead-letters", DEAD)):
        assert graph.named(f"mail-{name}").plain("kmsMasterKeyId") == KEY
        (refused,) = json.loads(graph.named(f"mail-{name}-tls").plain("policy"))["Statement"]
        assert (refused["Effect"], refused["Principal"], refused["Action"]) == ("Deny", {"AWS": "*"}, ["sqs:*"])
        assert refused["Resource"] == [arn]
        assert refused["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_sender_sends_and_does_not_read(graph: Graph) -> None:
    assert rights(graph, "mail-api-sends") == [
        (["sqs:SendMessage", "sqs:GetQueueUrl"], [ARN]),
        (["kms:GenerateDataKey", "kms:Decrypt"], [KEY]),
    ]


def test_rights_are_part_of_the_role_and_none_of_the_policies_that_it_takes_ten_of(graph: Graph) -> None:
    found = {node.name: node.plain("role") for node in graph.of_type("iam/rolePolicy:RolePolicy")}
    assert found == {"mail-api-sends-policy": "role-of-api", "mail-worker-consumes-policy": "role-of-worker"}
    assert graph.of_type("iam/policy:Policy") == graph.of_type(":RolePolicyAttachment") == []


def test_a_consumer_consumes_and_does_not_touch_dead_letters(graph: Graph) -> None:
    (actions, resources), decrypts = rights(graph, "mail-worker-consumes")
    assert {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"} <= set(actions)
    assert "sqs:SendMessage" not in actions
    assert resources == [ARN]
    assert decrypts == (["kms:Decrypt"], [KEY])


@pytest.mark.parametrize(
    ("alarm", "watched", "metric", "threshold"),
    [
        ("dead", "mail-dead-letters", "ApproximateNumberOfMessagesVisible", 0),
        ("age", "mail-messages", "ApproximateAgeOfOldestMessage", 900),
    ],
)
def test_dead_letters_and_old_messages_are_told(
    graph: Graph, alarm: str, watched: str, metric: str, threshold: int
) -> None:
    found = graph.named(f"mail-{alarm}-alarm")
    assert (found.plain("namespace"), found.plain("metricName")) == ("AWS/SQS", metric)
    assert found.plain("dimensions") == {"QueueName": f"{watched}-1a2b3c4"}
    assert (found.plain("comparisonOperator"), found.plain("threshold")) == ("GreaterThanThreshold", threshold)
    assert found.plain("alarmActions") == found.plain("okActions") == [TOPIC]


def test_its_url_is_given_out_once_nobody_can_use_it_in_plain_text(graph: Graph) -> None:
    assert graph.exports == {
        "url": "https://sqs.example.invalid/mail-messages",
        "dead": "https://sqs.example.invalid/mail-dead-letters",
    }
    assert graph.reaches(graph.named("user"), graph.named("mail-messages-tls"))


def test_it_is_protected_from_deletion_unless_told_otherwise(graph: Graph) -> None:
    kept = ("mail-messages", "mail-dead-letters", "mail-encryption-key")
    assert [graph.named(name).protect for name in kept] == [True] * 3
    loose = queue(protect=False)
    assert [loose.named(name).protect for name in kept] == [False] * 3
