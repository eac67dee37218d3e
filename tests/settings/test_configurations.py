"""Configurations of shops: what a version may say, where a fault in one is told, and which of them a stack uses."""

from pathlib import Path
from typing import Any

import pytest

from infra.settings.checking import check
from infra.settings.configurations import Configuration
from infra.settings.loader import SettingsError, validate_stack
from tests.examples import raw_settings
from tests.stack_files import write_stack

NOT_THERE = "no such file in configs/; add it there, or name a version that is"


def pinned(raw: dict[str, Any]) -> None:
    raw["tenants"] = [{"slug": "acme", "plan": "free", "configuration": "v1"}, {"slug": "bakery", "plan": "free"}]
    raw["tenancy"] = {"configuration": "v2"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one stack, which names two versions of configurations."""
    write_stack(tmp_path, "example", raw_settings(pinned))
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "v1.yaml").write_text("settings: { wishlist: false }\n")
    (tmp_path / "configs" / "v2.yaml").write_text("theme:\n  name: market\n")
    return tmp_path


def faults(project: Path) -> list[str]:
    return [str(fault) for fault in check(["example"], project)["Pulumi.example.yaml"]]


def test_what_a_version_does_not_say_is_as_the_requirements_have_it() -> None:
    assert Configuration().settings.model_dump() == {
        "cart": True,
        "cart_expiry_days": 30,
        "wishlist": True,
        "compare": False,
        "compare_items": 4,
    }


def test_versions_that_are_named_are_read_and_no_others(project: Path) -> None:
    (project / "configs" / "v3.yaml").write_text("no: sense\n")
    (project / "configs" / "v1.yaml").write_text("")
    assert faults(project) == []
    raw = raw_settings(lambda raw: (pinned(raw), raw.pop("tenants")))  # type: ignore[arg-type, func-returns-value]
    settings = validate_stack("example", raw, project)
    found = {version: one.theme.name for version, one in settings.configurations.items()}  # type: ignore[union-attr]
    assert found == {"v1": "plain", "v2": "market"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("settings:\n  compare_items: 40\n", "configs/v2.yaml:2: settings.compare_items: too large; 10 at most"),
        ("settings: { wishlist: maybe }\n", "configs/v2.yaml:1: settings.wishlist: must be true or false"),
        ("theme:\n\n  primary: red\n", "configs/v2.yaml:3: theme.primary: a colour, as `#1a2b3c`: six hexadecimal "
         "digits in lower case"),
        ("themes: {}\n", "configs/v2.yaml:1: themes: unknown key; did you mean theme?"),
        ("- theme\n", "configs/v2.yaml:1: must be a section: keys with values, indented below it"),
        ("a: b: c\n", "configs/v2.yaml: not valid YAML; mend it"),
    ],
)  # fmt: skip
def test_a_fault_is_told_where_it_is_in_the_versions_file(project: Path, text: str, expected: str) -> None:
    (project / "configs" / "v2.yaml").write_text(text)
    assert faults(project) == [expected]


def test_a_version_that_tenants_have_may_not_vanish(project: Path) -> None:
    for version in ("v1", "v2"):
        (project / "configs" / f"{version}.yaml").unlink()
    told = faults(project)
    assert f"stacks/tenants/example.yaml:3: [0].configuration: {NOT_THERE}" in told
    assert [fault for fault in told if "tenantry:settings.tenancy.configuration" in fault and NOT_THERE in fault]
    assert len(told) == 2


def test_a_stack_file_has_no_configurations_itself(project: Path) -> None:
    raw = raw_settings(lambda raw: raw.update(configurations={}, tenants=[]))
    del raw["tenants"]
    with pytest.raises(SettingsError) as refused:
        validate_stack("other", raw, project)
    (problem,) = refused.value.problems
    assert problem == "tenantry:settings.configurations: move each to a file of its own, configs/VERSION.yaml"
