"""The schema that a plugin tells: the resources of the installed SDK."""

import json
from typing import Any

import pulumi_postgresql as postgresql
import pytest
from pulumi_kubernetes.core.v1 import ConfigMap

from infra.sandbox.plugins.aws.kinds import KINDS
from infra.sandbox.plugins.installation import RESOURCE_PLUGINS, version_of
from infra.sandbox.plugins.schema import schema_of

TYPES = {"aws": KINDS.keys()}


def resources(package: str) -> Any:
    return json.loads(schema_of(package, version_of(package), TYPES.get(package)))["resources"]


@pytest.mark.parametrize("package", RESOURCE_PLUGINS)
def test_every_resource_of_an_sdk_is_there_with_inputs(package: str) -> None:
    without = [token for token, resource in resources(package).items() if not resource["inputProperties"]]
    assert resources(package)
    assert without == []


def test_a_plugin_with_some_types_of_an_sdk_tells_only_those() -> None:
    assert resources("aws").keys() == KINDS.keys()


def test_inputs_have_the_names_of_the_wire() -> None:
    config_map = resources("kubernetes")[ConfigMap.pulumi_type]["inputProperties"]
    assert list(config_map) == ["apiVersion", "binaryData", "data", "immutable", "kind", "metadata"]
    role = resources("postgresql")[postgresql.Role.pulumi_type]["inputProperties"]
    assert {"name", "connectionLimit", "searchPaths"} <= role.keys()


def test_the_data_of_a_secret_is_left_out_of_definitions() -> None:
    assert not {"data", "stringData"} & resources("kubernetes")["kubernetes:core/v1:Secret"]["inputProperties"].keys()


def test_a_package_without_an_sdk_has_no_resources() -> None:
    assert json.loads(schema_of("echo", "1.2.3")) == {"name": "echo", "version": "1.2.3", "resources": {}}
