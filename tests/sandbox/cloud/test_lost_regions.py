"""A lost region with real servers: they stop, others go on, backups elsewhere are good, and all is back afterwards."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from infra.sandbox.cloud.service import Cloud
from infra.sandbox.servers import probe
from tests.sandbox.cloud.backed import TOKEN, create_database, rows, valkey, write
from tests.sandbox.cloud.harness import OTHER_REGION, REGION, client
from tests.sandbox.servers.harness import quiet

MakeCloud = Callable[[str], Cloud]
API_SERVER = 6443


def create_cache(cloud: Cloud) -> dict[str, Any]:
    """Create a replication group and return what is told of it."""
    elasticache = client(cloud, "elasticache")
    elasticache.create_replication_group(
        ReplicationGroupId="sessions",
        ReplicationGroupDescription="a test's",
        Engine="valkey",
        CacheNodeType="cache.t4g.micro",
        TransitEncryptionEnabled=True,
        AuthToken=TOKEN,
    )
    (group,) = elasticache.describe_replication_groups(ReplicationGroupId="sessions")["ReplicationGroups"]
    return dict(group)


def create_cluster(cloud: Cloud) -> dict[str, Any]:
    """Create a cluster and return what is told of it once it runs."""
    ec2, eks = client(cloud, "ec2"), client(cloud, "eks")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate("ab")
    ]
    role = client(cloud, "iam").create_role(RoleName="eks", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    eks.create_cluster(name="main", roleArn=role, resourcesVpcConfig={"subnetIds": subnets})
    eks.get_waiter("cluster_active").wait(name="main", WaiterConfig={"Delay": 0.2, "MaxAttempts": 450})
    return dict(eks.describe_cluster(name="main")["cluster"])


def test_a_lost_regions_servers_stop_and_are_back_with_their_data_when_it_is(make_cloud: MakeCloud) -> None:
    cloud = Cloud(make_cloud("test-lost-region").instance, backed=True)
    cloud.start(quiet)
    database, away = create_database(cloud, "here", BackupRetentionPeriod=1), client(cloud, "rds", OTHER_REGION)
    group, cluster = create_cache(cloud), create_cluster(cloud)
    write(cloud, database, "kept")
    assert valkey(cloud, group).set("key", "kept")
    copy = away.start_db_instance_automated_backups_replication(SourceDBInstanceArn=database["DBInstanceArn"])
    shard = group["NodeGroups"][0]["PrimaryEndpoint"]
    api_server = cluster["endpoint"].removeprefix("https://").partition(":")[0]
    places = [
        (database["Endpoint"]["Address"], database["Endpoint"]["Port"]),
        (shard["Address"], shard["Port"]),
        (api_server, API_SERVER),
    ]
    assert [probe.accepts(*place) for place in places] == [True, True, True]

    cloud.add_fault(kind="lost-region", region=REGION)
    assert [probe.accepts(*place) for place in places] == [False, False, False]
    for service, method in (("rds", "describe_db_instances"), ("eks", "list_clusters")):
        with pytest.raises(ClientError, match=f"ServiceUnavailable.* {REGION} does not answer: it is lost"):
            getattr(client(cloud, service), method)()
    away.restore_db_instance_to_point_in_time(
        SourceDBInstanceAutomatedBackupsArn=copy["DBInstanceAutomatedBackup"]["DBInstanceAutomatedBackupsArn"],
        TargetDBInstanceIdentifier="there",
        UseLatestRestorableTime=True,
    )
    (there,) = away.describe_db_instances(DBInstanceIdentifier="there")["DBInstances"]
    assert rows(cloud, there) == ["kept"]
    assert [probe.accepts(*place) for place in places] == [False, False, False]
    repaired = httpx.post(f"{cloud.url}/tenantry-eks/repair", trust_env=False, timeout=60)  # as every `up` does
    assert repaired.is_success
    assert [probe.accepts(*place) for place in places] == [False, False, False]

    cloud.clear_faults()
    assert [probe.accepts(*place) for place in places] == [True, True, True]
    assert rows(cloud, database) == ["kept"]
    assert valkey(cloud, group).get("key") == b"kept"
    again = client(cloud, "eks").describe_cluster(name="main")["cluster"]
    assert (again["status"], again["endpoint"]) == ("ACTIVE", cluster["endpoint"])
    (told,) = client(cloud, "rds").describe_db_instances(DBInstanceIdentifier="here")["DBInstances"]
    assert (told["DBInstanceStatus"], told["Endpoint"]) == ("available", database["Endpoint"])
