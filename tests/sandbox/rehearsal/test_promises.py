"""Each promise of a rehearsal can be broken in the account, and is found then."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from infra.sandbox.cloud.service import Cloud
from infra.sandbox.environment import Workspace
from infra.sandbox.rehearsal.applied import Applied
from infra.sandbox.rehearsal.checking import Unkept, counted
from infra.sandbox.rehearsal.promises import PROMISES
from tests.sandbox.cloud.conftest import make_cloud, shared
from tests.sandbox.cloud.harness import REGION, client

__all__ = ["make_cloud", "shared"]  # fixtures

CLOSED = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}


class InAccount(Applied):
    """An account without a stack: what a test has made there itself."""

    @property
    def cloud(self) -> Cloud:
        return Cloud(self.workspace.instance)

    @property
    def variables(self) -> Mapping[str, str]:
        return self.cloud.environment()

    @property
    def regions(self) -> list[str]:
        return self.cloud.regions()


@pytest.fixture
def account(shared: Cloud) -> InAccount:
    """Something was made in the account's only region."""
    client(shared, "sns").create_topic(Name="topic")
    return InAccount(Workspace(shared.instance, "none"), {})


def found(account: InAccount, name: str) -> str:
    """Return what the promise finds whose sentence begins with these words."""
    (check,) = [check for check in PROMISES if check.name.startswith(name)]
    return check.look(account)


def only_tls(bucket: str, changed: Mapping[str, object] | None = None) -> str:
    statement: dict[str, Any] = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, **(changed or {})}]})


def test_an_account_with_nothing_in_it_breaks_no_promise(account: InAccount) -> None:
    assert [check.look(account) for check in PROMISES] == ["", "", "", "", "", "", "1 rule"], "AWS's default group's"


def test_a_bucket_must_be_closed_and_answer_over_tls_only(account: InAccount) -> None:
    s3, name = client(account.cloud, "s3"), "bucket-of-a-promise"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    for blocked in (None, CLOSED | {"BlockPublicPolicy": False}):
        if blocked:
            s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=blocked)
        with pytest.raises(Unkept, match="it may be opened to the public, bucket bucket-of-a-promise"):
            found(account, "every bucket")
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=CLOSED)
    weak: list[dict[str, object]] = [
        {"Effect": "Allow"},
        {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
        {"Action": "s3:GetObject"},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
    ]
    for policy in (None, *(only_tls(name, change) for change in weak)):
        if policy:
            s3.put_bucket_policy(Bucket=name, Policy=policy)
        with pytest.raises(Unkept, match="it answers without TLS"):
            found(account, "every bucket")
    s3.put_bucket_policy(Bucket=name, Policy=only_tls(name))
    s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
        },
    )
    assert found(account, "every bucket") == "1 bucket"


def test_a_secret_must_have_a_key_of_its_own(account: InAccount) -> None:
    secrets = client(account.cloud, "secretsmanager")
    secrets.create_secret(Name="bare", SecretString="x")
    with pytest.raises(Unkept, match="it is not encrypted with a key of the stack, secret bare"):
        found(account, "every secret")
    secrets.delete_secret(SecretId="bare", ForceDeleteWithoutRecovery=True)
    key = client(account.cloud, "kms").create_key()["KeyMetadata"]["KeyId"]
    secrets.create_secret(Name="kept", SecretString="x", KmsKeyId=key)
    assert found(account, "every secret") == "1 secret"


@pytest.mark.parametrize(
    ("public", "encrypted", "said"), [(True, True, "reached from the internet"), (False, False, "not encrypted")]
)
def test_a_database_must_be_private_and_encrypted(account: InAccount, public: bool, encrypted: bool, said: str) -> None:
    rds = client(account.cloud, "rds")
    rds.create_db_instance(
        DBInstanceIdentifier="open",
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="owner",
        ManageMasterUserPassword=True,
        PubliclyAccessible=public,
        StorageEncrypted=encrypted,
    )
    with pytest.raises(Unkept, match=f"{said}, database open"):
        found(account, "every database")
    rds.delete_db_instance(DBInstanceIdentifier="open", SkipFinalSnapshot=True)
    assert found(account, "every database") == ""


def test_a_store_must_be_encrypted_on_its_way(account: InAccount) -> None:
    client(account.cloud, "elasticache").create_replication_group(
        ReplicationGroupId="plain",
        ReplicationGroupDescription="plain",
        Engine="valkey",
        CacheNodeType="cache.t4g.micro",
        AtRestEncryptionEnabled=True,
        TransitEncryptionEnabled=False,
    )
    with pytest.raises(Unkept, match="it is not encrypted, Redis plain"):
        found(account, "every Redis")
    client(account.cloud, "elasticache").delete_replication_group(ReplicationGroupId="plain")


def test_no_repositorys_tags_may_move(account: InAccount) -> None:
    ecr = client(account.cloud, "ecr")
    ecr.create_repository(repositoryName="shop/api")
    with pytest.raises(Unkept, match="its tags can be moved, repository shop/api"):
        found(account, "no repository")
    ecr.put_image_tag_mutability(repositoryName="shop/api", imageTagMutability="IMMUTABLE")
    assert found(account, "no repository") == "1 repository"


def test_the_internet_comes_in_on_443_only(account: InAccount) -> None:
    ec2 = client(account.cloud, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="edge", Description="edge", VpcId=vpc)["GroupId"]

    def let_in(port: int, **everybody: object) -> None:
        rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **everybody}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])

    let_in(443, IpRanges=[{"CidrIp": "0.0.0.0/0"}])
    assert found(account, "no security group").endswith("rules")
    let_in(22, Ipv6Ranges=[{"CidrIpv6": "::/0"}])
    with pytest.raises(Unkept, match=f"it lets the whole internet in, rule sgr-[0-9a-f]+ of {group}"):
        found(account, "no security group")


def test_what_is_counted_reads_as_people_write_it() -> None:
    assert [counted(0, "node"), counted(1, "repository"), counted(2, "repository"), counted(3, "node")] == [
        "",
        "1 repository",
        "2 repositories",
        "3 nodes",
    ]
