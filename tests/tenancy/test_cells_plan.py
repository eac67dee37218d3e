"""`tenantry cells plan`: what has room, what a new cell costs, and its files; the comments of others stay."""

import errno
import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from infra import edits
from infra.cli import app
from infra.errors import TenantryError
from infra.settings import checking, costs, stack_file
from infra.tenancy import new_cell
from infra.tenancy.placement import fleet_of
from tests.examples import raw_settings
from tests.stack_files import dumped, write_stack

HEAD = "# ours\nconfig:\n  tenantry:settings: # all of it\n"


def write(root: Path, cells: str, end: str = "") -> Path:
    """Write the stack file `shop` whose cells are written like that, indented by four."""
    settings = dumped({key: value for key, value in raw_settings().items() if key not in ("tenants", "flags")})
    body = "".join(f"    {line}\n" for line in (*settings.splitlines(), *cells.splitlines()))
    path = root / "Pulumi.shop.yaml"
    path.write_text(HEAD + body + end)
    return path


WAYS = [
    ("", "    cells: { home: { budget: 500 }, cell-02: { budget: 500 } }\n"),
    ("cells: { home: { budget: 60 } } # few", "    cells: { home: { budget: 60 }, cell-02: { budget: 500 } } # few\n"),
    ("cells: {}", "    cells: { home: { budget: 500 }, cell-02: { budget: 500 } }\n"),
    (
        "cells:\n  home: # ours\n    budget: 60 # few\n# the end",
        "    cells:\n      home: # ours\n        budget: 60 # few\n      cell-02: { budget: 500 }\n    # the end\n",
    ),
    ("cells:\n    home: {budget: 60}", "    cells:\n        home: {budget: 60}\n        cell-02: { budget: 500 }\n"),
]


@pytest.mark.parametrize(("before", "after"), WAYS)
@pytest.mark.parametrize("end", ["", "# after all\n", "encryptionsalt: v1:abc # the engine's\n"])
def test_a_new_cell_is_one_line_more_and_every_comment_stays(before: str, after: str, end: str, tmp_path: Path) -> None:
    path = write(tmp_path, before, end)
    kept = [line for line in path.read_text().splitlines() if not line.strip().startswith("cells:")]
    fleet = fleet_of("shop", tmp_path)
    new_cell.write(fleet, new_cell.next_cell(fleet, root=tmp_path), tmp_path)
    text = path.read_text()
    assert after + end in text
    assert [line for line in text.splitlines() if line in kept] == kept
    assert checking.check((), tmp_path) == {"Pulumi.shop-cell-02.yaml": [], "Pulumi.shop.yaml": []}


def test_a_cell_that_cannot_be_listed_gets_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = write(tmp_path, "cells: {}").read_text()
    fleet, replace = fleet_of("shop", tmp_path), edits.files.replace

    def full(path: Path, text: str, mode: int) -> None:
        if path.name == "Pulumi.shop.yaml":
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(path, text, mode)

    monkeypatch.setattr(edits.files, "replace", full)
    with pytest.raises(TenantryError, match=r"No space left on device.*, Pulumi\.shop\.yaml, "):
        new_cell.write(fleet, new_cell.next_cell(fleet, root=tmp_path), tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.glob("Pulumi.*.yaml")} == {"Pulumi.shop.yaml": before}


def test_the_next_cell_follows_the_last_and_has_its_budget(tmp_path: Path) -> None:
    write(tmp_path, "cells: { home: { budget: 60 }, cell-07: { budget: 90 } }")
    write_stack(tmp_path, "shop-cell-07", {"cell": {"of": "shop", "name": "cell-07"}})
    fleet = fleet_of("shop", tmp_path)
    new = new_cell.next_cell(fleet, root=tmp_path)
    assert (new.name, new.stack, new.budget) == ("cell-08", "shop-cell-08", 90)
    assert new_cell.next_cell(fleet, 300, tmp_path).budget == 300


def test_the_file_of_a_cell_has_its_environments_provider_of_secrets(tmp_path: Path) -> None:
    write(tmp_path, "", "secretsprovider: awskms://alias/pulumi\n")
    new = new_cell.next_cell(fleet_of("shop", tmp_path), root=tmp_path)
    assert yaml.safe_load(new.text) == {
        "secretsprovider": "awskms://alias/pulumi",
        "config": {"tenantry:settings": {"cell": {"of": "shop", "name": "cell-02"}}},
    }


def test_cells_that_are_written_in_a_way_of_their_own_are_left_alone(tmp_path: Path) -> None:
    path = write(tmp_path, "cells: *shared")
    before = f"environment: &shared {{ home: {{ budget: 60 }} }}\n{path.read_text()}"
    path.write_text(before)
    fleet = fleet_of("shop", tmp_path)
    with pytest.raises(TenantryError) as caught:
        new_cell.write(fleet, new_cell.next_cell(fleet, root=tmp_path), tmp_path)
    assert "add to them by hand: cell-02: { budget: 500 }" in str(caught.value)
    assert path.read_text() == before
    assert not (tmp_path / "Pulumi.shop-cell-02.yaml").exists()


def test_another_file_of_that_name_is_left_alone(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    (tmp_path / "Pulumi.shop-cell-02.yaml").write_text("config: {}\n")
    before = path.read_text()
    fleet = fleet_of("shop", tmp_path)
    with pytest.raises(TenantryError):
        new_cell.write(fleet, new_cell.next_cell(fleet, root=tmp_path), tmp_path)
    assert path.read_text() == before


def test_the_plan_of_production_says_where_the_next_tenants_go() -> None:
    told = json.loads(CliRunner().invoke(app, ["cells", "plan", "--stack", "production", "--json"]).stdout)
    assert [cell["name"] for cell in told["cells"]] == ["home"]
    assert told["cells"][0]["used"] == costs.of_tenants(["schema", "database"], in_aws=True)
    assert told["next"] == {"free": "home", "pro": "home", "enterprise": "home"}
    assert told["new_cell"]["overhead"] == costs.of_cell([], in_aws=True)
    assert told["new_cell"]["own_database"] == costs.OWN_DATABASE
    assert told["new_cell"]["file"] == "Pulumi.production-cell-02.yaml"
    assert "production-cell-02" not in stack_file.stacks()


def test_the_plan_for_people_tells_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_STACK", "production")
    said = CliRunner().invoke(app, ["cells", "plan"]).stdout
    assert "the next tenant of plan enterprise goes to home" in said
    assert "    cell: { of: production, name: cell-02 }" in said


def test_without_an_environment_nothing_is_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_STACK", raising=False)
    result = CliRunner().invoke(app, ["cells", "plan"])
    assert isinstance(result.exception, TenantryError)
    assert result.exception.exit_code == 2


@pytest.mark.parametrize("command", ["plan", "up"])
def test_an_environment_that_is_not_there_is_invalid_input(command: str) -> None:
    result = CliRunner().invoke(app, ["cells", command, "--stack", "nowhere"])
    assert isinstance(result.exception, TenantryError)
    assert (result.exception.what, result.exception.exit_code) == ("no such stack", 2)
