"""The order of a rehearsal: preview, update, checks, a second preview and a refresh that find nothing, and the end.

Owns the instance that it is in: one that no other command knows, deleted at the end however the rehearsal ends, so that
two may run at once and a killed one is in nobody's way. A stack that another's database is restored from is rehearsed
before that one, in the same sandbox. Leaves printing to the command line.
"""

import contextlib
import functools
import re
import secrets
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from infra.errors import TenantryError
from infra.paths import INSTANCES, SANDBOX_ROOT
from infra.sandbox import lifecycle, pulumi, stack_file
from infra.sandbox.cloud import account
from infra.sandbox.cloud.account import Identity
from infra.sandbox.environment import Workspace
from infra.sandbox.instance import Instance, Report
from infra.sandbox.rehearsal import engine_run, work_tree
from infra.sandbox.rehearsal.answers import ANSWERS
from infra.sandbox.rehearsal.applied import Applied
from infra.sandbox.rehearsal.checking import Check
from infra.sandbox.rehearsal.promises import PROMISES

LOGS = SANDBOX_ROOT / "rehearsals"
"""Where the engine's output of rehearsals stays that failed."""

_UP = ("up", "--yes", "--skip-preview", "--suppress-permalink=true")
_NOTHING = "--expect-no-changes"
_CLIENTS_FAILURES = (ClientError, BotoCoreError, psycopg.Error, KeyError)


@dataclass(frozen=True)
class Step:
    """One part of a rehearsal that has ended.

    Args:
        name: what was done.
        seconds: how long it took.
        ok: whether it went well.
        detail: a fact, or what went wrong.
    """

    name: str
    seconds: float
    ok: bool
    detail: str = ""


@dataclass
class Rehearsal:
    """One stack's rehearsal, and what is known of it so far.

    Args:
        stack: its name.
        report: receives progress.
    """

    stack: str
    report: Report
    steps: list[Step] = field(default_factory=list)
    checks: list[Step] = field(default_factory=list)
    failure: TenantryError | None = None

    def __post_init__(self) -> None:
        self.instance = _name(self.stack)
        self.log = LOGS / f"{self.instance}.log"
        self._sources = [*sources_of(self.stack), self.stack]
        self._identity = _identity([stack_file.source_of(stack) for stack in self._sources])

    @property
    def seconds(self) -> float:
        """How long it has taken so far, without the deletion of the sandbox."""
        return sum(step.seconds for step in self.steps)

    @property
    def tail(self) -> str:
        """The end of what the engine said, when it was the engine that failed."""
        return self.failure.tail if isinstance(self.failure, engine_run.EngineFailed) else ""

    def run(self, *, keep: bool = False) -> None:
        """Rehearse; `failure` says afterwards what went wrong.

        Args:
            keep: whether the sandbox stays, for a look at it; never when a signal ends the rehearsal.

        Raises:
            Interrupted: a signal came; the sandbox is gone.
        """
        LOGS.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = False
        try:
            try:
                self._run(functools.partial(engine_run.run, log=self.log, each_step=keep))
            except TenantryError as error:
                self.failure = error
            kept = keep
        finally:
            if not kept:
                self._delete()

    def _run(self, engine: Callable[[Workspace, Sequence[str]], None]) -> None:
        """Do all of it, each part in a step: a failure is told by the name of the last one."""
        with self._step("sandbox"):
            files = [stack_file.source_of(stack) for stack in self._sources]
            before = work_tree.state(files)
            instance = self._start()
        for stack in self._sources:
            self._apply(stack, instance, engine)
        with self._step("work tree"):
            work_tree.require_unchanged(before, work_tree.state(files))

    def _apply(self, stack: str, instance: Instance, engine: Callable[[Workspace, Sequence[str]], None]) -> None:
        """Take one stack from nothing to the end; those that it restores from are there."""
        of = "" if stack == self.stack else f"{stack}: "
        with self._step(f"{of}preview"):
            workspace = _workspace(instance, stack)
            engine(workspace, ["preview"])
        with self._step(f"{of}up"):
            engine(workspace, _UP)
        with self._step(f"{of}checks"):
            outputs = engine_run.document(workspace, ["stack", "output", "--json", "--show-secrets"])
            self._check(Applied(workspace, outputs), of)
        with self._step(f"{of}second preview"):
            engine(workspace, ["preview", _NOTHING])
        with self._step(f"{of}refresh"):
            engine(workspace, ["refresh", "--preview-only", _NOTHING])

    def _start(self) -> Instance:
        asked = frozenset[str]().union(*(stack_file.services(stack_file.source_of(one)) for one in self._sources))
        return lifecycle.up(self.instance, self.report, asked, self._identity)

    def _check(self, applied: Applied, of: str) -> None:
        checks: list[Step] = []
        for check in (*ANSWERS, *PROMISES):
            began = time.monotonic()
            ok, detail = _look(check, applied)
            checks.append(Step(f"{of}{check.name}", time.monotonic() - began, ok=ok, detail=detail))
        self.checks += checks
        failed = [f"{check.name}: {check.detail}" for check in checks if not check.ok]
        if failed:
            more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
            remedy = "mend the program or the settings; --keep leaves the sandbox for a look"
            raise TenantryError(f"not so: {failed[0]}{more}", f"stack {applied.workspace.stack}", remedy)

    @contextlib.contextmanager
    def _step(self, name: str) -> Iterator[None]:
        self.report(f"{self.stack}: {name}")
        began = time.monotonic()
        try:
            yield
        except TenantryError as error:
            self.steps.append(Step(name, time.monotonic() - began, ok=False, detail=str(error)))
            raise
        self.steps.append(Step(name, time.monotonic() - began, ok=True))

    def _delete(self) -> None:
        """Delete the instance, whatever signal comes meanwhile, and the log of a rehearsal that went well."""
        before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            self.report(f"{self.stack}: deleting the sandbox {self.instance}")
            lifecycle.down(self.instance, lambda _line: None, delete=True, missing_ok=True)
            (INSTANCES / f"{self.instance}.lock").unlink(missing_ok=True)
            shutil.rmtree(INSTANCES / self.instance, ignore_errors=True)  # one that has no record yet
            if self.failure is None:
                self.log.unlink(missing_ok=True)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def sources_of(stack: str) -> list[str]:
    """Return the stacks that a stack's database is restored from, the first one first; empty when there is none.

    Args:
        stack: its name.

    Raises:
        TenantryError: a stack file is missing or none, or stacks restore from each other.
    """
    found: list[str] = []
    current = stack
    while source := _source(current):
        if source in (stack, *found):
            where = stack_file.source_of(current).name
            raise TenantryError(f"the stacks restore from each other, {source} too", where, "mend database.restore")
        found.insert(0, source)
        current = source
    return found


def _source(stack: str) -> str | None:
    restored = stack_file.sections(stack_file.source_of(stack)).get("database", {}).get("restore")
    source = restored.get("stack") if isinstance(restored, dict) else None
    return source if isinstance(source, str) else None


def _identity(files: Sequence[Path]) -> Identity:
    """Return the one account of some stacks, the last one's caller first.

    Raises:
        TenantryError: they are of several accounts.
    """
    identities = [account.of_stack(stack_file.sections(file)) for file in reversed(files)]
    for file, identity in zip(reversed(files), identities, strict=True):
        if identity.account != identities[0].account:
            remedy = "rehearse stacks of one account, as a sandbox is one"
            raise TenantryError(f"it is of another account than {files[-1].name}", file.name, remedy)
    arns = dict.fromkeys(arn for identity in identities for arn in identity.principals)
    return Identity(identities[0].account, tuple(arns))


def _workspace(instance: Instance, stack: str) -> Workspace:
    workspace = Workspace(instance, stack)
    workspace.prepare()
    pulumi.ensure_stack(workspace)
    return workspace


def _name(stack: str) -> str:
    """Return the name of an instance that nobody has: 40 characters at most, as an instance's has to be."""
    letters = re.sub(r"[^a-z0-9]+", "-", stack.lower()).strip("-")[:20]
    return f"rehearse-{letters}-{secrets.token_hex(4)}"


def _look(check: Check, applied: Applied) -> tuple[bool, str]:
    """Return whether it is so, with a fact or a complaint."""
    try:
        return True, check.look(applied) or "none"
    except _CLIENTS_FAILURES as error:
        return False, _line(error)
    except TenantryError as error:
        return False, f"{error.what}, {error.where}"


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
