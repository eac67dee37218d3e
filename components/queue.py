"""A queue of work on Amazon SQS, with a queue of what nobody could do.

Owns both queues, their key, who sends and who consumes, and alarms on both. Leaves the workers to those who run them.
"""

from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, sqs

from components.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.iam_policy import IN_PLAIN_TEXT, Statement, deny, document
from components.role_grant import RoleGrant, RoleGrantArgs
from infra.tags import tags

_DAY = 86_400  # seconds
_DEAD_LETTER_DAYS = 14  # the longest that SQS keeps a message
_LONG_POLL = 20  # seconds, the longest that SQS lets a receiver wait; fewer empty answers are paid for
_ALARM_PERIOD = 300  # seconds; how often SQS tells CloudWatch of a queue is not promised to be faster


@dataclass(frozen=True, kw_only=True)
class QueueArgs:
    """Arguments of `Queue`.

    Args:
        alarm_topic_arn: where alarms go.
        visibility_timeout: seconds that one worker has for a message before another gets it.
        max_receives: so often a message is tried before it is a dead letter (REQUIREMENTS, workloads: retry <= 3).
        retention_days: how long a message waits for a worker; fewer than the 14 of dead letters, whose age counts from
            the beginning.
        age_alarm: seconds that the oldest message may wait before an alarm.
        protect: whether the engine refuses to delete it.
    """

    alarm_topic_arn: pulumi.Input[str]
    visibility_timeout: int = 60
    max_receives: int = 3
    retention_days: int = 4
    age_alarm: int = 900
    protect: bool = True


class Queue(pulumi.ComponentResource):
    """No message is lost or tried for ever: what fails too often is kept for 14 days, and somebody is told.

    Encrypted at rest; nobody sends or receives in plain text.
    """

    url: pulumi.Output[str]
    """The queue, as clients call it; known once nobody can use it in plain text."""

    arn: pulumi.Output[str]
    """The queue."""

    dead_letters_url: pulumi.Output[str]
    """The queue of what nobody could do."""

    def __init__(self, name: str, args: QueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:queue:Queue", name, None, opts)
        self._name = name
        self._args = args
        self._key = EncryptionKey(
            f"{name}-encryption",
            EncryptionKeyArgs(description=f"messages of {name}", protect=args.protect),
            self._child(),
        )
        self._dead = self._create("dead-letters", retention_days=_DEAD_LETTER_DAYS)
        queue = self._queue()
        self._take_dead_letters_of(queue)
        self._require_tls("dead-letters", self._dead)
        self._watch(queue)
        self.url = self._require_tls("messages", queue).queue_url
        self.arn = queue.arn
        self.dead_letters_url = self._dead.url
        self.register_outputs({"url": self.url, "arn": self.arn, "dead_letters_url": self.dead_letters_url})

    def grant_send(self, sender: str, role: pulumi.Input[str]) -> RoleGrant:
        """Let an IAM role send messages.

        Args:
            sender: who it is, for logical names.
            role: the IAM role's name.
        """
        # SQS encrypts with a data key that it checks by decrypting it.
        statements = (
            Statement(actions=("sqs:SendMessage", "sqs:GetQueueUrl"), resources=[self.arn]),
            Statement(actions=("kms:GenerateDataKey", "kms:Decrypt"), resources=[self._key.arn]),
        )
        return self._grant(f"{sender}-sends", role, statements)

    def grant_consume(self, consumer: str, role: pulumi.Input[str]) -> RoleGrant:
        """Let an IAM role receive messages and delete what it has done; dead letters are not its own.

        Args:
            consumer: who it is, for logical names.
            role: the IAM role's name.
        """
        actions = (
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:ChangeMessageVisibility",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
        )
        statements = (
            Statement(actions=actions, resources=[self.arn]),
            Statement(actions=("kms:Decrypt",), resources=[self._key.arn]),
        )
        return self._grant(f"{consumer}-consumes", role, statements)

    def _grant(self, what: str, role: pulumi.Input[str], statements: tuple[Statement, ...]) -> RoleGrant:
        args = RoleGrantArgs(role=role, description=f"{what} {self._name}", statements=statements, inline=True)
        return RoleGrant(f"{self._name}-{what}", args, self._child())

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _create(
        self,
        role: str,
        *,
        retention_days: int,
        visibility_timeout: int | None = None,
        redrive_policy: pulumi.Input[str] | None = None,
    ) -> sqs.Queue:
        return sqs.Queue(
            f"{self._name}-{role}",
            message_retention_seconds=retention_days * _DAY,
            receive_wait_time_seconds=_LONG_POLL,
            visibility_timeout_seconds=visibility_timeout,
            redrive_policy=redrive_policy,
            kms_master_key_id=self._key.arn,
            tags=tags(f"{self._name}-{role}", "queue"),
            opts=pulumi.ResourceOptions(parent=self, protect=self._args.protect),
        )

    def _queue(self) -> sqs.Queue:
        redrive = {"deadLetterTargetArn": self._dead.arn, "maxReceiveCount": self._args.max_receives}
        return self._create(
            "messages",
            retention_days=self._args.retention_days,
            visibility_timeout=self._args.visibility_timeout,
            redrive_policy=pulumi.Output.json_dumps(redrive, sort_keys=True),
        )

    def _take_dead_letters_of(self, queue: sqs.Queue) -> None:
        allowed = {"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}
        sqs.RedriveAllowPolicy(
            f"{self._name}-dead-letters-of",
            queue_url=self._dead.url,
            redrive_allow_policy=pulumi.Output.json_dumps(allowed, sort_keys=True),
            opts=self._child(),
        )

    def _require_tls(self, role: str, queue: sqs.Queue) -> sqs.QueuePolicy:
        refused = deny(("sqs:*",), [queue.arn], IN_PLAIN_TEXT)
        return sqs.QueuePolicy(
            f"{self._name}-{role}-tls", queue_url=queue.url, policy=document(refused), opts=self._child()
        )

    def _watch(self, queue: sqs.Queue) -> None:
        self._alarm(
            "dead", self._dead, "ApproximateNumberOfMessagesVisible", 0, "messages that nobody could do; look, redrive"
        )
        self._alarm(
            "age", queue, "ApproximateAgeOfOldestMessage", self._args.age_alarm, "workers do not keep up, or are down"
        )

    def _alarm(self, what: str, queue: sqs.Queue, metric: str, threshold: int, meaning: str) -> None:
        cloudwatch.MetricAlarm(
            f"{self._name}-{what}-alarm",
            alarm_description=f"{self._name}: {meaning}",
            namespace="AWS/SQS",
            metric_name=metric,
            dimensions={"QueueName": queue.name},
            statistic="Maximum",
            period=_ALARM_PERIOD,
            evaluation_periods=1,
            comparison_operator="GreaterThanThreshold",
            threshold=threshold,
            treat_missing_data="notBreaching",  # SQS tells nothing of a queue that is idle for six hours
            alarm_actions=[self._args.alarm_topic_arn],
            ok_actions=[self._args.alarm_topic_arn],
            tags=tags(f"{self._name}-{what}-alarm", "queue"),
            opts=self._child(),
        )
