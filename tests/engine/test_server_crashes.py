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
from tests.engine.consistency import assert_as_recorded, assert_consistent
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


def test_an_update_goes_on_after_each_server_was_killed_and_all_is_back_after_all_were(with_order: Stack) -> None:
    instance = with_order.workspace.instance
    with_order.configure(other)
    with update(with_order) as disturbed:
        disturbed.reach(4)
        for server in ("postgresql", "kube-apiserver", "etcd"):
            assert disturbed.process.poll() is None, f"the update ended before {server} was killed:\n{disturbed}"
            kill(instance, server)
            lifecycle.up(instance.name, silent)
        result = disturbed.result()
    assert result.code == 0, result.text
    assert_as_recorded(with_order)
    assert orders(with_order) == ["acknowledged"]

    for pid_file in sorted(instance.folder("run").glob("*.pid")):
        with contextlib.suppress(psutil.NoSuchProcess):  # it went with another one
            psutil.Process(json.loads(pid_file.read_text())["pid"]).kill()
    lifecycle.up(instance.name, silent)
    assert [row for row in lifecycle.status(instance) if not row.healthy] == []
    assert_consistent(with_order)  # which nothing since the update could have mended
    assert orders(with_order) == ["acknowledged"]
