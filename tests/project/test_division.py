"""The suite's own setting up, where one process hands out the tests and others run them."""

import os
import subprocess
import sys
from pathlib import Path

from infra.paths import PROJECT_ROOT

_LOOKS = """
import gc

def _say(config, when):
    who = "worker" if hasattr(config, "workerinput") else "controller"
    with open({told!r}, "a") as file:
        file.write(f"{{who}} {{when}} {{gc.isenabled()}}\\n")

def pytest_collection_modifyitems(config):
    _say(config, "collecting")

def pytest_sessionfinish(session):
    _say(session.config, "ending")
"""


def test_only_the_process_that_collects_tests_rests_its_collector_and_only_meanwhile(tmp_path: Path) -> None:
    told = tmp_path / "told"
    (tmp_path / "looks.py").write_text(_LOOKS.format(told=str(told)))
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "1", "-p", "looks", "tests/test_cidr.py"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert sorted(told.read_text().splitlines()) == [
        "controller ending True",
        "worker collecting False",
        "worker ending True",
    ]


_COUNTS = """
def pytest_runtest_setup(item):
    item.user_properties.append(("isolation", "so many attempts"))
"""


def test_what_the_attacks_came_to_is_printed_though_a_worker_made_them(tmp_path: Path) -> None:
    (tmp_path / "counts.py").write_text(_COUNTS)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "1", "-p", "counts", "tests/test_cidr.py"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "so many attempts" in ran.stdout.splitlines()
