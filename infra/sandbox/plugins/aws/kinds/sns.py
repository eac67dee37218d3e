"""SNS's topics, whose properties are texts in a map of attributes."""

from collections.abc import Mapping

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.kinds import sns_access
from infra.sandbox.plugins.aws.tagging import Tagging
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_LONGEST_NAME = 256  # CreateTopic's reference
_FIFO = ".fifo"
_AT_CREATION = frozenset({"fifoTopic"})
_NO_ATTRIBUTES = frozenset({"name", "namePrefix", "region", "tags"})
_UPPER = ("http", "sqs")  # protocols that attributes have in capitals
_PROTOCOLS = ("application", "firehose", "http", "lambda", "sqs")


class Topic(Kind):
    """A topic; its id is its ARN.

    The simulated SNS forgets how delivery is logged, traced and signed: that is recorded as stated.
    """

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it; SNS answers with the topic that is there, if there is one of this name."""
        attributes = {_attribute(name): "true" for name in _AT_CREATION if inputs.get(name)}
        made = cloud.client(self.service, region).create_topic(
            Name=inputs["name"], Attributes=attributes, **self._tags(tags)
        )
        return str(made["TopicArn"])

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Set its attributes."""
        self._set(cloud, region, id, {name: value for name, value in inputs.items() if value not in (None, False)})

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties."""
        told = super().told(cloud, region, id, {key: value for key, value in answer.items() if value != ""})
        return {**told, "arn": id, "name": id.rpartition(":")[2]}

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Set the attributes that changed."""
        self._set(cloud, region, id, {name: value for name, value in new.items() if old.get(name) != value})

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return a name that SNS does not take for this sort of topic."""
        is_fifo = bool(inputs.get("fifoTopic"))
        if is_fifo != str(inputs["name"]).endswith(_FIFO):
            return [("name", f"must end with {_FIFO} for a fifoTopic, and only then")]
        if inputs.get("contentBasedDeduplication") and not is_fifo:
            return [("contentBasedDeduplication", "is only for a fifoTopic")]
        return []

    def _tags(self, tags: Mapping[str, str]) -> Mapping[str, object]:
        return self.tagging.creation(tags) if self.tagging is not None else {}

    def _set(self, cloud: Cloud, region: str, id: str, values: Properties) -> None:
        sns = cloud.client(self.service, region)
        for name in sorted(values.keys() & self.table.keys() - _NO_ATTRIBUTES - _AT_CREATION - {"tagsAll"}):
            value = values[name]
            text = str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
            sns.set_topic_attributes(TopicArn=id, AttributeName=_attribute(name), AttributeValue=text)


def _attribute(name: str) -> str:
    """Return SNS's name of an attribute."""
    for protocol in _UPPER:
        if name.startswith(protocol):
            return protocol.upper() + name.removeprefix(protocol)
    return name[0].upper() + name[1:]


_FEEDBACK = tuple(
    f"{protocol}{part}"
    for protocol in _PROTOCOLS
    for part in ("FailureFeedbackRoleArn", "SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate")
)

KINDS: tuple[Kind, ...] = (
    Topic(
        token="aws:sns/topic:Topic",
        noun="SNS Topic",
        service="sns",
        schema="AWS::SNS::Topic",
        identifier="TopicArn",
        creating=Call(method="create_topic"),
        reading=Call(method="get_topic_attributes", subject="TopicArn", result="Attributes"),
        deleting=Call(method="delete_topic", subject="TopicArn"),
        tagging=Tagging(listing="list_tags_for_resource", tag="tag_resource", untag="untag_resource", by="id"),
        schema_names={"name": "TopicName"},
        unchecked={
            **dict.fromkeys(_FEEDBACK, "the schema has it in a list by protocol"),
            "deliveryPolicy": "the schema does not have it; it is checked to be JSON",
            "namePrefix": "the official plugin's own",
            "policy": "a type of its own in the schemas; it is checked to be JSON",
            "signatureVersion": "the schema has it as a string",
        },
        defaults={"contentBasedDeduplication": False, "fifoTopic": False},
        computed=frozenset(
            {"fifoThroughputScope", "maximumMessageSize", "policy", "signatureVersion", "tracingConfig"}
        ),
        replace=frozenset({"fifoTopic"}),
        automatic={"name": _LONGEST_NAME},
        documents=frozenset({"archivePolicy", "deliveryPolicy", "policy"}),
        same_place=frozenset({"name"}),
    ),
    *sns_access.KINDS,
)
"""The entries, for `observability`."""
