"""What settings of cells may say, and what must be so between the files of one environment."""

from pathlib import Path
from typing import Any

import pytest

from infra.errors import TenantryError
from infra.settings import checking, costs
from infra.settings.cells import CellStackSettings
from infra.settings.loader import SettingsError, validate_stack
from infra.tenancy import placement
from tests.examples import raw_declared_settings, raw_settings
from tests.settings.wrong import QUOTES, ROOT, SECTION, problems_of
from tests.stack_files import write_stack

_NAMES = "`home`, or `cell-` and two to four digits, as `cell-02`"

WRONG: list[tuple[object, str, str]] = [
    (["home"], "cells", SECTION),
    ({"home": 500}, "cells.home", SECTION),
    ({"home": {}}, "cells.home.budget", "missing; it is required"),
    ({"home": {"budget": 19}}, "cells.home.budget", "too small; 20 at least"),
    ({"home": {"budget": 20_001}}, "cells.home.budget", "too large; 20000 at most"),
    ({"home": {"budget": "many"}}, "cells.home.budget", "must be a whole number"),
    ({"home": {"budget": 500, "limit": 1}}, "cells.home.limit", "unknown key; allowed: budget, tenants"),
    ({"cell-2": {"budget": 500}}, "cells.cell-2", _NAMES),
    ({"second": {"budget": 500}}, "cells.second", _NAMES),
    ({"home": {"budget": 30}}, "cells.home.budget", "its tenants have 31 resources; raise it to that or more"),
]
"""What is written as `cells`, the path of its fault, and what is said."""


def with_cells(cells: object) -> dict[str, Any]:
    """Return settings with these cells; the tenants of their own stack have 31 resources."""
    return raw_settings(lambda raw: raw.update(cells=cells))


@pytest.mark.parametrize(("written", "path", "text"), WRONG)
def test_wrong_cells_are_told_by_their_path(written: object, path: str, text: str) -> None:
    assert problems_of(with_cells(written)) == (f"{ROOT}.{path}: {text}",)


CELL: dict[str, Any] = {"cell": {"of": "example", "name": "cell-02"}}
WRONG_CELLS: list[tuple[dict[str, Any], str]] = [
    ({"cell": {"of": "example"}}, "cell.name: missing; it is required"),
    ({"cell": {"of": "example", "name": "home"}}, "cell.name: `cell-` and two to four digits, as `cell-02`"),
    ({"cell": "cell-02"}, f"cell: {SECTION}"),
    ({**CELL, "namespace": "shop"}, "namespace: unknown key; allowed: cell, database, tenant_file, tenants"),
    ({**CELL, "tenant_fil": "x.yaml"}, "tenant_fil: unknown key; did you mean tenant_file?"),
    ({"cell": {**CELL["cell"], "nam": "x"}}, "cell.nam: unknown key; did you mean name?"),
]


@pytest.mark.parametrize(("raw", "told"), WRONG_CELLS)
def test_the_settings_of_a_cell_are_told_by_their_own_keys(raw: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        validate_stack("example-cell-02", raw, tmp_path)
    assert caught.value.problems == (f"{ROOT}.{told}",)


OWN: dict[str, Any] = {"engine_version": "18", "instance_class": "db.r8g.large", "max_connections": 450}
"""A database of a cell's own."""

WRONG_DATABASES: list[tuple[str, object, str]] = [
    ("max_conections", 200, "unknown key; did you mean max_connections?"),
    ("existing", {}, "unknown key; allowed: audit, backup_retention_days, backup_window, engine_version"),
    ("engine_version", 18, QUOTES),
    ("name", "shop", "it is called after the cell, so that no two databases of an environment have one name"),
    ("pooler", None, "a cell has none: services and tenants connect to its server itself; remove it"),
    ("read_replica", {"instance_class": "db.r8g.large"}, "a cell's server has none; remove it"),
    ("restore", {"snapshot": "last-week"}, "a cell's database begins empty; remove it"),
    ("max_connections", 104, "too few for one process of a service; 105 at least"),
    ("max_connections", 8000, "more than the memory of instance_class is for"),
]
"""A field of a cell's own database, what is written there, and how what is said begins."""


def with_database(field: str, value: object) -> dict[str, Any]:
    """Return settings of a cell whose own database has this value."""
    return {**CELL, "database": {**OWN, field: value}}


@pytest.mark.parametrize(("field", "value", "text"), WRONG_DATABASES)
def test_a_cells_own_database_is_told_what_it_cannot_be(field: str, value: object, text: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        validate_stack("example-cell-02", with_database(field, value), tmp_path)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{ROOT}.database.{field}: {text}")


def test_a_cell_has_its_tenants_from_a_file_of_its_own(tmp_path: Path) -> None:
    write_stack(tmp_path, "example-cell-02", {**CELL, "tenants": [{"slug": "acme", "plan": "pro"}]})
    settings = validate_stack("example-cell-02", CELL, tmp_path)
    assert isinstance(settings, CellStackSettings)
    assert [tenant.slug for tenant in settings.tenants] == ["acme"]


def told(root: Path) -> list[str]:
    return [str(fault) for faults in checking.check((), root).values() for fault in faults]


def write_environment(root: Path, cells: dict[str, Any], tenants: list[dict[str, Any]] | None = None) -> None:
    def change(raw: dict[str, Any]) -> None:
        raw["cells"] = cells
        raw["tenants"] = tenants if tenants is not None else [{"slug": "first", "plan": "free"}]

    write_stack(root, "example", raw_declared_settings(change))


def test_an_environment_with_its_cells_has_no_faults(tmp_path: Path) -> None:
    write_environment(tmp_path, {"home": {"budget": 500}, "cell-02": {"budget": 500}})
    write_stack(tmp_path, "example-cell-02", {**CELL, "tenants": [{"slug": "acme", "plan": "pro"}]})
    assert told(tmp_path) == []


def test_a_cell_that_is_listed_has_a_file(tmp_path: Path) -> None:
    write_environment(tmp_path, {"cell-02": {"budget": 500}})
    (fault,) = told(tmp_path)
    assert "cells.cell-02: there is no Pulumi.example-cell-02.yaml; write one as" in fault


@pytest.mark.parametrize(
    ("stack", "place", "said"),
    [
        ("example-cell-03", {"of": "example", "name": "cell-03"}, "not in cells of Pulumi.example.yaml; add it there"),
        ("other-cell-02", {"of": "other", "name": "cell-02"}, "no stack file has that name; name one of: example"),
        ("x-cell-02", {"of": "example", "name": "cell-02"}, "the stack of that cell is Pulumi.example-cell-02.yaml;"),
        ("y", {"of": "example-cell-02", "name": "cell-03"}, "a cell itself; name the stack of the environment"),
    ],
)
def test_a_cell_is_one_of_its_environments(stack: str, place: dict[str, str], said: str, tmp_path: Path) -> None:
    write_environment(tmp_path, {"cell-02": {"budget": 500}})
    write_stack(tmp_path, "example-cell-02", CELL)
    write_stack(tmp_path, stack, {"cell": place})
    (fault,) = told(tmp_path)
    assert fault.startswith(f"Pulumi.{stack}.yaml:")
    assert said in fault


def test_a_slug_and_a_domain_are_in_one_file_of_an_environment(tmp_path: Path) -> None:
    both = {"slug": "acme", "plan": "free", "domains": ["shop.acme.example"]}
    write_environment(tmp_path, {"cell-02": {"budget": 500}}, [both])
    write_stack(tmp_path, "example-cell-02", {**CELL, "tenants": [both]})
    assert sorted(told(tmp_path)) == [
        f"stacks/tenants/{mine}.yaml:{line}: [0].{path}: stacks/tenants/{other}.yaml has it, too; keep one of each in "
        "an environment"
        for mine, other in (("example-cell-02", "example"), ("example", "example-cell-02"))
        for line, path in ((1, "slug"), (4, "domains[0]"))
    ]


def test_environments_may_have_the_same_tenants(tmp_path: Path) -> None:
    write_environment(tmp_path, {})
    twin = raw_declared_settings(lambda raw: raw.update(tenants=[{"slug": "first", "plan": "free"}]))
    twin["aws"]["name"], twin["network"]["block"] = "twin", "10.40.0.0/16"
    write_stack(tmp_path, "twin", twin)
    assert told(tmp_path) == []


def test_a_cell_holds_no_more_than_its_budget(tmp_path: Path) -> None:
    tenants = [{"slug": f"shop-{number}", "plan": "pro"} for number in range(3)]
    used = costs.of_cell(["schema"] * 3, in_aws=True)
    for budget, faults in ((used, 0), (used - 1, 2)):
        write_environment(tmp_path, {"cell-02": {"budget": budget}})
        write_stack(tmp_path, "example-cell-02", {**CELL, "tenants": tenants})
        found = told(tmp_path)
        assert len(found) == faults
        assert all(f"its stack has {used} resources, more than it may" in fault for fault in found)


def test_a_database_of_its_own_counts_for_the_budget_of_a_cell(tmp_path: Path) -> None:
    used = costs.of_cell(["schema"], in_aws=True, own_database=True)
    assert used == costs.of_cell(["schema"], in_aws=True) + costs.OWN_DATABASE
    for budget, faults in ((used, 0), (used - 1, 2)):
        write_environment(tmp_path, {"cell-02": {"budget": budget}})
        tenants = [{"slug": "acme", "plan": "pro"}]
        write_stack(tmp_path, "example-cell-02", {**CELL, "database": OWN, "tenants": tenants})
        assert placement.fleet_of("example", tmp_path).cells[0].used == used
        found = told(tmp_path)
        assert len(found) == faults
        assert all(f"its stack has {used} resources, more than it may" in fault for fault in found)


def test_a_database_of_its_own_is_beside_one_that_its_environment_declares(tmp_path: Path) -> None:
    write_environment(tmp_path, {"cell-02": {"budget": 500}})
    write_stack(tmp_path, "example-cell-02", {**CELL, "database": OWN})
    assert told(tmp_path) == []
    brought = raw_settings(lambda raw: raw.update(cells={"cell-02": {"budget": 500}}))
    write_stack(tmp_path, "example", brought)
    (fault,) = told(tmp_path)
    assert fault.startswith("Pulumi.example-cell-02.yaml:")
    assert "database: its environment declares no database, and so no network for one" in fault


def test_a_cell_holds_no_more_tenants_than_it_may_home_neither(tmp_path: Path) -> None:
    tenants = [{"slug": f"shop-{number}", "plan": "free"} for number in range(3)]
    at_home = [{"slug": f"home-{number}", "plan": "free"} for number in range(3)]
    for most, faults in ((3, 0), (2, 3)):
        limits = {"budget": 100, "tenants": most}
        write_environment(tmp_path, {"home": limits, "cell-02": limits}, at_home)
        write_stack(tmp_path, "example-cell-02", {**CELL, "tenants": tenants})
        found = told(tmp_path)
        assert len(found) == faults
        assert sum("it has 3 tenants; raise it to that or more" in fault for fault in found) == faults // 3
        assert sum("its stack has 3 tenants, more than it may" in fault for fault in found) == faults // 3 * 2


def test_a_deleted_tenant_costs_nothing(tmp_path: Path) -> None:
    gone = {"slug": "gone", "plan": "pro", "lifecycle": {"state": "deleted", "export": "0" * 64}}
    budget = costs.of_cell([], in_aws=True)
    write_environment(tmp_path, {"cell-02": {"budget": max(budget, 20)}})
    write_stack(tmp_path, "example-cell-02", {**CELL, "tenants": [gone]})
    assert told(tmp_path) == []


def test_a_cells_plans_are_its_environments(tmp_path: Path) -> None:
    def change(raw: dict[str, Any]) -> None:
        raw |= {"cells": {"cell-02": {"budget": 500}}, "plans": {"free": {}}, "tenants": []}

    write_stack(tmp_path, "example", raw_declared_settings(change))
    write_stack(tmp_path, "example-cell-02", {**CELL, "tenants": [{"slug": "acme", "plan": "pro"}]})
    (fault,) = told(tmp_path)
    assert "stacks/tenants/example-cell-02.yaml:2: [0].plan: missing in plans of its environment" in fault


def test_a_command_for_environments_names_the_one_that_a_cell_is_of(tmp_path: Path) -> None:
    path = write_stack(tmp_path, "example-cell-02", CELL)
    with pytest.raises(TenantryError) as caught:
        checking.settings_of(path)
    assert str(caught.value) == "a cell of an environment, Pulumi.example-cell-02.yaml, name that one: example"
