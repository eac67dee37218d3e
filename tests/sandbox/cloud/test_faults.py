"""Faults that a test orders: what clients see, how often, and that nothing else is touched."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from infra.sandbox.cloud.service import Cloud
from infra.sandbox.waiting import wait_until
from tests.sandbox.cloud.harness import OTHER_REGION, client, faults, vpc_ids

CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "ec2": ("create_internet_gateway", {}),
    "rds": ("describe_db_instances", {}),
    "iam": ("list_roles", {}),
    "eks": ("list_clusters", {}),
    "s3": ("list_buckets", {}),
    "secretsmanager": ("list_secrets", {}),
    "cloudwatch": ("describe_alarms", {}),
    "logs": ("describe_log_groups", {}),
}
THROTTLED = {"ec2": "RequestLimitExceeded", "s3": "SlowDown", "rds": "Throttling", "iam": "Throttling"}


def code_of(cloud: Cloud, service: str, operation: str, **arguments: Any) -> str:
    """The error's code; empty for success."""
    try:
        getattr(client(cloud, service), operation)(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


EXPIRED = {"ec2": "RequestExpired", "s3": "ExpiredToken", "rds": "ExpiredToken", "iam": "ExpiredToken"}


@pytest.mark.parametrize("service", CALLS)
def test_expired_credentials_are_refused_in_each_protocol(cloud: Cloud, service: str) -> None:
    operation, arguments = CALLS[service]
    cloud.add_fault(kind="expired")
    assert code_of(cloud, service, operation, **arguments) == EXPIRED.get(service, "ExpiredTokenException")
    cloud.clear_faults()
    assert code_of(cloud, service, operation, **arguments) == ""


@pytest.mark.parametrize("service", CALLS)
def test_throttling_meets_the_next_calls_of_an_action_in_each_protocol(cloud: Cloud, service: str) -> None:
    operation, arguments = CALLS[service]
    action = "".join(part.capitalize() for part in operation.split("_")).replace("Db", "DB")
    cloud.add_fault(
        kind="throttle", service=service if service != "cloudwatch" else "monitoring", action=action, count=2
    )
    codes = [code_of(cloud, service, operation, **arguments) for _ in range(3)]
    assert codes == [THROTTLED.get(service, "ThrottlingException")] * 2 + [""]


def test_throttling_leaves_other_actions_alone(cloud: Cloud) -> None:
    cloud.add_fault(kind="throttle", action="CreateCluster")
    assert code_of(cloud, "eks", "list_clusters") == ""
    assert code_of(cloud, "eks", "describe_cluster", name="none") == "ResourceNotFoundException"
    arguments: dict[str, Any] = {"name": "x", "roleArn": "arn:aws:iam::123456789012:role/x", "resourcesVpcConfig": {}}
    assert code_of(cloud, "eks", "create_cluster", **arguments) == "ThrottlingException"


def test_a_call_can_fail_after_it_took_effect(cloud: Cloud) -> None:
    before = vpc_ids(cloud)
    cloud.add_fault(kind="fail-after", action="CreateVpc", count=1)
    assert code_of(cloud, "ec2", "create_vpc", CidrBlock="10.0.0.0/16") == "InternalError"
    (made,) = vpc_ids(cloud) - before
    assert code_of(cloud, "ec2", "delete_vpc", VpcId=made) == ""


def test_a_slow_call_takes_its_time_while_others_do_not_wait(cloud: Cloud) -> None:
    cloud.add_fault(kind="slow", action="CreateSecret", seconds=1.5, count=1)
    with ThreadPoolExecutor(1) as pool:
        started = time.monotonic()
        slow = pool.submit(code_of, cloud, "secretsmanager", "create_secret", Name="slow", SecretString="x")
        assert code_of(cloud, "secretsmanager", "list_secrets") == ""
        assert not slow.done()
        assert slow.result() == ""
        assert time.monotonic() - started >= 1.5


def test_clearing_the_faults_lets_a_slow_call_go_on(cloud: Cloud) -> None:
    cloud.add_fault(kind="slow", action="CreateSecret", seconds=600, count=1)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(code_of, cloud, "secretsmanager", "create_secret", Name="slower", SecretString="x")
        met = lambda: faults(cloud)[0]["left"] == 0  # noqa: E731
        wait_until(met, seconds=60, what="the call did not arrive", where="", remedy="")
        cloud.clear_faults()
        assert slow.result(timeout=60) == ""


def test_a_lost_region_answers_nothing_until_it_is_back(cloud: Cloud) -> None:
    here, there = vpc_ids(cloud), vpc_ids(cloud, OTHER_REGION)
    cloud.add_fault(kind="lost-region", region=OTHER_REGION)
    for service, (operation, arguments) in CALLS.items():
        with pytest.raises(ClientError) as lost:
            getattr(client(cloud, service, OTHER_REGION), operation)(**arguments)
        assert lost.value.response["Error"]["Code"] == "ServiceUnavailable", service
        assert lost.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert vpc_ids(cloud) == here
    cloud.clear_faults()
    assert vpc_ids(cloud, OTHER_REGION) == there


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"kind": "earthquake"}, "kind must be one of throttle, fail-after, slow, lost-region, expired"),
        ({"kind": "throttle", "often": 3}, "unknown: often; a fault has kind, action"),
        ({"kind": "throttle", "count": 0}, "count must be a whole number, 1 or more, or null"),
        ({"kind": "slow", "seconds": -1}, "seconds must be a number from 0 to 3600"),
        ({"kind": "throttle", "action": 3}, "action, service and region must be texts"),
        ({"kind": "lost-region"}, "a lost region needs its name in region"),
        (
            {"kind": "lost-region", "region": OTHER_REGION, "count": 3},
            "lost for all calls, until the faults are cleared",
        ),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(cloud: Cloud, fault: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        cloud.add_fault(**fault)
    assert faults(cloud) == []


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "nowhere", b"", 404),
        ("PUT", "faults", b"{}", 405),
        ("POST", "faults", b"rubbish", 400),
        ("POST", "faults", b"[]", 400),
    ],
)
def test_the_interface_for_faults_names_bad_requests(
    cloud: Cloud, method: str, path: str, body: bytes, code: int
) -> None:
    url = f"{cloud.url}/tenantry-sandbox/{path}"
    answer = httpx.request(method, url, content=body, trust_env=False, timeout=60)
    assert answer.status_code == code
    assert answer.json()["error"]
