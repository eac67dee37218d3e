"""When a build is out of date: its recipe, and the stamp that a complete build leaves beside its products.

Owns the folders of a build, the pinned versions read from go.mod, and the flags. Leaves running Go to `builder`.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.errors import TenantryError
from infra.paths import SANDBOX_ROOT
from infra.sandbox.engine.tools import Tool

GO_SETTINGS: Mapping[str, str] = {
    "CGO_ENABLED": "0",  # no C compiler needed, and binaries that do not depend on the machine's C library
    "GOFLAGS": "-mod=readonly -buildvcs=false",  # the user's own flags must not decide what is built
    "GOTOOLCHAIN": "local",  # a toolchain that is too old is reported, not replaced by a download
    "GOWORK": "off",  # a go.work in a folder above must not mix in
}
GO_BUILD = ("build", "-trimpath")


@dataclass(frozen=True)
class Workshop:
    """The folders that a build reads and writes.

    Args:
        modules: the folder with one Go module per tool.
        sandbox: the folder that products go to, under `bin` and `share`.
    """

    modules: Path
    sandbox: Path

    def module_file(self, tool: Tool, name: str) -> Path:
        """Return the path of a tool's `go.mod` or `go.sum`."""
        return self.modules / tool.name / name

    @property
    def scratch(self) -> Path:
        """The parent of the temporary folders; on the same disk as the products, so that a move is atomic."""
        return self.sandbox / "build"

    @property
    def lock(self) -> Path:
        """Held by the one process that builds."""
        return self.sandbox / "build.lock"

    def log(self, tool: Tool) -> Path:
        """Return the file with Go's own output from the last build of `tool`."""
        return self.sandbox / "logs" / f"build-{tool.name}.log"

    def stamp(self, tool: Tool) -> Path:
        """Return the record of the last complete build of `tool`."""
        return self.sandbox / "bin" / f".{tool.name}.json"


PROJECT = Workshop(modules=Path(__file__).resolve().parent / "modules", sandbox=SANDBOX_ROOT)


def pinned_version(tool: Tool, workshop: Workshop) -> str:
    """Return the version that a tool's go.mod pins, as `v1.34.1`.

    Raises:
        TenantryError: go.mod does not name the tool's module.
    """
    path = workshop.module_file(tool, "go.mod")
    found = re.search(rf"^\s*(?:require\s+)?{re.escape(tool.module)} (v\S+)", path.read_text(), re.MULTILINE)
    if found is None:
        raise TenantryError(f"{tool.module} is not required", str(path), "restore the file from git")
    return found[1]


def required_go(tools: Sequence[Tool], workshop: Workshop) -> str:
    """Return the newest Go release that any tool's go.mod asks for, as `1.25.8`."""
    needed = [
        line.removeprefix("go ").strip()
        for tool in tools
        for line in workshop.module_file(tool, "go.mod").read_text().splitlines()
        if line.startswith("go ")
    ]
    return max(needed, key=release_number)


def release_number(text: str) -> tuple[int, ...]:
    """Return the numbers of a release as they compare: `1.25.8` and `go1.25.8` are (1, 25, 8), `1.26rc1` is (1, 26)."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(number) for number in found.groups() if number) if found else (0,)


def linker_flags(tool: Tool, version: str) -> str:
    """Return the value of `-ldflags`: no symbol tables, and the version set where the program prints it."""
    major, minor, *_ = [*release_number(version), 0, 0]
    values = (
        f"-X {name}={value.format(version=version, major=major, minor=minor)}" for name, value in tool.variables.items()
    )
    return " ".join(("-s", "-w", *values))


def recipe_digest(tool: Tool, workshop: Workshop) -> str:
    """Return the hash of everything that decides what a build of `tool` produces.

    The required Go release is part of it, as the `go` line of go.mod; the installed release is not.
    """
    recipe = {
        "settings": dict(GO_SETTINGS),
        "command": [*GO_BUILD, linker_flags(tool, pinned_version(tool, workshop))],
        "programs": dict(tool.programs),
        "copies": [vars(copy) for copy in tool.copies],
        "files": [workshop.module_file(tool, name).read_text() for name in ("go.mod", "go.sum")],
    }
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()


def is_current(tool: Tool, workshop: Workshop) -> bool:
    """Whether the last complete build of `tool` had today's recipe and every product is still there, whole."""
    record = read_stamp(workshop.stamp(tool))
    return record.get("recipe") == recipe_digest(tool, workshop) and all(
        path.is_file() and path.stat().st_size == size for path, size in products(record, workshop)
    )


def read_stamp(path: Path) -> dict[str, object]:
    """Return the record of the last complete build; empty when there was none."""
    try:
        record = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def products(record: Mapping[str, object], workshop: Workshop) -> Iterator[tuple[Path, int]]:
    """Yield the path and the size in bytes of each file that a complete build left."""
    files = record.get("products")
    if isinstance(files, dict):
        for name, size in files.items():
            yield workshop.sandbox / name, size
