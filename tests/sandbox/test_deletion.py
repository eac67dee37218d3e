"""An instance is deleted whole, also while another command looks at it."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from infra.sandbox import lifecycle


def test_a_folder_that_a_look_makes_again_meanwhile_is_deleted_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "instance"
    (folder / "run").mkdir(parents=True)
    rmdir = os.rmdir
    looks: list[object] = []

    def looked_at(path: Any, *arguments: Any, **options: Any) -> None:
        if not looks and Path(path).name == folder.name:
            looks.append(path)
            (folder / "postgresql").mkdir()
        rmdir(path, *arguments, **options)

    monkeypatch.setattr(os, "rmdir", looked_at)
    lifecycle._remove(folder)
    assert looks
    assert not folder.exists()


def test_what_cannot_be_deleted_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shutil, "rmtree", refused)
    with pytest.raises(PermissionError):
        lifecycle._remove(tmp_path)
