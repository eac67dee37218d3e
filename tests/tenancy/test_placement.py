"""Where new tenants go: always to the first cell with room, never over a budget, and nobody is ever moved."""

import random
from pathlib import Path
from typing import Any

import pytest

from infra.errors import TenantryError
from infra.settings import costs
from infra.settings.cells import HOME
from infra.settings.kinds import Isolation
from infra.tenancy.placement import Cell, Fleet, fleet_of, place
from tests.examples import raw_declared_settings, raw_settings
from tests.stack_files import write_stack

ISOLATIONS: tuple[Isolation, ...] = ("pool", "schema", "database")


def fleet(budgets: dict[str, int | None], tenants: dict[str, list[Isolation]], most: int = 1000) -> Fleet:
    cells = [
        Cell(name, f"shop-{name}", budget, most, tuple(tenants[name]), in_aws=True) for name, budget in budgets.items()
    ]
    return Fleet("shop", tuple(cells), in_aws=True)


def budget_of(name: str, tenants: list[Isolation]) -> int:
    count = costs.of_tenants if name == HOME else costs.of_cell
    return count(tenants, in_aws=True)


def served_alone(budget: int) -> dict[str, Any]:
    """Return an environment with a home cell of that budget, one of whose two tenants has a service of its own."""

    def change(raw: dict[str, Any]) -> None:
        raw["cells"] = {HOME: {"budget": budget}}
        raw["dns"] = {"zone": "shop.example.com"}
        raw["services"]["storefront"]["tenant_hosts"] = True
        raw["tenants"] = [
            {"slug": "big", "plan": "enterprise", "services": ["storefront"]},
            {"slug": "small", "plan": "pro"},
        ]

    return raw_declared_settings(change)


@pytest.mark.parametrize("seed", range(40))
def test_no_order_of_arrivals_fills_a_cell_beyond_its_budget_or_leaves_room_before_it(seed: int) -> None:
    chance = random.Random(seed)
    budgets: dict[str, int | None] = {HOME: chance.randint(20, 120)}
    budgets |= {f"cell-{number:02}": chance.randint(20, 120) for number in range(2, chance.randint(3, 7))}
    held: dict[str, list[Isolation]] = {name: [] for name in budgets}
    for _ in range(150):
        isolation = chance.choices(ISOLATIONS, (5, 3, 1))[0]
        chosen = fleet(budgets, held).place(isolation)
        with_it = {name: budget_of(name, [*tenants, isolation]) for name, tenants in held.items()}
        fitting = [name for name, budget in budgets.items() if budget is not None and with_it[name] <= budget]
        assert (chosen.name if chosen else None) == (fitting[0] if fitting else None)
        if chosen is not None:
            held[chosen.name].append(isolation)
    for cell in fleet(budgets, held).cells:
        assert cell.budget is not None
        assert cell.used <= cell.budget
        assert cell.free == cell.budget - cell.used


def test_a_cell_takes_no_more_tenants_than_it_may_though_they_have_no_resources() -> None:
    held: dict[str, list[Isolation]] = {HOME: ["pool"] * 2, "cell-02": ["pool"]}
    budgets: dict[str, int | None] = {HOME: 60, "cell-02": 60}
    for expected, most in (("home", 3), ("cell-02", 2), (None, 1)):
        chosen = fleet(budgets, held, most).place("pool")
        assert (chosen.name if chosen else None) == expected


def test_services_that_tenants_have_of_their_own_take_room_in_the_home_cell(tmp_path: Path) -> None:
    isolations: list[Isolation] = ["database", "schema"]
    used = costs.of_tenants(isolations, in_aws=True)
    write_stack(tmp_path, "shop", served_alone(used + costs.OF_OWN_SERVICE + 1))
    (home,) = fleet_of("shop", tmp_path).cells
    assert (home.used, home.free) == (used + costs.OF_OWN_SERVICE, 1)
    assert not home.has_room("schema")
    assert home.has_room("pool")


@pytest.mark.parametrize("seed", range(4))
def test_who_is_placed_stays_whatever_comes_after_or_leaves(seed: int, tmp_path: Path) -> None:
    """The files are the record: what is written into one is in no other, whoever asks and how often."""
    chance = random.Random(seed)
    written: dict[str, list[dict[str, str]]] = {"shop": [], "shop-cell-02": [], "shop-cell-03": []}
    placed: dict[str, str] = {}
    budgets = {"home": {"budget": 60}, "cell-02": {"budget": 60}, "cell-03": {"budget": 60}}

    def write() -> None:
        listed = {stack: sorted(tenants, key=lambda one: one["slug"]) for stack, tenants in written.items()}
        raw = raw_settings(lambda raw: raw.update(cells=budgets, tenants=listed["shop"], flags={}))
        write_stack(tmp_path, "shop", raw)
        for cell in ("cell-02", "cell-03"):
            stack = f"shop-{cell}"
            write_stack(tmp_path, stack, {"cell": {"of": "shop", "name": cell}, "tenants": listed[stack]})

    for number in range(10):
        write()
        plan = chance.choice(("free", "pro", "enterprise"))
        before = fleet_of("shop", tmp_path)
        try:
            stack = place("shop", plan, root=tmp_path)
        except TenantryError:
            continue
        assert place("shop", plan, root=tmp_path) == stack, "asked twice, it says the same"
        assert fleet_of("shop", tmp_path) == before, "asking moves nobody"
        slug = f"tenant-{number}"
        written[stack].append({"slug": slug, "plan": plan})
        placed[slug] = stack
        if chance.random() < 0.2:
            leaving = chance.choice(sorted(placed))
            written[placed.pop(leaving)] = [
                one for one in written[stack_of(written, leaving)] if one["slug"] != leaving
            ]
    assert {slug: stack_of(written, slug) for slug in placed} == placed


def stack_of(written: dict[str, list[dict[str, str]]], slug: str) -> str:
    (stack,) = [stack for stack, tenants in written.items() if slug in {one["slug"] for one in tenants}]
    return stack


def test_without_cells_every_tenant_is_in_the_environments_own_stack(tmp_path: Path) -> None:
    write_stack(tmp_path, "shop", raw_settings())
    (cell,) = fleet_of("shop", tmp_path).cells
    assert (cell.name, cell.budget, cell.free) == (HOME, None, None)
    assert place("shop", "enterprise", root=tmp_path) == "shop"


def test_an_isolation_of_its_own_decides_and_not_the_plan(tmp_path: Path) -> None:
    def crowded(raw: dict[str, object]) -> None:
        raw |= {"cells": {"home": {"budget": 31}, "cell-02": {"budget": 500}}}

    write_stack(tmp_path, "shop", raw_settings(crowded))
    write_stack(tmp_path, "shop-cell-02", {"cell": {"of": "shop", "name": "cell-02"}})
    assert place("shop", "pro", root=tmp_path) == "shop-cell-02"
    assert place("shop", "pro", "pool", root=tmp_path) == "shop", "in a pool it has no resources"


def test_when_all_cells_are_full_it_says_how_to_make_one(tmp_path: Path) -> None:
    write_stack(tmp_path, "shop", raw_settings(lambda raw: raw.update(cells={"home": {"budget": 31}})))
    with pytest.raises(TenantryError) as caught:
        place("shop", "pro", root=tmp_path)
    assert str(caught.value) == (
        "no cell has room for such a tenant, Pulumi.shop.yaml: cells, raise a budget, or make a cell: "
        "`tenantry cells plan --stack shop --write`"
    )
