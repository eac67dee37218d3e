"""Examples of queues and of what is put on them."""

import json

from tests.plugins.aws.examples.kms import key_id
from tests.plugins.aws.world import ACCOUNT, Example, World


def queue_url(world: World) -> str:
    """Return the URL of a new queue."""
    return str(world.client("sqs").create_queue(QueueName=world.name("orders"))["QueueUrl"])


def queue_arn(name: str) -> str:
    """Return the ARN of a queue."""
    return f"arn:aws:sqs:eu-west-1:{ACCOUNT}:{name}"


def _dead_letters(world: World) -> str:
    return queue_arn(queue_url(world).rpartition("/")[2])


def _policy(account: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sqs:SendMessage", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _allowing(*sources: str) -> str:
    arns = [queue_arn(source) for source in sources]
    return json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": arns})


def _slow(world: World, url: str) -> None:
    world.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "7"})


EXAMPLES: tuple[Example, ...] = (
    Example(
        token="aws:sqs/queue:Queue",
        inputs=lambda world: {
            "name": world.name("mail"),
            "kmsMasterKeyId": key_id(world),
            "messageRetentionSeconds": 86400,
            "receiveWaitTimeSeconds": 20,
            "visibilityTimeoutSeconds": 60,
            "redrivePolicy": json.dumps({"deadLetterTargetArn": _dead_letters(world), "maxReceiveCount": 3}),
            "tags": {"owner": "shop"},
        },
        change={"visibilityTimeoutSeconds": 90, "tags": {"owner": "platform"}},
        replacement={"name": "other"},
        drift=_slow,
        drifted=frozenset({"visibilityTimeoutSeconds"}),
    ),
    Example(
        token="aws:sqs/queuePolicy:QueuePolicy",
        inputs=lambda world: {"queueUrl": queue_url(world), "policy": _policy(ACCOUNT)},
        change={"policy": _policy("210987654321")},
        replacement={"queueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/other"},
        drift=lambda world, it: world.client("sqs").set_queue_attributes(
            QueueUrl=it, Attributes={"Policy": _policy("555555555555")}
        ),
        drifted=frozenset({"policy"}),
    ),
    Example(
        token="aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
        inputs=lambda world: {"queueUrl": queue_url(world), "redriveAllowPolicy": _allowing("mail")},
        change={"redriveAllowPolicy": _allowing("mail", "orders")},
        replacement={"queueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/other"},
        drift=lambda world, it: world.client("sqs").set_queue_attributes(
            QueueUrl=it, Attributes={"RedriveAllowPolicy": _allowing("stranger")}
        ),
        drifted=frozenset({"redriveAllowPolicy"}),
    ),
)
