"""Documents that something happened to: a correct preview or a refusal comes out, and never a traceback.

What is cut off never passes. Of what is altered, a preview may come out only where it still tells all that the engine
counts.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.gate.change import FailedPreview, Preview
from infra.gate.digest import canonical, changes_digest
from infra.gate.document import read_preview
from tests.gate import engine_documents as engine
from tests.gate.engine_documents import SECRET, UNKNOWN, written

NESTED = {"tags": {"owner": "a", "a.b": "ü 🙂"}, "rules": [{"port": 1, "open": True}, {"port": 2.5}], "key": SECRET}
STEPS = [
    engine.stack({"address": "a"}, {"address": UNKNOWN}),
    engine.create("new", {**NESTED, "id": UNKNOWN}),
    engine.update("other", NESTED, {**NESTED, "tags": {}}, {"tags.owner": "delete", 'tags["a.b"]': "delete"}),
    engine.update("silent", NESTED, {**NESTED, "rules": []}),
    *engine.replacement("first", NESTED, {}, deletes_first=True),
    *engine.replacement("later", NESTED, {}, deletes_first=False),
    engine.delete("old", NESTED),
    *[engine.same(f"calm-{number}", NESTED) for number in range(5)],
]
EVENTS = engine.events(STEPS, others=[{"diagnosticEvent": {"severity": "warning", "message": "old"}}])
FORMS = {"events": engine.lines(EVENTS), "saved": engine.saved(STEPS)}
COUNTS = {"update": 2, "replace": 2, "create": 1, "delete": 1}


def read(folder: Path, content: bytes) -> Preview | None:
    """The preview, or none where it is refused; anything else goes on as it is."""
    try:
        preview = read_preview(written(folder, content))
    except FailedPreview as refused:
        reason = str(refused)
    else:
        reason = ""
    assert "\n" not in reason
    assert len(reason) < 1200
    if reason:
        return None
    changes_digest(preview)
    for resource in preview.resources.values():
        canonical(dict(resource.inputs))
    return preview


def kinds(preview: Preview) -> Counter[str]:
    """Return how many changes there are of each kind that the engine counts."""
    return Counter(one.kind for one in preview.changes if one.kind not in ("options", "outputs"))


@pytest.mark.parametrize("form", FORMS)
def test_the_documents_are_good_before_anything_happens_to_them(tmp_path: Path, form: str) -> None:
    preview = read(tmp_path, FORMS[form])
    assert preview
    assert kinds(preview) == COUNTS


def cuts(content: bytes) -> Iterator[int]:
    """Every two-hundredth of a document, every end of a line, and around its end."""
    yield from range(0, len(content), max(1, len(content) // 200))
    yield from (found.end() for found in re.finditer(rb"\n", content[:-1]))
    yield from range(len(content) - 40, len(content.rstrip()))


@pytest.mark.parametrize("form", FORMS)
def test_a_document_that_is_cut_off_never_passes(tmp_path: Path, form: str) -> None:
    passed = [cut for cut in cuts(FORMS[form]) if read(tmp_path, FORMS[form][:cut])]
    assert passed == []


@pytest.mark.parametrize("form", FORMS)
def test_bits_that_flip_alter_no_count(tmp_path: Path, form: str) -> None:
    turn = random.Random(1)
    for _ in range(600):
        content = bytearray(FORMS[form])
        for _ in range(turn.choice([1, 1, 1, 3])):
            content[turn.randrange(len(content))] ^= 1 << turn.randrange(8)
        preview = read(tmp_path, bytes(content))
        if preview:
            assert sum(kinds(preview).values()) == sum(COUNTS.values()), bytes(content)


@pytest.mark.parametrize("form", FORMS)
def test_bytes_that_are_lost_or_put_in_alter_no_count(tmp_path: Path, form: str) -> None:
    turn = random.Random(2)
    for _ in range(300):
        content, at = FORMS[form], turn.randrange(len(FORMS[form]))
        more = bytes(turn.choices(b'{}[]",:0e\\u\x00\xff\n ', k=turn.randrange(3)))
        preview = read(tmp_path, content[:at] + more + content[at + turn.randrange(30) :])
        if preview:
            assert sum(kinds(preview).values()) == sum(COUNTS.values())


def test_a_step_that_is_lost_or_told_twice_never_passes(tmp_path: Path) -> None:
    half = {"create-replacement", "delete-replaced"}
    for number, event in enumerate(EVENTS):
        steps = [event[kind]["metadata"]["op"] for kind in ("resourcePreEvent", "resOutputsEvent") if kind in event]
        without = read(tmp_path, engine.lines([*EVENTS[:number], *EVENTS[number + 1 :]]))
        twice = read(tmp_path, engine.lines([*EVENTS[: number + 1], *EVENTS[number:]]))
        if "resourcePreEvent" in event and steps[0] not in half:
            assert without is None
            assert twice is None
        assert without is None or kinds(without) == COUNTS
        assert twice is None or kinds(twice) == COUNTS


def test_lines_in_any_order_give_one_digest_and_no_line_twice_gives_another_change(tmp_path: Path) -> None:
    whole = read(tmp_path, FORMS["events"])
    assert whole
    turn = random.Random(3)
    for _ in range(30):
        told = list(EVENTS)
        turn.shuffle(told)
        again = read(tmp_path, engine.lines(told))
        assert again
        assert changes_digest(again) == changes_digest(whole)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.sampled_from([SECRET])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=12,
)


@given(value=JSON)
def test_any_json_is_a_refusal(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    assert read(tmp_path_factory.getbasetemp(), json.dumps(value).encode()) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_a_refusal(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    assert read(tmp_path_factory.getbasetemp(), content) is None
    assert read(tmp_path_factory.getbasetemp(), b'{"steps": [' + content) is None
    assert read(tmp_path_factory.getbasetemp(), b'{"sequence": 0, "cancelEvent": {}}\n' + content) is None


@given(st.data())
def test_any_json_in_the_place_of_any_value_is_a_refusal_or_a_preview(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp()
    told = json.loads(json.dumps(EVENTS[:6] + EVENTS[-2:]))
    document = json.loads(FORMS["saved"])
    for whole in (told, document):
        place, name = _somewhere(whole, data)
        place[name] = data.draw(JSON)
    for content in (engine.lines(told), json.dumps(document).encode()):
        preview = read(folder, content)
        assert preview is None or len(preview.changes) <= len(STEPS)


def _somewhere(value: Any, data: st.DataObject) -> tuple[Any, Any]:
    """Return a container in a value, and one of its names or indices."""
    while True:
        names = list(value) if isinstance(value, dict) else list(range(len(value)))
        name = data.draw(st.sampled_from(names))
        inner = value[name]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.integers(0, 5)) == 0:
            return value, name
        value = inner
