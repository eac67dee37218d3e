"""Tenants that leave, and those that an update would take away by accident.

Owns which tenants there are before and afterwards. Leaves what is lost with one to `stateful`, which asks here whether
the settings say so.
"""

from collections.abc import Iterator, Mapping

from infra.gate.change import Hidden, Properties, Value
from infra.gate.rules.properties import at, parsed, text, told
from infra.gate.rules.rule import Found, rule
from infra.gate.rules.view import View
from infra.gate.rules.workloads import COMPONENT_LABEL

_OWNERS = ("tenantry:tenant:SchemaTenant", "tenantry:tenant:DatabaseTenant")
_MAP = "kubernetes:core/v1:ConfigMap"
_REGISTRY = "tenant-registry"


@rule("dangerous")
def tenant_removed(view: View) -> Iterator[Found]:
    """A tenant is taken away, and the settings do not say that it is deleted.

    Source: REQUIREMENTS, Tenants (lifecycle: offboarding, export first, deleted)
    """
    for token in _OWNERS:
        for change in view.changes(token, "delete"):
            slug = change.name.removeprefix("tenant-")
            if view.tenant_state(slug) != "deleted":
                yield Found(change.urn, f"tenant {slug} is taken away with its data; {_said(view, slug)}")
    before, after, urns = _registered(view)
    for slug in sorted(before.keys() - after.keys()):
        if view.tenant_state(slug) != "deleted":
            yield Found(urns[slug], f"services no longer know tenant {slug}; {_said(view, slug)}", f"data.{slug}")


@rule("notable")
def tenant_deleted(view: View) -> Iterator[Found]:
    """A tenant is taken away, as the settings say.

    Source: REQUIREMENTS, Tenants (lifecycle)
    """
    for token in _OWNERS:
        for change in view.changes(token, "delete"):
            slug = change.name.removeprefix("tenant-")
            if view.tenant_state(slug) == "deleted":
                yield Found(change.urn, f"tenant {slug} is deleted with its data, as declared")
    before, after, urns = _registered(view)
    for slug in sorted(before.keys() - after.keys()):
        if view.tenant_state(slug) == "deleted":
            yield Found(
                urns[slug], f"services no longer know tenant {slug}, which is deleted, as declared", f"data.{slug}"
            )


@rule("notable")
def tenant_closed(view: View) -> Iterator[Found]:
    """A tenant is suspended or begins to leave: its shop answers nobody any more.

    Source: REQUIREMENTS, Tenants (lifecycle)
    """
    before, after, urns = _registered(view)
    for slug in sorted(before.keys() & after.keys()):
        old, new = (text(at(parsed(entries[slug]), "state")) for entries in (before, after))
        if old != new and new in ("suspended", "offboarding"):
            yield Found(urns[slug], f"tenant {slug}: {old} -> {new}", f"data.{slug}")


@rule("dangerous")
def tenant_moved(view: View) -> Iterator[Found]:
    """Services look for a tenant's data elsewhere: in another database or schema, or under another isolation.

    Source: DESIGN 1 (isolation); REQUIREMENTS, Tenants
    """
    before, after, urns = _registered(view)
    for slug in sorted(before.keys() & after.keys()):
        old, new = (parsed(entries[slug]) for entries in (before, after))
        for key in ("isolation", "database", "schema"):
            if at(old, key) != at(new, key):
                yield Found(
                    urns[slug], f"tenant {slug}, {key}: {told(at(old, key))} -> {told(at(new, key))}", f"data.{slug}"
                )


@rule("dangerous")
def tenants_hidden(view: View) -> Iterator[Found]:
    """Which tenants services know cannot be seen in the preview.

    Source: DESIGN 6 (preview)
    """
    for change in view.changes(_MAP, "update", "replace"):
        if _is_registry(change.before) and isinstance(change.after.get("data"), Hidden):
            yield Found(change.urn, "which tenants services know cannot be seen in this preview", "data")


def _said(view: View, slug: str) -> str:
    state = view.tenant_state(slug)
    if view.settings is None:
        return "the settings could not be read"
    return f"the settings say that it is {state}" if state else "the settings do not name it"


def _registered(view: View) -> tuple[Mapping[str, Value], Mapping[str, Value], Mapping[str, str]]:
    """Return the entries of all tenants before and afterwards, and the URN of the registry where each was.

    An entry may move from one ConfigMap to another, when there are twice as many.
    """
    before: dict[str, Value] = {}
    after: dict[str, Value] = {}
    urns: dict[str, str] = {}
    ended = {_object(change.before) for change in view.changes(_MAP, "delete") if not change.retained} - {""}
    for change in view.changes(_MAP):
        if not (_is_registry(change.before) or _is_registry(change.after)):
            continue
        for slug, entry in _entries(change.before):
            before[slug] = entry
            urns[slug] = change.urn
        if change.kind == "create" and _object(change.after) in ended:
            continue  # the same object under another URN: the engine deletes last, and nothing is left of it
        seen = not isinstance(change.after.get("data"), Hidden)
        after |= dict(_entries(change.after if seen else change.before))  # `tenants_hidden` tells of the others
    for resource in view.resources(_MAP):
        if _is_registry(resource.inputs) and view.change(resource.urn) is None:
            for slug, entry in _entries(resource.inputs):
                before.setdefault(slug, entry)
                after.setdefault(slug, entry)
                urns.setdefault(slug, resource.urn)
    return before, after, urns


def _entries(inputs: Properties) -> Iterator[tuple[str, Value]]:
    data = inputs.get("data")
    if isinstance(data, Mapping) and _is_registry(inputs):
        yield from data.items()


def _object(inputs: Properties) -> str:
    """Return which object of the cluster a ConfigMap is; empty for one that is named anew wherever it is made."""
    name = text(at(inputs, "metadata", "name"))
    return f"{text(at(inputs, 'metadata', 'namespace'))}/{name}" if name else ""


def _is_registry(inputs: Properties) -> bool:
    return text(at(inputs, "metadata", "labels", COMPONENT_LABEL)) == _REGISTRY


RULES = (tenant_removed, tenant_deleted, tenant_closed, tenant_moved, tenants_hidden)
