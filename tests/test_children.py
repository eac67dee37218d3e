"""Commands on the user's behalf: where their output goes, and that an interruption reaches each of them once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from infra.children import Children
from infra.sandbox.waiting import wait_until

WAITS = """
import signal, sys, pathlib
folder = pathlib.Path(sys.argv[1])
signals = {signal.SIGINT, signal.SIGUSR1}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
(folder / "waiting").touch()
while (number := signal.sigwait(signals)) == signal.SIGINT:
    with (folder / "signals").open("a") as file:
        print(signal.Signals(number).name, file=file)
"""

PARENT = """
import os, pathlib, signal, sys
from infra.children import Children
from infra.errors import Interrupted
def interrupt(number, frame):
    (folder / "seen").open("a").write("x")
    raise Interrupted
folder = pathlib.Path(sys.argv[1])
signal.signal(signal.SIGINT, interrupt)
try:
    Children(os.environ, folder).run([sys.executable, "-c", sys.argv[2], str(folder)])
except Interrupted:
    (folder / "interrupted").touch()
"""


def test_output_may_go_into_a_file_of_the_callers(tmp_path: Path) -> None:
    with (tmp_path / "kept").open("wb") as file:
        finished = Children(os.environ, tmp_path).run(
            [sys.executable, "-c", "import sys; print('out'); print('err', file=sys.stderr)"], output=file
        )
    assert finished
    assert (finished.code, finished.output, finished.errors) == (0, "", "err\n")
    assert (tmp_path / "kept").read_text() == "out\n"


def test_an_interruption_is_passed_on_once_and_its_end_waited_for_however_impatient_the_user_is(tmp_path: Path) -> None:
    def has(name: str, text: str) -> bool:
        return (tmp_path / name).exists() and (tmp_path / name).read_text() == text

    command = [sys.executable, "-c", PARENT, str(tmp_path), WAITS]
    parent = subprocess.Popen(command, start_new_session=True)
    wait_until((tmp_path / "waiting").exists, seconds=60, what="it did not begin", where="", remedy="")
    for count in (1, 2, 3):
        parent.send_signal(signal.SIGINT)
        wait_until(lambda: has("seen", "x" * count), seconds=60, what="it saw no signal", where="", remedy="")  # noqa: B023
    wait_until(lambda: has("signals", "SIGINT\n"), seconds=60, what="it was not told", where="", remedy="")
    assert parent.poll() is None
    assert not (tmp_path / "interrupted").exists()
    (child,) = _children_of(parent.pid)
    os.kill(child, signal.SIGUSR1)
    assert parent.wait(timeout=60) == 0
    assert (tmp_path / "interrupted").exists()
    assert has("signals", "SIGINT\n")


def _children_of(pid: int) -> list[int]:
    import psutil

    return [child.pid for child in psutil.Process(pid).children()]
