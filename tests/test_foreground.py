"""A command that runs on the user's behalf gets each signal once, and its end is waited for."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.sandbox.waiting import wait_until

_CHILD = """
import os, pathlib, signal, sys
got = []
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, frame: got.append(signal.Signals(number).name))
pathlib.Path("ready").touch()
while not got:
    signal.pause()
signal.alarm(0)
pathlib.Path("got").write_text(" ".join(got))
raise SystemExit(7)
"""
_PARENT = """
import os, sys
from pathlib import Path
from infra import foreground
print(*foreground.run([sys.executable, "child.py"], env=os.environ, cwd=Path.cwd()))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("to_all", [True, False])
def test_a_signal_reaches_the_command_once_and_its_own_end_is_waited_for(
    tmp_path: Path, number: signal.Signals, *, to_all: bool
) -> None:
    (tmp_path / "child.py").write_text(_CHILD)
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_until((tmp_path / "ready").exists, seconds=30, what="the command did not start", where="", remedy="")
    if to_all:
        os.killpg(parent.pid, number)
    else:
        os.kill(parent.pid, number)
    output, errors = parent.communicate(timeout=30)
    assert (output.split(), errors) == (["7", "True"], "")
    assert (tmp_path / "got").read_text() == number.name


def test_without_a_signal_the_exit_code_is_the_commands_own(tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text("raise SystemExit(3)")
    finished = subprocess.run([sys.executable, "-c", _PARENT], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert finished.stdout.split() == ["3", "False"]
