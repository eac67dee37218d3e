"""Every wrong setting of the tables beside this module, as a stack file: told with its line, and never echoed."""

import copy
import datetime
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.settings import SETTINGS_KEY, checking
from infra.settings.loader import SettingsError, validate, validate_stack
from infra.settings.problems import Problem
from tests.examples import raw_declared_settings, raw_settings
from tests.settings import test_capacity as capacity
from tests.settings import test_cells_settings as cells
from tests.settings import test_database_settings as database
from tests.settings import test_dns_settings as dns
from tests.settings import test_flags_settings as flags
from tests.settings import test_foundation_settings as foundation
from tests.settings import test_gate_settings as gate
from tests.settings import test_governance_settings as governance
from tests.settings import test_jobs_settings as jobs
from tests.settings import test_loader as loader
from tests.settings import test_name_lengths as lengths
from tests.settings import test_own_services_settings as own_services
from tests.settings import test_policies_settings as policies
from tests.settings import test_rights_settings as rights
from tests.settings import test_routing_settings as routing
from tests.settings import test_secrets_settings as secrets
from tests.settings import test_services_settings as services
from tests.settings import test_storage_settings as storage
from tests.settings import test_tenancy_settings as tenancy
from tests.settings import test_tenants_settings as tenants
from tests.settings import test_versions as versions
from tests.stack_files import write_stack

CANARY = "canary-4f1d"


def rows() -> Iterator[dict[str, Any]]:
    """Return the settings of every row."""
    for table in (foundation, capacity):
        yield from (foundation.changed([(path, value)]) for path, value, _ in table.WRONG_VALUES)
        yield from (foundation.changed(changes) for changes, _, _ in table.WRONG_COMBINATIONS)
    yield from (foundation.changed([(path, {})]) for path, _ in foundation.UNKNOWN_KEYS)
    for pairs in (lengths.WRONG, versions.WRONG):
        yield from (foundation.changed(changes) for changes, _, _ in pairs)
    yield from (database.with_sections([(path, value)]) for path, value, _ in database.WRONG_VALUES)
    yield from (database.with_sections(changes) for changes, _, _ in database.WRONG_COMBINATIONS)
    yield from (database.with_sections([(path, {})]) for path, _ in database.UNKNOWN_KEYS)
    yield from (loader.change_at(path, value) for path, value, _ in loader.WRONG)
    yield from (dns.changed({path: value}) for path, value, _ in dns.WRONG_VALUES)
    yield from (dns.changed(changes) for changes, _, _ in dns.WRONG_COMBINATIONS)
    yield from (routing.changed({path: value}) for path, value, _ in routing.WRONG_VALUES)
    yield from (routing.changed(changes) for changes, _, _ in routing.WRONG_COMBINATIONS)
    yield from (secrets.changed(path, value) for path, value, _ in secrets.WRONG_VALUES)
    yield from (secrets.changed(path, value) for path, value, _, _ in secrets.WRONG_COMBINATIONS)
    yield from ({**raw_declared_settings(), section: value} for section, value, _, _ in governance.WRONG)
    yield from (storage.declared(**sections) for sections, _, _ in storage.WRONG)
    yield from (cells.with_cells(value) for value, _, _ in cells.WRONG)
    yield from (cells.with_database(field, value) for field, value, _ in cells.WRONG_DATABASES)
    yield from (flags.with_flags(value) for value, _, _ in flags.WRONG_FLAGS)
    yield from (flags.with_features(value) for value, _, _ in flags.WRONG_FEATURES)
    yield from (jobs.changed(path, value) for path, value, _ in jobs.WRONG)
    yield from (gate.changed(path, value) for path, value, _ in gate.WRONG)
    yield from (tenancy.changed(path, value) for path, value, _ in tenancy.WRONG)
    yield from (policies.changed(path, value) for path, value, _, _ in policies.WRONG)
    yield from (services.changed(changes) for changes, _, _ in services.WRONG)
    yield from (rights.changed(changes) for changes, _, _ in rights.WRONG)
    yield from (tenants.changed(field, value) for field, value, _, _ in tenants.WRONG_VALUES)
    yield from (own_services.changed(changes) for changes, _, _ in own_services.WRONG)
    yield from (tenants.combined(changes) for changes, _, _ in tenants.WRONG_COMBINATIONS)


def can_be_written(raw: object) -> bool:
    """Whether the engine can read such settings from a file: it makes texts of dates."""
    if isinstance(raw, dict | list | tuple):
        return all(map(can_be_written, raw.values() if isinstance(raw, dict) else raw))
    return not isinstance(raw, datetime.date)


ROWS = [raw for raw in rows() if can_be_written(raw)]


def judge(raw: object) -> None:
    """Take settings of an environment, or of a cell."""
    if isinstance(raw, dict) and "cell" in raw:
        validate_stack(f"example-{raw['cell']['name']}", raw, Path(__file__).parent)  # where no tenants are listed
    else:
        validate("example", raw)


def write(root: Path, raw: dict[str, Any]) -> str:
    """Write settings as a stack file, a cell's beside its environment's, and return the stack."""
    if "cell" not in raw:
        write_stack(root, "example", raw)
        return "example"
    stack, cell = f"example-{raw['cell']['name']}", raw["cell"]["name"]
    write_stack(root, "example", {**raw_declared_settings(), "cells": {cell: {"budget": 500}}})
    write_stack(root, stack, raw)
    return stack


def problems_of(raw: object) -> tuple[Problem, ...]:
    with pytest.raises(SettingsError) as caught:
        judge(raw)
    return caught.value.found


def leaves(node: object, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Return the places of all values below a node, and of its sections and lists."""
    if place:
        yield place
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list | tuple) else ()
    for part, child in children:
        yield from leaves(child, (*place, part))


def replaced(raw: dict[str, Any], place: tuple[str | int, ...], value: object) -> dict[str, Any]:
    made: Any = copy.deepcopy(raw)
    target = made
    for part in place[:-1]:
        target = target[part]
    target[place[-1]] = value
    return made


def written_at(raw: object, place: tuple[str | int, ...]) -> object:
    """Return what is written at a place; None for what is missing."""
    found: Any = raw
    for part in place:
        inside = part in found if isinstance(found, dict) else isinstance(found, list | tuple)
        found = found[part] if inside else None
    return found


def all_problems(raw: object) -> tuple[str, ...]:
    """Return what is said of settings, nothing of valid ones."""
    try:
        judge(raw)
    except SettingsError as error:
        return (*error.problems, str(error))
    return ()


def whole_path(fault: checking.Fault) -> str:
    """Return the path of a fault below the settings, of tenants too, whose file knows nothing above them."""
    assert fault.path is not None
    return fault.path if fault.path.startswith(SETTINGS_KEY) else f"{SETTINGS_KEY}.tenants{fault.path}"


def test_there_are_as_many_wrong_settings_as_were_asked_for() -> None:
    assert len(ROWS) >= 120
    assert all(problems_of(raw) for raw in ROWS)


@pytest.mark.parametrize("raw", ROWS, ids=map(str, range(len(ROWS))))
def test_the_check_tells_the_same_as_the_loader_with_a_line_that_has_it(raw: dict[str, Any], tmp_path: Path) -> None:
    (faults,) = checking.check((write(tmp_path, raw),), tmp_path).values()
    found = problems_of(raw)
    assert sorted((whole_path(fault), fault.text) for fault in faults) == sorted((one.path, one.text) for one in found)
    places = {problem.path: problem.place for problem in found}
    for fault in faults:
        assert fault.line is not None
        shown = (tmp_path / fault.file).read_text(encoding="utf-8").splitlines()[fault.line - 1].strip()
        assert any(
            shown.removeprefix("- ").startswith((f"{part}:", f"'{part}':")) for part in places[whole_path(fault)]
        ) or (shown.startswith(("- ", f"{SETTINGS_KEY}:"))), shown


@pytest.mark.parametrize("raw", [raw_declared_settings(), raw_settings()], ids=["declared", "brought"])
@pytest.mark.parametrize("value", [CANARY, [CANARY], {"x": CANARY}, f"{CANARY}@10.0.0.0/16"], ids=str)
def test_no_value_is_echoed_wherever_it_is(raw: dict[str, Any], value: object) -> None:
    said = {place: all_problems(replaced(raw, place, value)) for place in leaves(raw)}
    assert sum(map(bool, said.values())) >= 20
    assert [place for place, lines in said.items() if any(CANARY in line for line in lines)] == []


@pytest.mark.parametrize("raw", ROWS, ids=map(str, range(len(ROWS))))
def test_no_value_of_a_wrong_setting_is_echoed(raw: dict[str, Any]) -> None:
    for problem in problems_of(raw):
        value = written_at(raw, problem.place)
        if isinstance(value, str | int | float):
            found = all_problems(replaced(raw, problem.place, f"{value}{CANARY}"))
            assert not [line for line in found if CANARY in line], problem.path


@pytest.mark.parametrize("raw", [raw_declared_settings(), raw_settings()], ids=["declared", "brought"])
@pytest.mark.parametrize("value", [None, [], {}, -1, 1e9, 0.5, "", 300 * "x", True, [None], {"x": -1}], ids=repr)
def test_nothing_is_told_in_the_words_of_the_validator(raw: dict[str, Any], value: object) -> None:
    said = [line for place in leaves(raw) for line in all_problems(replaced(raw, place, value))]
    assert len(said) >= 20
    assert [line for line in said if re.search(r"should|valid (integer|string|boolean)|dictionary", line)] == []
