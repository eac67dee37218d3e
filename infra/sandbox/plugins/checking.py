"""Judging a program's inputs by a table of properties, and completing them with defaults and automatic names.

Every complaint names the property by its path and says what is allowed; none echoes a value. What is not known yet
passes.
"""

import difflib
import functools
import hashlib
import re
from collections.abc import Mapping

from infra.sandbox.plugins.differences import join
from infra.sandbox.plugins.properties import DEFAULTS, INTERNAL, Property, Shape, Table, is_automatic
from infra.sandbox.plugins.provider import Failure, Properties, Resource
from infra.sandbox.plugins.values import Secret, Unknown, Value, reveal

_SUFFIX_DIGITS = 7  # what the official plugins append to a logical name
_LONGEST_NAME = 255  # the bridge's own limit, where a type has none (`SetAutonaming`)
_LISTED = 40  # of more choices than these a message names only the nearest
_COUNTED = {Shape.STRING: " characters", Shape.LIST: " items", Shape.SET: " items", Shape.MAP: " entries"}


def check(
    table: Table, resource: Resource, old: Properties, new: Properties, seed: bytes
) -> tuple[dict[str, Value], list[Failure]]:
    """Return the inputs with defaults and automatic names, and what is wrong with them.

    Args:
        table: the type's inputs.
        resource: which resource; its logical name is the stem of an automatic name.
        old: the checked inputs of the last update; its automatic names are kept.
        new: the program's inputs; nulls count as absent.
        seed: what an automatic name depends on beside the URN: the engine's entropy, or what the plugin prefers.
    """
    given = {name: value for name, value in new.items() if value is not None and name not in INTERNAL}
    inputs, failures = _checked_fields("", table, given)
    defaults: list[str] = []
    for name, prop in table.items():
        if name in inputs or name in given:
            continue
        if any(other in given for other in prop.conflicts):
            continue
        if prop.automatic:
            made = _automatic_name(name, resource, old, seed)
            if not _fits(prop, made):
                failures.append(_too_long(prop, name))
                continue
            inputs[name] = made
        elif prop.default is not None:
            inputs[name] = prop.default
        else:
            continue
        defaults.append(name)
    inputs[DEFAULTS] = sorted(defaults)
    return inputs, failures


def _automatic_name(name: str, resource: Resource, old: Properties, seed: bytes) -> Value:
    if name in old and is_automatic(old, name):
        return old[name]
    return f"{resource.name}-{hashlib.sha256(seed + resource.urn.encode()).hexdigest()[:_SUFFIX_DIGITS]}"


def _fits(prop: Property, made: Value) -> bool:
    return not isinstance(made, str) or len(made.encode()) <= (prop.longest or _LONGEST_NAME)


def _too_long(prop: Property, name: str) -> Failure:
    """Return a refusal, which the official plugins give too: `NewUniqueName` of Pulumi's SDK cuts no name."""
    most = prop.longest or _LONGEST_NAME
    room = most - _SUFFIX_DIGITS - 1
    return Failure(name, f"is made from the logical name, which may have {room} bytes for it; {most} at most in all")


def _checked_fields(path: str, table: Table, given: Properties) -> tuple[dict[str, Value], list[Failure]]:
    values: dict[str, Value] = {}
    failures: list[Failure] = []
    for name, value in given.items():
        at = join(path, name)
        prop = table.get(name)
        if prop is None:
            failures.append(Failure(at, f"is not known; allowed are {', '.join(sorted(table))}"))
            continue
        values[name] = _checked(at, prop, value, failures)
    for name, prop in table.items():
        if name not in given:
            if prop.required:
                failures.append(Failure(join(path, name), f"is required: {_allowed(prop)}"))
            continue
        failures.extend(
            Failure(join(path, name), f"cannot be given together with {other}")
            for other in prop.conflicts
            if other in given
        )
        failures.extend(
            Failure(join(path, name), f"needs {other} beside it") for other in prop.needs if other not in given
        )
    return values, failures


def _checked(path: str, prop: Property, value: Value, failures: list[Failure]) -> Value:
    if isinstance(value, Secret):
        return Secret(reveal(_checked(path, prop, value.value, failures)))
    if isinstance(value, Unknown):
        return Secret(value) if prop.secret else value
    plain = _coerced(prop, value)
    if plain is None or not _is_within(prop, plain):
        failures.append(Failure(path, f"must be {_allowed(prop, plain)}"))
        return value
    if not _matches(prop, plain):
        failures.append(Failure(path, f"must match {prop.pattern}"))
    if prop.item is not None and isinstance(plain, list):
        plain = [_checked(f"{path}[{index}]", prop.item, item, failures) for index, item in enumerate(plain)]
    elif prop.item is not None and isinstance(plain, Mapping):
        failures.extend(_wrong_keys(path, prop, plain))
        plain = {key: _checked(join(path, key), prop.item, item, failures) for key, item in plain.items()}
    elif prop.shape is Shape.OBJECT:
        given = {name: item for name, item in plain.items() if item is not None and name not in INTERNAL}
        plain, inner = _checked_fields(path, prop.fields, given)
        failures.extend(inner)
        defaults = {name: field.default for name, field in prop.fields.items() if field.default is not None}
        plain = {**defaults, **plain}
    return Secret(plain) if prop.secret else plain


def _wrong_keys(path: str, prop: Property, value: Mapping[str, Value]) -> list[Failure]:
    if prop.key is None:
        return []
    keys = [key for key in value if not (_is_within(prop.key, key) and _matches(prop.key, key))]
    also = f" that matches {prop.key.pattern}" if prop.key.pattern else ""
    return [Failure(join(path, key), f"has a key that must be {_allowed(prop.key)}{also}") for key in keys]


def _coerced(prop: Property, value: Value) -> Value:
    """Return the value in the property's shape, or None when it does not fit."""
    shape = prop.shape
    if shape is Shape.STRING:
        return value if isinstance(value, str) else None
    if shape is Shape.BOOLEAN:
        return {"true": True, "false": False}.get(value) if isinstance(value, str) else _only(bool, value)
    if shape is Shape.INTEGER:
        if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,18}", value):
            return int(value)
        return None if isinstance(value, bool) else _only(int, value)
    if shape is Shape.NUMBER:
        if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?", value):
            return float(value) if "." in value else int(value)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if shape in (Shape.LIST, Shape.SET):
        return _only(list, value)
    return value if isinstance(value, Mapping) else None


def _only(kind: type, value: Value) -> Value:
    return value if isinstance(value, kind) else None


def _is_within(prop: Property, value: Value) -> bool:
    if prop.choices and value not in prop.choices:
        return False
    if isinstance(value, str):
        size: float = len(value)
        if prop.longest is not None and len(value.encode()) > prop.longest:
            return False
    else:
        size = len(value) if isinstance(value, list | Mapping) else value
    if prop.minimum is not None and size < prop.minimum:
        return False
    return prop.maximum is None or size <= prop.maximum


def _matches(prop: Property, value: Value) -> bool:
    return prop.pattern is None or not isinstance(value, str) or bool(_compiled(prop.pattern).search(value))


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # At the end of a JSON schema's pattern `$` is the end of the text; Python would let a line break follow.
    return re.compile(re.sub(r"(?<!\\)\$(?=$|[|)])", r"\\Z", pattern))


def _allowed(prop: Property, value: Value = None) -> str:
    """Return what a property may be, in words; of many choices those near `value`."""
    text = prop.shape.value
    if len(prop.choices) > _LISTED:
        near = difflib.get_close_matches(str(value), [str(choice) for choice in prop.choices], n=3)
        text = f"one of {len(prop.choices)} known values, such as {', '.join(near or map(str, prop.choices[:3]))}"
    elif prop.choices:
        text = f"one of {', '.join(map(str, prop.choices))}"
    counted = _COUNTED.get(prop.shape, "")
    if prop.minimum == 1 and prop.shape is Shape.STRING:
        text += " that is not empty"
    elif prop.minimum is not None:
        text += f" of {prop.minimum}{counted} or more"
    if prop.maximum is not None:
        text += f" of {prop.maximum}{counted} at most"
    if prop.longest is not None:
        text += f" of {prop.longest} bytes at most"
    if prop.item is not None:
        text += f" whose items are each {_allowed(prop.item)}"
    return text
