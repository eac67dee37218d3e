"""The picture has the worst changes in it, within what they are parts of, and no two boxes on the same place."""

from dataclasses import replace
from itertools import combinations

import pytest

from infra.gate.picture import NODES, Box, Picture, draw
from infra.gate.verdict import Judged, Verdict
from tests.gate import verdicts

STACK = "urn:pulumi:s::p::pulumi:pulumi:Stack::p-s"


def child(name: str, parent: str, level: str = "safe") -> Judged:
    one = verdicts.update(name, level=level, rule="r" if level != "safe" else "")  # type: ignore[arg-type]  # a level
    return replace(one, change=replace(one.change, parent=parent))


def drawn(judged: list[Judged], parents: dict[str, str] | None = None) -> Picture:
    return draw(Verdict("s", [], judged, [], [], [], verdicts.small().blast), parents or {})


def names(picture: Picture) -> list[str]:
    return [box.title.split(" · ")[0] for box in picture.boxes]


def inside(inner: Box, outer: Box) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.width <= outer.x + outer.width + 0.2
        and inner.y + inner.height <= outer.y + outer.height + 0.2
    )


def apart(one: Box, other: Box) -> bool:
    return (
        one.x + one.width <= other.x + 0.2
        or other.x + other.width <= one.x + 0.2
        or one.y + one.height <= other.y + 0.2
        or other.y + other.height <= one.y + 0.2
    )


@pytest.mark.parametrize("count", [1, 3, 5, 40, 400])
def test_boxes_are_within_each_other_or_apart_and_within_the_picture(count: int) -> None:
    parents = {verdicts.urn(f"group-{number}"): STACK for number in range(20)}
    parents |= {verdicts.urn(f"inner-{number}"): verdicts.urn(f"group-{number}") for number in range(5)}
    homes = [STACK, *parents]
    picture = drawn([child(f"r{number}", homes[number * 7 % len(homes)]) for number in range(count)], parents)
    for one, other in combinations(picture.boxes, 2):
        assert apart(one, other) or inside(other, one)
    frame = Box(0, 0, picture.width, picture.height + 1, "", "", None, True, "")
    assert all(inside(box, frame) for box in picture.boxes)


def test_a_change_stands_in_its_parents_which_stay() -> None:
    component = verdicts.urn("db", "x:y:Z")
    picture = drawn([child("main", component, "dangerous")], {component: STACK})
    assert names(picture) == ["p-s", "db", "main"]
    assert [box.level for box in picture.boxes] == [None, None, "dangerous"]
    assert "update, dangerous" in picture.boxes[2].note
    assert picture.boxes[0].title.endswith("stays as it is")


def test_of_many_changes_the_worst_are_drawn_and_the_others_counted() -> None:
    judged = [child(f"safe-{number:04}", STACK) for number in range(1_000)]
    judged += [child(f"bad-{number}", STACK, "dangerous") for number in range(9)]
    picture = drawn(judged)
    assert len(picture.boxes) == NODES
    assert picture.left_out == 1_009 - (NODES - 1)
    assert [name.startswith("bad") for name in names(picture)[1:11]] == [True] * 9 + [False]


def test_parents_in_a_circle_and_endless_chains_do_no_harm() -> None:
    first, second = verdicts.urn("a"), verdicts.urn("b")
    assert sorted(names(drawn([child("a", second), child("b", first)]))) == ["a", "b"]
    chain = {verdicts.urn(f"c{number}"): verdicts.urn(f"c{number + 1}") for number in range(5_000)}
    picture = drawn([child("deep", verdicts.urn("c0"))], chain)
    assert (len(picture.boxes), picture.left_out) == (0, 1)


def test_a_name_that_is_too_long_for_its_box_is_cut_there_and_whole_in_its_title() -> None:
    (box,) = drawn([child("名" * 60, "")]).boxes
    assert box.name.endswith("…")
    assert len(box.name) < 30
    assert "名" * 60 in box.title
