"""A project whose program declares what a file lists, on the plugins and servers of a real instance.

Owns running the engine on it. Leaves what is declared to `base` and its cases.
"""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.gate.values import KEY
from infra.paths import BIN, VIRTUALENV
from infra.sandbox.environment import Workspace
from infra.sandbox.plugins.launcher import write_script
from tests.gate.corpus import analyzer, program
from tests.gate.corpus.case import NEWER, Case
from tests.gate.corpus.cases import STACK
from tests.gate.corpus.declaring import Program

STREAMING = {"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}
"""Lets a preview print the engine's events, and not a document at its end."""

_PROJECT = "name: corpus\nruntime:\n  name: python\n  options: {{toolchain: pip, virtualenv: {virtualenv}}}\n"
_PACK = "name: owners\nversion: 1.0.0\nruntime: corpus\n"
_ANALYZERS = "plugins:\n  analyzers:\n    - {name: policy-corpus, path: ./pack}\n"
_PYTHON = shlex.quote(str(VIRTUALENV / "bin" / "python"))
_TRIES = 3  # servers that an idle machine starts late
_SECRET = re.compile(r"(?![a-z_]+$).{8,}", re.DOTALL)
"""Secrets that are looked for: not the names of databases and logins, which are among them as well."""


class OtherEndError(Exception):
    """A preview failed that should not have, or did not and should have."""


@dataclass(frozen=True)
class Project:
    """A project whose program declares what a file lists.

    Args:
        workspace: of the instance.
        root: its folder.
        base: what it declares unless a case changes it.
    """

    workspace: Workspace
    root: Path
    base: Program

    def prepare(self) -> None:
        """Write the project, and make its stack unless there is one."""
        self._declared.write_text("[]")
        (self.root / "Pulumi.yaml").write_text(_PROJECT.format(virtualenv=VIRTUALENV) + _ANALYZERS)
        self._pack.mkdir(exist_ok=True)
        (self._pack / "PulumiPolicy.yaml").write_text(_PACK)
        write_script(self._pack / "pulumi-analyzer-policy-corpus", f'exec {_PYTHON} {analyzer.__file__} "$@"\n')
        (self.root / "__main__.py").write_text(Path(program.__file__).read_text())
        self.pulumi("stack", "select", "--create", STACK)

    def install_newer(self) -> None:
        """Let there be a newer version of a plugin in the instance: the same one, under another version."""
        plugins = self.workspace.home / "plugins"
        newer = plugins / f"resource-random-v{NEWER}"
        if not newer.exists():
            known = next(plugins.glob("resource-random-v*"))
            shutil.copytree(known, newer)

    def pulumi(self, *arguments: str, ok: bool = True, **more: str) -> subprocess.CompletedProcess[bytes]:
        """Run the CLI.

        Args:
            arguments: of it.
            ok: whether it must succeed.
            more: variables of its environment.
        """
        own = {"PULUMI_OPTION_CONFIG_FILE": str(self.root / f"Pulumi.{STACK}.yaml"), "PULUMI_STACK": STACK}
        own |= {"CORPUS_DECLARED": str(self._declared), "PULUMI_SKIP_CHECKPOINTS": "true"}
        finished = subprocess.run(
            [str(BIN / "pulumi"), *arguments, "--non-interactive"],
            env={**self.workspace.process_environment(), **own, **more},
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if ok and finished.returncode != 0:
            raise RuntimeError(f"pulumi {arguments[0]} failed: {(finished.stdout + finished.stderr).decode()[-3000:]}")
        return finished

    def up(self) -> None:
        """Apply the base; what has not started in time is waited for by another run."""
        self._declared.write_text(self.base.written())
        for number in range(1, _TRIES + 1):
            finished = self.pulumi("up", "--yes", "--skip-preview", "--parallel", "16", ok=number == _TRIES)
            if finished.returncode == 0:
                return

    def preview(self, case: Case, **more: str) -> bytes:
        """Return what a preview prints.

        Args:
            case: what is changed of the base.
            more: variables of the CLI's environment.

        Raises:
            OtherEndError: it failed, or it did not, as the case does not say.
        """
        declared = self.base.copied()
        case.change(declared)
        self._declared.write_text(declared.written())
        policed = ["--policy-pack", str(self._pack)] if case.policed else []
        finished = self.pulumi("preview", "--json", *policed, ok=False, **more)
        if (finished.returncode != 0) != case.fails:
            raise OtherEndError(f"{case.name}: {finished.stdout.decode()[-1000:]}")
        return finished.stdout

    def secrets(self) -> Sequence[str]:
        """Return every text in the state that is a secret, however it came there."""
        state = json.loads(self.pulumi("stack", "export", "--show-secrets").stdout)
        return secrets_in(state)

    @property
    def _pack(self) -> Path:
        return self.root / "pack"

    @property
    def _declared(self) -> Path:
        return self.root / "declared.json"


def secrets_in(state: Any) -> Sequence[str]:
    """Return the texts in secrets of a state that is exported with them shown, each once."""
    return sorted({text for text in _texts(state) if _SECRET.match(text)})


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value.get(KEY) and "plaintext" in value:
        found = [json.loads(value["plaintext"])]
        while found:
            one = found.pop()
            found += one.values() if isinstance(one, dict) else one if isinstance(one, list) else []
            if isinstance(one, str):
                yield one
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
