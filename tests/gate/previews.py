"""Previews of whole environments: every resource that the program declares, with some of it changed."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from infra.gate.change import Change, Hidden, Kind, Preview, PropertyChange, Resource, Value
from infra.sandbox.plugins.values import Secret, Unknown
from infra.settings.loader import load
from infra.settings.models import StackSettings
from stacks.environment import deploy
from tests.examples import BLUE_IMAGE, SECRETS, TOOLS_IMAGE, raw_declared_settings
from tests.harness import PROJECT, STACK, Graph, graph_of

ROOT = "pulumi:pulumi:Stack"


def _raw() -> dict[str, Any]:
    """Return settings with two services, a queue, secrets, jobs, routes, and cells with tenants of every kind."""
    raw = raw_declared_settings()
    raw["dns"] = {"zone": "shop.example.com", "gateway_class": "istio", "acme": {"email": "platform@example.com"}}
    raw["gateway"] = {"maintenance": {"image": BLUE_IMAGE.replace("storefront", "nginx")}}
    raw["services"]["storefront"] |= {"hosts": ["app.shop.example.com"], "tenant_hosts": True}
    raw["services"]["api"] = {
        "port": 3001,
        "active": "blue",
        "database_connections": 40,
        "queues": {"mail": "send"},
        "callers": ["storefront"],
        "slots": {"blue": {"image": BLUE_IMAGE}},
    }
    raw["database"]["max_connections"] = 1000
    raw["secrets"] = SECRETS
    raw["jobs"] = {"expire": {"service": "api", "schedule": "0 3 * * *", "command": ["expire"]}}
    raw["tenancy"] = {"lifecycle": {"image": TOOLS_IMAGE}}
    raw["cells"] = {"home": {"budget": 500}, "cell-02": {"budget": 500}, "cell-03": {"budget": 500}}
    raw["tenants"][1]["maintenance"] = True
    raw["cell_tenants"] = [
        {"slug": "fish-shop", "plan": "pro"},
        {"slug": "tea-house", "plan": "free", "maintenance": True},
    ]
    return raw


@cache
def settings() -> StackSettings:
    """Return the settings of an environment with two services, and of its cells."""
    return load(STACK, _raw(), {})


@cache
def environment() -> Preview:
    """Return the preview in which nothing of that environment changes."""
    return preview_of(graph_of(lambda: deploy(settings())))


def preview_of(graph: Graph) -> Preview:
    """Return the preview in which nothing of a graph changes; its URNs are those of the engine, not of its mocks."""
    urns: dict[str, str] = {"": ""}

    def real(urn: str) -> str:
        """Return a URN with the types of all components above."""
        if urn not in urns:
            if urn not in graph.nodes or graph.nodes[urn].type == ROOT:
                return ""
            node = graph.nodes[urn]
            above = real(node.parent)
            chain = f"{above.split('::')[2]}$" if above else ""
            urns[urn] = f"urn:pulumi:{STACK}::{PROJECT}::{chain}{node.type}::{node.name}"
        return urns[urn]

    resources = {
        real(urn): Resource(
            urn=real(urn),
            type=node.type,
            inputs={key: seen(value) for key, value in node.inputs.items()},
            parent=real(node.parent),
            protected=node.protect,
        )
        for urn, node in graph.nodes.items()
        if node.type != ROOT
    }
    return Preview(stack=STACK, project=PROJECT, changes=(), resources=resources, same=len(resources))


def seen(value: Any) -> Value:
    """Return a value as a preview shows it."""
    if isinstance(value, Secret | Unknown):
        return Hidden.SECRET if isinstance(value, Secret) else Hidden.UNKNOWN
    if isinstance(value, Mapping):
        return {key: seen(part) for key, part in value.items()}
    return [seen(part) for part in value] if isinstance(value, list) else value


def resource(preview: Preview, name: str) -> Resource:
    """Return the one custom resource with a logical name, or the one component."""
    found = [one for one in preview.resources.values() if one.name == name]
    return next((one for one in found if not one.type.startswith("tenantry:")), found[0])


def changed(
    one: Resource, kind: Kind = "update", path: str = "other", *, before: Mapping[str, Any] | None = None
) -> Change:
    """Return a change of a resource, of the property at a path."""
    now = {**one.inputs} if kind not in ("delete", "forget") else {}
    was = {**one.inputs, **(before or {})} if kind != "create" else {}
    differs = () if kind in ("create", "delete") else (PropertyChange(path, "update", 1, 2),)
    return Change(one.urn, one.type, kind, differs, before=was, after=now, parent=one.parent)


def changing(preview: Preview, changes: Iterable[Change]) -> Preview:
    """Return a preview with changes, by URN."""
    listed = sorted(changes, key=lambda change: change.urn)
    return replace(preview, changes=listed, same=len(preview.resources) - len(listed))
