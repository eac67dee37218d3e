"""Queues of SQS, whose properties are texts in a map of attributes, and what can be put on one afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from infra.sandbox.plugins.aws.clients import Cloud, is_repeated
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind, is_gone
from infra.sandbox.plugins.aws.tagging import Tagging
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_LONGEST_NAME = 80  # CreateQueue's reference
_FIFO = ".fifo"
_ATTRIBUTES: Mapping[str, str] = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deduplicationScope": "DeduplicationScope",
    "delaySeconds": "DelaySeconds",
    "fifoQueue": "FifoQueue",
    "fifoThroughputLimit": "FifoThroughputLimit",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "policy": "Policy",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}
_DOCUMENTS = frozenset({"policy", "redriveAllowPolicy", "redrivePolicy"})
_READING = Call(
    method="get_queue_attributes", subject="QueueUrl", constants={"AttributeNames": ["All"]}, result="Attributes"
)


class Queue(Kind):
    """A queue; its id is its URL."""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it; SQS answers with the queue that is there, if there is one of this name with the same attributes."""
        made = cloud.client(self.service, region).create_queue(
            QueueName=inputs["name"],
            Attributes=_texts(_said(inputs)),
            **(self.tagging.creation(tags) if self.tagging else {}),
        )
        return str(made["QueueUrl"])

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Set the attributes of one that an earlier creation made; else the call has said everything."""
        if is_repeated():
            said = {name: value for name, value in _said(inputs).items() if name != "fifoQueue"}
            cloud.client(self.service, region).set_queue_attributes(QueueUrl=id, Attributes=_texts(said))

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties."""
        told = super().told(cloud, region, id, answer)
        return {**told, "arn": answer["QueueArn"], "url": id, "name": id.rpartition("/")[2]}

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Set the attributes that changed; what is left out is as SQS has it by default."""
        changed = {name: new.get(name) for name in _ATTRIBUTES if name in new and old.get(name) != new.get(name)}
        if not new.get("fifoQueue"):
            changed = _without_fifo(changed)
        if changed:
            cloud.client(self.service, region).set_queue_attributes(QueueUrl=id, Attributes=_texts(changed))

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what SQS does not take together."""
        is_fifo = bool(inputs.get("fifoQueue"))
        if is_fifo != str(inputs["name"]).endswith(_FIFO):
            return [("name", f"must end with {_FIFO} for a fifoQueue, and only then")]
        if inputs.get("contentBasedDeduplication") and not is_fifo:
            return [("contentBasedDeduplication", "is only for a fifoQueue")]
        if inputs.get("kmsMasterKeyId") and inputs.get("sqsManagedSseEnabled"):
            return [("sqsManagedSseEnabled", "cannot be given together with kmsMasterKeyId")]
        return []


@dataclass(frozen=True, kw_only=True)
class Attribute(Kind):
    """One attribute of a queue as a type of its own; its id is the queue's URL.

    Args:
        attribute: the input that it is.
    """

    attribute: str

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: object) -> str:
        """Set it."""
        del tags
        self._set(cloud, region, str(inputs["queueUrl"]), str(inputs[self.attribute]))
        return str(inputs["queueUrl"])

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties."""
        return {**super().told(cloud, region, id, answer), "queueUrl": id}

    def is_gone(self, answer: Answer) -> bool:
        """Whether the queue has none."""
        return not answer.get(_ATTRIBUTES[self.attribute])

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Set the new text in place of the old."""
        del old
        self._set(cloud, region, id, str(new[self.attribute]))

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Empty it."""
        del known
        try:
            self._set(cloud, region, id, "")
        except ClientError as error:
            if not is_gone(error):
                raise

    def _set(self, cloud: Cloud, region: str, url: str, text: str) -> None:
        cloud.client(self.service, region).set_queue_attributes(
            QueueUrl=url, Attributes={_ATTRIBUTES[self.attribute]: text}
        )


def _said(inputs: Properties) -> dict[str, Value]:
    """Return the attributes that a creation is told of."""
    said = {name: value for name, value in inputs.items() if value not in (None, "") and name in _ATTRIBUTES}
    return said if said.get("fifoQueue") else _without_fifo(said)


def _texts(values: Properties) -> dict[str, str]:
    return {
        _ATTRIBUTES[name]: str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
        for name, value in values.items()
    }


def _without_fifo(values: Properties) -> dict[str, Value]:
    """Return what a queue without order takes: SQS refuses even to be told that it has none."""
    return {name: value for name, value in values.items() if not name.startswith(("fifo", "contentBased", "dedup"))}


def _attribute(name: str, noun: str, attribute: str, schema: str, schema_name: str) -> Attribute:
    return Attribute(
        token=f"aws:sqs/{name[0].lower()}{name[1:]}:{name}",
        noun=noun,
        service="sqs",
        schema=schema,
        identifier="=queueUrl",
        creating=Call(method="set_queue_attributes"),
        reading=_READING,
        deleting=Call(method="set_queue_attributes"),
        schema_names={"queueUrl": "Queue" if schema.endswith("Policy") else "QueueUrl", attribute: schema_name},
        unchecked={attribute: "the schema has it as an object; it is checked to be JSON"},
        documents=frozenset({attribute}),
        replace=frozenset({"queueUrl"}),
        in_place=frozenset({attribute}),
        same_place=frozenset({"queueUrl"}),
        attribute=attribute,
    )


KINDS: tuple[Kind, ...] = (
    Queue(
        token="aws:sqs/queue:Queue",
        noun="SQS Queue",
        service="sqs",
        schema="AWS::SQS::Queue",
        identifier="QueueUrl",
        creating=Call(method="create_queue"),
        reading=_READING,
        deleting=Call(method="delete_queue", subject="QueueUrl"),
        tagging=Tagging(
            parameter="tags",
            key="",
            listing="list_queue_tags",
            tag="tag_queue",
            untag="untag_queue",
            subject="QueueUrl",
            by="id",
        ),
        names=_ATTRIBUTES,
        schema_names={
            "name": "QueueName",
            **{name: aws for name, aws in _ATTRIBUTES.items() if name not in _DOCUMENTS},
        },
        unchecked={
            "namePrefix": "the official plugin's own",
            "policy": "a type of its own in the schemas; it is checked to be JSON",
            "redriveAllowPolicy": "the schema has it as an object; it is checked to be JSON",
            "redrivePolicy": "the schema has it as an object; it is checked to be JSON",
        },
        defaults={
            "contentBasedDeduplication": False,
            "delaySeconds": 0,
            "fifoQueue": False,
            "maxMessageSize": 262144,
            "messageRetentionSeconds": 345600,
            "receiveWaitTimeSeconds": 0,
            "visibilityTimeoutSeconds": 30,
        },
        computed=frozenset(
            {
                "deduplicationScope",
                "fifoThroughputLimit",
                "kmsDataKeyReusePeriodSeconds",
                "policy",
                "redriveAllowPolicy",
                "redrivePolicy",
                "sqsManagedSseEnabled",
            }
        ),
        automatic={"name": _LONGEST_NAME},
        documents=_DOCUMENTS,
        same_place=frozenset({"name"}),
    ),
    _attribute("QueuePolicy", "SQS Queue Policy", "policy", "AWS::SQS::QueueInlinePolicy", "PolicyDocument"),
    _attribute(
        "RedriveAllowPolicy", "SQS Redrive Allow Policy", "redriveAllowPolicy", "AWS::SQS::Queue", "RedriveAllowPolicy"
    ),
)
"""The entries."""
