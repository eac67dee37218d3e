"""Killing the engine, the cloud and the aws plugin while `local` makes what it stands on: nothing lost, nothing twice.

Shares its instance with `test_declared_platform`, which takes the stack as this leaves it: applied.
"""

from collections.abc import Callable

import pytest

from infra.sandbox.waiting import wait_until
from tests.engine.consistency import assert_as_recorded
from tests.engine.declared import DeclaredStack, assert_account_equals_state
from tests.engine.interruption import Update, assert_nothing_survives, plugin, update
from tests.sandbox.cloud.harness import kill as kill_cloud

_NAME = "tenantry-local"

Condition = Callable[[DeclaredStack], bool]


@pytest.fixture
def empty(declared: DeclaredStack) -> DeclaredStack:
    """The declared stack, with nothing of it there."""
    if declared.resources():
        declared.pulumi("destroy", "--yes", "--skip-preview")
    return declared


def test_a_first_update_is_completed_after_kills_of_engine_cloud_and_plugin(empty: DeclaredStack) -> None:
    _kill_engine(empty, "database-instance", _both_are_being_created)
    _kill_cloud(empty, "cache-nodes", _has_cache)
    _kill_plugin(empty, "cluster-general-eu-central-1a", _has_nodes)
    _kill_engine(empty, "tenants-shared-database", lambda _stack: True)
    empty.up()
    assert_nothing_survives(empty)
    assert_account_equals_state(empty)
    assert_as_recorded(empty)


def _kill_engine(stack: DeclaredStack, name: str, under_way: Condition) -> None:
    with update(stack) as killed:
        _reach(killed, stack, name, under_way)
        killed.kill()
    stack.pulumi("cancel", "--yes")


def _kill_cloud(stack: DeclaredStack, name: str, under_way: Condition) -> None:
    with update(stack) as broken:
        _reach(broken, stack, name, under_way)
        kill_cloud(stack.cloud)
        result = broken.result()
    assert result.code != 0
    assert "Traceback" not in result.text
    stack.start_servers()


def _kill_plugin(stack: DeclaredStack, name: str, under_way: Condition) -> None:
    with update(stack) as broken:
        _reach(broken, stack, name, under_way)
        plugin(stack, "aws").kill()
        result = broken.result()
    assert result.code != 0
    assert "pulumi-resource-aws exited prematurely" in result.text
    assert "Traceback" not in result.text


def _reach(run: Update, stack: DeclaredStack, name: str, under_way: Condition) -> None:
    """Return once the update makes the resource `name`, and the account shows that."""
    run.reach_start_of(name)
    wait_until(
        lambda: under_way(stack), seconds=60, what=f"{name} is not made", where="the cloud", remedy="", every=0.02
    )


def _both_are_being_created(stack: DeclaredStack) -> bool:
    """Whether cluster and database are, at the same time."""
    eks = stack.client("eks")
    clusters = [eks.describe_cluster(name=name)["cluster"]["status"] for name in eks.list_clusters()["clusters"]]
    databases = stack.client("rds").describe_db_instances()["DBInstances"]
    return (clusters, [one["DBInstanceStatus"] for one in databases]) == (["CREATING"], ["creating"])


def _has_cache(stack: DeclaredStack) -> bool:
    return bool(stack.client("elasticache").describe_replication_groups()["ReplicationGroups"])


def _has_nodes(stack: DeclaredStack) -> bool:
    return bool(stack.client("eks").list_nodegroups(clusterName=_NAME)["nodegroups"])
