"""Clients of a cloud, and a look at what it holds by id."""

import json
from typing import Any

import boto3
import httpx
from botocore.config import Config

from infra.sandbox.cloud.service import Cloud

REGION = "eu-central-1"
OTHER_REGION = "eu-west-1"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)


def client(cloud: Cloud, service: str, region: str = REGION) -> Any:
    """A boto3 client that tries once, so that a fault is seen; up to 64 requests at the same time."""
    settings = Config(proxies={}, retries={"total_max_attempts": 1}, max_pool_connections=64, read_timeout=120)
    environment = cloud.environment()
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        config=settings,
    )


def kill(cloud: Cloud) -> None:
    """End the cloud's process as a crash would."""
    process = cloud.instance.daemon("cloud").process()
    assert process is not None
    process.kill()
    process.wait(10)


def vpc_ids(cloud: Cloud, region: str = REGION) -> set[str]:
    """The ids of all VPCs of a region, the default one too."""
    return {vpc["VpcId"] for vpc in client(cloud, "ec2", region).describe_vpcs()["Vpcs"]}


def create_one_of_each(cloud: Cloud) -> None:
    """Create a network, a role, a database, a cluster, a bucket with an object, a secret and a cache."""
    ec2 = client(cloud, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    zones = [f"{REGION}a", f"{REGION}b"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for number, zone in enumerate(zones)
    ]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_nat_gateway(SubnetId=subnets[0], AllocationId=address)
    iam = client(cloud, "iam")
    role = iam.create_role(RoleName="cluster", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.attach_role_policy(RoleName="cluster", PolicyArn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy")
    client(cloud, "rds").create_db_instance(
        DBInstanceIdentifier="database",
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="owner",
        ManageMasterUserPassword=True,
    )
    eks = client(cloud, "eks")
    eks.create_cluster(name="cluster", roleArn=role, resourcesVpcConfig={"subnetIds": subnets})
    eks.create_nodegroup(clusterName="cluster", nodegroupName="nodes", subnets=subnets, nodeRole=role)
    s3 = client(cloud, "s3")
    s3.create_bucket(Bucket="bucket-of-a-test", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="bucket-of-a-test", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="bucket-of-a-test", Key="a key/ü", Body=bytes(range(256)), Metadata={"under_score": "1"})
    client(cloud, "secretsmanager").create_secret(Name="secret", SecretString="kept")
    client(cloud, "elasticache").create_replication_group(
        ReplicationGroupId="cache",
        ReplicationGroupDescription="cache",
        Engine="valkey",
        CacheNodeType="cache.t4g.micro",
    )


def faults(cloud: Cloud) -> list[dict[str, Any]]:
    """Return the faults that were added, each with how many calls it has `left` to meet."""
    answer = httpx.get(f"{cloud.url}/tenantry-sandbox/faults", trust_env=False, timeout=60)
    return list(answer.json())
