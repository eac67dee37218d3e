"""What `tenantry doctor STACK` says before anybody applies a stack: whose shell it is, and what it can reach."""

import socket

import boto3
import pytest

from infra.findings import Finding
from infra.reach import examine, principal
from infra.sandbox.cloud.service import Cloud
from tests.examples import declared_settings, settings

USER = "arn:aws:iam::123456789012:user/sandbox"


@pytest.fixture(autouse=True)
def _credentials(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)


def findings(*, account: str = "123456789012", administrator: str = USER) -> dict[str, Finding]:
    def change(raw: dict[str, dict[str, object]]) -> None:
        raw["aws"]["account_id"] = account
        raw["cluster"]["administrators"] = {"operators": administrator}

    return {finding.subject: finding for finding in examine(declared_settings(change))}


def test_a_shell_that_may_begin_is_told_so() -> None:
    found = findings()
    assert [finding.ok for finding in found.values()] == [True] * 4
    assert found["cluster administrator"].detail == USER
    assert found["EKS shop"].detail == found["RDS shop"].detail == "not made yet"


def test_another_account_is_told_by_its_number() -> None:
    found = findings(account="210987654321")["AWS account"]
    assert (found.ok, found.detail) == (False, "this shell's is 123456789012, the stack's another")
    assert found.remedy == "use credentials of the account in aws.account_id"


def test_who_is_no_administrator_is_told_before_the_cluster_refuses_him() -> None:
    found = findings(administrator="arn:aws:iam::123456789012:role/operators")["cluster administrator"]
    assert (found.ok, found.detail) == (False, USER)


def test_the_session_of_a_role_stands_for_the_role_whatever_its_path() -> None:
    session = "arn:aws:sts::123456789012:assumed-role/operators/me@example.com"
    assert principal(session) == "arn:aws:iam::123456789012:role/operators"
    assert principal(USER) == USER


def test_refused_credentials_are_told_with_awss_own_code(cloud: Cloud) -> None:
    cloud.add_fault(kind="throttle", service="sts")
    (found,) = findings().values()
    assert (found.subject, found.ok, found.detail) == ("AWS credentials", False, "refused: Throttling")


def test_missing_credentials_are_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    (found,) = findings().values()
    assert (found.ok, found.detail) == (False, "there are none that work (NoCredentialsError)")


def test_an_aws_that_is_not_reached_is_no_matter_of_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    (found,) = findings().values()
    assert (found.subject, found.detail) == ("AWS", "it does not answer (EndpointConnectionError)")
    assert found.remedy == "check the network"


def test_a_database_that_does_not_answer_here_is_told_with_its_address_and_the_way_there(cloud: Cloud) -> None:
    rds = boto3.client("rds", region_name="eu-central-1", endpoint_url=cloud.url)
    rds.create_db_instance(
        DBInstanceIdentifier="shop", Engine="postgres", DBInstanceClass="db.t4g.micro", AllocatedStorage=20
    )
    host = rds.describe_db_instances(DBInstanceIdentifier="shop")["DBInstances"][0]["Endpoint"]["Address"]
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo(host, 5432)
    found = findings()["RDS shop"]
    assert not found.ok
    assert found.detail.startswith(f"{host}:5432 cannot be reached from here (")
    assert "a runner in the VPC" in found.remedy


def test_a_stack_without_aws_is_not_looked_up_there() -> None:
    assert examine(settings()) == [Finding("AWS", True, "the stack declares nothing there")]
