"""What makes a build out of date, and what does not."""

import os
import subprocess
from dataclasses import replace

import pytest

from infra.errors import TenantryError
from infra.sandbox.engine import recipe
from infra.sandbox.engine.recipe import (
    PROJECT,
    is_current,
    linker_flags,
    pinned_version,
    recipe_digest,
    release_number,
    required_go,
)
from infra.sandbox.engine.tools import TOOLS, Copy
from tests.sandbox.engine.harness import TOOL, Smithy


@pytest.mark.parametrize("name", ["go.mod", "go.sum"])
def test_a_changed_module_file_changes_the_recipe(smithy: Smithy, name: str) -> None:
    before = recipe_digest(TOOL, smithy.workshop)
    path = smithy.workshop.module_file(TOOL, name)
    path.write_text(path.read_text() + "\n// more\n")
    assert recipe_digest(TOOL, smithy.workshop) != before


@pytest.mark.parametrize(
    "change",
    [
        {"variables": {"example.org/anvil/v2/version.Other": "{version}"}},
        {"programs": {"hammer": "example.org/anvil/v2/server"}},
        {"copies": (Copy(module="example.org/anvil/v2", pattern="files/*.yaml", folder="share/elsewhere"),)},
        {"copies": (replace(TOOL.copies[0], mode=0o755),)},
    ],
    ids=["variables", "programs", "folder", "mode"],
)
def test_a_changed_tool_changes_the_recipe(smithy: Smithy, change: dict[str, object]) -> None:
    assert recipe_digest(replace(TOOL, **change), smithy.workshop) != recipe_digest(TOOL, smithy.workshop)


@pytest.mark.parametrize(("name", "value"), [("GO_SETTINGS", {"CGO_ENABLED": "1"}), ("GO_BUILD", ("build",))])
def test_changed_flags_change_the_recipe(
    smithy: Smithy, monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    before = recipe_digest(TOOL, smithy.workshop)
    monkeypatch.setattr(recipe, name, value)
    assert recipe_digest(TOOL, smithy.workshop) != before


def test_a_new_time_or_another_installed_go_changes_nothing(smithy: Smithy) -> None:
    smithy.build()
    smithy.install_go(version="go1.27.0")
    for name in ("go.mod", "go.sum"):
        os.utime(smithy.workshop.module_file(TOOL, name), (1, 1))
    assert is_current(TOOL, smithy.workshop)


@pytest.mark.parametrize("product", ["bin/anvil", "share/anvil/one.yaml"])
@pytest.mark.parametrize("harm", ["remove", "cut short"])
def test_a_tool_with_a_missing_or_cut_product_is_built_again(smithy: Smithy, product: str, harm: str) -> None:
    smithy.build()
    path = smithy.workshop.sandbox / product
    whole = path.read_text()
    path.unlink() if harm == "remove" else path.write_text(whole[:3])
    assert not is_current(TOOL, smithy.workshop)
    smithy.build()
    assert path.read_text() == whole
    assert is_current(TOOL, smithy.workshop)


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"recipe": 3}', '{"products": 1}'])
def test_a_spoilt_stamp_counts_as_not_built(smithy: Smithy, text: str) -> None:
    smithy.build()
    smithy.workshop.stamp(TOOL).write_text(text)
    assert not is_current(TOOL, smithy.workshop)


def test_the_version_is_that_of_the_module_itself(smithy: Smithy) -> None:
    assert pinned_version(TOOL, smithy.workshop) == "v2.3.4"


def test_a_module_file_without_the_module_is_named(smithy: Smithy) -> None:
    path = smithy.workshop.module_file(TOOL, "go.mod")
    path.write_text("module x\n\ngo 1.25.8\n")
    with pytest.raises(TenantryError) as caught:
        pinned_version(TOOL, smithy.workshop)
    assert caught.value.where == str(path)


def test_the_linker_is_told_version_major_and_minor() -> None:
    tool = replace(TOOL, variables={"a.V": "{version}", "b.M": "{major}", "b.N": "{minor}"})
    assert linker_flags(tool, "v1.34.1") == "-s -w -X a.V=v1.34.1 -X b.M=1 -X b.N=34"


def test_releases_compare_as_numbers() -> None:
    assert release_number("go1.26.8") > release_number("1.25.8") > release_number("go1.9.13")
    assert release_number("go1.26rc1") == (1, 26)
    assert release_number("devel") < release_number("1.0")


def test_the_newest_go_that_any_module_asks_for_is_required(smithy: Smithy) -> None:
    other = replace(TOOL, name="hammer")
    path = smithy.workshop.module_file(other, "go.mod")
    path.parent.mkdir()
    path.write_text("module x\n\ngo 1.100.1\n")
    assert required_go([TOOL, other], smithy.workshop) == "1.100.1"


def test_every_engine_of_the_project_pins_its_version() -> None:
    assert all(pinned_version(tool, PROJECT).startswith("v") for tool in TOOLS)
    assert {path.name for path in PROJECT.modules.iterdir()} == {tool.name for tool in TOOLS}


def test_every_engine_of_the_project_is_found_up_to_date_without_running_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(subprocess, "Popen", None)
    assert all(is_current(tool, PROJECT) for tool in TOOLS), "run `tenantry sandbox build`"
