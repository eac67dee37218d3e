"""Promises that every component keeps."""

import json
from collections.abc import Callable
from importlib import import_module

import pytest

from infra.naming import POSTGRESQL_NAME_BYTES
from infra.sandbox.plugins.values import has_secret, reveal
from tests.cloud_examples import cloud_graph
from tests.cloud_outputs import CLUSTER_GROUP
from tests.examples import declared_graph, environment_graph, jobs_graph, routed_graph
from tests.harness import Graph, Node

KUBERNETES_NAME_LENGTH = 63  # RFC 1123 label

AUTOMATIC_SUFFIX = 8  # a dash and seven random characters
OPERATORS_GROUP = "id-of-operators-group"
COLLECTORS_GROUP = "id-of-certificate-watch-group"
# AWS takes no resource for these (Service Authorization Reference).
WITHOUT_RESOURCES = {"ecr:GetAuthorizationToken", "route53:ListHostedZones", "route53:ListHostedZonesByName"}

ANYWHERE = {"0.0.0.0/0", "::/0"}

# The longest names, from the AWS API reference of each service. The others allow 128 characters or more.
AWS_NAME_LENGTHS = {
    "iam/role:Role": 64,
    "eks/nodeGroup:NodeGroup": 63,
    "elasticache/replicationGroup:ReplicationGroup": 40,
    "s3/bucket:Bucket": 63,
}
AWS_NAME_LENGTH = 128


# All brought, each component on AWS for itself, all declared, that with hosts, and all brought with jobs.
@pytest.fixture(
    scope="module",
    params=[environment_graph, cloud_graph, declared_graph, routed_graph, jobs_graph],
    ids=["platform", "cloud", "declared", "routed", "jobs"],
)
def graph(request: pytest.FixtureRequest) -> Graph:
    return request.param()


@pytest.fixture(scope="module", params=[cloud_graph, declared_graph], ids=["cloud", "declared"])
def cloud(request: pytest.FixtureRequest) -> Graph:
    return request.param()


def of_aws(graph: Graph) -> list[Node]:
    return [node for node in graph.nodes.values() if node.type.startswith("aws:")]


def takes_tags(node: Node) -> bool:
    _, module, kind = node.type.split(":")
    return hasattr(getattr(import_module(f"pulumi_aws.{module.partition('/')[0]}"), kind), "tags")


def test_every_resource_has_a_chain_of_parents_that_ends_in_a_component(graph: Graph) -> None:
    for node in graph.nodes.values():
        if node.type.startswith("pulumi:providers:"):
            continue
        top = node
        while top.parent in graph.nodes:
            top = graph.nodes[top.parent]
        assert top.type.startswith("tenantry:"), f"{node.name} stands outside every component"
        assert node.name.startswith(top.name), f"{node.name} does not carry the name of {top.name}"


def test_every_component_registers_outputs(graph: Graph) -> None:
    components = [node for node in graph.nodes.values() if not node.custom]
    assert components
    for node in components:
        assert node.outputs, f"{node.name} registered no outputs"


def test_no_logical_name_holds_the_environment(graph: Graph) -> None:
    assert not [node.name for node in graph.nodes.values() if "mocked" in node.name]


def test_every_resource_uses_a_declared_provider(graph: Graph) -> None:
    for node in graph.nodes.values():
        package = node.type.partition(":")[0]
        if node.custom and package in ("aws", "kubernetes", "postgresql"):
            assert f"pulumi:providers:{package}" in node.provider, f"{node.name} uses an ambient provider"


def test_names_are_within_the_limits_of_their_servers(graph: Graph) -> None:
    for node in graph.nodes.values():
        if node.type.startswith("postgresql:") and "name" in node.inputs:
            assert len(node.plain("name").encode()) <= POSTGRESQL_NAME_BYTES
        if node.type.startswith("kubernetes:"):
            assert len(node.plain("metadata").get("name", node.name + "-00000000")) <= KUBERNETES_NAME_LENGTH


def test_kubernetes_objects_carry_the_recommended_labels(graph: Graph) -> None:
    for kind in (
        ":Deployment",
        ":Job",
        ":CronJob",
        ":Service",
        ":Namespace",
        ":Secret",
        ":ConfigMap",
        ":ServiceAccount",
    ):
        for node in graph.of_type(kind):
            if node.type.startswith("kubernetes:"):
                assert node.plain("metadata", "labels", "app.kubernetes.io/part-of") == "tenantry", node.name


@pytest.mark.parametrize(
    ("declare", "expected"),
    [
        (environment_graph, ["Role"] * 3 + ["Secret"] * 3),
        (cloud_graph, ["Instance", "ReplicationGroup", "SecretVersion", "SecretVersion"]),
        (
            declared_graph,
            [
                *("Instance", "ReplicationGroup", "ReplicationGroup", *["Role"] * 3, *["Secret"] * 5),
                *(*["SecretVersion"] * 5, "postgresql"),  # the last is the provider
            ],
        ),
    ],
    ids=["platform", "cloud", "declared"],
)
def test_no_password_is_anywhere_but_in_a_secret(declare: Callable[[], Graph], expected: list[str]) -> None:
    graph = declare()
    holders = []
    for node in graph.nodes.values():
        plain = {key: value for key, value in node.inputs.items() if not has_secret(value)}
        assert "password-of-" not in json.dumps(reveal(plain)), f"{node.name} shows a password"
        assert "password-of-" not in json.dumps(reveal(dict(node.outputs or {}))), f"{node.name} outputs a password"
        if "password-of-" in json.dumps(reveal(dict(node.inputs))):
            holders.append(node.type.rpartition(":")[2])
    assert sorted(holders) == expected
    shown = {name: value for name, value in graph.exports.items() if name not in graph.secret_exports}
    assert "password-of-" not in json.dumps(reveal(shown)), "the stack outputs a password"


def test_every_namespace_denies_what_no_policy_allows_and_enforces_the_restricted_standard(graph: Graph) -> None:
    denied = {
        node.plain("metadata", "namespace"): node.plain("spec")
        for node in graph.of_type(":NetworkPolicy")
        if node.plain("spec", "podSelector") == {}
    }
    for node in graph.of_type(":Namespace"):
        if node.type.startswith("kubernetes:"):
            assert node.plain("metadata", "labels", "pod-security.kubernetes.io/enforce") == "restricted"
            spec = denied[node.plain("metadata", "name")]
            assert spec["policyTypes"] == ["Ingress", "Egress"]
            assert "ingress" not in spec
            assert all(rule["to"] and rule["ports"] for rule in spec.get("egress", []))


def test_images_are_named_by_digest(graph: Graph) -> None:
    for node in graph.of_type(":Deployment"):
        for container in node.plain("spec", "template", "spec", "containers"):
            assert "@sha256:" in container["image"]


def test_everything_on_aws_that_takes_tags_tells_its_name_and_its_owner(cloud: Graph) -> None:
    tagged = [node for node in of_aws(cloud) if takes_tags(node)]
    assert len(tagged) > 50
    for node in tagged:
        tags = node.plain().get("tags", {})
        assert tags.get("Name") == node.name, f"{node.name} has no tag with its name"
        assert tags.get("tenantry:component"), f"{node.name} does not tell its component"


def test_names_on_aws_are_within_its_limits(cloud: Graph) -> None:
    for node in of_aws(cloud):
        limit = AWS_NAME_LENGTHS.get(node.type.removeprefix("aws:"), AWS_NAME_LENGTH)
        assert len(node.name) + AUTOMATIC_SUFFIX <= limit, f"{node.name} is too long for a {node.type}"


def test_nothing_on_aws_is_public_by_default(cloud: Graph) -> None:
    for rule in cloud.of_type(":SecurityGroupIngressRule"):
        assert not {rule.plain().get("cidrIpv4"), rule.plain().get("cidrIpv6")} & ANYWHERE, rule.name
    for group in cloud.of_type(":SecurityGroup"):
        assert "ingress" not in group.inputs, f"{group.name} has rules that no test sees"
    databases = cloud.of_type("rds/instance:Instance")
    assert databases
    assert not [node.name for node in databases if node.plain("publiclyAccessible") is not False]
    assert [node.plain("vpcConfig", "endpointPublicAccess") for node in cloud.of_type("eks/cluster:Cluster")] == [False]


def test_every_bucket_is_closed_to_the_public() -> None:
    cloud = cloud_graph()
    closed = [node.plain("bucket") for node in cloud.of_type(":BucketPublicAccessBlock")]
    policed = {node.plain("bucket") for node in cloud.of_type(":BucketPolicy")}
    assert [f"{node.name}-1a2b3c4" for node in cloud.of_type("s3/bucket:Bucket")] == closed
    assert set(closed) == policed
    assert "uploads-objects-bucket-1a2b3c4" in closed


def test_everything_that_holds_data_is_protected_by_default(cloud: Graph) -> None:
    holders = ("rds/instance:Instance", "ReplicationGroup", "s3/bucket:Bucket", "eks/cluster:Cluster")
    found = [node for kind in holders for node in cloud.of_type(kind)]
    assert len(found) >= 4  # one of each
    for node in found:
        assert node.protect, f"{node.name} can be deleted by mistake"


def test_no_role_has_rights_on_everything(cloud: Graph) -> None:
    policies = [*cloud.of_type("iam/policy:Policy"), *cloud.of_type("iam/rolePolicy:RolePolicy")]
    assert policies
    for node in policies:
        for statement in json.loads(node.plain("policy"))["Statement"]:
            if not set(statement["Action"]) <= WITHOUT_RESOURCES:
                assert "*" not in statement["Resource"], f"{node.name} reaches every resource"
            assert not [action for action in statement["Action"] if action.endswith("*")], (
                f"{node.name} may do anything"
            )


def test_every_role_is_assumed_by_one_service(cloud: Graph) -> None:
    for node in cloud.of_type("iam/role:Role"):
        (statement,) = json.loads(node.plain("assumeRolePolicy"))["Statement"]
        assert statement["Principal"].keys() == {"Service"}
        assert statement["Principal"]["Service"].endswith(".amazonaws.com")


def test_every_key_is_rotated_and_takes_30_days_to_delete(cloud: Graph) -> None:
    for node in cloud.of_type("kms/key:Key"):
        assert node.plain("enableKeyRotation") is True
        assert node.plain("deletionWindowInDays") == 30


def test_a_key_is_used_by_its_own_account_alone(cloud: Graph) -> None:
    for node in cloud.of_type("kms/key:Key"):
        for statement in json.loads(node.plain("policy"))["Statement"]:
            if statement["Principal"].get("AWS") == "*":
                assert statement["Condition"]["StringEquals"]["kms:CallerAccount"] == "123456789012"
                assert statement["Condition"]["StringEquals"]["kms:ViaService"]


def test_log_groups_are_encrypted_and_their_records_end(cloud: Graph) -> None:
    groups = cloud.of_type(":LogGroup")
    assert groups
    for node in groups:
        assert node.plain("kmsKeyId"), node.name
        assert node.plain("retentionInDays") > 0, node.name


def test_no_group_of_an_opened_port_names_an_address(cloud: Graph) -> None:
    named = [rule for rule in cloud.of_type(":SecurityGroupIngressRule") if "cidrIpv4" not in rule.inputs]
    assert {"cache-port-from-cluster", "database-port-from-cluster"} <= {rule.name for rule in named}
    known = {CLUSTER_GROUP, OPERATORS_GROUP, COLLECTORS_GROUP}
    assert {rule.plain("referencedSecurityGroupId") for rule in named} <= known
