"""Running `pulumi preview`: what it is asked, and what its end means; with a `pulumi` that only pretends."""

import io
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from infra.errors import TenantryError
from infra.gate.change import FailedPreview
from infra.gate.previews import Printed, run_preview
from infra.sandbox.waiting import wait_until
from tests.gate import engine_documents as engine

PRETENDER = """#!{python}
import os, pathlib, signal, subprocess, sys
folder = pathlib.Path(__file__).parent
(folder / "asked").write_text(" ".join(sys.argv[1:]))
(folder / "streaming").write_text(os.environ["PULUMI_ENABLE_STREAMING_JSON_PREVIEW"])
(folder / "cwd").write_text(os.getcwd())
if (folder / "waits").exists():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    (folder / "waiting").touch()
    signal.sigwait([signal.SIGINT])
    (folder / "told").touch()
    sys.exit(255)
if (folder / "leaves").exists():
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    (folder / "left").write_text(str(child.pid))
sys.stdout.buffer.write((folder / "printed").read_bytes())
sys.stdout.flush()
if (folder / "signal").exists():
    os.kill(os.getpid(), int((folder / "signal").read_text()))
sys.stderr.write((folder / "errors").read_text())
sys.exit(int((folder / "code").read_text()))
"""

STEPS = [engine.stack(), engine.create("new", {"size": 1})]
EVENTS = engine.lines(engine.events(STEPS))


def pretend(folder: Path, printed: bytes = EVENTS, code: int = 0, errors: str = "") -> dict[str, str]:
    """Make the stand-in, and return the environment that has it on its path."""
    (folder / "pulumi").write_text(PRETENDER.format(python=sys.executable))
    (folder / "pulumi").chmod(0o755)
    (folder / "printed").write_bytes(printed)
    (folder / "code").write_text(str(code))
    (folder / "errors").write_text(errors)
    return {"PATH": str(folder), "PULUMI_CONFIG_PASSPHRASE": "hunter2hunter2"}


def reason(folder: Path, environment: dict[str, str]) -> str:
    with pytest.raises(FailedPreview) as failed:
        run_preview("local", root=folder, environment=environment)
    assert "\n" not in str(failed.value)
    return str(failed.value)


@pytest.mark.parametrize("printed", [EVENTS, engine.saved(STEPS)], ids=["streaming", "an older engine"])
def test_a_preview_is_run_and_read(tmp_path: Path, printed: bytes) -> None:
    preview = run_preview("org/shop/local", root=tmp_path, environment=pretend(tmp_path, printed))
    assert [one.name for one in preview.changes] == ["new"]
    assert (tmp_path / "asked").read_text() == "preview --json --non-interactive --stack org/shop/local"
    assert (tmp_path / "streaming").read_text() == "true"
    assert Path((tmp_path / "cwd").read_text()) == tmp_path.resolve()


def test_it_refreshes_and_plans(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    run_preview("local", root=tmp_path, environment=pretend(tmp_path), refresh=True, plan=plan)
    assert (tmp_path / "asked").read_text().endswith(f"--stack local --refresh --save-plan {plan}")


def test_what_is_printed_is_read_at_once_and_to_its_end(tmp_path: Path) -> None:
    over, path = threading.Event(), tmp_path / "printed"
    with path.open("wb", buffering=0) as writing, path.open("rb") as reading:
        printed = Printed(reading.fileno(), over)
        writing.write(b"one")
        assert printed.read(10) == b"one"
        writing.write(b"two")
        with ThreadPoolExecutor(1) as pool:
            rest = pool.submit(io.BufferedReader(printed).read)
            writing.write(b"three")
            over.set()
            assert rest.result() == b"twothree"


def test_nobody_waits_for_what_the_cli_leaves_behind(tmp_path: Path) -> None:
    environment = pretend(tmp_path)
    (tmp_path / "leaves").touch()
    run_preview("local", root=tmp_path, environment=environment)
    left = psutil.Process(int((tmp_path / "left").read_text()))
    assert left.is_running()
    left.kill()


def test_a_preview_that_fails_says_what_the_engine_said(tmp_path: Path) -> None:
    error = {"severity": "error", "message": "no region hunter2hunter2\n", "urn": engine.urn("new")}
    printed = engine.lines(engine.events(STEPS, others=[{"diagnosticEvent": error}], summary={"result": "failed"}))
    environment = pretend(tmp_path, printed, 255, "error: preview failed\n")
    assert reason(tmp_path, environment) == "the preview failed: new: no region [secret]"


@pytest.mark.parametrize(
    ("printed", "code", "errors", "said"),
    [
        (b"", 255, "warning: old\nerror: no stack named 'x' found\n", "failed: no stack named 'x' found"),
        (b"", 255, "error: wrong hunter2hunter2\n", "failed: wrong [secret]"),
        (b"", 1, "first\nlast\n", "failed with exit code 1: last"),
        (b"", 1, "", "failed with exit code 1"),
        (EVENTS, 255, "error: the plan cannot be written\n", "failed: the plan cannot be written"),
        (EVENTS[:-300], 255, "", "failed with exit code 255"),
    ],
)
def test_an_exit_code_says_that_it_failed_whatever_was_printed(
    tmp_path: Path, printed: bytes, code: int, errors: str, said: str
) -> None:
    assert reason(tmp_path, pretend(tmp_path, printed, code, errors)) == f"`pulumi preview` {said}"


def test_a_good_exit_code_does_not_make_a_preview(tmp_path: Path) -> None:
    assert reason(tmp_path, pretend(tmp_path, b"")) == "what `pulumi preview` printed is no preview: " + (
        "it is empty: the preview printed nothing"
    )
    assert "it was cut off" in reason(tmp_path, pretend(tmp_path, EVENTS[:-10]))


def test_a_preview_of_another_stack_is_none(tmp_path: Path) -> None:
    with pytest.raises(FailedPreview, match="of the stack local, and not of staging"):
        run_preview("staging", root=tmp_path, environment=pretend(tmp_path))


def test_a_killed_cli_is_told(tmp_path: Path) -> None:
    environment = pretend(tmp_path)
    (tmp_path / "signal").write_text(str(int(signal.SIGKILL)))
    assert reason(tmp_path, environment) == "`pulumi preview` was killed by SIGKILL"


def test_without_the_cli_it_says_where_one_is(tmp_path: Path) -> None:
    with pytest.raises(
        TenantryError, match=r"Pulumi CLI is not there, PATH, .* `tenantry sandbox run STACK --`"
    ) as missing:
        run_preview("local", root=tmp_path, environment={"PATH": str(tmp_path)})
    assert missing.value.exit_code == 3


COMMAND = """
import pathlib, signal, sys
from infra.errors import Interrupted
from infra.gate.previews import run_preview
def interrupt(number, frame):
    raise Interrupted
signal.signal(signal.SIGINT, interrupt)
folder = pathlib.Path(sys.argv[1])
try:
    run_preview("local", root=folder, environment={"PATH": str(folder)})
except Interrupted:
    sys.exit(130)
"""


def test_an_interruption_reaches_the_cli_and_its_end_is_waited_for(tmp_path: Path) -> None:
    pretend(tmp_path)
    (tmp_path / "waits").touch()
    command = subprocess.Popen([sys.executable, "-c", COMMAND, str(tmp_path)], start_new_session=True)
    wait_until((tmp_path / "waiting").exists, seconds=60, what="it did not begin", where="", remedy="")
    os.kill(command.pid, signal.SIGINT)
    assert command.wait(timeout=60) == 130
    assert (tmp_path / "told").exists()
