"""Tenants of cells as their environment's stack has them: read from their files, and told by file and line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.settings import checking
from infra.settings.loader import SettingsError, load_stack, validate, validate_stack
from infra.settings.models import StackSettings
from infra.settings.stack_file import StackFileError
from tests.examples import ENVIRONMENT, raw_declared_settings
from tests.stack_files import write_stack

Change = Callable[[dict[str, Any]], None]

CELLS = {"home": {"budget": 500}, "cell-02": {"budget": 500}, "cell-03": {"budget": 500}}
FILES = ("example-cell-02", "example-cell-03")
LISTED = "stacks/tenants/example-cell-03.yaml"


def write(root: Path, tenants: list[dict[str, Any]], change: Change = lambda raw: None) -> dict[str, Any]:
    """Write an environment of one tenant with two cells, of which the second has these; return its settings."""

    def declare(raw: dict[str, Any]) -> None:
        raw |= {"cells": CELLS, "tenants": [{"slug": "first", "plan": "free"}]}
        raw["dns"] = {"zone": "shop.example.com"}
        raw["services"]["storefront"] |= {"tenant_hosts": True}
        change(raw)

    raw = raw_declared_settings(declare)
    write_stack(root, "example", raw)
    for stack, listed in zip(FILES, ([{"slug": "second", "plan": "free"}], tenants), strict=True):
        write_stack(root, stack, {"cell": {"of": "example", "name": stack[-7:]}, "tenants": listed})
    raw.pop("tenants")
    return raw


def faults(root: Path, *names: str) -> dict[str, list[str]]:
    return {file: [str(fault) for fault in told] for file, told in checking.check(names, root).items() if told}


def test_an_environment_has_the_tenants_of_its_cells_beside_its_own(tmp_path: Path) -> None:
    gone = {"slug": "gone", "plan": "pro", "lifecycle": {"state": "deleted", "export": "0" * 64}}
    raw = write(tmp_path, [{"slug": "acme", "plan": "pro"}, gone])
    settings = validate_stack("example", raw, tmp_path)
    assert isinstance(settings, StackSettings)
    assert [tenant.slug for tenant in settings.tenants] == ["first"]
    assert [tenant.slug for tenant in settings.cell_tenants] == ["second", "acme", "gone"]
    assert [tenant.slug for tenant in settings.served_tenants] == ["first", "second", "acme"]
    assert faults(tmp_path) == {}


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"plan": "pro", "features": {"unknown": True}}, 4, "[0].features.unknown: no such flag; add it to flags,"),
    ({"plan": "pro", "release": {"pin": "red"}}, 4, "[0].release.pin: "),
    ({"plan": "pro", "maintenance": True}, 3, "[0].maintenance: nothing answers for what is closed; add gateway."),
    ({"plan": "pro", "lifecycle": {"state": "suspended"}}, 4, "[0].lifecycle.state: nothing answers for what is"),
    ({"plan": "pro", "configuration": "2026-11"}, 3, "[0].configuration: no such file in configs/; add it there"),
    ({"plan": "pro", "domains": ["a.shop.example.com"]}, 4, "[0].domains[0]: in dns.zone, where its slug is its host"),
    ({"plan": "enterprise", "services": ["storefront"]}, 3, "[0].services: of no effect in a cell, as routes are"),
    ({"plan": "pro", "colour": "red"}, 3, "[0].colour: unknown key; allowed: "),
]
"""What a tenant of a cell says, the line of the fault in the cell's file, and what is said of it."""


@pytest.mark.parametrize(("fields", "line", "said"), WRONG)
def test_what_is_wrong_with_a_tenant_of_a_cell_is_told_once_by_its_own_file(
    fields: dict[str, Any], line: int, said: str, tmp_path: Path
) -> None:
    raw = write(tmp_path, [{"slug": "acme", **fields}])
    # Of all files, of the cell alone, and of the environment alone, whose program would be refused as well.
    for names, told_of in (((), FILES[1]), ((FILES[1],), FILES[1]), (("example",), "example")):
        ((file, (told,)),) = faults(tmp_path, *names).items()
        assert file == f"Pulumi.{told_of}.yaml"
        assert told.startswith(f"{LISTED}:{line}: {said}")
    with pytest.raises(SettingsError) as caught:
        load_stack("example", raw, ENVIRONMENT, tmp_path)
    assert checking.told(caught.value, raw, tmp_path) == [told]


def test_the_hosts_of_the_platform_are_of_no_tenant_in_any_cell(tmp_path: Path) -> None:
    write(tmp_path, [{"slug": "api", "plan": "free"}])
    ((_, (told,)),) = faults(tmp_path).items()
    assert told == f"{LISTED}:1: [0].slug: a host of the platform's own; choose another"


def test_a_tenant_of_a_cell_and_a_service_have_not_the_same_host(tmp_path: Path) -> None:
    def change(raw: dict[str, Any]) -> None:
        raw["services"]["storefront"]["hosts"] = ["acme.shop.example.com"]

    write(tmp_path, [{"slug": "acme", "plan": "free"}], change)
    ((file, (told,)),) = faults(tmp_path).items()
    assert file == "Pulumi.example.yaml"
    assert told.endswith("hosts[0]: the host of the tenant with that slug; choose another")


def test_a_trial_in_a_cell_is_ended_by_its_environment(tmp_path: Path) -> None:
    trial = {"state": "trial", "ends": "2026-12-01T00:00:00Z"}
    write(tmp_path, [{"slug": "acme", "plan": "free", "lifecycle": trial}])
    ((file, (told,)),) = faults(tmp_path).items()
    assert file == "Pulumi.example.yaml"
    assert "tenancy.lifecycle: missing, but tenants are in trial" in told


def test_the_program_refuses_a_host_that_two_files_have(tmp_path: Path) -> None:
    raw = write(tmp_path, [{"slug": "acme", "plan": "free"}, {"slug": "second", "plan": "free"}])
    with pytest.raises(SettingsError) as caught:
        load_stack("example", raw, ENVIRONMENT, tmp_path)
    told = checking.told(caught.value, raw, tmp_path)
    assert told == [
        f"stacks/tenants/{FILES[0]}.yaml:1: [0].slug: {LISTED} has it, too; keep one of each in an environment",
        f"{LISTED}:3: [1].slug: stacks/tenants/{FILES[0]}.yaml has it, too; keep one of each in an environment",
    ]
    assert {fault for found in faults(tmp_path).values() for fault in found} == set(told)


def test_a_stack_file_has_no_tenants_of_cells(tmp_path: Path) -> None:
    raw = write(tmp_path, []) | {"cell_tenants": []}
    with pytest.raises(SettingsError) as caught:
        validate_stack("example", raw, tmp_path)
    assert caught.value.problems == (
        "tenantry:settings.cell_tenants: read from the tenant files of cells; move each tenant to that of its cell",
    )


def test_a_cells_file_that_cannot_be_read_is_told_once_and_stops_its_environments_program(tmp_path: Path) -> None:
    raw = write(tmp_path, [], lambda raw: raw.update(namespace="default"))
    (tmp_path / LISTED).write_text("- {", encoding="utf-8")
    told = faults(tmp_path)
    assert told.keys() == {"Pulumi.example.yaml", f"Pulumi.{FILES[1]}.yaml"}
    assert all(len(found) == 1 for found in told.values())
    assert "namespace" in told["Pulumi.example.yaml"][0]
    with pytest.raises(StackFileError, match="not valid YAML"):
        load_stack("example", raw, ENVIRONMENT, tmp_path)


def test_a_cell_without_a_stack_file_has_no_tenants_so_far(tmp_path: Path) -> None:
    raw = write(tmp_path, [{"slug": "acme", "plan": "pro"}])
    (tmp_path / f"Pulumi.{FILES[1]}.yaml").unlink()
    settings = load_stack("example", raw, ENVIRONMENT, tmp_path)
    assert isinstance(settings, StackSettings)
    assert [tenant.slug for tenant in settings.served_tenants] == ["first", "second"]


def test_positions_in_settings_of_both_are_those_of_each_list() -> None:
    def change(raw: dict[str, Any]) -> None:
        raw["tenants"] = [{"slug": "first", "plan": "free", "features": {"nothing": True}}]
        raw["cell_tenants"] = [{"slug": "acme", "plan": "free"}, raw["tenants"][0] | {"slug": "bolts"}]

    with pytest.raises(SettingsError) as caught:
        validate("example", raw_declared_settings(change))
    assert [problem.path.removeprefix("tenantry:settings.") for problem in caught.value.found] == [
        "tenants[0].features.nothing",
        "cell_tenants[1].features.nothing",
    ]
