"""Proof that running a stack leaves git's work tree as it was (DESIGN section 4)."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from infra.paths import PROJECT_ROOT


def changes(root: Path = PROJECT_ROOT) -> list[str]:
    """Return what `git status` lists: changed, and new but not ignored."""
    command = ["git", "status", "--porcelain", "--untracked-files=all"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()


@contextlib.contextmanager
def unchanged(root: Path = PROJECT_ROOT) -> Iterator[None]:
    """Fail when the block changes which files differ from the last commit, or what is in them."""
    before = _state(root)
    yield
    after = _state(root)
    assert after == before, f"the work tree was changed: {sorted(after.items() ^ before.items())}"


def _state(root: Path) -> dict[str, bytes]:
    named = (line[3:].rpartition(" -> ")[2].strip('"') for line in changes(root))
    return {name: (root / name).read_bytes() if (root / name).is_file() else b"" for name in named}
