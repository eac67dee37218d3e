"""Secrets of the environment: kept under a key of their own, copied, and read by whom they were granted to alone."""

import base64
import datetime
import json
from dataclasses import replace
from typing import Any

import pulumi
import pulumi_aws
import pulumi_kubernetes as kubernetes
import pytest

from components.declared_secret import DeclaredSecret, DeclaredSecretArgs
from components.generated_secret import GeneratedSecret, GeneratedSecretArgs
from components.rotation_alarm import RotationAlarm, RotationAlarmArgs
from components.secret_files import SecretFile, SecretFiles, SecretFilesArgs
from infra.sandbox.plugins.values import has_secret
from tests.cloud_outputs import REGION
from tests.harness import Graph, graph_of

KEY = "arn:aws:kms:eu-central-1:123456789012:key/secrets"
COPY_KEY = "arn:aws:kms:eu-west-1:123456789012:key/copies"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"
ROTATED_AT = "2026-11-01T00:00:00Z"


def stored(**changes: Any) -> DeclaredSecretArgs:
    args = DeclaredSecretArgs(
        secret_name="shop/jwt", description="jwt of shop", key_arn=KEY, replica_keys={"eu-west-1": COPY_KEY}
    )
    return replace(args, **changes)


def in_aws() -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(providers=[pulumi_aws.Provider("cloud", region=REGION)])


def generated(**changes: Any) -> Graph:
    def program() -> None:
        args = GeneratedSecretArgs(bytes=32, rotated_at=ROTATED_AT, stored=stored(**changes))
        GeneratedSecret("secret-jwt", args, in_aws()).secret.grant_read("api", "role-of-api")

    return graph_of(program)


def external() -> Graph:
    def program() -> None:
        DeclaredSecret("secret-payment", stored(secret_name="shop/payment", owner="payments-team"), in_aws())

    return graph_of(program)


def files(mark: str = ROTATED_AT) -> Graph:
    def program() -> dict[str, pulumi.Output[str]]:
        opts = pulumi.ResourceOptions(providers=[kubernetes.Provider("cluster")])
        listed = [
            SecretFile(name="jwt", secret="arn:jwt", mark="version-1"),
            SecretFile(name="payment", secret="arn:payment", mark=mark, keys=("id", "webhook")),
        ]
        args = SecretFilesArgs(namespace="shop", provider_class="api", region=REGION, files=listed)
        made = SecretFiles("api-secrets", args, opts)
        return {"checksum": made.checksum, "provider_class": made.provider_class}

    return graph_of(program)


def test_a_secret_is_kept_under_its_key_and_copied_under_the_key_of_the_other_region() -> None:
    secret = generated().named("secret-jwt-secret")
    assert secret.plain("name") == "shop/jwt"
    assert secret.plain("kmsKeyId") == KEY
    assert secret.plain("replicas") == [{"region": "eu-west-1", "kmsKeyId": COPY_KEY}]


def test_a_secret_is_protected_and_can_be_brought_back_for_30_days() -> None:
    graph = generated()
    assert graph.named("secret-jwt-secret").protect
    assert graph.named("secret-jwt-value").protect
    assert graph.named("secret-jwt-secret").plain("recoveryWindowInDays") == 30


def test_a_secret_without_protection_leaves_nothing_behind() -> None:
    graph = generated(protect=False)
    assert not graph.named("secret-jwt-secret").protect
    assert graph.named("secret-jwt-secret").plain("recoveryWindowInDays") == 0


def test_a_declared_rotation_draws_a_new_value() -> None:
    drawn = generated().named("secret-jwt-value")
    assert drawn.plain("keepers") == {"rotated_at": ROTATED_AT}
    assert drawn.type.endswith(":RandomPassword"), "the id of RandomBytes would tell the value"


def test_what_is_drawn_is_a_secret_of_the_program_wherever_it_goes() -> None:
    version = generated().named("secret-jwt-version")
    assert has_secret(version.inputs["secretString"])
    assert len(base64.b64decode(version.plain("secretString"))) == 32


def test_the_program_never_has_the_value_of_an_external_secret() -> None:
    graph = external()
    assert not graph.of_type(":SecretVersion")
    assert graph.named("secret-payment-secret").plain("tags", "owner") == "payments-team"


def test_a_reader_uses_the_key_for_the_granted_secret_alone() -> None:
    policy = json.loads(generated().named("secret-jwt-api-reads-policy").plain("policy"))
    read, decrypt = policy["Statement"]
    arn = "id-of-secret-jwt-secret"
    assert read["Action"] == ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
    assert len(read["Resource"]) == 1
    assert decrypt["Resource"] == [KEY]
    assert decrypt["Condition"] == {"StringEquals": {"kms:EncryptionContext:SecretARN": read["Resource"][0]}}
    assert arn.removeprefix("id-of-") in read["Resource"][0]


def test_files_are_fetched_by_the_pods_own_identity_and_hold_no_value() -> None:
    fetched = files().named("api-secrets-class")
    assert fetched.plain("kind") == "SecretProviderClass"
    parameters = fetched.plain("spec", "parameters")
    assert (parameters["usePodIdentity"], parameters["region"]) == ("true", REGION)
    assert json.loads(parameters["objects"]) == [
        {"objectName": "arn:jwt", "objectType": "secretsmanager", "objectAlias": "jwt"},
        {
            "objectName": "arn:payment",
            "objectType": "secretsmanager",
            "objectAlias": "payment",
            "jmesPath": [
                {"path": "id", "objectAlias": "payment.id"},
                {"path": "webhook", "objectAlias": "payment.webhook"},
            ],
        },
    ]


def test_the_checksum_changes_with_a_rotation_and_only_then() -> None:
    assert files().exports["checksum"] == files().exports["checksum"]
    assert files().exports["checksum"] != files("2026-12-01T00:00:00Z").exports["checksum"]


@pytest.mark.parametrize(("day", "expected"), [(1, 1793491200), (2, 1793577600)])
def test_an_alarm_compares_the_clock_with_the_day_that_a_secret_is_due(day: int, expected: int) -> None:
    def program() -> None:
        due = datetime.datetime(2026, 11, day, tzinfo=datetime.UTC)
        args = RotationAlarmArgs(secret_name="shop/jwt", remedy="rotate it", due=due, topic_arn=TOPIC)
        RotationAlarm("rotation-jwt", args, in_aws())

    alarm = graph_of(program).named("rotation-jwt-alarm")
    clock, overdue = alarm.plain("metricQueries")
    assert overdue["expression"] == f"(EPOCH({clock['id']}) - {expected}) / 86400"
    assert (overdue["returnData"], clock["returnData"]) == (True, False)
    assert (alarm.plain("comparisonOperator"), alarm.plain("threshold")) == ("GreaterThanOrEqualToThreshold", 0)
    assert alarm.plain("alarmActions") == alarm.plain("okActions") == [TOPIC]
    assert alarm.plain("alarmDescription") == "shop/jwt should have been rotated: rotate it"
