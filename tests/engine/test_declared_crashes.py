"""Killing the engine, the cloud and the aws plugin while `local` makes what it stands on: nothing lost, nothing twice.

Shares its instance with `test_declared_platform`, which takes the stack as this leaves it: applied.
"""

from collections.abc import Callable
from typing import Any

import pytest

from infra.sandbox.waiting import wait_until
from tests.engine.consistency import assert_as_recorded
from tests.engine.declared import DeclaredStack, assert_account_equals_state
from tests.engine.interruption import assert_nothing_survives, plugin, update
from tests.sandbox.cloud.harness import kill as kill_cloud

_HELD = 120.0  # seconds that a call is held back at most; a test lets it go on, or kills who would


@pytest.fixture
def empty(declared: DeclaredStack) -> DeclaredStack:
    """The declared stack, with nothing of it there."""
    return declared.emptied()


def test_a_first_update_is_completed_after_kills_of_engine_cloud_and_plugin(empty: DeclaredStack) -> None:
    _kill_engine_while_cluster_and_database_are_created(empty)
    _kill_cloud_between_two_node_groups(empty)
    _kill_plugin_before_an_addon_takes_effect(empty)
    _kill_engine_while_it_makes_databases(empty)
    empty.up()
    assert_nothing_survives(empty)
    assert_account_equals_state(empty)
    assert_as_recorded(empty)


def _kill_engine_while_cluster_and_database_are_created(stack: DeclaredStack) -> None:
    eks, rds = stack.client("eks"), stack.client("rds")
    stack.cloud.add_fault(kind="slow", action="CreateDBInstance", seconds=_HELD)
    with update(stack) as killed:
        killed.reach_start_of("database-instance").reach_start_of("cluster-cluster")
        _wait_for_cluster(eks)
        stack.cloud.clear_faults()
        _wait_for_database(rds)
        killed.kill()
    stack.pulumi("cancel", "--yes")


def _kill_cloud_between_two_node_groups(stack: DeclaredStack) -> None:
    eks = stack.client("eks")
    stack.cloud.add_fault(kind="slow", action="CreateNodegroup", count=1, seconds=_HELD)
    with update(stack) as broken:
        for zone in "ab":
            broken.reach_start_of(f"cluster-general-eu-central-1{zone}")
        _wait_for_node_group(eks)
        kill_cloud(stack.cloud)
        result = broken.result()
    assert result.code != 0
    assert "Traceback" not in result.text
    stack.start_servers()  # heals it


def _kill_plugin_before_an_addon_takes_effect(stack: DeclaredStack) -> None:
    stack.cloud.add_fault(kind="slow", action="CreateAddon", seconds=_HELD)
    with update(stack) as broken:
        broken.reach_start_of("cluster-controllers-coredns")
        plugin(stack, "aws").kill()
        stack.cloud.clear_faults()  # what the plugin had asked for happens now
        result = broken.result()
    assert result.code != 0
    assert "pulumi-resource-aws exited prematurely" in result.text
    assert "Traceback" not in result.text


def _kill_engine_while_it_makes_databases(stack: DeclaredStack) -> None:
    with update(stack) as killed:
        killed.reach_start_of("tenants-shared-database").kill()
    stack.pulumi("cancel", "--yes")


def _wait_for_cluster(eks: Any) -> None:
    def is_made() -> bool:
        names = eks.list_clusters()["clusters"]
        return [eks.describe_cluster(name=name)["cluster"]["status"] for name in names] == ["CREATING"]

    _wait(is_made, "a cluster")


def _wait_for_database(rds: Any) -> None:
    def is_made() -> bool:
        return [one["DBInstanceStatus"] for one in rds.describe_db_instances()["DBInstances"]] == ["creating"]

    _wait(is_made, "a database")


def _wait_for_node_group(eks: Any) -> None:
    (cluster,) = eks.list_clusters()["clusters"]
    _wait(lambda: len(eks.list_nodegroups(clusterName=cluster)["nodegroups"]) == 1, "a node group")


def _wait(condition: Callable[[], bool], what: str) -> None:
    wait_until(condition, seconds=60, what=f"{what} is not made", where="the cloud", remedy="", every=0.02)
