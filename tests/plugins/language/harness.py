"""A scratch Pulumi project in a folder of its own, driven by the real CLI and nothing of the user's."""

import contextlib
import json
import os
import subprocess
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from infra.paths import BIN, VIRTUALENV

CLI = BIN / "pulumi"
BOX = """
import pulumi

class Box(pulumi.ComponentResource):
    def __init__(self, name, size=1):
        super().__init__("scratch:index:Box", name, {"size": size})
        self.register_outputs({"size": size})
"""


@dataclass(frozen=True)
class Project:
    """A project whose program lies in `infra/`, as Tenantry's own does; its path contains spaces."""

    root: Path

    @classmethod
    def create(cls, parent: Path, options: str = "{toolchain: pip, virtualenv: .venv}") -> "Project":
        root = parent / "a scratch project"
        (root / "infra").mkdir(parents=True)
        (root / ".venv").symlink_to(VIRTUALENV)
        (parent / "state").mkdir()
        project = cls(root)
        project.configure(options)
        return project

    def configure(self, options: str) -> None:
        text = f"name: scratch\nmain: infra/\nruntime:\n  name: python\n  options: {options}\n"
        (self.root / "Pulumi.yaml").write_text(text)

    def program(self, source: str) -> None:
        (self.root / "infra" / "__main__.py").write_text(textwrap.dedent(source))

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "PYTHON"))}
        return kept | {
            "PULUMI_HOME": str(self.root.parent / "home"),
            # Else the backend writes sidecar files in place, and a kill leaves an empty one and no readable stack.
            "PULUMI_BACKEND_URL": f"file://{self.root.parent / 'state'}?metadata=skip",
            "PULUMI_CONFIG_PASSPHRASE": "scratch",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "GOGC": "400",  # as the product runs it: less processor time for more memory
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }

    def pulumi(self, *arguments: str, code: int | None = 0) -> "subprocess.CompletedProcess[str]":
        result = subprocess.run(
            [CLI, *arguments, "--non-interactive"],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert code in (None, result.returncode), f"exit code {result.returncode}:\n{result.stdout}\n{result.stderr}"
        return result

    def outputs(self, *arguments: str) -> Any:
        return json.loads(self.pulumi("stack", "output", "--json", *arguments).stdout)

    @contextlib.contextmanager
    def running(self, *arguments: str) -> "Iterator[Running]":
        """Start the CLI in a session of its own; whatever of it is left at the end is killed."""
        output = self.root.parent / "output.txt"
        with output.open("w") as stream:
            process = subprocess.Popen(
                [CLI, *arguments, "--non-interactive"],
                cwd=self.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            running = Running(process, output, {process.pid: psutil.Process(process.pid)})
            try:
                yield running
            finally:
                running.look()
                for left in running.alive():
                    left.kill()
                process.wait()


@dataclass(frozen=True)
class Running:
    """A CLI under way, and every process that it was seen to have."""

    process: "subprocess.Popen[bytes]"
    output: Path
    family: dict[int, psutil.Process]

    def look(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                self.family.setdefault(child.pid, child)

    def alive(self) -> list[psutil.Process]:
        return [process for process in self.family.values() if _lives(process)]

    def find(self, words: str) -> psutil.Process:
        """Return the process with `words` in its command line."""
        return next(process for process in self.alive() if words in " ".join(process.cmdline()))

    def wait_for_text(self, text: str) -> None:
        """Wait until the CLI has printed `text`, and take note of its processes."""
        wait(lambda: text in self.output.read_text(), f"{text!r} in the output", seconds=60)
        self.look()

    def wait_until_all_gone(self, seconds: float) -> None:
        wait(lambda: self.process.poll() is not None and not self.alive(), f"the end of {self.alive()}", seconds)


def wait(condition: Callable[[], bool], what: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.02)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
