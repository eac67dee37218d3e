"""Queues, budgets, trails and locks: what is refused, and what they do in the simulated cloud."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.plugins.aws.examples.budgets import alert, budget
from tests.plugins.aws.examples.cloudtrail import audit_policy, bucket, trail
from tests.plugins.aws.examples.observability import publishers
from tests.plugins.aws.examples.sqs import queue_arn, queue_url
from tests.plugins.aws.world import ACCOUNT, World
from tests.plugins.client import Refused

QUEUE = "aws:sqs/queue:Queue"
ALLOWS = "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy"
POLICY = "aws:sqs/queuePolicy:QueuePolicy"
BUDGET = "aws:budgets/budget:Budget"
TRAIL = "aws:cloudtrail/trail:Trail"
LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
FILTER = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
NO_KEY = "00000000-0000-4000-8000-000000000000"
LIMITED = {"budgetType": "COST", "timeUnit": "MONTHLY", "limitAmount": "1", "limitUnit": "USD"}
COUNTED = {"name": "root", "namespace": "Shop", "value": "1"}


@pytest.mark.parametrize(
    ("token", "given", "property_", "allowed"),
    [
        (QUEUE, {"visibilityTimeoutSeconds": 43201}, "visibilityTimeoutSeconds", "43200"),
        (QUEUE, {"messageRetentionSeconds": 59}, "messageRetentionSeconds", "60"),
        (QUEUE, {"receiveWaitTimeSeconds": 21}, "receiveWaitTimeSeconds", "20"),
        (QUEUE, {"fifoQueue": True, "name": "orders"}, "name", "must end with .fifo"),
        (QUEUE, {"contentBasedDeduplication": True}, "contentBasedDeduplication", "only for a fifoQueue"),
        (QUEUE, {"redrivePolicy": "3"}, "redrivePolicy", "must be a JSON object"),
        (QUEUE, {"kmsMasterKeyId": "k", "sqsManagedSseEnabled": True}, "sqsManagedSseEnabled", "together"),
        (BUDGET, {"budgetType": "COST", "timeUnit": "MONTHLY"}, "limitAmount", "is required"),
        (BUDGET, {**LIMITED, "plannedLimits": []}, "plannedLimits", "is not in the offline plugin"),
        (BUDGET, {**LIMITED, "notifications": [alert(80)]}, "notifications[0]", "needs somebody to tell"),
        (BUDGET, {**LIMITED, "notifications": [alert(1, "a@b.example")] * 11}, "notifications", "must be 10 or fewer"),
        (TRAIL, {"s3BucketName": "audit-records", "name": "shop--two"}, "name", "must match"),
        (TRAIL, {"s3BucketName": "audit-records", "name": "ab"}, "name", "3 characters or more"),
        (
            TRAIL,
            {"s3BucketName": "audit-records", "insightSelectors": [{"insightType": "ApiCallRateInsight"}]},
            "insightSelectors",
            "not in the",
        ),
        (
            TRAIL,
            {"s3BucketName": "audit-records", "cloudWatchLogsRoleArn": "arn:aws:iam::123456789012:role/r"},
            "cloudWatchLogsRoleArn",
            "tog",
        ),
        (
            TRAIL,
            {"s3BucketName": "audit-records", "isMultiRegionTrail": True, "includeGlobalServiceEvents": False},
            "includeGlobalServiceEvents",
            "must be true",
        ),
        (
            LOCK,
            {"bucket": "audit-records", "rule": {"defaultRetention": {"mode": "FOREVER", "days": 1}}},
            "mode",
            "COMPLIANCE",
        ),
        (
            LOCK,
            {"bucket": "audit-records", "rule": {"defaultRetention": {"mode": "COMPLIANCE"}}},
            "days",
            "or else years",
        ),
        (
            FILTER,
            {
                "logGroupName": "g",
                "pattern": "",
                "metricTransformation": {**COUNTED, "defaultValue": "0", "dimensions": {"a": "$.a"}},
            },
            "metricTransformation.defaultValue",
            "together with dimensions",
        ),
    ],
)
def test_wrong_input_fails_in_the_preview(
    world: World, token: str, given: dict[str, Any], property_: str, allowed: str
) -> None:
    _, failures = world.object(token).check(**given)
    (text,) = [text for path, text in failures.items() if path.endswith(property_)]
    assert allowed in text


def test_a_queue_whose_dead_letters_have_no_queue_is_refused(world: World) -> None:
    redrive = json.dumps({"deadLetterTargetArn": queue_arn("nowhere"), "maxReceiveCount": 3})
    with pytest.raises(Refused, match=r"InvalidParameterValue.*Dead letter target does not exist"):
        world.object(QUEUE).create(redrivePolicy=redrive)


def test_a_queue_that_may_not_put_dead_letters_there_is_refused(world: World) -> None:
    url = queue_url(world)
    dead = queue_arn(url.rpartition("/")[2])
    allowed = json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [queue_arn("other")]})
    world.object(ALLOWS).create(queueUrl=url, redriveAllowPolicy=allowed)
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 3})
    with pytest.raises(Refused, match=r"InvalidParameterValue.*does not allow"):
        world.object(QUEUE).create(redrivePolicy=redrive)
    world.object(QUEUE).create(name="other", redrivePolicy=redrive).delete()


def test_a_queue_of_no_key_is_refused(world: World) -> None:
    with pytest.raises(Refused, match=r"KMS\.NotFoundException"):
        world.object(QUEUE).create(kmsMasterKeyId=NO_KEY)


def test_a_queue_whose_name_is_in_use_for_another_sort_is_refused(world: World) -> None:
    name = queue_url(world).rpartition("/")[2]
    with pytest.raises(Refused, match="QueueAlreadyExists"):
        world.object(QUEUE).create(name=name, visibilityTimeoutSeconds=90)


def test_a_queue_that_is_changed_keeps_its_policy(world: World) -> None:
    queue = world.object(QUEUE).create(visibilityTimeoutSeconds=60)
    policy = world.object(POLICY).create(queueUrl=queue.id, policy=publishers(ACCOUNT))
    queue.update(visibilityTimeoutSeconds=90)
    assert policy.refresh() == set()


def test_a_message_that_nobody_does_is_a_dead_letter_after_three_receives(world: World) -> None:
    dead = queue_url(world)
    redrive = {"deadLetterTargetArn": queue_arn(dead.rpartition("/")[2]), "maxReceiveCount": 3}
    queue = world.object(QUEUE).create(receiveWaitTimeSeconds=20, redrivePolicy=json.dumps(redrive)).id
    sqs = world.client("sqs")
    sqs.send_message(QueueUrl=queue, MessageBody="a mail")
    received = [sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0).get("Messages", []) for _ in range(4)]
    assert [[message["Body"] for message in messages] for messages in received] == [["a mail"]] * 3 + [[]]
    (letter,) = sqs.receive_message(QueueUrl=dead)["Messages"]
    assert letter["Body"] == "a mail"


def test_a_subscription_of_no_queue_is_refused(world: World) -> None:
    topic = world.client("sns").create_topic(Name=world.name("alarms"))["TopicArn"]
    with pytest.raises(Refused, match=r"InvalidParameter: .*the queue does not exist"):
        world.object(SUBSCRIPTION).create(topic=topic, protocol="sqs", endpoint=queue_arn("nowhere"))


def test_a_budget_whose_name_is_in_use_is_refused(world: World) -> None:
    given = budget(world)
    world.object(BUDGET).create(**given)
    with pytest.raises(Refused, match="DuplicateRecordException"):
        world.object(BUDGET).create(**given)


def test_a_trail_that_its_bucket_does_not_let_in_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="InsufficientS3BucketPolicyException"):
        world.object(TRAIL).create(name=world.name("audit"), s3BucketName=bucket(world))
    with pytest.raises(Refused, match="InsufficientS3BucketPolicyException"):
        world.object(TRAIL).create(name=world.name("audit"), s3BucketName=bucket(world, "another-trail"))
    with pytest.raises(Refused, match="S3BucketDoesNotExistException"):
        world.object(TRAIL).create(name=world.name("audit"), s3BucketName="no-such-bucket")


def test_a_trail_whose_key_does_not_let_it_in_is_refused(world: World) -> None:
    key = world.client("kms").create_key()["KeyMetadata"]["Arn"]
    with pytest.raises(Refused, match="InsufficientEncryptionPolicyException"):
        world.object(TRAIL).create(**trail(world), kmsKeyId=key)
    with pytest.raises(Refused, match="KmsKeyNotFoundException"):
        world.object(TRAIL).create(**trail(world), kmsKeyId=f"{key.rpartition('/')[0]}/{NO_KEY}")


def test_a_trail_without_its_log_group_or_role_is_refused(world: World) -> None:
    group = f"arn:aws:logs:{world.region}:{ACCOUNT}:log-group:/shop/nowhere:*"
    with pytest.raises(Refused, match="InvalidCloudWatchLogsLogGroupArnException"):
        world.object(TRAIL).create(**trail(world), cloudWatchLogsGroupArn=group, cloudWatchLogsRoleArn=world.role)
    name = world.name("/shop/audit")
    world.client("logs").create_log_group(logGroupName=name)
    named = {
        "cloudWatchLogsGroupArn": f"arn:aws:logs:{world.region}:{ACCOUNT}:log-group:{name}:*",
        "cloudWatchLogsRoleArn": f"arn:aws:iam::{ACCOUNT}:role/nobody",
    }
    with pytest.raises(Refused, match="InvalidCloudWatchLogsRoleArnException"):
        world.object(TRAIL).create(**trail(world), **named)
    made = world.object(TRAIL).create(**trail(world), **{**named, "cloudWatchLogsRoleArn": world.role})
    assert made.refresh() == set()


def test_a_trail_can_move_to_another_bucket_that_lets_it_in(world: World) -> None:
    given = trail(world)
    made = world.object(TRAIL).create(**given)
    other = bucket(world)
    with pytest.raises(Refused, match="InsufficientS3BucketPolicyException"):
        made.update(**{**given, "s3BucketName": other})
    world.client("s3").put_bucket_policy(Bucket=other, Policy=audit_policy(other, str(given["name"])))
    made.update(**{**given, "s3BucketName": other})
    assert made.refresh() == set()


def test_a_bucket_that_keeps_no_versions_cannot_be_locked(world: World) -> None:
    name = world.name("media")
    world.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": world.region})
    with pytest.raises(Refused, match="InvalidBucketState: Versioning must be 'Enabled'"):
        world.object(LOCK).create(bucket=name, rule={"defaultRetention": {"mode": "GOVERNANCE", "days": 1}})


def test_a_locked_record_goes_with_its_bucket_when_the_program_says_so_and_not_before(world: World) -> None:
    name = world.name("audit")
    made = world.object("aws:s3/bucket:Bucket").create(bucket=name, objectLockEnabled=True, forceDestroy=True)
    lock = world.object(LOCK).create(bucket=name, rule={"defaultRetention": {"mode": "GOVERNANCE", "days": 30}})
    s3 = world.client("s3")
    version = s3.put_object(Bucket=name, Key="record", Body=b"{}")["VersionId"]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=name, Key="record", VersionId=version)
    lock.update(bucket=name, rule={"defaultRetention": {"mode": "GOVERNANCE", "days": 1}})
    assert lock.refresh() == set()
    lock.delete()
    made.delete()
    assert made.refresh() == {"gone"}


def test_a_bucket_that_refuses_plain_http_takes_records(world: World) -> None:
    name, s3 = bucket(world), world.client("s3")
    every = {"Principal": "*", "Action": "s3:*", "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]}
    refused = {"Effect": "Deny", **every, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [refused]}))
    s3.put_object(Bucket=name, Key="record", Body=b"{}")
    assert s3.get_object(Bucket=name, Key="record")["Body"].read() == b"{}"
    closed = {"Effect": "Deny", **every, "Action": "s3:GetObject"}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [refused, closed]}))
    with pytest.raises(ClientError, match=r"Forbidden|AccessDenied"):
        s3.get_object(Bucket=name, Key="record")


def test_what_is_nobodys_by_law_stays_under_compliance(world: World) -> None:
    name = world.name("audit")
    made = world.object("aws:s3/bucket:Bucket").create(bucket=name, objectLockEnabled=True, forceDestroy=True)
    world.object(LOCK).create(bucket=name, rule={"defaultRetention": {"mode": "COMPLIANCE", "days": 1}})
    world.client("s3").put_object(Bucket=name, Key="record", Body=b"{}")
    with pytest.raises(Refused, match="AccessDenied"):
        made.delete()


def test_a_metric_filter_of_no_log_group_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="ResourceNotFoundException"):
        world.object(FILTER).create(logGroupName="/shop/nowhere", pattern="", metricTransformation=COUNTED)
