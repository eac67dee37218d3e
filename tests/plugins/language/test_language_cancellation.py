"""Ctrl-C, a killed engine and a killed host leave no process and no traceback."""

import signal

import pytest

from tests.plugins.language.harness import Project

_HOST = "infra.sandbox.plugins.language"
_WAITING = """
    import subprocess, time
    subprocess.Popen(["sleep", "86399"])
    print("ready to be cancelled")
    time.sleep(86399)
"""
_STUBBORN = """
    import signal, time
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    print("ready to be cancelled")
    time.sleep(86399)
"""


def test_cancelling_is_quiet_and_leaves_no_process_and_no_lock(project: Project) -> None:
    project.program(_WAITING)
    for number in (signal.SIGINT, signal.SIGTERM):
        for command in (("preview",), ("up", "--yes", "--skip-preview")):  # which begins: nothing is left locked
            with project.running(*command) as running:
                running.wait_for_text("ready to be cancelled")
                assert len(running.alive()) >= 4  # the CLI, the host, the program and its sleep
                running.process.send_signal(number)
                running.wait_until_all_gone(5)
                text = running.output.read_text()
            assert running.process.returncode == 1
            assert "canceled" in text
            assert "Traceback" not in text
            assert "KeyboardInterrupt" not in text
    project.program("import pulumi")
    project.pulumi("up", "--yes", "--skip-preview")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_program_that_ignores_signals_is_killed(project: Project, number: signal.Signals) -> None:
    project.program(_STUBBORN)
    with project.running("preview") as running:
        running.wait_for_text("ready to be cancelled")
        running.process.send_signal(number)
        running.wait_until_all_gone(8)
        assert running.alive() == []


def test_a_killed_preview_leaves_no_process(project: Project) -> None:
    project.program(_WAITING)
    with project.running("preview") as running:
        running.wait_for_text("ready to be cancelled")
        running.process.kill()
        running.wait_until_all_gone(5)
        assert running.alive() == []


def test_a_killed_update_leaves_no_process_and_an_update_after_it_goes_on_once_it_is_cancelled(
    project: Project,
) -> None:
    project.program(_WAITING)
    with project.running("up", "--yes", "--skip-preview") as running:
        running.wait_for_text("ready to be cancelled")
        running.process.kill()
        running.wait_until_all_gone(5)
        assert running.alive() == []
    project.program("import pulumi")
    assert "locked" in project.pulumi("up", "--yes", "--skip-preview", code=1).stderr
    project.pulumi("cancel", "--yes")
    project.pulumi("up", "--yes", "--skip-preview")


def test_a_terminated_host_says_how_the_program_ended(project: Project) -> None:
    project.program(_WAITING)
    with project.running("preview") as running:
        running.wait_for_text("ready to be cancelled")
        running.find(_HOST).terminate()
        running.wait_until_all_gone(8)
        text = running.output.read_text()
    assert running.process.returncode == 1
    assert "program exited with non-zero exit code: -1 (killed by SIGTERM)" in text
    assert "Traceback" not in text
