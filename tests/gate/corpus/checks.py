"""Previews that the real engine made: each is judged as expected, and none tells a secret or passes by accident.

Not run yet, as the recordings are not complete: it becomes `tests/gate/test_corpus.py` with them.
"""

import json
import random
from collections.abc import Sequence

import pytest

from infra.gate.change import FailedPreview
from infra.gate.digest import changes_digest
from infra.gate.report_html import html
from infra.gate.report_json import document
from infra.gate.report_markdown import markdown
from infra.gate.report_text import text
from infra.gate.rules.table import RULES
from tests.gate.corpus import recordings, verdicts
from tests.gate.corpus.case import Case
from tests.gate.corpus.cases import CASES

JUDGED = sorted(name for name, case in CASES.items() if not case.fails)
FAILED = sorted(name for name, case in CASES.items() if case.fails)
SAVED = sorted(name for name, case in CASES.items() if case.saved and not case.fails)
BLOCKING = ("dangerous", "forbidden")
CANARY = "canary"
"""In every secret that is planted; nothing else is called so."""
HALVES = (b'"op": "create-replacement"', b'"op": "delete-replaced"')
ENOUGH = 60
MOST = 1_500_000


def reports(case: Case, content: bytes) -> Sequence[str]:
    """Return every report of a preview as it was printed."""
    preview = verdicts.read(content)
    verdict = verdicts.judged(case, preview)
    return [
        markdown(verdict),
        html(verdict, preview.resources),
        json.dumps(document(verdict)),
        text(verdict),
        changes_digest(preview),
    ]


def test_every_case_is_recorded_and_every_recording_is_a_case() -> None:
    assert set(recordings.recorded()) == set(CASES)
    assert set(recordings.saved()) == {name for name, case in CASES.items() if case.saved}
    assert len(CASES) >= ENOUGH


def test_the_recordings_are_small() -> None:
    assert sum(file.stat().st_size for file in recordings.FOLDER.iterdir()) < MOST


@pytest.mark.parametrize("name", JUDGED)
def test_a_recording_is_judged_as_expected(name: str) -> None:
    case, written = CASES[name], verdicts.written()[name]
    verdict = verdicts.judged(case, verdicts.preview_of(name))
    found = verdicts.findings(verdict)
    assert sorted({one.rule for one in found}) == sorted(case.fires), [f"{one.rule}: {one.reason}" for one in found]
    assert not set(case.fires) & set(case.silent)
    assert verdict.passes == (not any(one.level in BLOCKING for one in found))
    assert verdicts.said(case) == written, "say what it is now by `make corpus`, and look at the difference"


@pytest.mark.parametrize("name", FAILED)
def test_a_preview_that_the_engine_refused_is_none(name: str) -> None:
    with pytest.raises(FailedPreview) as failed:
        verdicts.read(recordings.events_of(name))
    assert str(failed.value) == verdicts.written()[name]["fails"]
    if CASES[name].saved:
        with pytest.raises(FailedPreview):
            verdicts.read(recordings.document_of(name))


@pytest.mark.parametrize("name", SAVED)
def test_a_saved_document_says_the_same_as_the_events(name: str) -> None:
    case = CASES[name]
    saved, streamed = verdicts.read(recordings.document_of(name)), verdicts.preview_of(name)
    assert changes_digest(saved) == changes_digest(streamed)
    assert saved.same == streamed.same
    found = {one.rule for one in verdicts.findings(verdicts.judged(case, saved))}
    assert found == set(case.fires)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_fires_on_a_real_preview_and_is_silent_on_one_like_it(rule: str) -> None:
    refused = rule == "policy-mandatory"  # then the engine itself says no: see the case `policy-forbids`
    assert refused or [name for name, case in CASES.items() if rule in case.fires]
    assert [name for name, case in CASES.items() if rule in case.silent]


@pytest.mark.parametrize("name", JUDGED)
def test_the_order_in_which_the_engine_told_makes_no_difference(name: str) -> None:
    content = recordings.events_of(name)
    lines = content.splitlines(keepends=True)
    random.Random(name).shuffle(lines)
    assert reports(CASES[name], b"".join(lines)) == reports(CASES[name], content)


@pytest.mark.parametrize("name", JUDGED)
def test_what_is_cut_off_is_no_preview(name: str) -> None:
    content = recordings.events_of(name)
    lines = content.splitlines(keepends=True)
    chance = random.Random(name)
    cuts = [0, 1, len(content) - 2, *(len(content) - len(b"".join(lines[-count:])) for count in (1, 2, 3))]
    cuts += [chance.randrange(len(content) - len(lines[-1])) for _ in range(3)]
    for cut in cuts:
        with pytest.raises(FailedPreview):
            verdicts.read(content[:cut])


@pytest.mark.parametrize("name", SAVED)
def test_a_saved_document_that_is_cut_off_is_no_preview(name: str) -> None:
    content = recordings.document_of(name)
    for cut in [*range(0, len(content) - 2, max(1, len(content) // 20)), len(content) - 3]:
        with pytest.raises(FailedPreview):
            verdicts.read(content[:cut])


@pytest.mark.parametrize("name", JUDGED)
def test_a_step_that_is_left_out_is_noticed_or_says_nothing_of_its_own(name: str) -> None:
    digest = changes_digest(verdicts.preview_of(name))
    lines = recordings.events_of(name).splitlines(keepends=True)
    told = [place for place, line in enumerate(lines) if b'"resourcePreEvent"' in line and b'"op": "same"' not in line]
    for place in told:
        half = any(word in lines[place] for word in HALVES)  # the engine counts none of them
        try:
            preview = verdicts.read(b"".join(lines[:place] + lines[place + 1 :]))
        except FailedPreview:
            continue
        assert half
        assert changes_digest(preview) == digest


@pytest.mark.parametrize("name", JUDGED)
def test_no_report_tells_a_secret(name: str) -> None:
    for report in reports(CASES[name], recordings.events_of(name)):
        assert CANARY not in report


@pytest.mark.parametrize("name", sorted(CASES))
def test_no_recording_tells_a_secret(name: str) -> None:
    assert CANARY not in recordings.events_of(name).decode()
    if CASES[name].saved:
        assert CANARY not in recordings.document_of(name).decode()
