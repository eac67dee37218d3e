"""Where resources are made, and by what: providers, their versions, regions and accounts; and packs of policies.

Owns what changes beneath everything else. Leaves resources to the other rules.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from infra.gate.change import Hidden, Value
from infra.gate.rules.properties import at, differs, text, told
from infra.gate.rules.rule import Found, rule
from infra.gate.rules.view import View

_PREFIX = "pulumi:providers:"
_DEFAULT = re.compile(r"::default(?:_([0-9_.a-z+-]+))?(?:::|$)")

_PLACES: Mapping[str, Sequence[str]] = {
    "aws": ("region", "allowedAccountIds", "forbiddenAccountIds", "assumeRole", "assumeRoles", "profile", "endpoints"),
    "kubernetes": ("kubeconfig", "context", "cluster", "namespace"),
    "postgresql": ("host", "port", "database", "username"),
}
"""Provider -> inputs that say where it makes things, and as whom."""


@rule("dangerous")
def provider_changed(view: View) -> Iterator[Found]:
    """Resources are made by another version of their provider, or by another provider.

    Source: Pulumi, Providers; DESIGN 6
    """
    seen: dict[tuple[str, str], list[str]] = {}
    for change in view.preview.changes:
        pair = (reference(change.provider_before), reference(change.provider_after))
        if all(pair) and pair[0] != pair[1] and change.kind != "delete":
            seen.setdefault(pair, []).append(change.urn)
    for (before, after), urns in sorted(seen.items()):
        reason = f"{len(urns)} resource{'s' if len(urns) > 1 else ''} by another provider: {_words(before, after)}"
        yield Found(after, reason, "provider")
    for change in view.changes(_PREFIX, "update", "replace"):
        for keys in (("version",), ("__internal", "version")):
            old, new = at(change.before, *keys), at(change.after, *keys)
            if old != new:
                yield Found(change.urn, f"version {told(old)} -> {told(new)}", "version")


@rule("dangerous")
def provider_moved(view: View) -> Iterator[Found]:
    """A provider makes things elsewhere, or as somebody else: another region, account, cluster or server.

    Source: Pulumi, Providers; DESIGN 6
    """
    for name, keys in _PLACES.items():
        for change in view.changes(f"{_PREFIX}{name}", "update", "replace"):
            for key in keys:
                before, after = change.before.get(key), change.after.get(key)
                if before != after or (isinstance(after, Hidden) and differs(change, key)):
                    yield Found(change.urn, f"{key}: {_shown(key, before)} -> {_shown(key, after)}", key)


@rule("dangerous")
def region_changed(view: View) -> Iterator[Found]:
    """A resource moves to another region, where nothing of it is.

    Source: AWS, Regions; DESIGN 6
    """
    for change in view.changes("aws:", "update", "replace"):
        before, after = change.before.get("region"), change.after.get("region")
        if before != after and not _is_own(view, before, after):
            yield Found(
                change.urn, f"region: {told(before or 'the provider')} -> {told(after or 'the provider')}", "region"
            )


@rule("forbidden")
def policy_mandatory(view: View) -> Iterator[Found]:
    """A policy of a policy pack is broken, and it is enforced as mandatory.

    Source: Pulumi, Policy as Code (enforcement levels)
    """
    for one in view.preview.violations:
        if one.mandatory:
            yield Found(one.urn or view.stack_urn, f"{one.policy}: {told(one.message)}")


@rule("notable")
def policy_advisory(view: View) -> Iterator[Found]:
    """A policy of a policy pack is broken, and it is only advice.

    Source: Pulumi, Policy as Code (enforcement levels)
    """
    for one in view.preview.violations:
        if not one.mandatory:
            yield Found(one.urn or view.stack_urn, f"{one.policy}: {told(one.message)}")


def reference(provider: str) -> str:
    """Return the URN of a provider.

    Args:
        provider: what a resource says of it, which may have its id behind it.
    """
    parts = provider.split("::")
    return "::".join(parts[:4])


def _words(before: str, after: str) -> str:
    old, new = (_DEFAULT.search(one) for one in (before, after))
    if old is not None and new is not None and (old[1] or new[1]):
        return f"version {_dotted(old[1])} -> {_dotted(new[1])}"
    return f"{before.rpartition('::')[2]} -> {after.rpartition('::')[2]}"


def _dotted(version: str | None) -> str:
    return (version or "unknown").replace("_", ".")


def _shown(key: str, value: Value) -> str:
    """Return where a provider leads; a kubeconfig is long, and says who may."""
    if key == "kubeconfig" and not isinstance(value, Hidden):
        found = re.search(r'"?server"?:\s*"?([^\s",}]+)', text(value))
        return found[1] if found else "another"
    return told(value)


def _is_own(view: View, before: Value, after: Value) -> bool:
    """Whether a resource only names the region of its provider now, or no longer."""
    regions = {text(provider.inputs.get("region")) for provider in view.resources(f"{_PREFIX}aws")}
    named = {text(one) for one in (before, after) if one is not None}
    return None in (before, after) and len(regions) == 1 and named == regions


RULES = (provider_changed, provider_moved, region_changed, policy_mandatory, policy_advisory)
