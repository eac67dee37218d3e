"""`tenantry parity`: what is printed, and with what exit code it ends."""

import datetime
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from infra import cli
from infra.commands import parity as command
from infra.errors import TenantryError
from infra.gate import parity_file
from infra.gate.parity import Comparison, Difference
from infra.settings import stack_file
from tests.examples import raw_settings
from tests.stack_files import write_stack

SIZE = Difference("aws:rds/instance:Instance", "database", "instanceClass", {"first": "small", "second": "x" * 200})
EXTRA = Difference("aws:s3/bucket:Bucket", "assets-copy", values={"second": {}})
ENTRY = """\
- between: [first, second]
  reason: as it
    is
  allowed:
    - { type: "aws:rds/*", name: database, path: instanceClass }
    - { type: "aws:s3/bucket:Bucket", name: assets-copy, only: second }
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of two stacks whose graphs differ in two places; nothing runs."""
    for stack in ("first", "second"):
        write_stack(tmp_path, stack, raw_settings())
    source_of, read = stack_file.source_of, parity_file.read
    monkeypatch.setattr(stack_file, "source_of", lambda stack: source_of(stack, tmp_path))
    monkeypatch.setattr(parity_file, "read", lambda: read(tmp_path))
    monkeypatch.setattr(
        command, "compared", lambda files, _: Comparison((files[0].stack, files[1].stack), (5, 6), (EXTRA, SIZE))
    )
    (tmp_path / "stacks").mkdir(exist_ok=True)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["parity", *arguments])


def write(root: Path, text: str) -> None:
    (root / parity_file.NAME).write_text(text, encoding="utf-8")


def lines(result: Result) -> Sequence[str]:
    return [" ".join(line.split()) for line in result.output.splitlines() if line]


def test_it_ends_well_when_every_difference_is_meant(root: Path) -> None:
    write(root, ENTRY)
    result = run("first", "second")
    assert result.exit_code == 0
    assert lines(result) == [
        "allowed expires reason",
        "2 never as it is",
        "first (5) and second (6) resources: 2 differences, all of them meant",
    ]


def test_the_order_of_the_stacks_does_not_matter(root: Path) -> None:
    write(root, ENTRY)
    assert run("second", "first").exit_code == 0


def test_a_difference_that_is_not_listed_is_named_with_both_values(root: Path) -> None:
    result = run("first", "second")
    assert lines(result) == [
        "not allowed name property first second",
        "aws:s3/bucket:Bucket assets-copy - (absent) (there)",
        f'aws:rds/instance:Instance database instanceClass "small" "{"x" * 56}...',
    ]
    assert isinstance(result.exception, TenantryError)
    assert result.exception.exit_code == 2
    assert str(result.exception) == (
        "2 of 2 differences not allowed, stacks/parity.yaml, make the stacks equal, or add what "
        "`tenantry parity first second --allow` prints, with reasons"
    )


def test_entries_of_no_use_are_told_with_their_lines_and_end_it_too(root: Path) -> None:
    write(root, ENTRY + "    - { type: a, name: b, path: c }\n")
    result = run("first", "second")
    assert lines(result)[-1] == "stacks/parity.yaml:7: [0].allowed[2]: allows nothing that there is; remove it"
    assert isinstance(result.exception, TenantryError)
    assert result.exception.exit_code == 2
    assert str(result.exception) == "1 entry expired or of no use, stacks/parity.yaml, mend the lines above"


def test_an_expired_entry_ends_it_from_the_day_after_its_last(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, ENTRY.replace("allowed:", "expires: 2026-11-22\n  allowed:"))
    for day, code in ((22, 0), (23, 2)):
        monkeypatch.setattr(command, "today", lambda day=day: datetime.date(2026, 11, day))
        assert json.loads(run("first", "second", "--json").stdout)["passes"] is (code == 0)
        assert run("first", "second", "--json").exit_code == code


def test_json_is_one_document_with_whole_values(root: Path) -> None:
    write(root, ENTRY.rpartition("    - ")[0])
    result = run("first", "second", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout) == {
        "stacks": ["first", "second"],
        "resources": {"first": 5, "second": 6},
        "passes": False,
        "not_allowed": [{"type": "aws:s3/bucket:Bucket", "name": "assets-copy", "only": "second"}],
        "entries": [],
        "allowed": [
            {
                "type": "aws:rds/instance:Instance",
                "name": "database",
                "path": "instanceClass",
                "values": {"first": "small", "second": "x" * 200},
                "reason": "as it is",
                "expires": None,
            }
        ],
    }


def test_the_entries_to_add_are_printed_and_nothing_else(root: Path) -> None:
    result = run("first", "second", "--allow")
    assert result.exit_code == 0
    assert result.output.startswith('- between: [first, second]\n  reason: ""\n  allowed:\n')
    write(root, result.output.replace('""', '"known"'))
    assert run("first", "second").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("first", "thrid"), "no such stack, Pulumi.thrid.yaml, use one of: first, second"),
        (("first", "../second"), "no such stack, Pulumi.../second.yaml, use one of: first, second"),
        (("first", "first"), "a stack is not compared with itself, the command line, name another one"),
    ],
)
def test_stacks_that_cannot_be_compared_are_told_in_one_line(root: Path, arguments: Sequence[str], line: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, TenantryError)
    assert (str(result.exception), result.exception.exit_code) == (line, 2)


def test_a_wrong_setting_is_told_before_anything_runs(root: Path) -> None:
    write_stack(root, "second", raw_settings(lambda raw: raw.update(nonsense=1)))
    result = run("first", "second")
    assert isinstance(result.exception, TenantryError)
    assert result.exception.exit_code == 2
