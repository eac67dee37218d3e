"""Where alarms go: one topic, and who reads it.

Owns the topic, its key, who may publish to it and its e-mail subscriptions. Leaves what is watched, and when it is too
much, to the components that own what is watched.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import sns

from components.account import Account
from components.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.iam_policy import Statement, document
from components.role_grant import RoleGrant, RoleGrantArgs
from infra.tags import tags

# Not EventBridge's rules: its calls to KMS do not say for which account they are, so that a condition on it would drop
# every message without a word (SNS developer guide, "Enable compatibility between event sources").
_PUBLISHERS = tuple(f"{service}.amazonaws.com" for service in ("budgets", "cloudtrail", "cloudwatch"))

_WORKSPACES = "aps.amazonaws.com"
"""Amazon Managed Service for Prometheus, whose alert managers publish (its user guide, "Giving Amazon Managed Service
for Prometheus permission to send alert messages to your Amazon SNS topic"). The page has the workspace and the account
as conditions on the topic; here it is any workspace of the account, since the topic is there before each of them. On
the key the page has no condition, and one that its calls do not meet would drop every message without a word."""

_KEY_USE = ("kms:GenerateDataKey*", "kms:Decrypt")
"""What a publisher needs on the key of a topic (SNS developer guide, "Configuring AWS KMS permissions")."""


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """Arguments of `Alarms`.

    Args:
        emails: who is told; AWS asks each for a confirmation first.
        region: of the topic; None for the provider's region. An alarm publishes in its own region only.
    """

    emails: Sequence[str] = ()
    region: str | None = None


class Alarms(pulumi.ComponentResource):
    """Alarms of this account and no other reach the topic, encrypted at rest and on the wire.

    What publishes with a role of its own, as EventBridge Scheduler does, is let in by `grant_publish`.
    """

    topic_arn: pulumi.Output[str]
    """The topic, known once alarms may be published to it."""

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:watch:Alarms", name, None, opts)
        self._name = name
        self._account = Account(self)
        self._region = args.region
        self._key = self._encryption_key()
        topic = self._topic()
        self.topic_arn = self._policy(topic).arn
        self._subscribe(topic, args.emails)
        self.register_outputs({"topic_arn": self.topic_arn})

    def grant_publish(self, publisher: str, role: pulumi.Input[str]) -> RoleGrant:
        """Let an IAM role publish.

        Args:
            publisher: who it is, for logical names.
            role: the IAM role's name.
        """
        statements = (
            Statement(actions=("sns:Publish",), resources=[self.topic_arn]),
            Statement(actions=("kms:GenerateDataKey", "kms:Decrypt"), resources=[self._key.arn]),
        )
        args = RoleGrantArgs(role=role, description=f"{publisher} publishes to {self._name}", statements=statements)
        return RoleGrant(f"{self._name}-{publisher}-publishes", args, self._child())

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _of_this_account(self) -> dict[str, dict[str, pulumi.Input[str]]]:
        return {"StringEquals": {"aws:SourceAccount": self._account.id}}

    def _of_its_workspaces(self) -> dict[str, dict[str, pulumi.Input[str]]]:
        account = self._account
        workspaces = pulumi.Output.format("arn:{0}:aps:*:{1}:workspace/*", account.partition, account.id)
        return {"ArnLike": {"aws:SourceArn": workspaces}}

    def _encryption_key(self) -> EncryptionKey:
        # AWS's own key for topics lets no service publish: its policy cannot be changed.
        used = Statement(
            actions=_KEY_USE,
            resources=("*",),
            principals={"Service": list(_PUBLISHERS)},
            conditions=self._of_this_account(),
        )
        alerts = Statement(
            actions=_KEY_USE,
            resources=("*",),
            principals={"Service": _WORKSPACES},
        )
        # Not protected: it encrypts what is on its way, and no data is lost with it.
        args = EncryptionKeyArgs(
            description=f"messages of {self._name}", statements=(used, alerts), region=self._region, protect=False
        )
        return EncryptionKey(f"{self._name}-encryption", args, self._child())

    def _topic(self) -> sns.Topic:
        return sns.Topic(
            f"{self._name}-topic",
            kms_master_key_id=self._key.arn,
            region=self._region,
            tags=tags(f"{self._name}-topic", "watch"),
            opts=self._child(),
        )

    def _policy(self, topic: sns.Topic) -> sns.TopicPolicy:
        published = Statement(
            actions=("sns:Publish",),
            resources=[topic.arn],
            principals={"Service": list(_PUBLISHERS)},
            conditions=self._of_this_account(),
        )
        alerts = Statement(
            actions=("sns:Publish", "sns:GetTopicAttributes"),
            resources=[topic.arn],
            principals={"Service": _WORKSPACES},
            conditions={**self._of_this_account(), **self._of_its_workspaces()},
        )
        plain = Statement(
            effect="Deny",
            actions=("sns:Publish",),
            resources=[topic.arn],
            principals={"AWS": "*"},
            conditions={"Bool": {"aws:SecureTransport": "false"}},
        )
        return sns.TopicPolicy(
            f"{self._name}-publishers",
            arn=topic.arn,
            policy=document(published, alerts, plain),
            region=self._region,
            opts=self._child(),
        )

    def _subscribe(self, topic: sns.Topic, emails: Sequence[str]) -> None:
        for email in emails:
            sns.TopicSubscription(
                f"{self._name}-to-{email}",
                topic=topic.arn,
                protocol="email",
                endpoint=email,
                region=self._region,
                opts=self._child(),
            )
