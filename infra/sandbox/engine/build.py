"""Builds one tool and moves its products into place.

Products are made in a temporary folder on the same disk and moved when all of them are there; the stamp that says so
is written last. So a build that is killed leaves a temporary folder, and a tool that counts as not built.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.errors import TenantryError
from infra.sandbox.engine import failures
from infra.sandbox.engine.display import Tick
from infra.sandbox.engine.recipe import GO_BUILD, Workshop, linker_flags, products, read_stamp, recipe_digest
from infra.sandbox.engine.toolchain import Go, build_environment
from infra.sandbox.engine.tools import Copy, Tool

_TICK = 0.5  # seconds
_GRACE = 10.0  # seconds that Go gets to stop its compilers after an interrupt


@dataclass(frozen=True)
class Build:
    """One build of one tool, in a folder for temporary files that no other build uses.

    Args:
        tool: what to build.
        version: its pinned version.
        workshop: the folders to read and write.
        go: the toolchain to build with.
        tick: called about twice a second while Go works.
    """

    tool: Tool
    version: str
    workshop: Workshop
    go: Go
    tick: Tick

    @property
    def _name(self) -> str:
        return f"{self.tool.name} {self.version}"

    def run(self) -> None:
        """Build, and move the products into place when all are there.

        Raises:
            TenantryError: Go failed, or a file could not be written; what was there before stays.
        """
        try:
            with tempfile.TemporaryDirectory(dir=self.workshop.scratch, ignore_cleanup_errors=True) as name:
                scratch, staged = Path(name) / "go", Path(name) / "products"
                scratch.mkdir()
                with self._open_log() as log:
                    modes = {**self._compile(staged, scratch, log), **self._copy(staged, scratch, log)}
                self._install(staged, modes)
        except OSError as error:
            raise failures.from_system(self._name, error) from error

    @contextlib.contextmanager
    def _open_log(self) -> Iterator[int]:
        path = self.workshop.log(self.tool)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as log:
            yield log.fileno()

    def _compile(self, staged: Path, scratch: Path, log: int) -> dict[str, int]:
        programs = self.tool.programs
        folder = staged / "bin"
        folder.mkdir(parents=True)
        if not programs:
            return {}
        # a folder takes each program under its package's name; a single one is named here, as etcd's is "server"
        output = str(folder / next(iter(programs))) if len(programs) == 1 else f"{folder}{os.sep}"
        flags = ("-ldflags", linker_flags(self.tool, self.version), "-o", output)
        self._run_go((*GO_BUILD, *flags, *programs.values()), scratch, log)
        return {f"bin/{program}": 0o755 for program in programs}

    def _copy(self, staged: Path, scratch: Path, log: int) -> dict[str, int]:
        modes = {}
        folders: dict[str, Path] = {}
        for copy in self.tool.copies:
            if copy.module not in folders:
                folders[copy.module] = self._module_folder(copy.module, scratch, log)
            for source in self._sources(copy, folders[copy.module]):
                target = f"{copy.folder}/{source.name}"
                (staged / target).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, staged / target)
                modes[target] = copy.mode
        return modes

    def _sources(self, copy: Copy, folder: Path) -> list[Path]:
        sources = sorted(folder.glob(copy.pattern))
        if not sources:
            raise TenantryError(
                f"{self._name} was not built: the module has no {copy.pattern}",
                str(folder),
                "restore the module files from git",
            )
        return sources

    def _module_folder(self, module: str, scratch: Path, log: int) -> Path:
        answer = scratch / "module.json"
        with answer.open("wb") as stdout:
            self._run_go(("mod", "download", "-json", module), scratch, log, stdout.fileno())
        return Path(json.loads(answer.read_text())["Dir"])

    def _run_go(self, arguments: Sequence[str], scratch: Path, log: int, stdout: int | None = None) -> None:
        process = subprocess.Popen(
            [str(self.go.program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log if stdout is None else stdout,
            stderr=log,
            cwd=self.workshop.module_file(self.tool, "go.mod").parent,
            env=build_environment(scratch),
        )
        try:
            while not _has_ended(process):
                self.tick()
        finally:
            _stop(process)
        if process.returncode:
            if stdout is not None:  # `go mod download -json` puts its error there
                os.write(log, (scratch / "module.json").read_bytes())
            raise failures.from_log(self._name, self.workshop.log(self.tool))

    def _install(self, staged: Path, modes: Mapping[str, int]) -> None:
        stamp = self.workshop.stamp(self.tool)
        before = {path for path, _ in products(read_stamp(stamp), self.workshop)}
        sizes = {}
        for name, mode in modes.items():
            (staged / name).chmod(mode)
            sizes[name] = (staged / name).stat().st_size
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.unlink(missing_ok=True)  # from here to the end the tool counts as not built
        for name in modes:
            target = self.workshop.sandbox / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (staged / name).replace(target)
        for stale in before - {self.workshop.sandbox / name for name in modes}:
            stale.unlink(missing_ok=True)
        record = {"recipe": recipe_digest(self.tool, self.workshop), "go": self.go.version, "products": sizes}
        written = staged / stamp.name
        written.write_text(json.dumps(record, indent=1) + "\n")
        written.replace(stamp)


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(timeout=_TICK)
    except subprocess.TimeoutExpired:
        return False
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Interrupt Go, which then ends its compilers; does nothing when it has ended."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
