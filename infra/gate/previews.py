"""Previews made by the Pulumi CLI as the caller's environment has it.

Owns the command, and what its end means. In the sandbox the `pulumi` on the path is the wrapper that gives each stack
its own copy of its file. Leaves reading what it printed to `infra.gate.document`.
"""

import io
import os
import re
import signal
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING

from infra.children import Children, Finished
from infra.errors import TenantryError
from infra.gate.change import FailedPreview, Preview
from infra.gate.diagnostics import EngineRefused, one_line
from infra.gate.document import read_printed

if TYPE_CHECKING:
    from typing_extensions import Buffer

EXIT_CODE = 3
"""Of a command that has no preview to judge (DESIGN section 5)."""

STREAMING = {"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}
"""Makes the CLI print each event as it comes, so that no preview is too large; a CLI too old prints one document."""

_SENSITIVE = re.compile(r"PASSPHRASE|PASSWORD|SECRET|TOKEN|ACCESS_KEY|CREDENTIAL")
_SHORTEST_SECRET = 6
_LOOK_SECONDS = 0.05  # how soon what was printed is read
_ERROR = re.compile(r"^\s*error: ", re.MULTILINE)


def run_preview(
    stack: str,
    *,
    root: Path,
    environment: Mapping[str, str],
    refresh: bool = False,
    plan: Path | None = None,
) -> Preview:
    """Preview a stack and read what the engine says.

    Args:
        stack: its name, perhaps with its organisation and project before it.
        root: the folder of `Pulumi.yaml`.
        environment: the whole environment of the CLI.
        refresh: whether the state is first compared with what there is.
        plan: a file for the update plan.

    Raises:
        FailedPreview: there is no preview to judge.
        TenantryError: the CLI cannot be run.
        Interrupted: a signal came, and the CLI has ended.
    """
    children = Children({**environment, **STREAMING}, root)
    return preview_by(children, stack, refresh=refresh, plan=plan)


def preview_by(children: Children, stack: str, *, refresh: bool = False, plan: Path | None = None) -> Preview:
    """Preview a stack as one of several commands side by side.

    Args:
        children: whom the CLI is run by, in the folder of `Pulumi.yaml`; with `STREAMING` in the environment, or what
            no document tells is missing.
        stack: its name, perhaps with its organisation and project before it.
        refresh: whether the state is first compared with what there is.
        plan: a file for the update plan.

    Raises:
        FailedPreview: there is no preview to judge, or none was begun, as all were told to end.
        TenantryError: the CLI cannot be run.
        Interrupted: a signal came, and the CLI has ended.
    """
    command = ["pulumi", "preview", "--json", "--non-interactive", "--stack", stack]
    command += ["--refresh"] if refresh else []
    command += ["--save-plan", str(plan.absolute())] if plan else []
    over = threading.Event()
    with tempfile.TemporaryFile(buffering=0) as file, ThreadPoolExecutor(1) as pool:
        # Read while it is printed, a preview of thousands of resources is known when the engine is done.
        known = pool.submit(read_printed, Printed(file.fileno(), over), stack=stack.rpartition("/")[2])
        try:
            finished = _run(children, command, file)
        finally:
            over.set()
        return _told(known, finished, children.environment)


class Printed(io.RawIOBase):
    """A file as somebody else writes it, to its end and no sooner.

    A file and not a pipe, so that nobody waits for whoever else has inherited it (see `infra.children`).

    Args:
        descriptor: of the file, which stays open.
        over: set when nothing more will be written.
    """

    def __init__(self, descriptor: int, over: threading.Event) -> None:
        self._descriptor = descriptor
        self._over = over
        self._place = 0

    def readable(self) -> bool:
        """Whether it can be read, as `io.BufferedReader` asks."""
        return True

    def readinto(self, buffer: "Buffer", /) -> int:
        """Read into a buffer what there is next, and return how many bytes; 0 at the end."""
        while True:
            over = self._over.is_set()
            count = os.preadv(self._descriptor, [buffer], self._place)
            if count or over:
                self._place += count
                return count
            self._over.wait(_LOOK_SECONDS)


def _told(known: "Future[Preview]", finished: Finished, environment: Mapping[str, str]) -> Preview:
    """Return what was read, of a preview that ended well."""
    try:
        preview = known.result()
    except EngineRefused as refused:
        raise FailedPreview(_without_secrets(str(refused), environment)) from refused
    except FailedPreview as failed:
        if finished.code == 0:
            raise FailedPreview(f"what `pulumi preview` printed is no preview: {failed}") from failed
        raise FailedPreview(_without_secrets(_reason(finished), environment)) from failed
    if finished.code != 0:
        raise FailedPreview(_without_secrets(_reason(finished), environment))
    return preview


def _run(children: Children, command: Sequence[str], file: IO[bytes]) -> Finished:
    try:
        finished = children.run(command, output=file)
    except OSError as error:
        if error.filename not in {None, "pulumi"}:
            raise
        missing = isinstance(error, FileNotFoundError)
        what = "the Pulumi CLI is not there" if missing else f"the Pulumi CLI cannot be run ({error.strerror})"
        remedy = "install it; in the sandbox run this by `tenantry sandbox run STACK --`"
        raise TenantryError(what, "PATH", remedy, EXIT_CODE) from error
    if finished is None:
        raise FailedPreview("it was not begun, as everything was told to end")
    return finished


def _reason(finished: Finished) -> str:
    """Return why the CLI failed, where the engine had no word of it: its first error, or the last that it said."""
    if finished.code < 0:
        return f"`pulumi preview` was killed by {signal.Signals(-finished.code).name}"
    if found := _ERROR.search(finished.errors):
        return f"`pulumi preview` failed: {one_line(finished.errors[found.end() :])}"
    last = one_line(next(iter(finished.errors.strip().splitlines()[-1:]), ""))
    return f"`pulumi preview` failed with exit code {finished.code}" + (f": {last}" if last else "")


def _without_secrets(text: str, environment: Mapping[str, str]) -> str:
    for name, value in environment.items():
        if _SENSITIVE.search(name) and len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, "[secret]")
    return text
