"""The launcher beside the CLI, and environments that are missing or broken."""

import os
import shutil
from pathlib import Path

import pytest
from google.protobuf import empty_pb2

from infra.errors import TenantryError
from infra.paths import BIN
from infra.sandbox.plugins.language.install import EXECUTOR, LAUNCHER, install
from tests.plugins.language.service import Service


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "it's a $(folder) with spaces"
    folder.mkdir()
    shutil.copy(BIN / EXECUTOR, folder / EXECUTOR)
    return folder


def test_the_launcher_works_from_any_folder(folder: Path) -> None:
    install(folder)
    with Service.start(folder / LAUNCHER) as service:
        assert service.stub.GetPluginInfo(empty_pb2.Empty()).version


def test_a_pythonpath_of_the_users_does_not_reach_the_host(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "infra.py").write_text("raise SystemExit('the wrong infra')")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    install(folder)
    with Service.start(folder / LAUNCHER) as service:
        assert service.stub.GetPluginInfo(empty_pb2.Empty()).version


def written(path: Path) -> tuple[int, int, int, int]:
    """What a file is and when it was written; when it was read, which is no change, is left out."""
    found = path.stat()
    return found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns


def test_installing_again_changes_nothing(folder: Path) -> None:
    install(folder)
    before = written(folder / LAUNCHER)
    install(folder)
    assert written(folder / LAUNCHER) == before
    assert sorted(path.name for path in folder.iterdir()) == [LAUNCHER, EXECUTOR]


def test_a_damaged_launcher_is_mended(folder: Path) -> None:
    install(folder)
    (folder / LAUNCHER).write_text("#!/bin/sh\nexit 1\n")
    (folder / EXECUTOR).chmod(0o444)
    install(folder)
    assert "infra.sandbox.plugins.language" in (folder / LAUNCHER).read_text()
    assert os.access(folder / EXECUTOR, os.X_OK)


def test_a_missing_exec_script_is_named(tmp_path: Path) -> None:
    with pytest.raises(TenantryError, match=EXECUTOR):
        install(tmp_path)
    assert list(tmp_path.iterdir()) == []
