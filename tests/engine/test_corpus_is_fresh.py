"""The corpus of the gate is what the engine says today: some of its changes, previewed anew, are those recorded."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from infra.gate.digest import change_digest
from tests.engine.stack import Stack
from tests.gate.corpus import verdicts
from tests.gate.corpus.base import base
from tests.gate.corpus.case import Case, together
from tests.gate.corpus.cases import CASES
from tests.gate.corpus.project import STREAMING, Project

CHANGED = {"messages-shorter": "mail-queue", "pods-list-nothing": "reader", "login-makes-roles": "pool-app"}
"""Case -> what it changes: one in AWS, one in the cluster, and one in the database."""


@pytest.fixture
def project(stack: Stack, tmp_path: Path) -> Iterator[Project]:
    """A part of the corpus' base, applied beside the stack; its stack is gone at the end, with all that it made."""
    made = Project(stack.workspace, tmp_path, base().only(*CHANGED.values()))
    made.prepare()
    try:
        made.up()
        yield made
    finally:
        made.pulumi("destroy", "--yes", "--skip-preview", "--remove", "--refresh=false")


def test_changes_previewed_anew_are_those_of_the_recordings(project: Project) -> None:
    cases = [CASES[name] for name in CHANGED]
    every = replace(cases[0], name="every", change=together(*(case.change for case in cases)))
    preview = verdicts.read(project.preview(every, **STREAMING))
    assert [change_digest(change) for change in preview.changes] == sorted_digests(cases)


def sorted_digests(cases: list[Case]) -> list[str]:
    """Return the digests of all changes of recordings, in the order of their URNs."""
    changes = [change for case in cases for change in verdicts.preview_of(case.name).changes]
    return [change_digest(change) for change in sorted(changes, key=lambda change: change.urn)]
