"""The Pulumi CLI of the caller's environment, as the gate uses it beside previews: the state, and a constrained update.

Owns that an update keeps to the plan of the preview that was judged, and that nothing secret of what it says is shown.
Leaves previews to `infra.gate.previews`.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from infra import foreground
from infra.errors import Interrupted, TenantryError
from infra.gate.scrubbing import Scrubber, secrets_of

OUT_OF_PLAN = "violates plan"
"""What the engine says of a step that the plan does not have (`resource/deploy/step_generator.go`)."""

_DONE = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "replace": "replaced",
    "create-replacement": "created its replacement",
    "delete-replaced": "deleted the replaced",
    "import": "imported",
    "read": "read",
    "discard": "forgotten",
}


@dataclass(frozen=True)
class Stack:
    """A stack behind the `pulumi` on the environment's PATH.

    Args:
        name: the stack's.
        root: the project's folder.
        environment: the whole environment of the CLI.
    """

    name: str
    root: Path
    environment: Mapping[str, str]

    def export(self, *, show_secrets: bool = False) -> str:
        """Return the state as the backend has it.

        Args:
            show_secrets: in plain text, which is never to be written or printed.

        Raises:
            TenantryError: there is no CLI, or it failed; exit code 3.
        """
        command = ["pulumi", "stack", "export", "--stack", self.name, "--non-interactive"]
        if show_secrets:
            command.append("--show-secrets")
        try:
            done = subprocess.run(
                command,
                cwd=self.root,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        except FileNotFoundError as error:
            raise no_cli(self.name) from error
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            told = lines[-1].removeprefix("error: ") if lines else f"exit code {done.returncode}"
            raise TenantryError(f"its state cannot be read ({told})", f"stack {self.name}", "mend that", 3)
        return done.stdout

    def up(self, plan: Path, properties: Mapping[str, frozenset[str]], report: Callable[[str], None]) -> "Applied":
        """Run `pulumi up`, constrained by a plan.

        Args:
            plan: what `pulumi preview --save-plan` wrote.
            properties: URN -> names of the properties that its inputs have, to tell which left the plan.
            report: is told of each step, one line each.

        Raises:
            TenantryError: there is no CLI, or the state cannot be read.
            Interrupted: a signal came, and the CLI has ended.
        """
        scrubber = Scrubber(secrets_of(self.export(show_secrets=True)))
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            course = _Course(output, scrubber, properties, report)
            try:
                code, interrupted = foreground.run(
                    self._update(plan),
                    env=self.environment,
                    cwd=self.root,
                    stdin=subprocess.DEVNULL,
                    output=output,
                    errors=errors,
                    meanwhile=course.follow,
                )
            except FileNotFoundError as error:
                raise no_cli(self.name) from error
            if interrupted:
                raise Interrupted
            errors.seek(0)
            said = scrubber.scrub(errors.read().decode(errors="replace")).strip()
            return Applied(code, tuple(course.wrong) or ((said,) if code and said else ()))

    def _update(self, plan: Path) -> list[str]:
        constrained = ["--plan", str(plan), "--yes", "--skip-preview", "--json", "--non-interactive"]
        return ["pulumi", "up", *constrained, "--suppress-permalink=true", "--stack", self.name]


@dataclass(frozen=True)
class Applied:
    """How an update ended.

    Args:
        code: the CLI's exit code.
        errors: what was wrong, without anything secret.
    """

    code: int
    errors: tuple[str, ...]

    @property
    def left_the_plan(self) -> bool:
        """Whether it was stopped because it would do what had not been previewed."""
        return self.code != 0 and any(OUT_OF_PLAN in one for one in self.errors)


def no_cli(stack: str) -> TenantryError:
    """Return what is said where there is no Pulumi CLI.

    Args:
        stack: the stack that it was needed for.
    """
    remedy = f"install the Pulumi CLI, or `tenantry sandbox up {stack}` and run it again"
    return TenantryError("no pulumi on the PATH", f"stack {stack}", remedy, 3)


@dataclass
class _Course:
    """What an update says, read from where it writes it: were that a pipe, the CLI would end with its reader."""

    output: IO[bytes]
    scrubber: Scrubber
    properties: Mapping[str, frozenset[str]]
    report: Callable[[str], None]
    wrong: list[str] = field(default_factory=list)
    _read: int = 0

    def follow(self) -> None:
        """Tell what has come since the last time."""
        for event in self._events():
            metadata = event.get("resOutputsEvent", {}).get("metadata")
            if metadata and metadata.get("op") in _DONE:
                name = str(metadata.get("urn", "")).rpartition("::")[2]
                self.report(f"{_DONE[metadata['op']]} {name} ({metadata.get('type', '')})")
            diagnostic = event.get("diagnosticEvent")
            if diagnostic and diagnostic.get("severity") == "error":
                self.wrong.append(self._told(diagnostic))

    def _told(self, diagnostic: Mapping[str, Any]) -> str:
        message = str(diagnostic.get("message", ""))
        urn = next((urn for urn in self.properties if urn in message), str(diagnostic.get("urn", "")))
        told = " ".join(self.scrubber.scrub(message, self.properties.get(urn, ())).split())
        name = str(diagnostic.get("urn", "")).rpartition("::")[2]
        return f"{name}: {told}" if name else told

    def _events(self) -> Iterator[Mapping[str, Any]]:
        """Yield what the whole lines say that are new; the CLI goes on behind them."""
        size = os.fstat(self.output.fileno()).st_size
        new = os.pread(self.output.fileno(), size - self._read, self._read)
        whole = new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            event = _event(line)
            if event is not None:
                yield event


def _event(line: bytes) -> Mapping[str, Any] | None:
    """Return what a line says; None of one that is no event, as a plugin may print anything."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None
