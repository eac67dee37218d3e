"""Previews of a few changes, as rules see them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from infra.gate.change import Change, Preview, Properties, PropertyChange, Resource, Value
from infra.gate.rules.rule import Rule
from infra.gate.rules.view import View
from infra.gate.verdict import Finding
from infra.settings.models import StackSettings
from tests import examples

STACK = "example"
PROJECT = "tenantry"
ROOT = "pulumi:pulumi:Stack"


def urn(token: str, name: str) -> str:
    """Return the URN of a resource; what it is below is told by `parent` alone."""
    return f"urn:pulumi:{STACK}::{PROJECT}::{ROOT}${token}::{name}"


def created(token: str, after: Properties, name: str = "one", **more: Any) -> Change:
    return _change("create", token, name, {}, after, more)


def deleted(token: str, before: Properties | None = None, name: str = "one", **more: Any) -> Change:
    return _change("delete", token, name, before or {}, {}, more)


def updated(token: str, before: Properties, after: Properties, name: str = "one", **more: Any) -> Change:
    return _change("update", token, name, before, after, more)


def replaced(token: str, before: Properties, after: Properties, name: str = "one", **more: Any) -> Change:
    return _change("replace", token, name, before, after, more)


def _change(
    kind: Literal["create", "delete", "update", "replace"],
    token: str,
    name: str,
    before: Properties,
    after: Properties,
    more: Mapping[str, Any],
) -> Change:
    found = {"properties": differences(before, after), **more}
    return Change(urn=urn(token, name), type=token, kind=kind, before=before, after=after, **found)


def differences(before: Properties, after: Properties) -> Sequence[PropertyChange]:
    """Return what differs, at the top alone, as an engine says it without its details."""
    found = []
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        if old != new:
            kind: Literal["add", "update", "delete"] = "add" if old is None else "delete" if new is None else "update"
            found.append(PropertyChange(key, kind, old, new))
    return found


def there(token: str, inputs: Properties, name: str = "one", **more: Any) -> Resource:
    return Resource(urn=urn(token, name), type=token, inputs=inputs, **more)


def view(*parts: Change | Resource, settings: StackSettings | None = None, **more: Any) -> View:
    """Return a view of changes, what they leave, and what else there is."""
    changes = sorted((part for part in parts if isinstance(part, Change)), key=lambda change: change.urn)
    resources = {part.urn: part for part in parts if isinstance(part, Resource)}
    for change in changes:
        if change.kind not in ("delete", "forget"):
            left = Resource(change.urn, change.type, change.after, change.outputs, change.parent)
            resources.setdefault(change.urn, replace(left, protected=change.protected_after))
    preview = Preview(stack=STACK, project=PROJECT, changes=changes, resources=resources, **more)
    return View(preview=preview, settings=settings, stack=STACK)


def found(rule: Rule, *parts: Change | Resource, settings: StackSettings | None = None, **more: Any) -> list[Finding]:
    """Return what a rule finds there."""
    return list(rule.find(view(*parts, settings=settings, **more)))


def tenants(*lines: Mapping[str, Any], change: Callable[[dict[str, Any]], None] | None = None) -> StackSettings:
    """Return settings with these tenants alone."""

    def listed(raw: dict[str, Any]) -> None:
        raw["tenants"] = list(lines)
        if change is not None:
            change(raw)

    return examples.settings(listed)


def nested(path: Sequence[str | int], value: Value) -> Value:
    """Return a value below objects and lists, as `("a", 0, "b")` -> `{"a": [{"b": value}]}`."""
    for key in reversed(path):
        value = [value] if isinstance(key, int) else {key: value}
    return value
