"""`tenantry cells up`: what the gate blocks of a cell's preview is not applied, and why is told."""

from pathlib import Path
from typing import Any

import pytest

from infra.gate import waivers
from infra.gate.document import read_preview
from infra.gate.judging import waivable
from infra.settings.checking import WrongStackFiles
from infra.tenancy.cell_verdicts import judge_of
from infra.tenancy.waves import Outcome
from tests.examples import raw_settings
from tests.stack_files import write_stack
from tests.tenancy.pretended_cells import STACKS, asked, cell_stacks, document, project, run, step


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return project(tmp_path, monkeypatch)


SCHEMA, ROLE, DATABASE = (f"postgresql:index/{kind}:{kind.title()}" for kind in ("schema", "role", "database"))

REFUSED = [
    ("delete", SCHEMA),
    ("delete", ROLE),
    ("replace", DATABASE),
    ("delete-replaced", "kubernetes:core/v1:Secret"),
    ("delete", "kubernetes:core/v1:Namespace"),
    ("replace", "random:index/randomPassword:RandomPassword"),
    ("delete", "aws:secretsmanager/secret:Secret"),
]


def outcome_of(folder: Path, *steps: dict[str, Any]) -> Outcome:
    """Return what becomes of the first cell when its preview has these steps."""
    (folder / f"{STACKS[0]}.preview").write_text(document(*steps))
    (outcome,) = run(folder, stacks=STACKS[:1])
    assert asked(folder, "up") == ([STACKS[0]] if outcome.state == "applied" else [])
    return outcome


def with_tenant(folder: Path, slug: str) -> None:
    """Say in the file of the first cell that a tenant is deleted."""
    gone = {"slug": slug, "plan": "pro", "lifecycle": {"state": "deleted", "export": 64 * "0"}}
    cell = {"of": "shop", "name": STACKS[0].removeprefix("shop-")}
    write_stack(folder, STACKS[0], {"cell": cell, "tenants": [gone]})


@pytest.mark.parametrize(("op", "kind"), REFUSED)
def test_a_preview_that_ends_what_cannot_be_made_again_is_not_applied(folder: Path, op: str, kind: str) -> None:
    with_tenant(folder, "acme-2")
    found = outcome_of(folder, step("create", kind, "new"), step(op, kind, "old"), step("same", kind, "kept"))
    heading, *lines = found.detail.splitlines()
    assert (found.state, heading.split(",")[0]) == ("failed", "the gate blocks it")
    assert [line.split(",")[0] for line in lines if "(stateful-delete)" in line] == ["old"]


@pytest.mark.parametrize(("op", "kind"), [one for one in REFUSED if one[0] == "delete"])
def test_it_is_applied_where_the_file_says_that_the_tenant_is_deleted(folder: Path, op: str, kind: str) -> None:
    with_tenant(folder, "acme")
    assert outcome_of(folder, step(op, kind, "old")).state == "applied"


@pytest.mark.parametrize(
    ("op", "kind"),
    [
        ("update", SCHEMA),
        ("create", DATABASE),
        ("delete", "kubernetes:core/v1:ConfigMap"),
        ("delete", "postgresql:index/grant:Grant"),
    ],
)
def test_a_preview_that_ends_nothing_of_that_kind_is_applied(folder: Path, op: str, kind: str) -> None:
    assert outcome_of(folder, step(op, kind, "one")).state == "applied"


def test_a_preview_that_only_looks_applies_nothing(folder: Path) -> None:
    assert outcome_of(folder, step("refresh", ROLE, "one")).state == "unchanged"


def test_a_blocked_preview_is_not_applied_and_says_why_and_whom_it_touches(folder: Path) -> None:
    found = outcome_of(folder, step("delete", SCHEMA, "tenant-acme-data-schema"))
    assert (found.state, found.changes) == ("failed", {"delete": 1})
    assert found.detail.splitlines() == [
        f"the gate blocks it, and nothing is applied; `tenantry gate {STACKS[0]}` tells more:",
        "tenant-acme-data-schema, deleted: with it goes its tables (stateful-delete); touches 1 tenant",
    ]


def test_a_waiver_of_the_cell_lets_its_change_pass(folder: Path) -> None:
    outcome_of(folder, step("delete", SCHEMA, "old"))
    shown = folder / "shown"
    shown.write_text((folder / f"{STACKS[0]}.preview").read_text().replace("STACK", STACKS[0]))
    preview = read_preview(shown)
    judge = judge_of("shop", STACKS[:1], folder)
    settings = judge.settings[STACKS[0]]
    ((finding, digest),) = waivable(judge.verdict(preview, STACKS[0]), preview, settings)
    written = folder / waivers.FOLDER / f"{STACKS[0]}.yaml"
    written.parent.mkdir(parents=True)
    written.write_text(waivers.entry(finding, digest, judge.today, reason="moved by hand", owner="ann"))
    assert outcome_of(folder, step("delete", SCHEMA, "old")).state == "applied"


def test_wrong_waivers_are_told_before_anything_is_asked(folder: Path) -> None:
    written = folder / waivers.FOLDER / f"{STACKS[3]}.yaml"
    written.parent.mkdir(parents=True)
    written.write_text("- rule: none\n")
    with pytest.raises(WrongStackFiles) as caught:
        cell_stacks(folder)
    assert (caught.value.faults[0].file, caught.value.faults[0].line) == (f"stacks/waivers/{STACKS[3]}.yaml", 1)
    assert (folder / "asked").read_text() == ""


def test_the_environment_says_how_seriously_rules_are_taken(folder: Path) -> None:
    cells = {stack.removeprefix("shop-"): {"budget": 100} for stack in STACKS}
    gate = {"rules": {"stateful-delete": "warn"}}
    write_stack(folder, "shop", raw_settings(lambda raw: raw.update(cells=cells, gate=gate)))
    assert outcome_of(folder, step("delete", SCHEMA, "old")).state == "applied"
