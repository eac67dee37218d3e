"""Tenantry's own storage, secrets and grants under the real engine, in the simulated account."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from infra.paths import BIN, PROJECT_ROOT
from infra.sandbox.cloud.service import Cloud
from infra.sandbox.plugins import installation
from infra.sandbox.plugins.language.install import install as install_language_host
from tests.plugins.aws.world import REGION, World
from tests.plugins.language.harness import Project

_CONTENT = "correct horse battery staple"
_PROGRAM = """
import json, os, sys

settings = json.loads(os.environ["SETTINGS"])
sys.path.append(settings["root"])

import pulumi
from pulumi_aws import cloudwatch, iam, sns
from components.bucket import Bucket, BucketArgs
from components.bucket_lifecycle import Ages
from components.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.iam_policy import document, trust
from components.stored_secret import StoredSecret, StoredSecretArgs

role = iam.Role("shop", assume_role_policy=document(trust("pods.eks.amazonaws.com", "sts:TagSession")))
media = Bucket("media", BucketArgs(ages=Ages(expire=settings["days"]), protect=False))
media.grant_read("shop", role.name)
media.grant_write("shop", role.name)
key = EncryptionKey("secrets", EncryptionKeyArgs(description="secrets", protect=False))
content = {"password": pulumi.Output.secret(settings["content"])}
stored = StoredSecret("database", StoredSecretArgs(description="of the shop", key_arn=key.arn, content=content))
stored.grant_read("shop", role.name)
pager = sns.Topic("pager")
cloudwatch.MetricAlarm(
    "slow", metric_name="Latency", namespace="Shop", statistic="Average", period=60, evaluation_periods=3,
    comparison_operator="GreaterThanThreshold", threshold=settings["days"], alarm_actions=[pager.arn],
)
pulumi.export("bucket", media.bucket)
pulumi.export("secret", stored.arn)
"""


@dataclass(frozen=True)
class Storage(Project):
    """A project in an account of its own."""

    cloud: Cloud
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in super().environment.items() if not name.startswith("AWS_")}
        return kept | {
            **self.cloud.environment(),
            "AWS_REGION": REGION,
            "SETTINGS": json.dumps(self.settings),
            "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
            "PULUMI_SKIP_CHECKPOINTS": "true",  # no run is killed
        }

    def up(self, *arguments: str) -> str:
        result = self.pulumi("up", "--yes", "--skip-preview", "--parallel", "16", *arguments)
        return result.stdout + result.stderr

    def expect_nothing(self) -> None:
        """Nothing drifted and nothing is to do."""
        self.pulumi("preview", "--expect-no-changes")  # with what the update left, before a refresh
        self.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")

    def client(self, service: str) -> Any:
        return World.boto3(self.cloud.url, service)


@pytest.fixture
def storage(tmp_path: Path, cloud: Cloud) -> Iterator[Storage]:
    install_language_host(BIN)
    installation.install(tmp_path / "home")
    made = Project.create(tmp_path)
    storage = Storage(made.root, cloud, {"root": str(PROJECT_ROOT), "days": 400, "content": _CONTENT})
    storage.program(_PROGRAM)
    storage.pulumi("stack", "init", "dev")
    yield storage
    if not cloud.is_empty():  # after a failure
        storage.pulumi("cancel", "--yes")
        storage.pulumi("destroy", "--yes", "--skip-preview")


def done(told: str) -> set[str]:
    """Return what an update did to resources, as its summary has it: `updated`, `unchanged`."""
    summary = told.rpartition("Resources:")[2].partition("Duration:")[0]
    return set(re.findall(r"\d+ ([a-z]+)", summary))


def test_storage_is_applied_changed_repaired_and_destroyed(storage: Storage) -> None:
    told = storage.up()
    storage.expect_nothing()
    outputs = storage.outputs()
    stored = storage.client("secretsmanager").get_secret_value(SecretId=outputs["secret"])
    assert json.loads(stored["SecretString"]) == {"password": _CONTENT}
    exported = storage.pulumi("stack", "export").stdout
    assert _CONTENT not in told + exported
    storage.settings["days"] = 500
    assert done(storage.up()) == {"updated", "unchanged"}
    storage.expect_nothing()
    s3 = storage.client("s3")
    s3.put_public_access_block(
        Bucket=outputs["bucket"], PublicAccessBlockConfiguration={"BlockPublicAcls": False, "IgnorePublicAcls": True}
    )
    storage.settings["content"] = "another content is another version"
    storage.up("--refresh")
    found = s3.get_public_access_block(Bucket=outputs["bucket"])["PublicAccessBlockConfiguration"]
    assert set(found.values()) == {True}
    storage.expect_nothing()
    stored = storage.client("secretsmanager").get_secret_value(SecretId=outputs["secret"])
    assert json.loads(stored["SecretString"]) == {"password": "another content is another version"}
    storage.pulumi("destroy", "--yes", "--skip-preview")
    assert storage.client("s3").list_buckets()["Buckets"] == []
    assert storage.client("iam").list_roles()["Roles"] == []
