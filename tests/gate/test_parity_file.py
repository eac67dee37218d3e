"""`stacks/parity.yaml`: what may be in it, what it allows, and what is said of entries that are of no use."""

import datetime
import textwrap
from pathlib import Path

import pytest

from infra.errors import TenantryError
from infra.gate import parity_entries, parity_file
from infra.gate.change import Hidden
from infra.gate.parity import Comparison, Difference
from infra.gate.parity_file import Judgement, WrongParityFile
from tests.stack_files import write_stack

TODAY = datetime.date(2026, 11, 22)

EXTRA = Difference("aws:s3/bucket:Bucket", "assets-copy", values={"production": {}})
SIZE = Difference("aws:rds/instance:Instance", "database", "instanceClass", {"staging": "small", "production": "large"})
MULTI = Difference("aws:rds/instance:Instance", "database", "multiAz", {"production": True})
ALL = Comparison(("staging", "production"), (10, 11), (EXTRA, SIZE, MULTI))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with three stacks."""
    for stack in ("staging", "production", "dr"):
        write_stack(tmp_path, stack, {})
    return tmp_path


def write(root: Path, text: str) -> None:
    path = root / parity_file.NAME
    path.parent.mkdir(exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")


def judged(root: Path, text: str, comparison: Comparison = ALL) -> Judgement:
    write(root, text)
    return parity_file.read(root).judge(comparison, TODAY)


WHOLE = """\
    - between: [staging, production]
      reason: copies
      allowed:
        - { only: production, type: "aws:s3/*", name: "*-copy" }
    - between: [production, staging]
      reason: sizes
      expires: 2026-11-22
      allowed:
        - { type: "aws:rds/instance:Instance", name: database, path: instanceClass }
        - { type: "*", name: database, path: multi*, values: { production: true } }
    """


def test_every_difference_that_is_listed_is_allowed_by_its_entry(root: Path) -> None:
    judgement = judged(root, WHOLE)
    assert judgement.passes
    assert [(one.difference, one.entry) for one in judgement.allowed] == [(EXTRA, 0), (SIZE, 1), (MULTI, 1)]


def test_without_a_list_every_difference_is_refused(root: Path) -> None:
    judgement = parity_file.read(root).judge(ALL, TODAY)
    assert list(judgement.refused) == [EXTRA, SIZE, MULTI]


@pytest.mark.parametrize(
    "line",
    [
        '{ type: "*", name: "*", path: "*" }',  # a property is not a resource
        '{ only: staging, type: "*", name: "*" }',
        '{ only: production, type: "aws:s3/bucket:Buckets", name: "*" }',
        '{ only: production, type: "*", name: assets }',
        '{ only: production, type: "aws.s3/bucket:Bucket", name: "*" }',
        '{ only: production, type: "aws:s3/bucke?:Bucket", name: "*" }',
    ],
)
def test_a_line_allows_nothing_but_what_it_says_of_a_resource(root: Path, line: str) -> None:
    comparison = Comparison(("staging", "production"), (1, 1), (EXTRA,))
    judgement = judged(root, f"- {{ between: [staging, production], reason: x, allowed: [{line}] }}\n", comparison)
    assert list(judgement.refused) == [EXTRA]
    assert [str(fault) for fault in judgement.faults] == [
        "stacks/parity.yaml:1: [0].allowed[0]: allows nothing that there is; remove it"
    ]


@pytest.mark.parametrize(
    ("values", "allows"),
    [
        ("{ staging: small, production: large }", True),
        ("{ staging: small, production: larger }", False),
        ("{ staging: large, production: small }", False),
        ("{ production: large }", False),
    ],
)
def test_values_that_are_given_must_be_those_that_there_are(root: Path, values: str, allows: bool) -> None:
    line = f'{{ type: "*", name: "*", path: instanceClass, values: {values} }}'
    comparison = Comparison(("staging", "production"), (1, 1), (SIZE,))
    text = f"- {{ between: [staging, production], reason: x, allowed: [{line}] }}\n"
    assert judged(root, text, comparison).passes is allows


def test_true_is_not_one(root: Path) -> None:
    line = '{ type: "*", name: "*", path: multiAz, values: { production: 1 } }'
    comparison = Comparison(("staging", "production"), (1, 1), (MULTI,))
    text = f"- {{ between: [staging, production], reason: x, allowed: [{line}] }}\n"
    assert not judged(root, text, comparison).passes


def test_an_entry_that_has_expired_allows_nothing_and_is_told_with_its_line(root: Path) -> None:
    judgement = judged(root, WHOLE.replace("2026-11-22", "2026-11-21"))
    assert list(judgement.refused) == [SIZE, MULTI]
    assert [str(fault) for fault in judgement.faults] == [
        "stacks/parity.yaml:7: [1].expires: expired after 2026-11-21; make the stacks equal"
    ]


def test_an_entry_about_other_stacks_is_left_alone(root: Path) -> None:
    text = WHOLE.rstrip(" ") + "    - { between: [dr, staging], reason: x, allowed: [{ type: a, name: b, path: c }] }\n"
    assert judged(root, text).passes


def test_everything_that_is_wrong_is_told_at_once_with_its_place(root: Path) -> None:
    write(
        root,
        """\
        - between: [staging, production]
          reason: ""
          expires: soon
          allowed:
            - { type: a, name: b }
            - { type: a, name: b, path: c, only: staging }
            - { type: a, name: b, pth: c }
            - { type: a, name: b, only: dr }
            - { type: a, name: b, only: dr, values: { dr: 1 } }
        - between: [staging, staging]
          allowed: []
        - nothing
        - { between: [staging], reason: x, expires: 20261231, allowed: x }
        """,
    )
    with pytest.raises(WrongParityFile) as raised:
        parity_file.read(root)
    both = "one of path and only: path for a property, only for a resource that one stack has"
    assert [str(fault).removeprefix("stacks/parity.yaml:") for fault in raised.value.faults] == [
        "2: [0].reason: must not be empty",
        "3: [0].expires: must be a day, as 2026-12-31",
        f"5: [0].allowed[0]: {both}",
        f"6: [0].allowed[1]: {both}",
        "7: [0].allowed[2].pth: unknown key; did you mean path?",
        "9: [0].allowed[4].values: not beside only; a resource that only one stack has is allowed as a whole",
        "10: [1].reason: missing; it is required",
        "11: [1].allowed: too few; 1 at least",
        "12: [2]: must be a section: keys with values, indented below it",
        "13: [3].between: too few; 2 at least",
        "13: [3].expires: must be a day, as 2026-12-31",
        "13: [3].allowed: must be a list",
    ]
    assert raised.value.exit_code == 2
    assert "nothing" not in str(raised.value)


def test_stacks_that_an_entry_may_not_name_are_told(root: Path) -> None:
    write(
        root,
        """\
        - between: [staging, production]
          reason: x
          allowed:
            - { type: a, name: b, only: dr }
            - { type: a, name: b, path: c, values: { dr: 1 } }
        """,
    )
    with pytest.raises(WrongParityFile) as raised:
        parity_file.read(root)
    assert [str(fault) for fault in raised.value.faults] == [
        "stacks/parity.yaml:4: [0].allowed[0].only: must be one of between",
        "stacks/parity.yaml:5: [0].allowed[1].values.dr: must be one of between",
    ]
    write(root, "- { between: [staging, prod], reason: x, allowed: [{ type: a, name: b, path: c }] }\n")
    with pytest.raises(WrongParityFile) as raised:
        parity_file.read(root)
    assert [str(fault) for fault in raised.value.faults] == [
        "stacks/parity.yaml:1: [0].between[1]: no such stack; use one of: dr, production, staging"
    ]


@pytest.mark.parametrize("text", ["a: 1\n", "- [\n", "\t- a\n"])
def test_a_file_that_is_no_list_is_refused_in_one_line(root: Path, text: str) -> None:
    write(root, text)
    with pytest.raises(TenantryError) as raised:
        parity_file.read(root)
    assert "stacks/parity.yaml" in str(raised.value)


def test_the_entries_to_add_allow_exactly_what_was_refused_once_they_have_reasons(root: Path) -> None:
    hidden = Difference("a:b:C", 'it"s', 'data["a.b"]', {"staging": Hidden.SECRET, "production": {"x": [1, None]}})
    comparison = Comparison(("staging", "production"), (1, 1), (EXTRA, SIZE, MULTI, hidden))
    text = parity_entries.text(parity_file.read(root).judge(comparison, TODAY))
    write(root, text)
    with pytest.raises(WrongParityFile) as raised:
        parity_file.read(root)
    assert {fault.text for fault in raised.value.faults} == {"must not be empty"}
    assert judged(root, text.replace('reason: ""', "reason: known"), comparison).passes
