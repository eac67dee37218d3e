"""Custom resource definitions: marked with what they were made of, and applied again only when that is another text."""

from dataclasses import replace
from typing import Any

import pytest
import yaml

from infra.sandbox.control_plane import definitions
from infra.sandbox.control_plane.api import ApiClient
from infra.sandbox.control_plane.definitions import ADDONS, GATEWAY_API, Definition, apply_definitions

PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
DIGEST = "tenantry.dev/digest"
SETS = (GATEWAY_API, *ADDONS.values())


def without_descriptions(node: Any) -> Any:
    if isinstance(node, list):
        return [without_descriptions(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if key != "description" or not isinstance(value, str)}
    return {key: without_descriptions(value) for key, value in kept.items()}


@pytest.mark.parametrize("definition", definitions.definitions(SETS), ids=lambda definition: definition.name)
def test_the_mark_is_all_that_is_added_and_descriptions_are_all_that_is_left_out(definition: Definition) -> None:
    plain: dict[str, Any] = without_descriptions(yaml.load(definition.text, yaml.CSafeLoader))
    written: dict[str, Any] = yaml.load(definition.marked, yaml.CSafeLoader)
    marked: dict[str, Any] = without_descriptions(written)
    schemas = [version["schema"] for version in written["spec"]["versions"]]
    assert schemas == without_descriptions(schemas)
    assert marked["metadata"]["annotations"].pop(DIGEST) == definition.digest
    assert marked["metadata"].pop("annotations") == plain["metadata"].pop("annotations", {})
    assert marked == plain


def test_only_what_changed_is_applied_again(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    there = definitions.definitions(SETS)
    before = {facts["name"]: facts["resourceVersion"] for facts in api.metadata(PATH)}
    assert apply_definitions(api, SETS) == []
    changed = replace(there[0], text=f"{there[0].text}# another release\n")
    monkeypatch.setattr(definitions, "definitions", lambda _sets: [changed, *there[1:]])
    assert apply_definitions(api, SETS) == []
    after = {facts["name"]: facts["resourceVersion"] for facts in api.metadata(PATH)}
    assert {name for name in before if before[name] != after[name]} == {changed.name}
    monkeypatch.undo()
    apply_definitions(api, SETS)
