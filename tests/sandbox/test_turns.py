"""Locks that a killed or starved CLI left are removed, those of others are not."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.sandbox import instance as instances
from infra.sandbox import turns
from infra.sandbox.addresses import AddressBlock
from infra.sandbox.environment import Workspace
from infra.sandbox.instance import Instance
from infra.sandbox.waiting import wait_until


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(instances, "INSTANCES", tmp_path)
    return Workspace(Instance("example", AddressBlock("127.99.99")), "local")


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is called as the CLI is."""
    program = tmp_path / "pulumi"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with subprocess.Popen([program, "60"]) as process:
        try:
            yield process
        finally:
            process.kill()


def lock(workspace: Workspace, text: str) -> Path:
    folder = workspace.instance.folder("pulumi") / "state/.pulumi/locks/organization/tenantry/local"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "3f.json"
    path.write_text(text)
    return path


def owned_by(pid: int, host: str | None = None) -> str:
    return json.dumps({"pid": pid, "hostname": host or socket.gethostname(), "username": "u", "timestamp": ""})


def test_the_lock_of_a_dead_update_is_removed_and_the_user_is_told(workspace: Workspace) -> None:
    lines: list[str] = []
    path = lock(workspace, owned_by(os.getpid()))  # this process is no CLI: the number is somebody else's by now
    turns.settle(workspace, lines.append)
    assert not path.exists()
    assert lines == ["the last update of local was killed; unlocking the stack"]


def test_an_update_that_is_under_way_is_waited_for(workspace: Workspace, cli: subprocess.Popen[bytes]) -> None:
    lines: list[str] = []
    path = lock(workspace, owned_by(cli.pid))

    def report(line: str) -> None:
        lines.append(line)
        if len(lines) == 1:
            path.unlink()
            cli.terminate()

    turns.settle(workspace, report)
    assert cli.wait(timeout=10) != 0
    assert lines == [f"another update of local is under way (pid {cli.pid}); waiting for it"]


def test_the_lock_of_another_machine_stays(workspace: Workspace) -> None:
    path = lock(workspace, owned_by(os.getpid(), "elsewhere"))
    turns.settle(workspace, lambda _line: None)
    assert path.exists()


@pytest.mark.parametrize(("age", "stays"), [(0, True), (60, False)])
def test_a_lock_that_a_full_disk_cut_off_is_removed_unless_it_is_just_written(
    workspace: Workspace, age: int, *, stays: bool
) -> None:
    path = lock(workspace, "")
    moment = path.stat().st_mtime - age
    os.utime(path, (moment, moment))
    turns.settle(workspace, lambda _line: None)
    assert path.exists() is stays


def test_one_command_at_a_time_has_its_turn(workspace: Workspace) -> None:
    waiting: list[str] = []
    script = (
        "import pathlib, signal, sys; from filelock import FileLock; lock = FileLock(sys.argv[1]); lock.acquire(); "
        "pathlib.Path(sys.argv[1] + '.held').touch(); signal.pause()"
    )
    path = workspace.instance.folder("pulumi") / "turn.lock"
    with subprocess.Popen([sys.executable, "-c", script, str(path)]) as other:
        held = path.with_name("turn.lock.held")
        wait_until(held.exists, seconds=30, what="the lock was not taken", where="", remedy="")

        def report(line: str) -> None:
            waiting.append(line)
            other.kill()

        with turns.turn(workspace, report):
            assert waiting == ["another command is applying to example; waiting for it"]
