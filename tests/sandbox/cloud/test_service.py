"""The cloud as a service of an instance: started once, stopped whole, refused where it cannot be, and alone."""

import json
import os
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from infra.errors import TenantryError
from infra.sandbox.cloud.account import ACCOUNT
from infra.sandbox.cloud.service import Cloud
from tests.sandbox.cloud.harness import REGION, client, create_one_of_each, vpc_ids
from tests.sandbox.servers.harness import quiet

MakeCloud = Callable[[str], Cloud]


def test_a_second_start_does_nothing(cloud: Cloud) -> None:
    first = cloud.instance.daemon("cloud").process()
    lines: list[str] = []
    cloud.start(lines.append)
    assert cloud.instance.daemon("cloud").process() == first
    assert lines == []
    (row,) = cloud.status()
    assert (row.name, row.running, row.healthy) == ("cloud", True, True)
    assert row.endpoint == f"{cloud.instance.addresses.cloud}:5000"


def test_the_account_is_the_documented_one(cloud: Cloud) -> None:
    assert client(cloud, "sts").get_caller_identity()["Account"] == ACCOUNT


def test_stop_leaves_no_process_and_keeps_what_was_created_and_no_other_cloud_knows_of_it(
    shared: Cloud, make_cloud: MakeCloud
) -> None:
    cloud = make_cloud("test-cloud-stopped")
    cloud.stop()
    cloud.start(quiet)
    assert vpc_ids(shared).isdisjoint(vpc_ids(cloud))
    made = client(cloud, "ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    assert made not in vpc_ids(shared)
    process = cloud.instance.daemon("cloud").process()
    assert process is not None
    cloud.stop()
    assert shared.status()[0].healthy
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert cloud.instance.addresses.taken() == []
    assert not cloud.status()[0].running
    cloud.stop()
    cloud.instance.daemon("cloud").pid_file.write_text(json.dumps({"pid": os.getpid(), "created": 1.0}))
    assert not cloud.status()[0].running  # a stale pid file is nobody's process
    cloud.start(quiet)
    process = cloud.instance.daemon("cloud").process()
    assert process is not None
    assert process.pid != os.getpid()
    assert made in vpc_ids(cloud)


def test_a_taken_port_gives_one_clear_line(make_cloud: MakeCloud) -> None:
    cloud = make_cloud("test-cloud-taken")
    address = cloud.instance.addresses.cloud
    with socket.create_server((address, 5000)), pytest.raises(TenantryError) as refused:
        cloud.start(quiet)
    assert str(refused.value).startswith(f"cloud cannot listen on {address}:5000, held by ")
    assert str(refused.value).endswith(f"(pid {os.getpid()}), stop that process, then run `make up`")
    assert "\n" not in str(refused.value)
    assert not cloud.status()[0].running


def test_contents_are_what_was_created_also_inside_of_clusters_and_nothing_of_awss_own(make_cloud: MakeCloud) -> None:
    cloud = make_cloud("test-cloud-contents")
    cloud.start(quiet)
    assert cloud.is_empty()
    ec2, kms = client(cloud, "ec2"), client(cloud, "kms")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    client(cloud, "rds").create_db_parameter_group(
        DBParameterGroupName="own", DBParameterGroupFamily="postgres18", Description="own"
    )
    client(cloud, "sns", "eu-west-1").create_topic(Name="topic")
    client(cloud, "iam").create_user(UserName="user")
    assert cloud.contents() == sorted(
        [
            f"{REGION} ec2 Vpcs {vpc}",
            f"{REGION} kms Keys {key}",
            f"{REGION} rds DBParameterGroups own",
            f"eu-west-1 sns Topics arn:aws:sns:eu-west-1:{ACCOUNT}:topic",
            "global iam Users user",
        ]
    )
    ec2.delete_vpc(VpcId=vpc)
    kms.schedule_key_deletion(KeyId=key)
    client(cloud, "rds").delete_db_parameter_group(DBParameterGroupName="own")
    client(cloud, "sns", "eu-west-1").delete_topic(TopicArn=f"arn:aws:sns:eu-west-1:{ACCOUNT}:topic")
    client(cloud, "iam").delete_user(UserName="user")
    assert cloud.contents() == []
    create_one_of_each(cloud)
    inside = [line for line in cloud.contents() if "/" in line and " eks " in line]
    assert inside == [f"{REGION} eks nodegroups cluster/nodes"]


def test_what_a_region_offers_is_read_when_it_is_asked_for(cloud: Cloud) -> None:
    ec2 = client(cloud, "ec2")
    wanted = [{"Name": "instance-type", "Values": ["t3.micro"]}]
    for kind, places in (("region", {REGION}), ("availability-zone", {f"{REGION}{zone}" for zone in "abc"})):
        for _ in range(2):
            offered = ec2.describe_instance_type_offerings(LocationType=kind, Filters=wanted)["InstanceTypeOfferings"]
            assert {(each["Location"], each["LocationType"]) for each in offered} == {(place, kind) for place in places}


def test_clients_are_told_where_it_is_and_to_use_no_proxy(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "internal.example")
    environment = cloud.environment()
    assert environment["AWS_ENDPOINT_URL"] == f"http://{cloud.instance.addresses.cloud}:5000"
    assert environment["NO_PROXY"] == f"internal.example,{cloud.instance.addresses.cloud}"
    assert "AWS_REGION" not in environment


def test_64_creations_at_the_same_time_all_succeed(
    cloud: Cloud, record_property: Callable[[str, object], None]
) -> None:
    secrets = client(cloud, "secretsmanager")
    started = time.monotonic()
    with ThreadPoolExecutor(64) as pool:
        made = list(pool.map(lambda number: secrets.create_secret(Name=f"secret-{number}")["ARN"], range(512)))
    record_property("creates per second", round(len(made) / (time.monotonic() - started)))
    assert len(set(made)) == 512
