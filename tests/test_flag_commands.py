"""`tenantry flags show`: what is on for whom and why, from the stack file alone."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from infra.cli import app
from infra.errors import TenantryError
from infra.settings import stack_file
from tests.examples import raw_settings
from tests.stack_files import write_stack

FLAGS = {
    "ai_forecasting": {"on": True, "plans": ["pro", "enterprise"], "services": ["storefront"]},
    "compare": {"on": False, "plans": ["free", "pro", "enterprise"]},
}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stack file in a project of its own."""
    original = stack_file.source_of
    monkeypatch.setattr(stack_file, "source_of", lambda stack: original(stack, tmp_path))
    path = tmp_path / "Pulumi.example.yaml"
    write(path, FLAGS, {"ai_forecasting": True, "compare": True})
    return path


def write(path: Path, flags: dict[str, Any], features: dict[str, bool]) -> None:
    """Write a stack file with flags, and features of the tenant corner-shop, whose plan is free."""
    raw = raw_settings(lambda settings: settings.update(flags=flags))
    raw["tenants"][1]["features"] = features
    write_stack(path.parent, "example", raw)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["flags", "show", "example", *arguments])


def test_it_shows_each_plan_and_the_tenants_with_features_and_what_decided(file: Path) -> None:
    lines = [line.split("  ") for line in run().output.splitlines()]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert cells == [
        ["flag", "for", "is", "decided by", "read by"],
        ["ai_forecasting", "plan free", "off", "neither tenant nor plan turns it on", "storefront"],
        ["ai_forecasting", "plan pro", "on", "the plan", "storefront"],
        ["ai_forecasting", "plan enterprise", "on", "the plan", "storefront"],
        ["ai_forecasting", "corner-shop", "on", "the tenant's features", "storefront"],
        ["compare", "plan free", "off", "off for everybody (on: false)", "all"],
        ["compare", "plan pro", "off", "off for everybody (on: false)", "all"],
        ["compare", "plan enterprise", "off", "off for everybody (on: false)", "all"],
        ["compare", "corner-shop", "off", "off for everybody (on: false)", "all"],
    ]


def test_it_shows_what_one_tenant_has(file: Path) -> None:
    lines = run("--tenant", "book-store").output.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [["ai_forecasting", "on", "the"], ["compare", "off", "off"]]


def test_it_is_one_json_document(file: Path) -> None:
    told = json.loads(run("--json").output)
    assert told["stack"] == "example"
    first, second = told["flags"]
    assert (first["name"], first["on"], first["services"], first["rolls"]) == (
        *("ai_forecasting", True),
        *(["storefront"], []),
    )
    assert first["plans"]["free"] == {"on": False, "rule": "default"}
    assert first["plans"]["enterprise"] == {"on": True, "rule": "plan"}
    assert first["tenants"] == {"corner-shop": {"on": True, "rule": "tenant"}}
    assert second["tenants"] == {"corner-shop": {"on": False, "rule": "global"}}


def test_one_tenants_flags_are_one_json_document(file: Path) -> None:
    told = json.loads(run("--json", "--tenant", "corner-shop").output)
    assert (told["stack"], told["tenant"], told["plan"]) == ("example", "corner-shop", "free")
    assert [(flag["name"], flag["on"], flag["rule"]) for flag in told["flags"]] == [
        ("ai_forecasting", True, "tenant"),
        ("compare", False, "global"),
    ]


def test_a_stack_without_flags_says_so(file: Path) -> None:
    write(file, {}, {})
    assert run().output == "example declares no flags\n"
    assert json.loads(run("--json").output) == {"stack": "example", "flags": []}


def test_an_unknown_tenant_is_told_with_what_was_meant(file: Path) -> None:
    error = run("--tenant", "bookstore").exception
    assert isinstance(error, TenantryError)
    assert str(error) == "no such tenant, Pulumi.example.yaml, did you mean book-store?"
