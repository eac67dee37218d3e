"""Values of others are shown short, in one line, and what is hidden apart from what is written."""

import pytest

from infra.gate import shown
from infra.gate.change import Hidden, Value
from infra.gate.shown import Piece
from tests.gate.verdicts import HOSTILE


def words(pieces: shown.Pieces) -> str:
    return "".join(f"*{one.text}*" if one.hidden else one.text for one in pieces)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "null"),
        (True, "true"),
        (7, "7"),
        (1.5, "1.5"),
        ("7", '"7"'),
        ("secret", '"secret"'),
        (Hidden.SECRET, "*secret*"),
        ([1, Hidden.UNKNOWN, "a"], '[1, *known after apply*, "a"]'),
        ({"b": 1, "a": Hidden.SECRET}, '{"a": *secret*, "b": 1}'),
        ({}, "{}"),
        ([], "[]"),
        ('say "hi"\n', '"say "hi"\\n"'),
    ],
)
def test_a_value_is_written_as_in_json_with_its_hidden_parts_marked(value: Value, told: str) -> None:
    assert words(shown.value(value, 80)) == told


def test_neighbours_of_one_sort_are_one_piece() -> None:
    assert shown.value([1, 2], 80) == (Piece("[1, 2]"),)


@pytest.mark.parametrize("value", ["x" * 10_000, ["x"] * 10_000, {f"{one:05}": one for one in range(9_999)}])
def test_a_long_value_is_cut(value: Value) -> None:
    told = words(shown.value(value, 40))
    assert len(told) <= 41
    assert told.endswith("…")


def test_a_value_that_is_nested_without_end_is_cut() -> None:
    value: Value = []
    for _ in range(100_000):
        value = [value]
    assert words(shown.value(value, 40)) == "[" * 40 + "…"


def test_long_texts_that_begin_alike_are_shown_from_where_they_differ() -> None:
    before, after = shown.pair("x" * 5_000 + "a" * 5_000, "x" * 5_000 + "b", 30)
    assert words(before) == '"…' + "x" * 12 + "a" * 18 + '…" (10,000 characters)'
    assert words(after) == '"…' + "x" * 12 + 'b" (5,001 characters)'


def test_short_texts_are_shown_whole() -> None:
    assert [words(one) for one in shown.pair("abcdefghijklmnopqr1", "abcdefghijklmnopqr2", 80)] == [
        '"abcdefghijklmnopqr1"',
        '"abcdefghijklmnopqr2"',
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_is_shown_moves_a_cursor_or_hides(text: str) -> None:
    assert shown.sentence(text, 300).isprintable()
    assert all(one.text.isprintable() for one in shown.value([text, {text: text}], 300))
    shown.sentence(text, 300).encode()


def test_a_message_keeps_its_words_and_loses_its_colours() -> None:
    assert shown.sentence("\x1b[1;31mno \x1b[0m\n such\tbucket\x07", 80) == "no such bucket\\u0007"


def test_a_message_is_cut_at_its_limit() -> None:
    assert shown.sentence("word " * 100, 20) == "word word word word…"
