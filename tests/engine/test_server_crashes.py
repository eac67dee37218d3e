"""Killing servers of the sandbox in mid-update, and all of them at once: nothing that was acknowledged is lost."""

import contextlib
import json
from collections.abc import Iterator

import psutil
import pytest

from infra.sandbox import lifecycle
from infra.sandbox.instance import Instance
from tests.engine.change import other
from tests.engine.conftest import silent
from tests.engine.consistency import assert_consistent
from tests.engine.interruption import update
from tests.engine.stack import Stack


def kill(instance: Instance, name: str) -> None:
    """Kill -9 the instance's process `name`, and only it."""
    process = instance.daemon(name).process()
    assert process is not None, f"{name} does not run"
    process.kill()


@pytest.fixture
def with_order(applied: Stack) -> Iterator[Stack]:
    """The battered stack, and a row of a tenant's that the server has acknowledged."""
    with applied.administrator("tenant_department_store") as administrator:
        administrator.execute("CREATE TABLE IF NOT EXISTS shop.kept (note text)")
        administrator.execute("INSERT INTO shop.kept VALUES ('acknowledged')")
    yield applied
    with applied.administrator("tenant_department_store") as administrator:
        administrator.execute("DROP TABLE shop.kept")


def orders(stack: Stack) -> list[str]:
    """Return the tenant's rows."""
    with stack.administrator("tenant_department_store") as administrator:
        return [row[0] for row in administrator.execute("SELECT note FROM shop.kept")]


@pytest.mark.parametrize("server", ["postgresql", "kube-apiserver", "etcd"])
def test_an_update_goes_on_once_a_server_that_was_killed_is_started_again(with_order: Stack, server: str) -> None:
    instance = with_order.workspace.instance
    with_order.configure(other)
    with update(with_order) as disturbed:
        disturbed.reach(4)
        kill(instance, server)
        lifecycle.up(instance.name, silent)
        result = disturbed.result()
    assert result.code == 0, result.text
    assert_consistent(with_order)
    assert orders(with_order) == ["acknowledged"]


def test_everything_is_back_after_every_process_was_killed_at_once(with_order: Stack) -> None:
    instance = with_order.workspace.instance
    for pid_file in sorted(instance.folder("run").glob("*.pid")):
        with contextlib.suppress(psutil.NoSuchProcess):  # it went with another one
            psutil.Process(json.loads(pid_file.read_text())["pid"]).kill()
    lifecycle.up(instance.name, silent)
    assert [row for row in lifecycle.status(instance) if not row.healthy] == []
    assert_consistent(with_order)
    assert orders(with_order) == ["acknowledged"]
