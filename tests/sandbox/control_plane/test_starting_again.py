"""Starting again: after a crash, an interrupt or a move, beside another instance, on taken addresses."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.errors import TenantryError
from infra.sandbox.addresses import free_block
from infra.sandbox.control_plane.control_plane import ControlPlane
from infra.sandbox.control_plane.definitions import GATEWAY_API
from infra.sandbox.instance import Instance
from tests.sandbox.control_plane.conftest import eventually, processes_of, quiet


@pytest.fixture(scope="module")
def plane(new_instance: Callable[[], Instance]) -> ControlPlane:
    """Return a second control plane, beside the shared one, that these tests may break; one set of definitions does."""
    plane = ControlPlane(new_instance(), definitions=(GATEWAY_API,))
    plane.start(quiet)
    return plane


def _keep(plane: ControlPlane, name: str) -> None:
    with contextlib.closing(plane.api()) as api:
        api.create("/api/v1/namespaces/default/configmaps", {"metadata": {"name": name}, "data": {"kept": "yes"}})


def _kept(plane: ControlPlane, name: str) -> bool:
    with contextlib.closing(plane.api()) as api:
        return bool(api.get(f"/api/v1/namespaces/default/configmaps/{name}")["data"] == {"kept": "yes"})


def test_two_instances_run_side_by_side_and_know_nothing_of_each_other(
    control_plane: ControlPlane, plane: ControlPlane
) -> None:
    _keep(plane, "only-here")
    with contextlib.closing(control_plane.api()) as api:
        names = [item["metadata"]["name"] for item in api.get("/api/v1/namespaces/default/configmaps")["items"]]
    assert "only-here" not in names
    assert all(row.healthy for row in [*plane.status(), *control_plane.status()])


def test_a_start_right_after_a_kill_does_not_trust_the_dying_process(plane: ControlPlane) -> None:
    for process in processes_of(plane.instance):
        process.kill()
    plane.start(quiet)
    assert all(row.healthy for row in plane.status())


def test_a_start_of_what_runs_starts_nothing(plane: ControlPlane) -> None:
    before = {process.pid for process in processes_of(plane.instance)}
    started: list[str] = []
    plane.start(started.append)
    assert started == []
    assert {process.pid for process in processes_of(plane.instance)} == before


def test_a_killed_component_alone_is_started_again(plane: ControlPlane) -> None:
    database = plane.instance.daemon("etcd").process()
    assert database is not None
    _keep(plane, "before-etcd-died")
    os.kill(database.pid, signal.SIGKILL)
    eventually(lambda: not plane.instance.daemon("etcd").is_running(), "etcd to be dead")
    assert not {row.name: row for row in plane.status()}["etcd"].running
    started: list[str] = []
    plane.start(started.append)
    assert started == ["started etcd"]
    assert _kept(plane, "before-etcd-died")


def test_after_kill_9_of_everything_a_start_recovers_with_the_data(plane: ControlPlane) -> None:
    _keep(plane, "before-the-crash")
    for process in processes_of(plane.instance):
        process.kill()
    eventually(lambda: not any(row.running for row in plane.status()), "every process to be dead")
    started: list[str] = []
    plane.start(started.append)
    assert len(started) == 6
    assert _kept(plane, "before-the-crash")
    assert all(row.healthy for row in plane.status())


def test_pods_of_a_restarted_kwok_share_no_address_with_older_ones(plane: ControlPlane) -> None:
    with contextlib.closing(plane.api()) as api:
        pods = "/api/v1/namespaces/default/pods"

        def run(name: str) -> str:
            spec = {"containers": [{"name": "main", "image": "registry.example/shop:1"}]}
            api.create(pods, {"metadata": {"name": name}, "spec": spec})
            eventually(lambda: "podIP" in api.get(f"{pods}/{name}")["status"], f"{name} to run")
            return str(api.get(f"{pods}/{name}")["status"]["podIP"])

        first = run("older")
        plane.instance.daemon("kwok").stop()
        plane.start(quiet)
        assert run("newer") != first


def test_a_stale_pid_file_harms_nobody(plane: ControlPlane) -> None:
    daemon = plane.instance.daemon("kwok")
    daemon.stop()
    daemon.pid_file.write_text(f'{{"pid": {os.getpid()}, "created": 1.0}}')
    started: list[str] = []
    plane.start(started.append)
    assert started == ["started kwok"]


def test_a_taken_address_is_one_clear_error_and_leaves_nothing_running(new_instance: Callable[[], Instance]) -> None:
    plane = ControlPlane(new_instance())
    with socket.create_server((plane.instance.addresses.api_server, 6443)):
        with pytest.raises(TenantryError) as failure:
            plane.start(quiet)
        assert f"{plane.instance.addresses.api_server}:6443" in str(failure.value)
        assert f"(pid {os.getpid()})" in str(failure.value)
    plane.stop()
    assert not processes_of(plane.instance)


def test_missing_programs_are_one_clear_error(
    new_instance: Callable[[], Instance], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("infra.sandbox.control_plane.control_plane.BIN", tmp_path)
    with pytest.raises(TenantryError, match=r"etcd is missing.*run `make up`"):
        ControlPlane(new_instance()).start(quiet)


def test_a_folder_that_cannot_be_written_is_one_clear_error(new_instance: Callable[[], Instance]) -> None:
    instance = new_instance()
    obstacle = instance.directory / "run"
    obstacle.write_text("a file where a folder should be")
    with pytest.raises(TenantryError, match="cannot be written"):
        ControlPlane(instance).start(quiet)
    obstacle.unlink()


def test_a_full_disk_is_one_clear_error(new_instance: Callable[[], Instance], monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=5 << 20))
    with pytest.raises(TenantryError, match="only 5 MiB of disk are free"):
        ControlPlane(new_instance()).start(quiet)


def test_an_instance_that_was_never_started_is_stopped_and_its_status_prepares_nothing(
    new_instance: Callable[[], Instance],
) -> None:
    instance = new_instance()
    plane = ControlPlane(instance)
    plane.stop()
    rows = {row.name: row for row in plane.status()}
    assert not any(row.running or row.healthy for row in rows.values())
    assert rows["kube-apiserver"].endpoint == f"{instance.addresses.api_server}:6443"
    assert not list(instance.directory.rglob("*.kubeconfig"))


def test_an_interrupted_start_can_be_stopped_and_started_and_moved_to_other_addresses_with_its_data(
    new_instance: Callable[[], Instance],
) -> None:
    instance = new_instance()
    program = (
        "import sys\n"
        "from infra.sandbox.control_plane.control_plane import ControlPlane\n"
        "from infra.sandbox.instance import load\n"
        "ControlPlane(load(sys.argv[1]), definitions=()).start(lambda line: print(line, flush=True))\n"
    )
    start = subprocess.Popen([sys.executable, "-c", program, instance.name], stdout=subprocess.PIPE, text=True)
    assert start.stdout is not None
    while start.stdout.readline() != "started kube-apiserver\n":
        assert start.poll() is None
    start.send_signal(signal.SIGINT)
    assert start.wait(timeout=20) != 0
    start.stdout.close()
    plane = ControlPlane(instance, definitions=())
    assert processes_of(instance)
    plane.stop()
    plane.stop()
    assert not processes_of(instance)
    plane.start(quiet)
    assert all(row.healthy for row in plane.status())
    _keep(plane, "before-the-move")
    elsewhere = free_block("elsewhere", frozenset({instance.addresses.prefix}))
    moved = ControlPlane(Instance(instance.name, elsewhere), definitions=())
    moved.start(quiet)
    assert _kept(moved, "before-the-move")
    assert elsewhere.api_server in moved.instance.kubeconfig.read_text()
    assert all(row.healthy for row in moved.status())
    assert not instance.addresses.taken()
    moved.stop()
    assert not processes_of(instance)
    assert not moved.instance.addresses.taken()
