"""A background process is known by pid and creation time, and stopped with all that it started."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from infra.errors import TenantryError
from infra.sandbox.daemon import Daemon
from infra.sandbox.waiting import wait_until

SLEEPER = [sys.executable, "-c", "import signal; signal.pause()"]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(name="sleeper", pid_file=tmp_path / "sleeper.pid", log=tmp_path / "sleeper.log")
    yield made
    made.stop()


def test_a_started_daemon_runs_until_it_is_stopped(daemon: Daemon) -> None:
    daemon.start(SLEEPER)
    assert daemon.is_running()
    daemon.stop()
    assert not daemon.is_running()
    assert not daemon.pid_file.exists()


def test_a_second_start_keeps_the_first_process(daemon: Daemon) -> None:
    daemon.start(SLEEPER)
    first = daemon.process()
    daemon.start(SLEEPER)
    assert daemon.process() == first


def test_a_stale_pid_file_never_points_at_somebody_elses_process(daemon: Daemon) -> None:
    daemon.pid_file.write_text(json.dumps({"pid": os.getpid(), "created": 1.0}))
    assert not daemon.is_running()
    daemon.stop()
    assert psutil.pid_exists(os.getpid())


@pytest.mark.parametrize("text", ["", "garbage", "[]", '{"pid": "x"}', '{"pid": 999999999, "created": 0}'])
def test_a_damaged_pid_file_counts_as_stopped(daemon: Daemon, text: str) -> None:
    daemon.pid_file.write_text(text)
    assert not daemon.is_running()


def test_a_killed_daemon_is_not_running(daemon: Daemon) -> None:
    daemon.start(SLEEPER)
    process = daemon.process()
    assert process is not None
    process.send_signal(signal.SIGKILL)
    assert not daemon.is_running()
    daemon.start(SLEEPER)
    assert daemon.is_running()


def test_a_daemon_that_the_kernel_takes_long_to_end_is_not_running_once_it_was_killed(daemon: Daemon) -> None:
    script = "import signal, sys; kept = b'x' * (1 << 28); print('ready', flush=True); signal.pause()"
    daemon.start([sys.executable, "-c", script])
    daemon.wait_ready(lambda: "ready" in daemon.log.read_text(), seconds=30)
    process = daemon.process()
    assert process is not None
    process.kill()
    assert not daemon.is_running()


def test_stop_ends_the_children_too(daemon: Daemon, tmp_path: Path) -> None:
    child = tmp_path / "child"
    script = (
        "import signal, subprocess, sys, pathlib; "
        f"p = subprocess.Popen({SLEEPER!r}); pathlib.Path({str(child)!r}).write_text(str(p.pid)); signal.pause()"
    )
    daemon.start([sys.executable, "-c", script])
    wait_until(lambda: child.exists() and child.read_text() != "", seconds=10, what="no child", where="", remedy="")
    daemon.stop()
    number = int(child.read_text())
    assert not psutil.pid_exists(number) or psutil.Process(number).status() == psutil.STATUS_ZOMBIE


def test_a_daemon_that_ignores_the_polite_signal_is_killed(daemon: Daemon, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = (
        "import signal, pathlib; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        f"pathlib.Path({str(ready)!r}).touch(); [signal.pause() for _ in iter(int, 1)]"
    )
    daemon.start([sys.executable, "-c", script])
    wait_until(ready.exists, seconds=10, what="not ready", where="", remedy="")
    daemon.stop(grace=0.2)
    assert not daemon.is_running()


def test_who_was_started_in_its_place_meanwhile_stays_known(daemon: Daemon, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = f"trap 'echo another >{daemon.pid_file}; exit' TERM; touch {ready}; while :; do :; done"
    daemon.start(["sh", "-c", script])
    wait_until(ready.exists, seconds=10, what="not ready", where="", remedy="")
    daemon.stop()
    assert daemon.pid_file.read_text() == "another\n"


def test_a_daemon_that_dies_while_starting_says_why(daemon: Daemon) -> None:
    daemon.start([sys.executable, "-c", "raise SystemExit('no good')"])
    with pytest.raises(TenantryError, match="sleeper stopped while starting: no good"):
        daemon.wait_ready(lambda: False, seconds=20)


def test_a_program_that_is_missing_gives_one_line(daemon: Daemon) -> None:
    with pytest.raises(TenantryError, match=r"sleeper cannot be started .*run `make up`"):
        daemon.start(["/nonexistent/program"])
    assert not daemon.pid_file.exists()


def test_a_daemon_outlives_the_command_that_started_it(daemon: Daemon) -> None:
    script = (
        "import sys; from pathlib import Path; from infra.sandbox.daemon import Daemon; "
        f"Daemon(name='sleeper', pid_file=Path({str(daemon.pid_file)!r}), log=Path({str(daemon.log)!r}))"
        f".start({SLEEPER!r})"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    assert daemon.is_running()
