"""Rights in the cluster and in the database."""

from typing import Any

import pytest

from infra.gate.change import Hidden, Properties
from infra.gate.rules import rights
from tests.gate.rules.cases import created, deleted, found, replaced, there, updated

UNKNOWN = Hidden.UNKNOWN
CLUSTER = "aws:eks/cluster:Cluster"
ENTRY = "aws:eks/accessEntry:AccessEntry"
ACCESS = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
IDENTITY = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
CLUSTER_ROLE = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
BINDING = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
ROLE = "postgresql:index/role:Role"
GRANT = "postgresql:index/grant:Grant"
MEMBER = "postgresql:index/grantRole:GrantRole"
ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
WHO = {"principalArn": "arn:aws:iam::123456789012:role/ann"}


def test_a_cluster_that_is_there_gets_no_more_administrators() -> None:
    entry, access = created(ENTRY, WHO), created(ACCESS, {**WHO, "policyArn": ADMIN})
    assert [finding.urn for finding in found(rights.cluster_access_widened, entry, access)] == [entry.urn, access.urn]
    assert not found(rights.cluster_access_widened, entry, access, created(CLUSTER, {}))
    assert not found(rights.cluster_access_widened, deleted(ENTRY, WHO), deleted(ACCESS, WHO))


@pytest.mark.parametrize(
    ("token", "key", "before", "after"),
    [
        (ENTRY, "principalArn", "a", "b"),
        (ENTRY, "kubernetesGroups", ["readers"], ["system:masters"]),
        (ACCESS, "policyArn", "view", ADMIN),
        (ACCESS, "accessScope", {"type": "namespace"}, {"type": "cluster"}),
        (ACCESS, "policyArn", "view", UNKNOWN),
        (IDENTITY, "roleArn", "a", "b"),
    ],
)
def test_access_does_not_change(token: str, key: str, before: Any, after: Any) -> None:
    for change in (updated(token, {key: before}, {key: after}), replaced(token, {key: before}, {key: after})):
        assert len(found(rights.cluster_access_widened, change)) == 1
    assert not found(rights.cluster_access_widened, updated(token, {key: before, "a": 1}, {key: before, "a": 2}))


def role(*verbs: str, resources: Any = ("pods",)) -> Properties:
    return {"rules": [{"apiGroups": [""], "resources": list(resources), "verbs": list(verbs)}]}


def binding(name: str, *subjects: str) -> Properties:
    return {"roleRef": {"name": name}, "subjects": [{"kind": "ServiceAccount", "name": one} for one in subjects]}


def test_a_role_of_the_cluster_allows_no_more() -> None:
    (finding,) = found(rights.cluster_role_widened, updated(CLUSTER_ROLE, role("get"), role("get", "delete")))
    assert finding.reason == "rules more: delete of pods"
    assert found(rights.cluster_role_widened, updated(CLUSTER_ROLE, role("get"), {"rules": UNKNOWN}))
    assert found(rights.cluster_role_widened, updated(BINDING, binding("view", "a"), binding("view", "a", "b")))
    assert not found(rights.cluster_role_widened, updated(CLUSTER_ROLE, role("get", "list"), role("get")))
    assert not found(rights.cluster_role_widened, created(CLUSTER_ROLE, role("get")))


def test_nobody_may_do_everything_in_the_cluster() -> None:
    assert found(rights.cluster_administrator, there(BINDING, binding("cluster-admin", "job")))
    assert found(rights.cluster_administrator, there(CLUSTER_ROLE, role("*", resources=["*"])))
    assert not found(rights.cluster_administrator, there(BINDING, binding("view", "job")))
    assert not found(rights.cluster_administrator, there(CLUSTER_ROLE, role("get", resources=["*"])))


@pytest.mark.parametrize("attribute", sorted(rights._ATTRIBUTES))
def test_a_role_of_the_database_gets_no_attribute(attribute: str) -> None:
    for value in (True, UNKNOWN):
        assert found(rights.database_rights_widened, updated(ROLE, {attribute: False}, {attribute: value}))
        assert found(rights.database_rights_widened, created(ROLE, {attribute: value}))
    assert not found(rights.database_rights_widened, updated(ROLE, {attribute: True}, {attribute: False}))
    assert not found(rights.database_rights_widened, created(ROLE, {"name": "a", "login": True}))


@pytest.mark.parametrize(
    ("token", "key"),
    [(ROLE, "roles"), (GRANT, "privileges"), ("postgresql:index/defaultPrivileges:DefaultPrivileges", "privileges")],
)
def test_roles_and_grants_give_no_more(token: str, key: str) -> None:
    assert found(rights.database_rights_widened, updated(token, {key: ["a"]}, {key: ["a", "b"]}))
    assert found(rights.database_rights_widened, updated(token, {key: ["a"]}, {key: ["a", UNKNOWN]}))
    assert found(rights.database_rights_widened, updated(token, {key: ["a"]}, {key: UNKNOWN}))
    assert not found(rights.database_rights_widened, updated(token, {key: ["a", "b"]}, {key: ["b"]}))
    assert not found(rights.database_rights_widened, updated("postgresql:index/schema:Schema", {key: []}, {key: ["a"]}))


def test_nothing_is_granted_to_every_role() -> None:
    for privileges in (["CONNECT"], UNKNOWN):
        everybody = {"role": "public", "privileges": privileges}
        assert found(rights.database_rights_widened, created(GRANT, everybody))
        assert not found(rights.database_rights_widened, created(GRANT, {**everybody, "role": "shop"}))


def test_what_keeps_every_role_out_stays() -> None:
    closing = {"role": "public", "privileges": []}
    parent = "urn:pulumi:example::tenantry::tenantry:database:ClosedDatabase::shared"
    assert not found(rights.database_rights_widened, created(GRANT, closing))
    gone = deleted(GRANT, closing, parent=parent)
    assert found(rights.database_rights_widened, gone)
    database = deleted("postgresql:index/database:Database", {}, parent=parent)
    assert not found(rights.database_rights_widened, gone, database)


def test_a_role_becomes_another_only_when_either_is_new() -> None:
    member = created(MEMBER, {"role": "shop", "grantRole": "shop_owner"})
    assert found(rights.database_rights_widened, member)
    assert not found(rights.database_rights_widened, member, created(ROLE, {"name": "shop_owner"}))
    assert not found(rights.database_rights_widened, deleted(MEMBER, {"role": "shop", "grantRole": "shop_owner"}))
