"""What the cloud does to be small and quick changes no answer: policies, endpoint services, models, connections."""

import http.client
import json

from botocore.loaders import create_loader
from moto.iam.aws_managed_policies import aws_managed_policies_data

from infra.sandbox import service_models
from infra.sandbox.cloud.service import Cloud
from tests.sandbox.cloud.harness import REGION, client

_POLICY = "AmazonEKSClusterPolicy"


def test_a_managed_policy_has_its_document_and_its_dates(cloud: Cloud) -> None:
    known = json.loads(aws_managed_policies_data)[_POLICY]
    iam = client(cloud, "iam")
    arn = f"arn:aws:iam::aws:policy/{_POLICY}"
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    assert version["Document"] == known["Document"]
    assert policy["DefaultVersionId"] == known["DefaultVersionId"]
    assert policy["CreateDate"].isoformat() == known["CreateDate"]


def test_all_managed_policies_are_listed(cloud: Cloud) -> None:
    pages = client(cloud, "iam").get_paginator("list_policies").paginate(Scope="AWS")
    listed = {policy["PolicyName"] for page in pages for policy in page["Policies"]}
    assert listed == json.loads(aws_managed_policies_data).keys()


def test_endpoint_services_are_those_of_moto(cloud: Cloud) -> None:
    ec2 = client(cloud, "ec2")
    names = [f"com.amazonaws.{REGION}.{name}" for name in ("ecr.api", "ecr.dkr", "s3", "dynamodb", "logs", "sts")]
    details = ec2.describe_vpc_endpoint_services(ServiceNames=names)["ServiceDetails"]
    kinds: dict[str, set[str]] = {name: set() for name in names}
    for detail in details:
        kinds[detail["ServiceName"]] |= {kind["ServiceType"] for kind in detail["ServiceType"]}
    *others, logs, sts = names
    assert [kinds[name] for name in others] == [{"Interface"}, {"Interface"}, {"Interface", "Gateway"}, {"Gateway"}]
    assert kinds[logs] == kinds[sts] == {"Interface"}
    docker = next(detail for detail in details if detail["ServiceName"].endswith("ecr.dkr"))
    assert docker["PrivateDnsName"] == f"*.dkr.ecr.{REGION}.amazonaws.com"


def test_a_model_has_no_documentation_and_keeps_a_member_of_that_name() -> None:
    service_models.keep_small()
    model = create_loader().load_service_model("ec2", "service-2")
    assert "documentation" not in model["operations"]["CreateVpc"]
    assert model["operations"]["CreateVpc"]["input"]["shape"] in model["shapes"]
    assert service_models.without_text([("documentation", {"shape": "String"})]) == {
        "documentation": {"shape": "String"}
    }


def test_one_connection_serves_many_requests_of_any_kind(cloud: Cloud) -> None:
    s3 = client(cloud, "s3")
    bucket = "bucket-of-a-connection"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="key", Body=b"0123456789", ACL="public-read")
    connection = http.client.HTTPConnection(cloud.instance.addresses.cloud, 5000, timeout=30)
    try:
        for _ in range(3):
            head, nothing = _answer(connection, "HEAD", f"/{bucket}/key")
            assert (head.status, head.getheader("Content-Length"), nothing) == (200, "10", b"")
            got, body = _answer(connection, "GET", f"/{bucket}/key")
            assert (got.status, body) == (200, b"0123456789")
            missing, _ = _answer(connection, "GET", "/tenantry-sandbox/no-such-path")
            assert missing.status == 404
            assert connection.sock is not None, "the cloud has closed the connection"
    finally:
        connection.close()
        s3.delete_object(Bucket=bucket, Key="key")
        s3.delete_bucket(Bucket=bucket)


def test_a_chunked_request_is_read_whole_and_ends_its_connection(cloud: Cloud) -> None:
    connection = http.client.HTTPConnection(cloud.instance.addresses.cloud, 5000, timeout=30)
    try:
        connection.request("PUT", "/tenantry-sandbox/quotas", body=iter([b'{"vpcs"', b": 7}"]), encode_chunked=True)
        answer = connection.getresponse()
        assert json.loads(answer.read())["vpcs"] == 7
        assert answer.getheader("Connection") == "close"
    finally:
        connection.close()
        cloud.set_quotas(vpcs=5)


def _answer(connection: http.client.HTTPConnection, method: str, path: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection.request(method, path)
    answer = connection.getresponse()
    return answer, answer.read()
