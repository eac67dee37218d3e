"""`python -m tests.gate.corpus.record [CASE...]`: previews of the real engine, made anew in instances of their own.

Owns the order: a base is applied once, and each case is a preview of what it changes. Leaves what is kept of them to
`recordings`, and how they are judged to `verdicts`. A recording that says the same as the one that is there is left as
it is, so that what changes in git is what the engine says otherwise than before.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Protocol

from infra.sandbox import lifecycle
from infra.sandbox.environment import Workspace
from tests.gate.corpus import real, recordings, verdicts
from tests.gate.corpus.base import base
from tests.gate.corpus.case import Case
from tests.gate.corpus.cases import CASES
from tests.gate.corpus.project import STREAMING, OtherEndError, Project

_BASE, _REAL = "corpus", "corpus-local"  # instances
_SERVERS = ("control plane", "postgresql", "cloud")


class Previewed(Protocol):
    """What is applied, and previewed with what a case changes."""

    def preview(self, case: Case, **more: str) -> bytes:
        """Return what a preview prints, with more variables in the CLI's environment."""

    def secrets(self) -> Sequence[str]:
        """Return every secret in the state."""


def main() -> None:
    """Record what is named, or all, and write down the verdicts."""
    parser = argparse.ArgumentParser(prog="python -m tests.gate.corpus.record", description=__doc__)
    parser.add_argument("case", nargs="*", help="which; all by default")
    parser.add_argument("--keep", action="store_true", help="let the instances stay")
    parser.add_argument("--judge", action="store_true", help="record nothing, only judge what is recorded anew")
    asked = parser.parse_args()
    cases = [] if asked.judge else [CASES[name] for name in asked.case or CASES]
    for name, is_real in ((_BASE, False), (_REAL, True)):
        own = [case for case in cases if case.real == is_real]
        if not own:
            continue
        try:
            record(real.applied(name) if is_real else _applied_base(), own)
        finally:
            if not asked.keep:
                lifecycle.down(name, _say, delete=True)
    verdicts.write()


def record(previewed: Previewed, cases: Sequence[Case]) -> None:
    """Record cases.

    Raises:
        RuntimeError: the engine told a secret, or some cases did not end as they say.
    """
    secrets = previewed.secrets()
    failed = []
    for case in cases:
        try:
            written = _record(previewed, case, secrets)
        except OtherEndError as error:
            failed.append(case.name)
            _say(str(error))
        else:
            _say(f"{case.name}: {'written' if written else 'as before'}")
    if failed:
        raise RuntimeError(f"not recorded: {', '.join(failed)}")


def _record(previewed: Previewed, case: Case, secrets: Sequence[str]) -> bool:
    """Record a case, and return whether anything was written."""
    streamed = previewed.preview(case, **STREAMING)
    saved = previewed.preview(case) if case.saved else b""
    if any(secret in (streamed + saved).decode() for secret in secrets):
        raise RuntimeError(f"the engine tells a secret in {case.name}")
    written = [recordings.keep_events(case.name, streamed)]
    if case.saved:
        written.append(recordings.keep_document(case.name, saved))
    return any(written)


def _applied_base() -> Project:
    workspace = Workspace(lifecycle.up(_BASE, _say, _SERVERS), "local")
    workspace.prepare()
    project = Project(workspace, workspace.instance.folder(_BASE), base())
    project.prepare()
    project.install_newer()
    _say("applying the base")
    project.up()
    return project


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
