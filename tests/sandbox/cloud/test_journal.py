"""A cloud that was killed comes back with the same resources, ids, ARNs and dates."""

import resource
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.errors import TenantryError
from infra.sandbox.cloud.service import Cloud
from tests.sandbox.cloud.harness import client, create_one_of_each, kill, vpc_ids
from tests.sandbox.servers.harness import quiet


@pytest.fixture
def own(make_cloud: Callable[[str], Cloud], request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """A cloud of the test's own, running."""
    cloud = make_cloud(f"test-journal-{abs(hash(request.node.nodeid)) % 10**8}")
    cloud.start(quiet)
    yield cloud
    cloud.stop()


@pytest.fixture
def running(shared: Cloud) -> Cloud:
    """The file's cloud, running again whatever the last test has done to it, with room for what all of them make."""
    shared.start(quiet)
    shared.set_quotas(vpcs=100)
    return shared


def restart(cloud: Cloud) -> None:
    kill(cloud)
    cloud.start(quiet)


def journal(cloud: Cloud) -> Any:
    return cloud.instance.folder("cloud") / "journal.jsonl"


def seen(cloud: Cloud) -> dict[str, Any]:
    """Everything that clients see, without what belongs to the answer itself."""
    ec2, eks, s3 = client(cloud, "ec2"), client(cloud, "eks"), client(cloud, "s3")
    answers = {
        "vpcs": ec2.describe_vpcs(),
        "subnets": ec2.describe_subnets(),
        "addresses": ec2.describe_addresses(),
        "nat gateways": ec2.describe_nat_gateways(),
        "security groups": ec2.describe_security_groups(),
        "role": client(cloud, "iam").get_role(RoleName="cluster"),
        "instances": client(cloud, "rds").describe_db_instances(),
        "cluster": eks.describe_cluster(name="cluster"),
        "node group": eks.describe_nodegroup(clusterName="cluster", nodegroupName="nodes"),
        "versions": s3.list_object_versions(Bucket="bucket-of-a-test"),
        "secrets": client(cloud, "secretsmanager").list_secrets(),
        "caches": client(cloud, "elasticache").describe_replication_groups(),
        "keys": client(cloud, "kms").list_keys(),
    }
    for database in answers["instances"]["DBInstances"]:
        del database["LatestRestorableTime"]  # always now
    return {name: {**answer, "ResponseMetadata": None} for name, answer in answers.items()}


def test_everything_is_the_same_after_kill_9_and_what_a_key_encrypted_is_readable(own: Cloud) -> None:
    regions = client(own, "ec2", "us-east-1").describe_vpcs()["Vpcs"]  # a read brings this region to life
    client(own, "eks").list_clusters()  # a read imports this module, which draws ids then
    create_one_of_each(own)
    kms = client(own, "kms")
    encrypted = kms.encrypt(KeyId=kms.create_key()["KeyMetadata"]["KeyId"], Plaintext=b"plain")["CiphertextBlob"]
    before = seen(own)
    restart(own)
    assert seen(own) == before
    assert client(own, "ec2", "us-east-1").describe_vpcs()["Vpcs"] == regions
    received = client(own, "s3").get_object(Bucket="bucket-of-a-test", Key="a key/ü")
    assert received["Body"].read() == bytes(range(256))
    assert received["Metadata"] == {"under_score": "1"}
    value = client(own, "secretsmanager").get_secret_value(SecretId="secret")["SecretString"]
    assert value == "kept"
    assert client(own, "kms").decrypt(CiphertextBlob=encrypted)["Plaintext"] == b"plain"


def test_ids_stay_when_32_creations_run_at_the_same_time_as_reads(running: Cloud) -> None:
    def create(number: int) -> tuple[str, str]:
        ec2 = client(running, "ec2")
        vpc = ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
        ec2.describe_vpcs()
        group = ec2.create_security_group(GroupName=f"group-{number}", Description="group", VpcId=vpc)["GroupId"]
        return vpc, group

    with ThreadPoolExecutor(32) as pool:
        made = dict(pool.map(create, range(32)))
    assert len(made) == len(set(made.values())) == 32
    before = vpc_ids(running)
    restart(running)
    assert vpc_ids(running) == before >= set(made)
    groups = client(running, "ec2").describe_security_groups(GroupIds=list(made.values()))["SecurityGroups"]
    assert {group["VpcId"]: group["GroupId"] for group in groups} == made


def test_a_torn_last_line_is_dropped_and_the_journal_goes_on(running: Cloud) -> None:
    ec2 = client(running, "ec2")
    others = vpc_ids(running)
    kept = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    whole = journal(running).stat().st_size
    ec2.create_vpc(CidrBlock="10.1.0.0/16")
    kill(running)
    with journal(running).open("r+b") as file:
        file.truncate(whole + 100)
    running.start(quiet)
    assert vpc_ids(running) == {*others, kept}
    later = client(running, "ec2").create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    restart(running)
    assert vpc_ids(running) == {*others, kept, later}


def test_a_damaged_journal_is_named_and_nothing_is_lost(running: Cloud) -> None:
    client(running, "ec2").create_vpc(CidrBlock="10.0.0.0/16")
    kill(running)
    written = journal(running).read_bytes()
    lines = written.splitlines(keepends=True)
    damaged = b"".join([lines[0], b"rubbish\n", *lines[1:]])
    journal(running).write_bytes(damaged)
    with pytest.raises(TenantryError, match="the cloud's journal is damaged in line 2"):
        running.start(quiet)
    assert journal(running).read_bytes() == damaged
    journal(running).write_bytes(written)


def test_the_journal_is_private_and_holds_no_reads(running: Cloud) -> None:
    client(running, "secretsmanager").create_secret(Name="secret", SecretString="kept")
    size = journal(running).stat().st_size
    client(running, "secretsmanager").get_secret_value(SecretId="secret")
    client(running, "ec2").describe_vpcs()
    client(running, "eks").list_clusters()
    client(running, "s3").list_buckets()
    client(running, "sts").get_caller_identity()
    client(running, "cloudwatch").describe_alarms()
    assert journal(running).stat().st_size == size
    assert stat.S_IMODE(journal(running).stat().st_mode) == 0o600


def test_a_change_that_cannot_be_written_down_does_not_happen(running: Cloud) -> None:
    process = running.instance.daemon("cloud").process()
    assert process is not None
    ec2 = client(running, "ec2")
    before = vpc_ids(running)
    process.rlimit(resource.RLIMIT_FSIZE, (journal(running).stat().st_size + 50, resource.RLIM_INFINITY))
    with pytest.raises(ClientError, match="The cloud's journal cannot be written: free some space"):
        ec2.create_vpc(CidrBlock="10.0.0.0/16")
    assert vpc_ids(running) == before
    process.rlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    made = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    restart(running)
    assert vpc_ids(running) == {*before, made}


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("ec2", "describe_local_gateways", "NotImplemented"),
        ("gamelift", "list_builds", "InternalFailure"),
    ],
)
def test_what_moto_lacks_is_refused_in_awss_way(running: Cloud, service: str, operation: str, code: str) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(client(running, service), operation)()
    assert refused.value.response["Error"]["Code"] == code


def test_a_change_that_moto_cannot_answer_does_not_stop_the_next_start(running: Cloud) -> None:
    with pytest.raises(ClientError, match="InternalFailure"):
        client(running, "gamelift").create_build(Name="build")
    made = client(running, "ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    restart(running)
    assert made in vpc_ids(running)
