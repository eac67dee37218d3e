"""The Go toolchain on this machine: found on the PATH or in Go's usual place, and new enough for the module files."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from infra.errors import TenantryError
from infra.sandbox.engine.recipe import GO_SETTINGS, release_number

USUAL_PLACE = Path("/usr/local/go/bin/go")  # where Go's own installation notes put it; not always on the PATH
_DECIDES_THE_TARGET = ("GOOS", "GOARCH", "GOEXPERIMENT", "GO111MODULE")
_VERSION_SECONDS = 30


@dataclass(frozen=True)
class Go:
    """A Go command that runs.

    Args:
        program: its path.
        version: what it calls itself, as `go1.26.8`.
    """

    program: Path
    version: str

    def is_enough(self, required: str) -> bool:
        """Whether it is at least the release `required`, as `1.25.8`."""
        return release_number(self.version) >= release_number(required)


def find_go(required: str) -> Go | None:
    """Return the first Go that is at least `required`; failing that the first one found, or None."""
    found = [go for program in _programs() if (go := _probe(program))]
    return next((go for go in found if go.is_enough(required)), found[0] if found else None)


def sufficient_go(required: str) -> Go:
    """Return a Go that is at least `required`.

    Raises:
        TenantryError: there is none, or all are older.
    """
    go = find_go(required)
    if go is None:
        raise TenantryError(
            "Go is not installed", f"neither on the PATH nor as {USUAL_PLACE}", f"install Go {required} or newer"
        )
    if not go.is_enough(required):
        raise TenantryError(f"Go is too old ({go.version})", str(go.program), f"install Go {required} or newer")
    return go


def build_environment(scratch: Path | None = None) -> dict[str, str]:
    """Return the environment for Go: the user's proxy and caches, and nothing of theirs that changes the result.

    Args:
        scratch: where Go keeps what it compiles; its own choice by default.
    """
    kept = {name: value for name, value in os.environ.items() if name not in _DECIDES_THE_TARGET}
    place = {} if scratch is None else {"GOTMPDIR": str(scratch)}
    return {**kept, **GO_SETTINGS, **place}


def _programs() -> list[Path]:
    on_path = shutil.which("go")
    programs = [Path(on_path)] if on_path else []
    return [*programs, USUAL_PLACE] if USUAL_PLACE.exists() else programs


def _probe(program: Path) -> Go | None:
    command = [str(program), "env", "GOVERSION"]
    try:
        answer = subprocess.run(
            command, env=build_environment(), capture_output=True, text=True, timeout=_VERSION_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return Go(program, answer.stdout.strip())
