"""What one schema property says of one input, where both are of the same JSON type.

An input of the SDK follows Terraform, which now and then writes as a string what AWS calls a number or an object; then
the schema's constraints mean something else and do not apply. Four differences are only of writing and are bridged: a
list of one block for an object, an object for a list of one, a map for a list of keys and values, `"true"` for true.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infra.sandbox.plugins.aws.schemas import FORMATS, Schema
from infra.sandbox.plugins.properties import Property, Shape

_TYPES = {
    Shape.STRING: {"string"},
    Shape.INTEGER: {"integer", "number"},
    Shape.NUMBER: {"integer", "number"},
    Shape.BOOLEAN: {"boolean"},
    Shape.LIST: {"array"},
    Shape.SET: {"array"},
    Shape.MAP: {"object"},
    Shape.OBJECT: {"object"},
}
_ALTERNATIVES = ("anyOf", "oneOf", "allOf")


def agreeing(prop: Property, node: Schema) -> Schema | None:
    """Return the schema to read the input by, or None when their types differ.

    Args:
        prop: the input, as the SDK has it.
        node: the schema property that belongs to it.
    """
    types = _types_of(node)
    if _TYPES[prop.shape] & types:
        return node
    if prop.shape in (Shape.LIST, Shape.SET) and prop.item is not None and agreeing(prop.item, node) is not None:
        return {"type": "array", "items": node} if prop.item.shape is Shape.OBJECT else None
    if prop.shape is Shape.OBJECT and "array" in types and "object" in _types_of(node.get("items", {})):
        return {"type": "object", **node["items"]}
    if prop.shape is Shape.MAP and "array" in types:
        return _pairs(node)
    if prop.shape is Shape.STRING and types == {"boolean"}:
        return {"type": "string", "enum": ["true", "false"]}
    return None


def members(node: Schema) -> Mapping[str, Schema]:
    """Return the properties of an object, or of what a list holds; those of all alternatives together."""
    if "items" in node and "properties" not in node:
        return members(node["items"])
    found: dict[str, Schema] = {}
    for keyword in _ALTERNATIVES:
        for alternative in node.get(keyword, ()):
            found.update(members(alternative))
    return {**found, **node.get("properties", {})}


def constrained(prop: Property, node: Schema) -> tuple[Property, str | None]:
    """Return the input with the limits of its schema property, and the pattern that Python cannot read, if any.

    Args:
        prop: the input, without what it holds.
        node: the schema property, of an agreeing type.
    """
    if prop.shape is Shape.STRING:
        return _constrained_string(prop, node)
    if prop.shape in (Shape.INTEGER, Shape.NUMBER):
        numbers = tuple(value for value in node.get("enum", ()) if isinstance(value, int))
        return replace(prop, choices=numbers, minimum=node.get("minimum"), maximum=node.get("maximum")), None
    if prop.shape is Shape.LIST:
        unordered = node.get("uniqueItems") is True or node.get("insertionOrder") is False
        shape = Shape.SET if unordered else Shape.LIST
        return replace(prop, shape=shape, minimum=node.get("minItems") or None, maximum=node.get("maxItems")), None
    if prop.shape is Shape.MAP:
        return replace(prop, minimum=node.get("minProperties") or None, maximum=node.get("maxProperties")), None
    return prop, None


def item_schema(prop: Property, node: Schema) -> Schema | None:
    """Return the schema of what a list, set or map holds; None when it is not said."""
    if prop.shape is not Shape.MAP:
        return node.get("items")
    patterns = list(node.get("patternProperties", {}).values())
    other = node.get("additionalProperties")
    return patterns[0] if len(patterns) == 1 else other if isinstance(other, Mapping) else None


def _constrained_string(prop: Property, node: Schema) -> tuple[Property, str | None]:
    said = node.get("enum") or node.get("enumCaseInsensitive") or ([node["const"]] if "const" in node else [])
    choices = tuple(value for value in said if isinstance(value, str))
    if choices:
        return replace(prop, choices=choices), None
    pattern = node.get("pattern") or FORMATS.get(node.get("format", ""))
    unreadable = pattern if pattern is not None and not _is_readable(pattern) else None
    limited = replace(
        prop,
        pattern=None if unreadable else pattern,
        minimum=node.get("minLength") or None,
        maximum=node.get("maxLength"),
    )
    return limited, unreadable


def _is_readable(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:  # JSON schemas use the dialect of ECMAScript, which has more, as \p{L}
        return False
    return True


def _types_of(node: Schema) -> set[str]:
    said: Any = node.get("type")
    types = {said} if isinstance(said, str) else set(said or ())
    if types:
        return types
    for keyword in _ALTERNATIVES:
        for alternative in node.get(keyword, ()):
            types |= _types_of(alternative)
    if "properties" in node or "patternProperties" in node:
        types.add("object")
    if "items" in node:
        types.add("array")
    return types or {type_of_value for value in node.get("enum", ()) if (type_of_value := _json_type(value))}


def _json_type(value: object) -> str:
    return {str: "string", int: "integer", float: "number", bool: "boolean"}.get(type(value), "")


def _pairs(node: Schema) -> Schema | None:
    """Return a list of `{key, value}` as the schema of a map."""
    held = members(node)
    if len(held) != 2:  # a key and a value
        return None
    values = [said for name, said in held.items() if name.lower().endswith("value")]
    if len(values) != 1:
        return None
    return {"type": "object", "additionalProperties": values[0], "maxProperties": node.get("maxItems")}
