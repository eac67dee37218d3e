"""Settings and graphs that several tests start from."""

import copy
import json
import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from infra.settings.loader import load
from infra.settings.models import StackSettings
from stacks.environment import deploy
from tests.harness import Graph, graph_of

BLUE_IMAGE = "registry.tenantry.invalid/storefront@sha256:" + "1" * 64
GREEN_IMAGE = "registry.tenantry.invalid/storefront@sha256:" + "2" * 64
TOOLS_IMAGE = "registry.tenantry.invalid/tenantry/tools@sha256:" + "6" * 64
ENVIRONMENT = {"PGHOST": "127.64.0.5", "PGUSER": "postgres"}

_SETTINGS: dict[str, Any] = {
    "cluster": {"existing": {"context": "some-cluster"}},
    "database": {"existing": {"host": "db.example.invalid", "port": 5432, "username": "postgres"}},
    "services": {
        "storefront": {
            "port": 3000,
            "active": "blue",
            "database_connections": 40,
            "slots": {"blue": {"image": BLUE_IMAGE}, "green": {"image": GREEN_IMAGE, "replicas": 5}},
        }
    },
    "tenants": [
        {"slug": "book-store", "plan": "pro"},
        {"slug": "corner-shop", "plan": "free"},
        {"slug": "department-store", "plan": "enterprise"},
    ],
    "flags": {"ai_forecasting": {"on": True, "plans": ["pro", "enterprise"]}},
}

_DECLARED: dict[str, Any] = {
    "aws": {
        "account_id": "123456789012",
        "region": "eu-central-1",
        "name": "shop",
        "tags": {"owner": "platform-team", "cost_centre": "commerce", "environment": "example"},
    },
    "network": {"block": "10.20.0.0/16", "zones": ["eu-central-1a", "eu-central-1b", "eu-central-1c"]},
    "cluster": {
        "version": "1.34",
        "administrators": {"operators": "arn:aws:iam::123456789012:role/operators"},
        "node_pools": {"general": {"instance_types": ["m7i.large"], "minimum": 1, "maximum": 5}},
    },
    "database": {"engine_version": "18", "instance_class": "db.r8g.large", "max_connections": 450},
    "redis": {
        "cache": {"engine_version": "8.1", "node_type": "cache.r7g.large"},
        "sessions": {"engine_version": "8.1", "node_type": "cache.r7g.large"},
    },
}

SECRETS: dict[str, Any] = {
    "generated": {"jwt": {"rotated_at": "2026-11-01T00:00:00Z", "services": ["storefront"]}},
    "external": {
        "payment": {
            "owner": "payments-team",
            "keys": ["id", "webhook"],
            "rotated_at": "2026-11-01T00:00:00Z",
            "rotation_days": 180,
            "services": ["storefront"],
        }
    },
}
"""One secret of each kind, as a stack file holds them; no test changes it."""


def with_jobs(raw: dict[str, Any]) -> None:
    """Add a job of each kind to settings as a stack file holds them."""
    raw["services"]["storefront"] |= {
        "environment": {"LEVEL": "info"},
        "migration": {"image": GREEN_IMAGE, "command": ["migrate", "up"]},
        "warm_up": {"command": ["warm"]},
    }
    due = {"schedule": "0 3 * * *", "service": "storefront"}
    raw["jobs"] = {
        "expire-sessions": {**due, "command": ["expire", "sessions"]},
        "vacuum": {**due, "command": ["vacuum"], "as_owner": True},
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
    return _graph(json.dumps(raw_settings(change)), os.environ.get("PGSSLROOTCERT"), **ENVIRONMENT)


def jobs_graph() -> Graph:
    """Return the graph of the whole environment with a job of each kind, that of tenants' lifecycle among them."""

    def looked_after(raw: dict[str, Any]) -> None:
        with_jobs(raw)
        raw["tenancy"] = {"lifecycle": {"image": TOOLS_IMAGE}}

    return environment_graph(looked_after)


def raw_declared_settings(change: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
    """Return valid settings that declare all they stand on in AWS, as a stack file holds them."""
    raw = copy.deepcopy({**_SETTINGS, **_DECLARED})
    if change is not None:
        change(raw)
    return raw


def declared_settings(change: Callable[[dict[str, Any]], None] | None = None) -> StackSettings:
    """Return those settings as the loader gives them."""
    return load("example", raw_declared_settings(change), {})


def declared_graph(change: Callable[[dict[str, Any]], None] | None = None) -> Graph:
    """Return the graph of the whole environment, declared in AWS."""
    return _graph(json.dumps(raw_declared_settings(change)), os.environ.get("PGSSLROOTCERT"))


def routed_graph() -> Graph:
    """Return that graph with hosts: a canary with affinity, and a tenant of every kind that goes its own way."""

    def route(raw: dict[str, Any]) -> None:
        raw["dns"] = {"zone": "shop.example.com", "gateway_class": "istio", "acme": {"email": "platform@example.com"}}
        raw["gateway"] = {"maintenance": {"image": BLUE_IMAGE.replace("storefront", "nginx")}}
        raw["services"]["storefront"] |= {
            "hosts": ["shop.example.com", "app.shop.example.com"],
            "tenant_hosts": True,
            "canary": {"slot": "green", "weight": 10},
            "affinity": {},
        }
        early, closed, pinned = raw["tenants"]
        early["ring"] = "early"
        late = {"slug": "tea-house", "plan": "free", "ring": "late"}
        raw["tenants"] += [late, {"slug": "toy-shop", "plan": "free", "lifecycle": {"state": "suspended"}}]
        raw["tenancy"] = {"configuration": "2026-11"}
        raw["configurations"] = {"2026-11": {}}
        closed["maintenance"] = True
        pinned["release"] = {"pin": "blue"}

    return declared_graph(route)


@lru_cache(maxsize=16)
def _graph(raw: str, authority: str | None, **environment: str) -> Graph:
    """Return what settings declare, made once while it is asked for again, as it takes seconds and nobody changes it.

    Args:
        raw: the settings as JSON.
        authority: the file that the program reads besides, as a pooler asks for it.
        environment: what the loader knows of the caller's.
    """
    del authority
    declared = load("example", json.loads(raw), environment)
    return graph_of(lambda: deploy(declared))
