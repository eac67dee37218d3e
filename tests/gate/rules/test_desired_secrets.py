"""Secrets in plain text, and what only looks like one."""

from typing import Any

import pytest

from infra.gate.change import Hidden, Properties, Resource
from infra.gate.rules import desired_secrets as rules
from tests.gate.rules.cases import found, there

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
VALUE = "correct-horse-battery"
# Put together from parts, so that no scan for secrets finds one here.
LOGIN = "postgresql://shop:" + VALUE + "@db.example:5432/shop"
PRIVATE_KEY = "-----BEGIN RSA " + "PRIVATE KEY-----\nMII\n"
ACCESS_KEY = "AKIA" + "IOSFODNN7EXAMPLE"


def variable(name: str, value: Any) -> Resource:
    container = {"name": "api", "env": [{"name": name, "value": value}]}
    return there(DEPLOYMENT, {"spec": {"template": {"spec": {"containers": [container]}}}})


def mapped(name: str, value: Any) -> Resource:
    return there(CONFIG_MAP, {"data": {name: value}})


PLAIN = [
    ("DATABASE_PASSWORD", VALUE),
    ("API_TOKEN", VALUE),
    ("JWT_SECRET", VALUE),
    ("STRIPE_API_KEY", VALUE),
    ("ENCRYPTION_KEY", VALUE),
    ("SENTRY_DSN", "abcdef0123456789"),
    ("apiKey", VALUE),
    ("client-secret", VALUE),
    ("DATABASE_URL", LOGIN),
    ("ANYTHING", PRIVATE_KEY),
    ("ANYTHING", f"key {ACCESS_KEY} here"),
]

INNOCENT = [
    ("DATABASE_PASSWORD", Hidden.SECRET),
    ("DATABASE_PASSWORD", Hidden.UNKNOWN),
    ("DATABASE_PASSWORD", None),
    ("DATABASE_PASSWORD", ""),
    ("SECRETS_DIRECTORY", "/var/run/secrets/tenantry"),
    ("PASSWORD_FILE", "/var/run/secrets/password"),
    ("JWT_SECRET", "/var/run/secrets/jwt"),
    ("JWT_SECRET", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:jwt"),
    ("JWT_PUBLIC_KEY", "abcdefghijkl"),
    ("CACHE_KEY", "carts:v2"),
    ("TOKEN_TTL", "3600 seconds"),
    ("MAX_TOKEN", "4096"),
    ("USE_TOKEN", "true"),
    ("KEYBOARD", "qwertz layout"),
    ("DATABASE_URL", "postgresql://db.example:5432/shop"),
    ("DATABASE_URL", "postgresql://shop:$(PASSWORD)@db.example/shop"),
    ("QUEUE_MAIL_URL", "https://sqs.example/mail"),
    ("server-ca.pem", "-----BEGIN CERTIFICATE-----\nMII\n"),
]


@pytest.mark.parametrize("make", [variable, mapped])
@pytest.mark.parametrize(("name", "value"), PLAIN)
def test_a_secret_in_plain_text_is_seen_and_not_told(make: Any, name: str, value: str) -> None:
    (finding,) = found(rules.secret_in_plain_text, make(name, value))
    assert finding.level == "forbidden"
    assert not any(part in finding.reason for part in (value, VALUE, ACCESS_KEY))


@pytest.mark.parametrize("make", [variable, mapped])
@pytest.mark.parametrize(("name", "value"), INNOCENT)
def test_what_only_looks_like_a_secret_passes(make: Any, name: str, value: Any) -> None:
    assert not found(rules.secret_in_plain_text, make(name, value))


@pytest.mark.parametrize(
    ("argument", "fires"),
    [(f"--password={VALUE}", True), (LOGIN, True), ("--password=$(PASSWORD)", False), ("--token-ttl=3600", False)],
)
def test_arguments_hold_no_secrets(argument: str, fires: bool) -> None:
    container = {"name": "api", "args": ["serve", argument]}
    resource = there(DEPLOYMENT, {"spec": {"template": {"spec": {"containers": [container]}}}})
    assert bool(found(rules.secret_in_plain_text, resource)) is fires


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        ("aws:rds/instance:Instance", {"password": VALUE}),
        ("aws:elasticache/replicationGroup:ReplicationGroup", {"authToken": VALUE}),
        ("aws:secretsmanager/secretVersion:SecretVersion", {"secretString": VALUE}),
        ("postgresql:index/role:Role", {"password": VALUE}),
        ("pulumi:providers:postgresql", {"password": VALUE}),
        ("kubernetes:core/v1:Secret", {"stringData": {"a": VALUE}}),
        ("kubernetes:core/v1:Secret", {"data": {"a": VALUE}}),
    ],
)
def test_what_is_a_secret_is_marked_as_one(token: str, inputs: Properties) -> None:
    (finding,) = found(rules.secret_unmarked, there(token, inputs))
    assert finding.level == "forbidden"
    assert VALUE not in finding.reason
    for hidden in (Hidden.SECRET, Hidden.UNKNOWN):
        assert not found(rules.secret_unmarked, there(token, dict.fromkeys(inputs, hidden)))
    assert not found(rules.secret_unmarked, there("aws:s3/bucket:Bucket", inputs))
