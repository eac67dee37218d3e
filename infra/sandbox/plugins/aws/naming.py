"""Automatic names: from the logical name or a prefix, always the same, and never that of something AWS still keeps.

Leaves what a type makes of its names to its entry.
"""

import hashlib

from infra.sandbox.plugins import checking, properties
from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Kind
from infra.sandbox.plugins.provider import Failure, Properties, Resource
from infra.sandbox.plugins.values import UNKNOWN, Value, reveal

_SUFFIX_DIGITS = 26  # what the official plugin appends to a prefix


def is_waiting(kind: Kind, cloud: Cloud, region: str, old: Properties, inputs: Properties) -> bool:
    """Whether a new automatic name is that of a deleted resource that AWS still keeps; chance would have avoided it.

    Args:
        kind: the type.
        cloud: is asked.
        region: in which region.
        old: the checked inputs of the last update.
        inputs: as `completed` returns them.
    """
    return any(
        properties.is_automatic(inputs, name)
        and isinstance(inputs[name], str)
        and inputs[name] != old.get(name)
        and kind.is_waiting(cloud, region, inputs[name])
        for name in kind.automatic
    )


def completed(
    kind: Kind, resource: Resource, old: Properties, new: Properties, before: str
) -> tuple[dict[str, Value], list[Failure]]:
    """Return the inputs judged by the kind's table, with its defaults and automatic names, and what is wrong with them.

    Args:
        kind: the type.
        resource: which resource.
        old: the checked inputs of the last update.
        new: the program's inputs.
        before: what an automatic name depends on beside the URN.
    """
    inputs, failures = checking.check(kind.table, resource, old, new, before.encode())
    for name in kind.automatic:
        inputs = _prefixed(name, f"{before} {resource.urn}", old, inputs)
        if properties.is_automatic(inputs, name) and isinstance(inputs[name], str):
            inputs[name] = kind.named(inputs[name])
    return inputs, failures


def _prefixed(name: str, seed: str, old: Properties, inputs: Properties) -> dict[str, Value]:
    """Return checked inputs with the automatic name `name` made from the prefix that a program gives, if it gives one.

    The official plugin appends the time and a count; here it follows from `seed`, as every automatic name does.
    """
    prefix = reveal(inputs.get(f"{name}Prefix"))
    if prefix is None or name in inputs:
        return dict(inputs)
    made: Value = UNKNOWN
    if isinstance(prefix, str):
        kept = properties.is_automatic(old, name) and reveal(old.get(f"{name}Prefix")) == prefix
        suffix = hashlib.sha256(seed.encode()).hexdigest()[:_SUFFIX_DIGITS]
        made = old[name] if kept else prefix + suffix
    return {**inputs, name: made, properties.DEFAULTS: sorted([*inputs[properties.DEFAULTS], name])}
