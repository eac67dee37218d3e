"""What the roles of an environment may do, and what is kept of buckets and queues: computed from their policies."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.cloud_examples import cloud_graph
from tests.cloud_outputs import ACCOUNT
from tests.effects.iam import Caller, Document, Request, is_allowed, statements, texts
from tests.effects.policies import ROLE, ResourcePolicy, managed, own_policies, resource_policies, role_arn
from tests.effects.strangers import EVERYTHING
from tests.examples import declared_graph
from tests.harness import Graph, Node

# With any of these a role could give itself every other right.
ESCALATIONS = (
    *("iam:AttachRolePolicy", "iam:CreateAccessKey", "iam:CreatePolicyVersion", "iam:PassRole", "iam:PutRolePolicy"),
    *("iam:SetDefaultPolicyVersion", "iam:UpdateAssumeRolePolicy", "sts:AssumeRole", "eks:CreateAccessEntry"),
    *("kms:PutKeyPolicy", "s3:PutBucketPolicy", "secretsmanager:PutResourcePolicy", "lambda:UpdateFunctionCode"),
)

# Policies that AWS maintains: role -> which, since what they allow is AWS's to say.
MANAGED = {
    "cluster-control-role": {"AmazonEKSClusterPolicy"},
    "cluster-nodes-role": {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"},
    "cluster-pods-cni-role": {"AmazonEKS_CNI_Policy"},
}

# Secrets that `tests.cloud_examples` grants to its workload `api`.
GRANTED = ("cache-credentials-secret", "database-credentials-secret", "secret-jwt-secret", "secret-payment-secret")

OVER_HTTP: Mapping[str, str] = {"aws:SecureTransport": "false", "s3:TlsVersion": "1.3"}
OVER_TLS: Mapping[str, str] = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}
OLD_TLS: Mapping[str, str] = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.1"}
ADMINISTRATOR = Caller(arn=f"arn:aws:iam::{ACCOUNT}:role/administrator", account=ACCOUNT)


@pytest.fixture(scope="module", params=[cloud_graph, declared_graph], ids=["cloud", "declared"])
def graph(request: pytest.FixtureRequest) -> Graph:
    found: Graph = request.param()
    return found


@pytest.fixture(scope="module")
def cloud() -> Graph:
    return cloud_graph()


def may(graph: Graph, role: Node, action: str, resource: str, **context: str) -> bool:
    """Return whether a role's own policies allow this, with the policy of the resource where it has one."""
    caller = Caller(arn=role_arn(role), account=ACCOUNT)
    request = Request(caller, action, resource, {**OVER_TLS, **context})
    return is_allowed(request, own_policies(graph, role), of(graph, resource), owner=ACCOUNT)


def of(graph: Graph, resource: str) -> list[Document]:
    """Return the policies that name a resource, of buckets and queues."""
    return [
        policy.document
        for policy in resource_policies(graph)
        for part in statements(policy.document)
        if resource.removesuffix("/x") in texts(part.get("Resource", ()))
    ]


def probes(graph: Graph) -> set[str]:
    """Return ARNs of everything that any policy is about, and of what none is."""
    named = {
        resource.replace("*", "x")
        for role in graph.of_type(ROLE)
        for document in own_policies(graph, role)
        for part in statements(document)
        for resource in texts(part.get("Resource", ()))
    }
    return named | {role_arn(role) for role in graph.of_type(ROLE)} | {f"arn:aws:iam::{ACCOUNT}:policy/x"}


def test_no_role_can_give_itself_more_rights(graph: Graph) -> None:
    resources = probes(graph)
    own = {role.name: (Caller(role_arn(role), ACCOUNT), own_policies(graph, role)) for role in graph.of_type(ROLE)}
    found = [
        (name, action, resource)
        for name, (caller, documents) in own.items()
        for action in ESCALATIONS
        for resource in resources
        if is_allowed(Request(caller, action, resource, OVER_TLS), documents, owner=ACCOUNT)
    ]
    assert len(resources) > 10
    assert found == []


def test_policies_that_aws_maintains_are_where_they_must_be_and_nowhere_else(graph: Graph) -> None:
    assert {role.name: managed(graph, role) for role in graph.of_type(ROLE) if managed(graph, role)} == MANAGED


def test_a_role_without_grants_may_do_nothing(graph: Graph) -> None:
    for name in ("cert-manager", "external-dns"):
        role = graph.named(f"cluster-controllers-{name}-pods-role")
        beyond = [
            (action, resource)
            for document in own_policies(graph, role)
            for part in statements(document)
            for action in texts(part["Action"])
            for resource in texts(part["Resource"])
            if not action.startswith("route53:")
        ]
        assert beyond == [], f"{name} may do more than change records"


def test_a_workload_reads_the_secrets_that_it_was_granted_and_no_others(cloud: Graph) -> None:
    role = cloud.named("cluster-pods-api-role")
    secrets = {node.name: f"{_arn(cloud, node)}" for node in cloud.of_type("secretsmanager/secret:Secret")}
    readable = {name for name, arn in secrets.items() if may(cloud, role, "secretsmanager:GetSecretValue", arn)}
    assert readable == set(GRANTED)
    without = [node for node in cloud.of_type(ROLE) if node is not role]
    others = [
        (node.name, name)
        for node in without
        for name, arn in secrets.items()
        if may(cloud, node, "secretsmanager:GetSecretValue", arn)
    ]
    assert len(without) > 5
    assert others == []
    assert not [name for name, arn in secrets.items() if may(cloud, role, "secretsmanager:PutSecretValue", arn)]
    assert not may(cloud, role, "secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:x")


def test_a_workload_uses_the_bucket_that_it_was_granted_and_no_other(cloud: Graph) -> None:
    role = cloud.named("cluster-pods-api-role")
    buckets = {node.name: f"arn:aws:s3:::{node.name}" for node in cloud.of_type("s3/bucket:Bucket")}
    for action in ("s3:GetObject", "s3:PutObject"):
        able = {name for name, arn in buckets.items() if may(cloud, role, action, f"{arn}/x")}
        assert able == {"uploads-objects-bucket"}, action
    assert not [name for name, arn in buckets.items() if may(cloud, role, "s3:DeleteBucket", arn)]


def transport(graph: Graph, context: Mapping[str, str]) -> dict[str, list[str]]:
    """Return what an administrator may still do with every bucket and queue."""
    found: dict[str, list[str]] = {}
    for policy in resource_policies(graph):
        for service, actions in _TRANSPORTED.items():
            if policy.node.type.endswith(service):
                found[policy.node.name] = [action for action in actions if _administers(policy, action, context)]
    return found


_TRANSPORTED: Mapping[str, tuple[str, ...]] = {
    ":BucketPolicy": ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"),
    ":QueuePolicy": ("sqs:SendMessage", "sqs:ReceiveMessage"),
}


def _administers(policy: ResourcePolicy, action: str, context: Mapping[str, str]) -> bool:
    resources = {resource for part in statements(policy.document) for resource in texts(part["Resource"])}
    asked = [Request(ADMINISTRATOR, action, resource.replace("*", "x"), context) for resource in sorted(resources)]
    return any(is_allowed(request, [EVERYTHING], [policy.document], owner=ACCOUNT) for request in asked)


def test_nothing_is_read_or_written_in_plain_text_even_by_administrators(graph: Graph) -> None:
    found = transport(graph, OVER_HTTP)
    assert len(found) >= 5
    assert {name: actions for name, actions in found.items() if actions} == {}
    old = {name: actions for name, actions in transport(graph, OLD_TLS).items() if actions}
    assert not [name for name in old if graph.named(name).type.endswith(":BucketPolicy")]


def test_over_tls_an_administrator_reads(graph: Graph) -> None:
    found = transport(graph, OVER_TLS)
    assert not [name for name, actions in found.items() if not {"s3:GetObject", "sqs:ReceiveMessage"} & set(actions)]


def test_no_bucket_can_be_made_public(graph: Graph) -> None:
    closed: dict[Any, list[bool]] = {
        node.plain("bucket"): [bool(node.plain(name)) for name in _CLOSED]
        for node in graph.of_type(":BucketPublicAccessBlock")
    }
    buckets = [node.plain().get("bucket", f"{node.name}-1a2b3c4") for node in graph.of_type("s3/bucket:Bucket")]
    assert buckets
    assert closed == {bucket: [True] * len(_CLOSED) for bucket in buckets}


_CLOSED = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _arn(graph: Graph, secret: Node) -> str:
    assert secret.urn in graph.nodes
    return f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:{secret.name}"
