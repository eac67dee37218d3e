"""Deletions and replacements of what holds something."""

from typing import Any

import pytest

from infra.gate.change import PropertyChange
from infra.gate.rules import stateful
from tests.gate.rules.cases import created, deleted, found, replaced, tenants, there, updated, urn

DATABASE = "aws:rds/instance:Instance"
GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
PARAMETERS = "aws:elasticache/parameterGroup:ParameterGroup"
PASSWORD = "random:index/randomPassword:RandomPassword"
LEFT: dict[str, Any] = {
    "slug": "book-store",
    "plan": "pro",
    "lifecycle": {"state": "deleted", "export": "0" * 64},
}


@pytest.mark.parametrize(
    "token",
    [
        DATABASE,
        "aws:kms/key:Key",
        "aws:s3/bucket:Bucket",
        "aws:sqs/queue:Queue",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:secretsmanager/secret:Secret",
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
        "kubernetes:core/v1:Namespace",
        "kubernetes:core/v1:PersistentVolumeClaim",
        "kubernetes:core/v1:Secret",
        "postgresql:index/database:Database",
        "postgresql:index/schema:Schema",
        "postgresql:index/role:Role",
        PASSWORD,
    ],
)
def test_what_holds_something_is_neither_deleted_nor_replaced(token: str) -> None:
    for change in (deleted(token, {"a": 1}), replaced(token, {"a": 1}, {"a": 2})):
        (finding,) = found(stateful.stateful_delete, change)
        assert finding.level == "dangerous"
        assert finding.urn == change.urn
    assert not found(stateful.stateful_delete, updated(token, {"a": 1}, {"a": 2}), created(token, {}, name="two"))


@pytest.mark.parametrize("token", ["aws:ec2/eip:Eip", "kubernetes:apps/v1:Deployment", "tenantry:database:Database"])
def test_what_holds_nothing_may_go(token: str) -> None:
    assert not found(stateful.stateful_delete, deleted(token))


def test_the_reason_names_what_replaces_it() -> None:
    cause = PropertyChange("engine", "update", "postgres", "mysql", replaces=True)
    other = PropertyChange("tags.a", "update", "1", "2")
    (finding,) = found(stateful.stateful_delete, replaced(DATABASE, {}, {}, properties=[cause, other]))
    assert finding.reason == "replaced, as engine changes: with it goes its databases"


def test_a_deletion_that_leaves_it_where_it_is_loses_nothing() -> None:
    kept = deleted(DATABASE, retained=True)
    assert not found(stateful.stateful_delete, kept)
    assert [finding.level for finding in found(stateful.stateful_left, kept)] == ["notable"]
    assert not found(stateful.stateful_left, deleted("aws:ec2/eip:Eip", retained=True))


def test_a_replacement_begins_empty_even_where_the_old_one_is_kept() -> None:
    assert found(stateful.stateful_delete, replaced(DATABASE, {}, {}, retained=True))


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
def test_a_cache_is_no_store(policy: str) -> None:
    group = deleted(GROUP, name="cache-nodes", parent=urn("tenantry:redis:Redis", "cache"))
    parameters = deleted(
        PARAMETERS,
        {"parameters": [{"name": "maxmemory-policy", "value": policy}]},
        name="cache-parameters",
        parent=group.parent,
    )
    assert not found(stateful.stateful_delete, group, parameters)
    assert [finding.urn for finding in found(stateful.cache_emptied, group, parameters)] == [group.urn]


def test_a_store_of_sessions_is_one() -> None:
    parent = urn("tenantry:redis:Redis", "sessions")
    group = replaced(GROUP, {"engine": "redis"}, {"engine": "valkey"}, parent=parent)
    lasting = there(PARAMETERS, {"parameters": [{"name": "maxmemory-policy", "value": "noeviction"}]}, parent=parent)
    other = there(PARAMETERS, {"parameters": [{"name": "maxmemory-policy", "value": "allkeys-lru"}]}, name="other")
    (finding,) = found(stateful.stateful_delete, group, lasting, other)
    assert "sessions" in finding.reason
    assert found(stateful.stateful_delete, group), "without its parameters nobody can tell, so it is one"
    assert not found(stateful.cache_emptied, group, lasting)


def test_a_password_is_replaced_by_a_declared_rotation() -> None:
    old, new = ({"length": 32, "keepers": {"rotated_at": f"2026-{month}-01T00:00:00Z"}} for month in ("10", "11"))
    assert not found(stateful.stateful_delete, replaced(PASSWORD, old, new))
    assert found(stateful.password_rotated, replaced(PASSWORD, old, new))
    longer = replaced(PASSWORD, old, {**new, "length": 16})
    assert found(stateful.stateful_delete, longer), "more than the time changed"
    assert not found(stateful.password_rotated, longer)


def test_what_a_tenant_leaves_behind_goes_with_it() -> None:
    tenant = deleted("tenantry:tenant:SchemaTenant", name="tenant-book-store")
    schema = deleted("postgresql:index/schema:Schema", parent=tenant.urn)
    assert not found(stateful.stateful_delete, tenant, schema, settings=tenants(LEFT))
    staying = tenants({"slug": "book-store", "plan": "pro"})
    assert found(stateful.stateful_delete, tenant, schema, settings=staying)
    assert found(stateful.stateful_delete, tenant, schema), "without settings nobody knows"
    again = replaced("postgresql:index/schema:Schema", {"name": "a"}, {"name": "b"}, parent=tenant.urn)
    assert found(stateful.stateful_delete, tenant, again, settings=tenants(LEFT)), "it is not even to be there"


@pytest.mark.parametrize("token", ["aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:eks/cluster:Cluster"])
def test_a_foundation_takes_what_stands_on_it_along(token: str) -> None:
    assert found(stateful.foundation_delete, deleted(token))
    assert not found(stateful.foundation_delete, updated(token, {"a": 1}, {"a": 2}))
