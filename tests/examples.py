"""Settings and graphs that several tests start from."""

import copy
from collections.abc import Callable
from typing import Any

from infra.settings.loader import load
from infra.settings.models import StackSettings
from stacks.environment import deploy
from tests.harness import Graph, graph_of

BLUE_IMAGE = "registry.tenantry.invalid/storefront@sha256:" + "1" * 64
GREEN_IMAGE = "registry.tenantry.invalid/storefront@sha256:" + "2" * 64
ENVIRONMENT = {"PGHOST": "127.64.0.5", "PGUSER": "postgres"}

_SETTINGS: dict[str, Any] = {
    "cluster": {"existing": {"context": "some-cluster"}},
    "database": {"existing": {"host": "db.example.invalid", "port": 5432, "username": "postgres"}},
    "services": {
        "storefront": {
            "port": 3000,
            "active": "blue",
            "slots": {"blue": {"image": BLUE_IMAGE}, "green": {"image": GREEN_IMAGE, "replicas": 5}},
        }
    },
    "tenants": [
        {"slug": "corner-shop", "plan": "free"},
        {"slug": "book-store", "plan": "pro"},
        {"slug": "department-store", "plan": "enterprise"},
    ],
}


def raw_settings(change: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
    """Return valid settings as a stack file holds them, after `change` was applied."""
    raw = copy.deepcopy(_SETTINGS)
    if change is not None:
        change(raw)
    return raw


def settings(change: Callable[[dict[str, Any]], None] | None = None) -> StackSettings:
    """Return valid settings as the loader gives them."""
    return load("example", raw_settings(change), ENVIRONMENT)


def environment_graph(change: Callable[[dict[str, Any]], None] | None = None) -> Graph:
    """Return the graph of the whole environment."""
    declared = settings(change)
    return graph_of(lambda: deploy(declared))
