"""A stack file that is not valid is told in the same lines by every command that reads it, and nothing else is done."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra import cli
from infra.settings import SETTINGS_KEY, checking, stack_file
from tests.examples import SECRETS, raw_declared_settings
from tests.stack_files import write_stack

Run = Callable[..., tuple[int, str, str]]

INVALID = {"tenants": 2}
"""Group -> the exit code that DESIGN, section 5, gives it for what is not valid, where that is not 1."""

COMMANDS = (
    ("secrets", "list", "example"),
    ("secrets", "list", "example", "--json"),
    ("secrets", "rotate", "example", "jwt"),
    ("doctor", "example"),
    ("doctor", "example", "--json"),
    ("tenants", "list", "--stack", "example"),
    ("tenants", "show", "book-store", "--stack", "example"),
    ("tenants", "add", "acme", "--plan", "pro", "--stack", "example"),
    ("tenants", "suspend", "--ended", "--stack", "example"),
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in a folder of the test's own: its exit code, stdout and stderr."""
    original = stack_file.source_of
    monkeypatch.setattr(stack_file, "source_of", lambda stack: original(stack, tmp_path))
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # those of the test runner stay

    def run_it(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tenantry", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return run_it


def write(root: Path, change: Callable[[dict[str, Any]], None], **other: object) -> Path:
    """Write a stack file: settings after a change, and other keys of the file."""
    raw = {**raw_declared_settings(), "secrets": SECRETS}
    change(raw)
    return write_stack(root, "example", raw, **other)


def lines_of_the_check(root: Path) -> list[str]:
    return [str(fault) for fault in checking.check((), root)["Pulumi.example.yaml"]]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_every_command_tells_every_fault_with_its_line_as_the_check_does(
    arguments: tuple[str, ...], run: Run, tmp_path: Path
) -> None:
    def wrong(raw: dict[str, Any]) -> None:
        raw["aws"]["region"] = "Frankfurt"
        raw["tenants"][1]["plan"] = "gold"

    file = write(tmp_path, wrong, secretprovider="passphrase")
    before = file.read_text()
    lines = lines_of_the_check(tmp_path)
    assert len(lines) == 3
    assert [line.partition(":")[0] for line in lines] == [*2 * ["Pulumi.example.yaml"], "stacks/tenants/example.yaml"]
    code, out, err = run(*arguments)
    assert code == INVALID.get(arguments[0], 1)
    assert out == ""
    assert err.splitlines() == [
        *lines,
        "error: 3 settings are not valid, Pulumi.example.yaml, stacks/tenants/example.yaml, mend the lines above",
    ]
    assert file.read_text() == before


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_file_without_settings_is_told_as_the_check_tells_it(
    arguments: tuple[str, ...], run: Run, tmp_path: Path
) -> None:
    (tmp_path / "Pulumi.example.yaml").write_text(f"confg:\n  {SETTINGS_KEY}: {{}}\n")
    code, out, err = run(*arguments)
    assert (code, out) == (INVALID.get(arguments[0], 1), "")
    assert err.splitlines() == [
        "Pulumi.example.yaml:1: confg: unknown key; did you mean config?",
        "error: 1 setting is not valid, Pulumi.example.yaml, mend the lines above",
    ]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_what_is_no_yaml_is_one_line_with_its_place(arguments: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.example.yaml").write_text(f"config:\n  {SETTINGS_KEY}: {{}}\n  {SETTINGS_KEY}: {{}}\n")
    code, out, err = run(*arguments)
    assert (code, out) == (INVALID.get(arguments[0], 1), "")
    (line,) = err.splitlines()
    assert line.startswith("error: not valid YAML (the key tenantry:settings is there twice), Pulumi.example.yaml:3, ")


def test_what_the_callers_environment_lacks_is_told_by_doctor_alone(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGHOST", "PGUSER"):
        monkeypatch.delenv(name, raising=False)
    write(tmp_path, lambda raw: raw.update(database={"existing": {}}))
    code, _, err = run("doctor", "example")
    assert code == 1
    assert [line.partition(": ")[2] for line in err.splitlines()[:-1]] == [
        f"{SETTINGS_KEY}.database.existing.{key}: missing; set it here, or in the environment"
        for key in ("host", "username")
    ]
    assert run("secrets", "list", "example")[0] == 0
