"""The check that nothing in the work tree changes can itself fail."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.project.work_tree import changes, unchanged


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / ".gitignore").write_text(".sandbox/\n")
    (tmp_path / "stack.yaml").write_text("config: {}\n")
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    subprocess.run(["git", *identity, "commit", "--quiet", "-m", "all"], cwd=tmp_path, check=True)
    return tmp_path


def dirty_twice(tree: Path) -> None:
    (tree / "draft").write_text("two")


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: (tree / "stack.yaml").write_text("encryptionsalt: x\n"),
        lambda tree: (tree / "stack.yaml").unlink(),
        lambda tree: (tree / "new file").write_text("x"),
        dirty_twice,
    ],
    ids=["changed", "removed", "new", "changed again"],
)
def test_a_change_is_noticed(tree: Path, change: Callable[[Path], object]) -> None:
    (tree / "draft").write_text("one")
    with pytest.raises(AssertionError, match="the work tree was changed"), unchanged(tree):
        change(tree)


def test_what_git_ignores_may_change(tree: Path) -> None:
    (tree / "draft").write_text("one")
    with unchanged(tree):
        (tree / ".sandbox").mkdir()
        (tree / ".sandbox" / "state").write_text("x")
    assert changes(tree) == ["?? draft"]
