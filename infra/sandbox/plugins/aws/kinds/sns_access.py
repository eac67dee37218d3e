"""Who publishes to a topic, and who is told what was published."""

import json
from collections.abc import Mapping

from botocore.exceptions import ClientError

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind, is_gone
from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Value

_SETTABLE = frozenset(
    {"deliveryPolicy", "filterPolicy", "filterPolicyScope", "rawMessageDelivery", "redrivePolicy", "replayPolicy"}
)
_DOCUMENTS = frozenset({"deliveryPolicy", "filterPolicy", "redrivePolicy", "replayPolicy"})
_FACTS = ("confirmationWasAuthenticated", "pendingConfirmation", "rawMessageDelivery")
_OWNERS_ACTIONS = (
    "AddPermission",
    "DeleteTopic",
    "GetTopicAttributes",
    "ListSubscriptionsByTopic",
    "Publish",
    "RemovePermission",
    "SetTopicAttributes",
    "Subscribe",
)
_OF_PLUGIN = "the official plugin's own"


class TopicPolicy(Kind):
    """A topic's policy; its id is the topic's ARN. No topic is without one: the end of it is AWS's default policy."""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: object) -> str:
        """Put it in place of the one that is there."""
        del tags
        self._put(cloud, region, str(inputs["arn"]), str(inputs["policy"]))
        return str(inputs["arn"])

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties."""
        return {**super().told(cloud, region, id, answer), "arn": id}

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Put the new policy in place of the old."""
        del old
        self._put(cloud, region, id, str(new["policy"]))

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Put AWS's default policy in its place, as the official plugin does."""
        del known
        try:
            self._put(cloud, region, id, _default_policy(id))
        except ClientError as error:
            if not is_gone(error):
                raise

    def _put(self, cloud: Cloud, region: str, topic: str, policy: str) -> None:
        cloud.client(self.service, region).set_topic_attributes(
            TopicArn=topic, AttributeName="Policy", AttributeValue=policy
        )


class TopicSubscription(Kind):
    """A subscription; its id is its ARN.

    The simulated SNS takes every address as confirmed; AWS waits for its owner, and sends nothing until then.
    """

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Subscribe; SNS answers with the subscription that is there, if there is one of this endpoint.

        Raises:
            ProviderError: the simulated SNS would subscribe a queue that is not there.
        """
        if inputs["protocol"] == "sqs" and not _has_queue(cloud, str(inputs["endpoint"])):
            raise ProviderError("InvalidParameter: Invalid parameter: SQS endpoint: the queue does not exist")
        return super().create(cloud, region, inputs, tags)

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Set its attributes."""
        self._set(cloud, region, id, {name: value for name, value in inputs.items() if value not in (None, False)})

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties; SNS has all of them as texts."""
        told = super().told(cloud, region, id, answer)
        facts = {name: str(told[name]).lower() == "true" for name in _FACTS if name in told}
        return {**told, **facts, "arn": id, "ownerId": _account_of(id)}

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Set the attributes that changed."""
        self._set(cloud, region, id, {name: value for name, value in new.items() if old.get(name) != value})

    def _set(self, cloud: Cloud, region: str, id: str, values: Properties) -> None:
        sns = cloud.client(self.service, region)
        for name in sorted(values.keys() & _SETTABLE):
            value = values[name]
            text = str(value).lower() if isinstance(value, bool) else str(value or "")
            sns.set_subscription_attributes(
                SubscriptionArn=id, AttributeName=name[0].upper() + name[1:], AttributeValue=text
            )


def _has_queue(cloud: Cloud, arn: str) -> bool:
    *_, region, account, name = arn.split(":")
    try:
        cloud.client("sqs", region).get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)
    except ClientError as error:
        if "NonExistentQueue" not in str(error) and not is_gone(error):
            raise
        return False
    return True


def _account_of(arn: str) -> str:
    return arn.split(":")[4]


def _default_policy(topic: str) -> str:
    """Return the policy that SNS gives a new topic."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in _OWNERS_ACTIONS],
        "Resource": topic,
        "Condition": {"StringEquals": {"AWS:SourceOwner": _account_of(topic)}},
    }
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


KINDS: tuple[Kind, ...] = (
    TopicPolicy(
        token="aws:sns/topicPolicy:TopicPolicy",
        noun="SNS Topic Policy",
        service="sns",
        schema="AWS::SNS::TopicInlinePolicy",
        identifier="=arn",
        creating=Call(method="set_topic_attributes"),
        reading=Call(method="get_topic_attributes", subject="TopicArn", result="Attributes"),
        deleting=Call(method="set_topic_attributes"),
        schema_names={"arn": "TopicArn", "policy": "PolicyDocument"},
        documents=frozenset({"policy"}),
        same_place=frozenset({"arn"}),
    ),
    TopicSubscription(
        token="aws:sns/topicSubscription:TopicSubscription",
        noun="SNS Topic Subscription",
        service="sns",
        schema="AWS::SNS::Subscription",
        identifier="SubscriptionArn",
        creating=Call(
            method="subscribe",
            constants={"ReturnSubscriptionArn": True},
            sends=frozenset({"topic", "protocol", "endpoint"}),
        ),
        reading=Call(method="get_subscription_attributes", subject="SubscriptionArn", result="Attributes"),
        deleting=Call(method="unsubscribe", subject="SubscriptionArn"),
        names={"topic": "TopicArn"},
        schema_names={"topic": "TopicArn"},
        unchecked=dict.fromkeys(("confirmationTimeoutInMinutes", "endpointAutoConfirms"), _OF_PLUGIN),
        defaults={"confirmationTimeoutInMinutes": 1, "endpointAutoConfirms": False, "rawMessageDelivery": False},
        computed=frozenset({"filterPolicyScope"}),
        write_only=frozenset({"confirmationTimeoutInMinutes", "endpointAutoConfirms"}),
        documents=_DOCUMENTS,
        same_place=frozenset({"topic", "protocol", "endpoint"}),
    ),
)
"""The entries, for `sns`."""
