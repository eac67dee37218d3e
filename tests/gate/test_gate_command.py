"""`tenantry gate` and `tenantry apply`, with a `pulumi` that only pretends: exit codes, reports, and what is refused.

Leaves the real engine to `tests/engine`.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from infra.cli import app
from infra.commands import gate as command
from infra.errors import TenantryError
from tests.gate import engine_documents as engine

PRETENDER = """#!{python}
import json, pathlib, sys
folder = pathlib.Path(__file__).parent
arguments = sys.argv[1:]
with (folder / "asked").open("a") as asked:
    asked.write(json.dumps(arguments) + chr(10))
count = len((folder / "asked").read_text().splitlines())
what = "export" if arguments[:2] == ["stack", "export"] else arguments[0]
if "--save-plan" in arguments:
    pathlib.Path(arguments[arguments.index("--save-plan") + 1]).write_text("plan")
if "--plan" in arguments:
    (folder / "plan").write_text(pathlib.Path(arguments[arguments.index("--plan") + 1]).read_text())
previews = sorted(folder.glob("preview[0-9]"))
said = {{name: folder / name for name in ("export", "up")}}.get(what) or previews[0]
sys.stdout.buffer.write(said.read_bytes())
if what == "preview" and len(previews) > 1:
    previews[0].unlink()
code = folder / (what + ".code")
sys.exit(int(code.read_text()) if code.exists() else 0)
"""

QUEUE = "aws:sqs/queue:Queue"
KEY = "aws:kms/key:Key"
SAFE = [engine.stack(), engine.create("mail", {"name": "mail"}, QUEUE)]
ENDS = engine.step("delete", engine.urn("key", KEY), engine.state(engine.urn("key", KEY), {"description": "x"}), None)
DANGEROUS = [engine.stack(), ENDS]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a `pulumi` that is the first on the path; reports go there as well."""
    (tmp_path / "pulumi").write_text(PRETENDER.format(python=sys.executable))
    (tmp_path / "pulumi").chmod(0o755)
    (tmp_path / "export").write_text(json.dumps({"version": 3, "deployment": {"resources": []}}))
    (tmp_path / "up").write_bytes(b"")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(command, "_REPORTS", tmp_path / "reports")
    return tmp_path


def previewed(folder: Path, *previews: Sequence[Mapping[str, Any]]) -> None:
    """Let the next previews be these, the last one again and again."""
    for old in folder.glob("preview[0-9]"):
        old.unlink()
    for number, steps in enumerate(previews):
        (folder / f"preview{number}").write_bytes(engine.lines(engine.events(steps)))


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def refused(*arguments: str) -> TenantryError:
    result = ran(*arguments)
    assert isinstance(result.exception, TenantryError), (result.output, result.exception)
    return result.exception


def digest() -> str:
    return str(json.loads(ran("gate", "local", "--json").stdout)["digest"])


def updates(folder: Path) -> list[list[str]]:
    asked = [json.loads(line) for line in (folder / "asked").read_text().splitlines()]
    return [arguments for arguments in asked if arguments[0] == "up"]


def test_what_is_safe_passes_and_leaves_a_page(folder: Path) -> None:
    previewed(folder, SAFE)
    result = ran("gate", "local")
    assert result.exit_code == 0, result.output
    assert "the document tells neither" not in result.output
    assert result.stdout.splitlines()[0].startswith("pass")
    assert "mail" in (folder / "reports" / "local.html").read_text()
    assert str(folder / "reports" / "local.html") in result.stdout


def test_the_command_that_applies_it_is_whole_in_every_report(folder: Path) -> None:
    previewed(folder, SAFE)
    result = ran("gate", "local", "--markdown", str(folder / "comment.md"))
    whole = f"tenantry apply local --digest {digest()}"
    reports = (result.stdout, (folder / "comment.md").read_text(), (folder / "reports" / "local.html").read_text())
    assert [whole in report for report in reports] == [True, True, True]


def test_what_is_dangerous_is_blocked_and_the_first_line_says_what_and_why(folder: Path) -> None:
    previewed(folder, DANGEROUS)
    result = ran("gate", "local", "--markdown", str(folder / "comment.md"), "--html", str(folder / "page.html"))
    assert result.exit_code == 2
    first = result.stdout.splitlines()[0]
    assert first.startswith("blocked")
    assert "key" in first
    assert "(stateful-delete)" in first
    assert (folder / "comment.md").read_text().startswith("<!-- tenantry gate local -->")
    assert "stateful-delete" in (folder / "page.html").read_text()
    assert not (folder / "reports").exists()


def test_json_is_one_document_and_nothing_else(folder: Path) -> None:
    previewed(folder, DANGEROUS)
    result = ran("gate", "local", "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["passes"], told["stack"]) == (2, False, "local")
    parts = [told["binding"][name][:8] for name in ("program", "state", "changes")]
    assert told["digest"].split("-")[1:] == parts


def test_a_waiver_is_printed_to_be_added(folder: Path) -> None:
    previewed(folder, DANGEROUS)
    result = ran("gate", "local", "--waive")
    assert result.exit_code == 2
    assert "- rule: stateful-delete" in result.stdout
    assert f"urn: {engine.urn('key', KEY)}" in result.stdout
    assert "stacks/waivers/local.yaml" in result.stderr


def test_a_failed_preview_ends_with_3_and_judges_nothing(folder: Path) -> None:
    previewed(folder, SAFE)
    (folder / "preview.code").write_text("255")
    error = refused("gate", "local")
    assert error.exit_code == 3
    assert str(error).startswith("the preview failed (")
    assert not (folder / "reports").exists()


def test_a_saved_preview_is_judged_without_running_anything(folder: Path) -> None:
    (folder / "saved.json").write_bytes(engine.saved(DANGEROUS))
    result = ran("gate", "local", "--preview", str(folder / "saved.json"), "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["binding"], told["digest"]) == (2, None, "")
    assert [one[:60] for one in told["warnings"]] == ["the document tells neither what stays the same nor what poli"]
    assert not (folder / "asked").exists()


def test_a_saved_preview_that_is_cut_off_or_not_there_fails(folder: Path) -> None:
    (folder / "saved.json").write_bytes(engine.saved(DANGEROUS)[:-20])
    assert refused("gate", "local", "--preview", str(folder / "saved.json")).exit_code == 3
    assert isinstance(ran("gate", "local", "--preview", str(folder / "none.json")).exception, (TenantryError, OSError))


@pytest.mark.parametrize("option", ["--refresh", "--twice", "--pure"])
def test_a_saved_preview_is_not_made_again(folder: Path, option: str) -> None:
    (folder / "saved.json").write_bytes(engine.saved(SAFE))
    error = refused("gate", "local", "--preview", str(folder / "saved.json"), option)
    assert (error.exit_code, error.what) == (2, "a preview that was saved is not made again")
    assert not (folder / "asked").exists()


def test_only_a_sandbox_can_prove_that_nothing_was_written(folder: Path) -> None:
    previewed(folder, SAFE)
    error = refused("gate", "local", "--pure")
    assert error.exit_code == 2
    assert str(error).startswith("only a sandbox's servers tell what is written, stack local, ")
    assert not (folder / "asked").exists()


def test_previews_that_differ_are_no_preview(folder: Path) -> None:
    other = [engine.stack(), engine.create("mail", {"name": "other"}, QUEUE)]
    previewed(folder, SAFE, other)
    error = refused("gate", "local", "--twice")
    assert error.exit_code == 3
    assert f"two previews differ in the changes: changes otherwise: mail ({QUEUE})" in str(error)


def test_equal_previews_pass(folder: Path) -> None:
    previewed(folder, SAFE, [SAFE[1], SAFE[0]])
    assert ran("gate", "local", "--twice").exit_code == 0


def test_what_was_approved_is_applied_by_the_plan_of_its_own_preview(folder: Path) -> None:
    previewed(folder, SAFE)
    result = ran("apply", "local", "--digest", digest())
    assert result.exit_code == 0, result.output
    assert "local: applied, 1 change as approved" in result.stdout
    assert len(updates(folder)) == 1
    assert (folder / "plan").read_text() == "plan"
    assert not list(folder.glob("**/plan.json"))


@pytest.mark.parametrize("given", ["", "x", "0" * 64, "0" * 64 + "-00000000-00000000-00000000"])
def test_another_digest_applies_nothing(folder: Path, given: str) -> None:
    previewed(folder, SAFE)
    error = refused("apply", "local", "--digest", given)
    assert (error.exit_code, updates(folder)) == (2, [])
    assert "nothing is applied" in str(error)


def test_a_state_that_was_changed_since_is_named(folder: Path) -> None:
    previewed(folder, SAFE)
    approved = digest()
    (folder / "export").write_text(json.dumps({"version": 3, "deployment": {"resources": [{"urn": "new"}]}}))
    error = refused("apply", "local", "--digest", approved)
    assert error.exit_code == 2
    assert str(error).startswith("not what was approved (the state); nothing is applied, stack local, ")


def test_changes_that_were_not_approved_are_named_by_its_report(folder: Path) -> None:
    previewed(folder, SAFE)
    report = folder / "report.json"
    report.write_text(ran("gate", "local", "--json").stdout)
    previewed(folder, [*SAFE, engine.create("more", {"name": "more"}, QUEUE)])
    approved = json.loads(report.read_text())["digest"]
    result = ran("apply", "local", "--digest", approved, "--report", str(report))
    assert isinstance(result.exception, TenantryError)
    assert f"new: more ({QUEUE})" in result.stderr.splitlines()
    assert "mail" not in result.stderr


def test_what_is_blocked_by_now_is_not_applied_although_it_is_what_was_approved(folder: Path) -> None:
    previewed(folder, DANGEROUS)
    error = refused("apply", "local", "--digest", digest())
    assert (error.exit_code, updates(folder)) == (2, [])
    assert "it is blocked; nothing is applied" in str(error)


def test_an_update_that_left_its_plan_ends_with_2_and_any_other_failure_with_1(folder: Path) -> None:
    previewed(folder, SAFE)
    approved = digest()
    (folder / "up.code").write_text("255")
    message = f"resource {engine.urn('mail', QUEUE)} violates plan: properties changed: ~~name[{{canary}}!={{x}}]"
    for text, code in ((message, 2), ("AccessDenied", 1)):
        failed = {"diagnosticEvent": {"message": text, "severity": "error"}}
        (folder / "up").write_bytes(engine.lines([failed]))
        result = ran("apply", "local", "--digest", approved)
        assert isinstance(result.exception, TenantryError)
        assert result.exception.exit_code == code
        assert "canary" not in result.output


def test_with_nothing_to_do_nothing_is_run(folder: Path) -> None:
    previewed(folder, [engine.stack()])
    result = ran("apply", "local", "--digest", digest())
    assert (result.exit_code, result.stdout) == (0, "local: nothing to apply\n")
    assert updates(folder) == []


def test_every_rule_is_listed_with_its_level_and_its_source() -> None:
    told = json.loads(ran("gate", "--rules", "--json").stdout)["rules"]
    assert [one["name"] for one in told] == sorted({one["name"] for one in told})
    assert all(one["level"] and one["title"] and one["source"] for one in told)
    listed = ran("gate", "--rules").stdout
    assert all(one["name"] in listed for one in told)


@pytest.mark.parametrize("arguments", [("gate", "nowhere"), ("apply", "nowhere", "--digest", "x"), ("gate",)])
def test_a_stack_that_is_not_there_or_not_named_ends_with_2(folder: Path, arguments: tuple[str, ...]) -> None:
    assert refused(*arguments).exit_code == 2
    assert not (folder / "asked").exists()


def test_without_pulumi_and_without_a_sandbox_one_line_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(command.instances, "load", lambda _name: None)
    error = refused("gate", "local")
    assert (error.exit_code, str(error).startswith("no pulumi on the PATH, stack local, ")) == (3, True)
