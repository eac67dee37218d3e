"""Builds that are interrupted, killed, or started twice."""

import os
import signal
import subprocess

import psutil
import pytest

from infra.sandbox.engine.recipe import is_current
from tests.sandbox.engine.harness import BUILD, TOOL, Smithy

# Says that it has begun, leaves a partial product, and ends when the file "go on" appears.
SLOW = """trap 'exit 130' INT
    echo half >"$output"
    echo $$ >"$here/compiler"
    until [ -e "$here/go on" ]; do sleep 0.05; done
    """
SLOW += BUILD


@pytest.fixture
def slow(smithy: Smithy) -> Smithy:
    smithy.install_go(build=SLOW)
    return smithy


def start(smithy: Smithy) -> tuple[subprocess.Popen[str], psutil.Process]:
    """Start a build in another process, and return it and its compiler when that is at work."""
    builder = smithy.start_build()
    return builder, psutil.Process(smithy.wait_for_compiler())


def finish(smithy: Smithy) -> None:
    (smithy.root / "go on").touch()


def test_ctrl_c_ends_the_compiler_and_leaves_nothing(slow: Smithy) -> None:
    process, compiler = start(slow)
    os.kill(process.pid, signal.SIGINT)  # to the builder alone: it is the builder that ends the compiler
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert not compiler.is_running()
    assert slow.files() == set()
    assert list(slow.workshop.sandbox.glob("build/*")) == []


def test_what_a_killed_build_left_is_removed_by_the_next(slow: Smithy) -> None:
    process, _ = start(slow)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    left = slow.files()
    assert any(name.startswith("build/") for name in left)
    assert not any(name.startswith(("bin/", "share/")) for name in left)
    assert not is_current(TOOL, slow.workshop)
    finish(slow)
    slow.build()
    assert slow.files() == {"bin/anvil", "bin/.anvil.json", "share/anvil/one.yaml"}
    assert "half" not in (slow.workshop.sandbox / "bin" / "anvil").read_text()


def test_a_compiler_that_outlived_its_builder_is_ended_by_the_next_build(slow: Smithy) -> None:
    process, compiler = start(slow)
    process.kill()
    process.wait()
    assert compiler.is_running()
    slow.install_go()
    slow.build()
    assert not compiler.is_running()
    assert slow.files() == {"bin/anvil", "bin/.anvil.json", "share/anvil/one.yaml"}


def test_a_build_killed_while_moving_products_counts_as_not_built(slow: Smithy) -> None:
    finish(slow)
    slow.build()
    slow.workshop.stamp(TOOL).unlink()  # what is left of a tool when the move was cut: products, and no stamp
    assert not is_current(TOOL, slow.workshop)
    slow.build()
    assert is_current(TOOL, slow.workshop)


def test_a_second_builder_waits_says_so_and_builds_nothing_again(slow: Smithy) -> None:
    first, _ = start(slow)
    second = slow.start_build()
    assert second.stdout is not None
    assert second.stdout.readline() == f"another build is under way (pid {first.pid}), waiting\n"
    finish(slow)
    said, _ = first.communicate(timeout=30)
    rest, _ = second.communicate(timeout=30)
    assert (first.returncode, second.returncode) == (0, 0)
    assert "built anvil" in said
    assert rest == ""
    assert slow.builds == 1


def test_a_waiting_builder_takes_over_when_the_first_is_killed(slow: Smithy) -> None:
    first, _ = start(slow)
    second = slow.start_build()
    assert second.stdout is not None
    assert "waiting" in second.stdout.readline()
    os.killpg(first.pid, signal.SIGKILL)
    finish(slow)
    first.communicate()
    second.communicate(timeout=30)
    assert second.returncode == 0
    assert is_current(TOOL, slow.workshop)
