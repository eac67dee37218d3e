"""The JSON Schema of stack files is committed as it is made, takes what the loader takes, and explains every key."""

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from infra.paths import PROJECT_ROOT
from infra.settings import SETTINGS_KEY, schema
from infra.settings.stack_file import read, source_of, stacks
from tests.examples import raw_declared_settings, raw_settings
from tests.settings.wrong import put

DOCUMENT = schema.document()


def complaints(settings: object) -> list[str]:
    """Return where the schema refuses settings; tenants are another file's."""
    assert isinstance(settings, dict)
    file = {"config": {SETTINGS_KEY: {name: section for name, section in settings.items() if name != "tenants"}}}
    found = jsonschema.Draft202012Validator(DOCUMENT).iter_errors(file)
    return [".".join(map(str, list(error.absolute_path)[2:])) for error in found]


def sections() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, section in DOCUMENT["$defs"].items():
        if "properties" in section:
            yield name, section


def test_the_committed_schema_is_current() -> None:
    """Otherwise: `.venv/bin/tenantry config schema > stack.schema.json`."""
    assert schema.FILE.read_text(encoding="utf-8") == schema.text(DOCUMENT)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(DOCUMENT)


@pytest.mark.parametrize("stack", stacks())
def test_every_stack_file_keeps_the_schema_and_points_to_it(stack: str) -> None:
    source = source_of(stack)
    assert source.read_text(encoding="utf-8").startswith(schema.HEADER + "\n")
    assert (PROJECT_ROOT / schema.HEADER.partition("$schema=")[2]).is_file()
    assert complaints(read(source).settings) == []


@pytest.mark.parametrize("settings", [raw_declared_settings(), raw_settings()], ids=["declared", "brought"])
def test_the_schema_takes_what_the_loader_takes(settings: dict[str, Any]) -> None:
    assert complaints(settings) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("network.block", 10),
        ("network.zone", "x"),
        ("network.zones", ["eu-central-1a"]),
        ("aws.account_id", 123456789012),
        ("aws.region", "Frankfurt"),
        ("services.storefront.port", 0),
        ("services.storefront.slots.blue.image", "storefront:latest"),
        ("database.master_password", {"rotated_at": "yesterday"}),
        ("tenant_file", []),
    ],
)
def test_the_schema_refuses_at_the_same_place(path: str, value: object) -> None:
    settings = raw_declared_settings()
    put(settings, path, value)
    assert complaints(settings) in ([path], [path.rpartition(".")[0]])


def test_every_section_and_every_key_is_explained() -> None:
    found = list(sections())
    assert len(found) >= 20
    assert [name for name, section in found if not section["description"]] == []
    assert [
        f"{name}.{key}"
        for name, section in found
        for key, field in section["properties"].items()
        if not field["description"]
    ] == []


def test_a_key_says_what_it_is_for_and_what_its_type_takes() -> None:
    described = DOCUMENT["$defs"]["AwsSettings"]["properties"]["region"]["description"]
    assert described.split("\n\n") == [
        "The region of everything that the stack declares.",
        "An AWS region, as `eu-central-1`.",
    ]


def test_nothing_is_required_that_has_a_default() -> None:
    for name, section in sections():
        with_default = {key for key, field in section["properties"].items() if "default" in field}
        assert not with_default & set(section.get("required", [])), name
