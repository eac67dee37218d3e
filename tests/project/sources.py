"""The files that the project's rules are checked on: all that git would commit."""

import ast
import subprocess
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import PurePosixPath

from infra.paths import PROJECT_ROOT


@dataclass(frozen=True)
class Source:
    """One text file.

    Args:
        path: from the project root, with slashes.
        text: its content.
    """

    path: str
    text: str

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def parts(self) -> tuple[str, ...]:
        return PurePosixPath(self.path).parts

    @property
    def is_python(self) -> bool:
        return self.path.endswith(".py")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    def at(self, line: int, message: str) -> str:
        """Return a finding as editors understand it."""
        return f"{self.path}:{line}: {message}"


@cache
def project_files() -> tuple[Source, ...]:
    """Return every text file that is tracked, or new and not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    files = []
    for name in filter(None, listed.stdout.split("\0")):
        try:
            files.append(Source(name, (PROJECT_ROOT / name).read_text()))
        except (FileNotFoundError, IsADirectoryError, UnicodeDecodeError):
            continue  # deleted in the work tree, or not a text
    return tuple(files)
