"""Previews that the real engine made: each is judged as expected, and none tells a secret or passes by accident.

Reading one takes longer than judging and reporting it. So each is read once, shuffled, and held against what was
written down of it in the order in which it was told; what needs more reads is asked of a sample, drawn by a seed.
"""

import json
import random
from collections.abc import Sequence

import pytest

from infra.gate.change import FailedPreview, Preview
from infra.gate.digest import changes_digest
from infra.gate.report_html import html
from infra.gate.report_json import document
from infra.gate.report_markdown import markdown
from infra.gate.report_text import text
from infra.gate.rules.table import RULES
from infra.gate.verdict import Verdict
from tests.gate.corpus import recordings, verdicts
from tests.gate.corpus.cases import CASES

JUDGED = sorted(name for name, case in CASES.items() if not case.fails)
FAILED = sorted(name for name, case in CASES.items() if case.fails)
SAVED = sorted(name for name, case in CASES.items() if case.saved and not case.fails)
BLOCKING = ("dangerous", "forbidden")
CANARY = "canary"
"""In every secret that is planted; nothing else is called so."""
PLACES = ("../", *(f"/{folder}/" for folder in ("root", "home", "Users", "tmp")))
"""What only paths of the machine have where a recording was made."""
HALVES = (b'"op": "create-replacement"', b'"op": "delete-replaced"')
REPLACING = ("cache-replaced", "password-rotated", "sessions-replaced", "subnet-moved")
ENOUGH = 60
MOST = 1_500_000


def drawn(names: Sequence[str], count: int, seed: str) -> Sequence[str]:
    """Return some of many, the same ones in every process."""
    return sorted(random.Random(seed).sample(names, count))


def shuffled(name: str, content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    random.Random(name).shuffle(lines)
    return b"".join(lines)


def reports(preview: Preview, verdict: Verdict) -> Sequence[str]:
    """Return every report."""
    return [markdown(verdict), html(verdict, preview.resources), json.dumps(document(verdict)), text(verdict)]


def test_every_case_is_recorded_and_every_recording_is_a_case() -> None:
    assert set(recordings.recorded()) == set(verdicts.written()) == set(CASES)
    assert set(recordings.saved()) == {name for name, case in CASES.items() if case.saved}
    assert len(CASES) >= ENOUGH


def test_the_recordings_are_small() -> None:
    assert sum(file.stat().st_size for file in recordings.FOLDER.iterdir()) < MOST


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_fires_on_a_real_preview_and_is_silent_on_one_like_it(rule: str) -> None:
    refused = rule == "policy-mandatory"  # then the engine itself says no: see the case `policy-forbids`
    assert refused or [name for name, case in CASES.items() if rule in case.fires]
    assert [name for name, case in CASES.items() if rule in case.silent]


@pytest.mark.parametrize("name", JUDGED)
def test_a_recording_is_judged_as_expected_in_whatever_order_it_is_told(name: str) -> None:
    case, content = CASES[name], recordings.events_of(name)
    preview = verdicts.read(shuffled(name, content))
    verdict = verdicts.judged(case, preview)
    found = verdicts.findings(verdict)
    assert sorted({one.rule for one in found}) == sorted(case.fires), [f"{one.rule}: {one.reason}" for one in found]
    assert not set(case.fires) & set(case.silent)
    assert verdict.passes == (not any(one.level in BLOCKING for one in found))
    said = verdicts.said(case, preview, verdict)
    assert said == verdicts.written()[name], "say what it is now by `make corpus`, and look at the difference"
    for told in (content.decode(), *reports(preview, verdict)):
        assert not [word for word in (CANARY, *PLACES) if word in told]


@pytest.mark.parametrize("name", drawn(JUDGED, 12, "order"))
def test_the_order_in_which_the_engine_told_makes_no_difference_to_reports(name: str) -> None:
    content = recordings.events_of(name)
    previews = [verdicts.read(each) for each in (content, shuffled(name, content))]
    one, other = (reports(preview, verdicts.judged(CASES[name], preview)) for preview in previews)
    assert one == other


@pytest.mark.parametrize("name", FAILED)
def test_a_preview_that_the_engine_refused_is_none(name: str) -> None:
    with pytest.raises(FailedPreview) as failed:
        verdicts.preview_of(name)
    assert str(failed.value) == verdicts.written()[name]["fails"]
    if CASES[name].saved:
        with pytest.raises(FailedPreview):
            verdicts.read(recordings.document_of(name))


@pytest.mark.parametrize("name", SAVED)
def test_a_saved_document_says_the_same_as_the_events(name: str) -> None:
    case, written = CASES[name], verdicts.written()[name]
    saved = verdicts.read(recordings.document_of(name))
    assert changes_digest(saved) == written["digest"]
    assert saved.same == written["same"]
    assert {one.rule for one in verdicts.findings(verdicts.judged(case, saved))} == set(case.fires)


@pytest.mark.parametrize("name", drawn(JUDGED, 20, "cut"))
def test_what_is_cut_off_is_no_preview(name: str) -> None:
    content = recordings.events_of(name)
    lines = content.splitlines(keepends=True)
    chance = random.Random(name)
    last = chance.choice([content[:-2], *(b"".join(lines[:-count]) for count in (1, 2, 3))])
    for cut in (content[:1], content[: chance.randrange(len(content) - len(lines[-1]))], last):
        with pytest.raises(FailedPreview):
            verdicts.read(cut)


@pytest.mark.parametrize("name", SAVED)
def test_a_saved_document_that_is_cut_off_is_no_preview(name: str) -> None:
    content = recordings.document_of(name)
    for cut in [*range(0, len(content) - 2, max(1, len(content) // 20)), len(content) - 3]:
        with pytest.raises(FailedPreview):
            verdicts.read(content[:cut])


@pytest.mark.parametrize("name", drawn(JUDGED, 30, "step"))
def test_a_step_that_is_left_out_is_noticed(name: str) -> None:
    lines = recordings.events_of(name).splitlines(keepends=True)
    steps = [place for place, line in enumerate(lines) if is_step(line) and not is_half(line)]
    changes = [place for place in steps if b'"op": "same"' not in lines[place]]
    left_out = random.Random(name).choice(changes or steps)
    with pytest.raises(FailedPreview):
        verdicts.read(b"".join(lines[:left_out] + lines[left_out + 1 :]))


@pytest.mark.parametrize("name", REPLACING)
def test_half_a_replacement_that_is_left_out_is_noticed_or_says_nothing_of_its_own(name: str) -> None:
    lines = recordings.events_of(name).splitlines(keepends=True)
    halves = [place for place, line in enumerate(lines) if is_step(line) and is_half(line)]
    assert halves
    for half in halves:  # the engine counts none of them
        try:
            preview = verdicts.read(b"".join(lines[:half] + lines[half + 1 :]))
        except FailedPreview:
            continue
        assert changes_digest(preview) == verdicts.written()[name]["digest"]


def is_step(line: bytes) -> bool:
    return b'"resourcePreEvent"' in line


def is_half(line: bytes) -> bool:
    return any(half in line for half in HALVES)


@pytest.mark.parametrize("name", sorted({*SAVED, *FAILED}))
def test_no_recording_tells_a_secret_or_where_it_was_made(name: str) -> None:
    for content in (recordings.events_of(name), *([recordings.document_of(name)] if CASES[name].saved else [])):
        assert not [word for word in (CANARY, *PLACES) if word in content.decode()]
