"""What is said of each recording, in one file that a reviewer reads: `verdicts.json`."""

import datetime
import json
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from infra.gate.change import FailedPreview, Preview
from infra.gate.cost import estimate
from infra.gate.digest import changes_digest
from infra.gate.document import read_preview
from infra.gate.judging import judge
from infra.gate.verdict import Finding, Verdict
from tests.gate.corpus import real, recordings
from tests.gate.corpus.case import Case
from tests.gate.corpus.cases import CASES, settings_of

FILE = Path(__file__).parent / "verdicts.json"

_TODAY = datetime.date(2026, 11, 22)  # no waivers are taken: any day would do
_FOLDER = tempfile.TemporaryDirectory(prefix="tenantry-corpus-")


def read(content: bytes) -> Preview:
    """Read what the engine printed, as the gate does.

    Raises:
        FailedPreview: there is nothing to judge.
    """
    path = Path(_FOLDER.name) / "preview.json"
    path.write_bytes(content)
    return read_preview(path)


def preview_of(name: str) -> Preview:
    """Return what a recording of events says, as it was told.

    Raises:
        FailedPreview: there is nothing to judge.
    """
    return read(recordings.events_of(name))


def judged(case: Case, preview: Preview) -> Verdict:
    """Return the verdict on a preview of a case."""
    settings = real.settings_of(case) if case.real else settings_of(case)
    monthly = settings.budget.monthly_usd if settings.budget is not None else None
    assert settings.aws is not None
    cost = estimate(preview, region=settings.aws.region, budget=monthly)
    return judge(preview, settings, preview.stack, waivers=(), today=_TODAY, cost=cost)


def findings(verdict: Verdict) -> list[Finding]:
    """Return what was found, of changes and of what is declared."""
    return list(dict.fromkeys([*verdict.desired, *(one for change in verdict.judged for one in change.findings)]))


def said(case: Case, preview: Preview, verdict: Verdict) -> Mapping[str, Any]:
    """Return what the file has of a case."""
    kinds = sorted(change.kind for change in preview.changes)
    rules = {(one.rule, one.level) for one in findings(verdict)}
    return {
        "passes": verdict.passes,
        "rules": dict(sorted(rules)),
        "near": sorted(case.silent),
        "changes": {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)},
        "same": preview.same,
        "digest": changes_digest(preview),
    }


def write() -> None:
    """Judge all recordings, and write the file."""
    known = [case for name, case in sorted(CASES.items()) if name in recordings.recorded()]
    FILE.write_text(json.dumps({case.name: _recorded(case) for case in known}, indent=2) + "\n")


def _recorded(case: Case) -> Mapping[str, Any]:
    try:
        preview = preview_of(case.name)
    except FailedPreview as failed:
        return {"fails": str(failed)}
    return said(case, preview, judged(case, preview))


@cache
def written() -> Mapping[str, Any]:
    """Return what the file says."""
    return dict(json.loads(FILE.read_text()))
