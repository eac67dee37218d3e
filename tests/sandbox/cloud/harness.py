"""Clients of a cloud, and a look at what it holds by id."""

from typing import Any

import boto3
from botocore.config import Config

from infra.sandbox.cloud.service import Cloud

REGION = "eu-central-1"
OTHER_REGION = "eu-west-1"


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
