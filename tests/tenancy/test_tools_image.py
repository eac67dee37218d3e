"""What the tools image is made of is all that its programs need; nothing here can build it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.paths import PROJECT_ROOT

_DOCKERFILE = (PROJECT_ROOT / "bootstrap" / "tools.Dockerfile").read_text()
_IMPORTED = """
import sys
import {module}
files = {{name.partition(".")[0]: getattr(module, "__file__", None) for name, module in sys.modules.items()}}
print(*(name for name, file in files.items() if "site-packages" in (file or "") and not name.startswith("_")))
"""
_PROGRAMS = ("infra.tenancy.lifecycle", "infra.tenancy.sample.__main__")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The folder that the image has, filled as its COPY lines say."""
    for line in re.findall(r"^COPY (.*)$", _DOCKERFILE, re.MULTILINE):
        *sources, target = line.split()
        for source in sources:
            if source.endswith("/"):
                shutil.copytree(PROJECT_ROOT / source, tmp_path / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                (tmp_path / target).mkdir(parents=True, exist_ok=True)
                shutil.copy(PROJECT_ROOT / source, tmp_path / target)
    return tmp_path


def packages(image: Path) -> set[str]:
    """Return what the image installs, by the very command that chooses it."""
    command = re.search(r"^RUN (awk .*) >/tmp/tools.lock", _DOCKERFILE, re.MULTILINE)
    assert command is not None
    chosen = subprocess.run(["sh", "-c", command[1]], cwd=image, capture_output=True, text=True, check=True).stdout
    assert chosen.count("--hash=sha256:") > len(re.findall("^[a-z].*==", chosen, re.MULTILINE))
    return set(re.findall("^([a-z-]+)==", chosen, re.MULTILINE))


@pytest.mark.parametrize("module", _PROGRAMS)
def test_its_programs_need_no_other_file_and_no_other_package(image: Path, module: str) -> None:
    command = [sys.executable, "-c", _IMPORTED.format(module=module)]
    ran = subprocess.run(command, cwd=image, capture_output=True, text=True, check=True)
    assert {name.replace("-", "_") for name in packages(image)} == set(ran.stdout.split())


def test_the_job_says_what_it_lacks(image: Path) -> None:
    command = [sys.executable, "-m", "infra.tenancy.lifecycle"]
    ran = subprocess.run(command, cwd=image, env={"PATH": ""}, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("error: REGISTRY_DIRECTORY is not set")
