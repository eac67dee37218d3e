"""The bucket of access logs: S3 alone writes to it, and records end."""

import json
from typing import Any

import pytest
from pulumi_aws.cloudwatch import LogGroup

from components.log_bucket import LogBucket, LogBucketArgs
from tests.harness import Graph, graph_of

ARN = "arn:aws:s3:::logs-records-bucket"


def log_bucket(args: LogBucketArgs | None = None) -> Graph:
    def declare() -> dict[str, Any]:
        created = LogBucket("logs", args or LogBucketArgs())
        LogGroup("user", name=created.bucket)
        return {"bucket": created.bucket}

    return graph_of(declare)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return log_bucket()


def test_s3_alone_writes_to_it_and_for_this_account_alone(graph: Graph) -> None:
    statements = json.loads(graph.named("logs-records-policy").plain("policy"))["Statement"]
    assert [part for part in statements if part["Effect"] == "Allow"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": ["s3:PutObject"],
            "Resource": [f"{ARN}/*"],
            "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
        }
    ]


def test_plain_http_is_denied(graph: Graph) -> None:
    statements = json.loads(graph.named("logs-records-policy").plain("policy"))["Statement"]
    assert [part["Condition"] for part in statements if part["Effect"] == "Deny"] == [
        {"Bool": {"aws:SecureTransport": "false"}},
        {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
    ]


def test_records_are_encrypted_by_s3_which_cannot_deliver_them_under_a_key_of_kms(graph: Graph) -> None:
    rules = graph.named("logs-encrypted").plain("rules")
    assert rules == [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]
    assert graph.of_type("kms/key:Key") == []


def test_records_end(graph: Graph) -> None:
    (rule,) = graph.named("logs-lifecycle").plain("rules")
    assert rule["expiration"] == {"days": 90}
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 7}
    (shorter,) = log_bucket(LogBucketArgs(retention_days=40)).named("logs-lifecycle").plain("rules")
    assert shorter["expiration"] == {"days": 40}


def test_its_name_is_given_out_once_s3_may_write_to_it(graph: Graph) -> None:
    assert graph.exports["bucket"] == "logs-records-bucket-1a2b3c4"
    assert graph.reaches(graph.named("user"), graph.named("logs-records-policy"))
    assert graph.reaches(graph.named("logs-records-policy"), graph.named("logs-records-private"))


def test_it_is_protected_and_elsewhere_when_told() -> None:
    assert log_bucket().named("logs-records-bucket").protect
    loose = log_bucket(LogBucketArgs(protect=False, region="eu-west-1"))
    assert not loose.named("logs-records-bucket").protect
    assert {n.plain("region") for n in loose.nodes.values() if n.type.startswith("aws:s3/")} == {"eu-west-1"}
