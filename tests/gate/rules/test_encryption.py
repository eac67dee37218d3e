"""Encryption that is lowered, at rest and on the way."""

from typing import Any

import pytest

from infra.gate.change import Hidden, Properties
from infra.gate.rules import encryption
from infra.gate.rules.rule import Rule
from tests.gate.rules.cases import created, deleted, found, there, updated, urn

UNKNOWN, SECRET = Hidden.UNKNOWN, Hidden.SECRET
DATABASE = "aws:rds/instance:Instance"
REDIS = "aws:elasticache/replicationGroup:ReplicationGroup"
KEY = "aws:kms/key:Key"
QUEUE = "aws:sqs/queue:Queue"
BUCKET = "aws:s3/bucket:Bucket"
SEALED = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
EDGE = "aws:cloudfront/distribution:Distribution"
LISTENER = "aws:lb/listener:Listener"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
GATEWAY = "kubernetes:gateway.networking.k8s.io/v1:Gateway"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
LOGIN = "pulumi:providers:postgresql"


def sealed(algorithm: str, **key: Any) -> Properties:
    return {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": algorithm, **key}}]}


def parameters(**values: Any) -> Properties:
    return {"parameters": [{"name": name.replace("__", "."), "value": value} for name, value in values.items()]}


def disk(**ebs: Any) -> Properties:
    return {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": ebs}]}


def edge(policy: Any, version: str = "TLSv1.2_2021") -> Properties:
    return {
        "viewerCertificate": {"minimumProtocolVersion": version},
        "defaultCacheBehavior": {"viewerProtocolPolicy": policy},
    }


def gateway(**listener: Any) -> Properties:
    return {"spec": {"listeners": [{"name": "http", "protocol": "HTTP", "port": 80}, {"name": "hosts", **listener}]}}


def route(section: str | None, **rule: Any) -> Properties:
    parent = {"name": "gateway", **({"sectionName": section} if section else {})}
    return {"spec": {"parentRefs": [parent], "rules": [rule or {"backendRefs": [{"name": "api-blue"}]}]}}


WEAKER: list[tuple[Rule, str, Properties, Properties]] = [
    (encryption.encryption_lowered, DATABASE, {"storageEncrypted": True}, {"storageEncrypted": False}),
    (encryption.encryption_lowered, DATABASE, {"storageEncrypted": True}, {"storageEncrypted": UNKNOWN}),
    (encryption.encryption_lowered, REDIS, {"atRestEncryptionEnabled": True}, {}),
    (encryption.encryption_lowered, QUEUE, {"kmsMasterKeyId": "key-1"}, {}),
    (encryption.encryption_lowered, "aws:cloudwatch/logGroup:LogGroup", {"kmsKeyId": "key-1"}, {}),
    (encryption.encryption_lowered, KEY, {"enableKeyRotation": True}, {"enableKeyRotation": False}),
    (encryption.encryption_lowered, KEY, {}, {"isEnabled": False}),
    (encryption.encryption_lowered, SEALED, sealed("aws:kms"), sealed("AES256")),
    (encryption.encryption_lowered, SEALED, sealed("aws:kms"), {"rules": UNKNOWN}),
    (encryption.encryption_lowered, TEMPLATE, disk(encrypted="true"), disk(encrypted="false")),
    (encryption.encryption_lowered, TEMPLATE, disk(encrypted="true"), disk()),
    (encryption.tls_lowered, REDIS, {"transitEncryptionEnabled": True}, {"transitEncryptionEnabled": False}),
    (encryption.tls_lowered, REDIS, {"transitEncryptionMode": "required"}, {"transitEncryptionMode": "preferred"}),
    (encryption.tls_lowered, REDIS, {"authToken": SECRET}, {}),
    (encryption.tls_lowered, PARAMETERS, parameters(rds__force_ssl="1"), parameters(rds__force_ssl="0")),
    (encryption.tls_lowered, PARAMETERS, parameters(rds__force_ssl="1"), parameters(other="1")),
    (encryption.tls_lowered, PARAMETERS, parameters(rds__force_ssl="1"), parameters(rds__force_ssl=UNKNOWN)),
    (encryption.tls_lowered, PARAMETERS, parameters(rds__force_ssl="1"), {"parameters": UNKNOWN}),
    (encryption.tls_lowered, EDGE, edge("https-only"), edge("allow-all")),
    (encryption.tls_lowered, EDGE, edge("https-only"), edge(UNKNOWN)),
    (encryption.tls_lowered, EDGE, edge("https-only"), edge("https-only", "TLSv1_2016")),
    (encryption.tls_lowered, LISTENER, {"protocol": "HTTPS"}, {"protocol": "HTTP"}),
    (
        encryption.tls_lowered,
        LISTENER,
        {"sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
        {"sslPolicy": "ELBSecurityPolicy-2016-08"},
    ),
    (encryption.tls_lowered, LOGIN, {"sslmode": "verify-full"}, {"sslmode": "require"}),
    (
        encryption.tls_lowered,
        TEMPLATE,
        {"metadataOptions": {"httpTokens": "required"}},
        {"metadataOptions": {"httpTokens": "optional"}},
    ),
    (encryption.gateway_plain, GATEWAY, gateway(protocol="HTTPS"), gateway(protocol="HTTP")),
    (encryption.gateway_plain, GATEWAY, gateway(protocol="HTTPS"), {"spec": UNKNOWN}),
    (
        encryption.gateway_plain,
        GATEWAY,
        gateway(protocol="HTTPS", tls={"mode": "Terminate"}),
        gateway(protocol="HTTPS", tls={"mode": "Passthrough"}),
    ),
]

STRONGER: list[tuple[Rule, str, Properties, Properties]] = [
    (encryption.encryption_lowered, DATABASE, {"storageEncrypted": False}, {"storageEncrypted": True}),
    (encryption.encryption_lowered, DATABASE, {"kmsKeyId": "key-1"}, {"kmsKeyId": "key-2"}),
    (encryption.encryption_lowered, "aws:rds/proxy:Proxy", {"storageEncrypted": True}, {}),
    (encryption.encryption_lowered, SEALED, sealed("AES256"), sealed("aws:kms", kmsMasterKeyId=UNKNOWN)),
    (encryption.encryption_lowered, TEMPLATE, disk(), disk(encrypted="true")),
    (encryption.tls_lowered, REDIS, {"transitEncryptionMode": "preferred"}, {"transitEncryptionMode": "required"}),
    (encryption.tls_lowered, REDIS, {"authToken": SECRET, "nodeType": "a"}, {"authToken": SECRET, "nodeType": "b"}),
    (encryption.tls_lowered, PARAMETERS, parameters(rds__force_ssl="0"), parameters(rds__force_ssl="1")),
    (encryption.tls_lowered, PARAMETERS, parameters(rds__force_ssl="1"), parameters(rds__force_ssl="1", a=UNKNOWN)),
    (encryption.tls_lowered, EDGE, edge("https-only"), edge("redirect-to-https")),
    (encryption.tls_lowered, EDGE, edge("allow-all"), edge("https-only", "TLSv1.3_2025")),
    (encryption.tls_lowered, LISTENER, {"protocol": "HTTP"}, {"protocol": "HTTPS"}),
    (
        encryption.tls_lowered,
        LISTENER,
        {"sslPolicy": "ELBSecurityPolicy-FS-1-2-Res-2020-10"},
        {"sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
    ),
    (encryption.tls_lowered, LOGIN, {"sslmode": "require"}, {"sslmode": "verify-full"}),
    (encryption.gateway_plain, GATEWAY, gateway(protocol="HTTP"), gateway(protocol="HTTPS")),
    (encryption.gateway_plain, GATEWAY, gateway(protocol="HTTPS"), gateway(protocol="HTTPS", hostname="a.example")),
]


@pytest.mark.parametrize(("rule", "token", "before", "after"), WEAKER)
def test_encryption_does_not_get_weaker(rule: Rule, token: str, before: Properties, after: Properties) -> None:
    (finding,) = found(rule, updated(token, before, after))
    assert finding.level == "dangerous"


@pytest.mark.parametrize(("rule", "token", "before", "after"), STRONGER)
def test_encryption_may_get_stronger(rule: Rule, token: str, before: Properties, after: Properties) -> None:
    assert not found(rule, updated(token, before, after))


@pytest.mark.parametrize("after", ["key-2", UNKNOWN, SECRET])
def test_another_key_is_told(after: Any) -> None:
    (finding,) = found(encryption.key_changed, updated(DATABASE, {"kmsKeyId": "key-1"}, {"kmsKeyId": after}))
    assert finding.level == "notable"
    assert not found(encryption.key_changed, updated(DATABASE, {}, {"kmsKeyId": after})), "a first one is no other one"


def test_the_same_key_in_an_object_that_differs_is_no_other_one() -> None:
    twice = updated(SEALED, sealed("aws:kms", kmsMasterKeyId="key-1"), sealed("aws:kms:dsse", kmsMasterKeyId="key-1"))
    assert not found(encryption.key_changed, twice)


def test_a_bucket_stays_encrypted_unless_it_goes() -> None:
    parent = urn("tenantry:storage:LogBucket", "access-logs")
    change = deleted(SEALED, sealed("aws:kms"), parent=parent)
    assert found(encryption.encryption_lowered, change, there(BUCKET, {}, parent=parent))
    assert not found(encryption.encryption_lowered, change, deleted(BUCKET, {}, parent=parent))


def test_a_host_is_not_served_without_tls() -> None:
    entry = there(GATEWAY, gateway(protocol="HTTPS"))
    assert found(encryption.gateway_plain, entry, updated(ROUTE, route("hosts"), route("http")))
    assert found(encryption.gateway_plain, entry, created(ROUTE, route(None))), "at every listener, so at that one"
    assert not found(encryption.gateway_plain, entry, created(ROUTE, route("hosts")))
    redirect = route("http", filters=[{"type": "RequestRedirect"}])
    assert not found(encryption.gateway_plain, entry, created(ROUTE, redirect))


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("TLSv1.3_2025", (1, 3)),
        ("TLSv1_2016", (1, 0)),
        ("TLSv1", (1, 0)),
        ("SSLv3", (0, 0)),
        ("ELBSecurityPolicy-TLS13-1-3-2021-06", (1, 3)),
        ("ELBSecurityPolicy-TLS-1-2-2017-01", (1, 2)),
        ("ELBSecurityPolicy-FS-2018-06", (1, 0)),
        ("TLS_1_2", (1, 2)),
        (None, (0, 0)),
    ],
)
def test_the_oldest_version_of_a_policy_is_in_its_name(name: str | None, version: tuple[int, int]) -> None:
    assert encryption.protocol(name) == version
