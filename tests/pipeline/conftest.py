"""Fakes of GitHub's command and of the Pulumi CLI, first on the PATH."""

import os
import sys
from pathlib import Path

import pytest

from tests.pipeline.fakes import Fake


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is first on the PATH."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return folder


@pytest.fixture
def gh(programs: Path) -> Fake:
    return Fake(programs, "gh", sys.executable)


@pytest.fixture
def pulumi(programs: Path) -> Fake:
    return Fake(programs, "pulumi", sys.executable)
