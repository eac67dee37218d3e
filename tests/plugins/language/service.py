"""The language host's process without an engine, spoken to over its own protocol."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from infra.paths import BIN, PROJECT_ROOT
from infra.sandbox.plugins.language.install import LAUNCHER


@dataclass(frozen=True)
class Service:
    process: "subprocess.Popen[str]"
    stub: Any

    def let_go(self) -> None:
        """Close the pipe that an engine would hold."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.stdin = None

    @classmethod
    @contextlib.contextmanager
    def start(cls, launcher: Path = BIN / LAUNCHER) -> "Iterator[Service]":
        process = subprocess.Popen(
            [launcher, "127.0.0.1:1"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        assert process.stdout
        try:
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield cls(process, language_pb2_grpc.LanguageRuntimeStub(channel))
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def info(root: Path = PROJECT_ROOT, **options: str) -> Any:
    """Describe a program in `root`/infra, by default Tenantry's own."""
    message = language_pb2.ProgramInfo(root_directory=str(root), program_directory=str(root / "infra"), entry_point=".")
    message.options.update(options or {"toolchain": "pip", "virtualenv": ".venv"})
    return message
