"""Pulumi's names and values <-> those of boto3, by botocore's own model of each service.

Both sides write the same words in different cases (`cidrBlock`, `CidrBlock`), so case does not count when a word is
looked up; a table entry only lists real differences. Leaves judging values to `tables` and `checking`.
"""

import datetime
import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from infra.sandbox.plugins.differences import join
from infra.sandbox.plugins.properties import Property, Table
from infra.sandbox.plugins.properties import Shape as Looks
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

Names = Mapping[str, str]
"""Path of a Pulumi property, without list positions -> AWS's name of its last part; an empty name leaves it out."""


def request(shape: Shape | None, values: Properties, names: Names, path: str = "") -> dict[str, Any]:
    """Return the parameters of a call that say what `values` say; what the call has no parameter for is left out.

    Args:
        shape: the structure that the call takes, None when it takes nothing.
        values: revealed Pulumi properties.
        names: where AWS's name is another one.
        path: where `values` are, for `names`.
    """
    if not isinstance(shape, StructureShape):
        return {}
    result: dict[str, Any] = {}
    for name, value in values.items():
        at = join(path, name)
        member = _member(shape, names.get(at, name))
        if member is not None and value is not None:
            result[member] = _sent(shape.members[member], value, names, at)
    return result


def consumed(shape: Shape | None, properties: Iterator[str] | frozenset[str], names: Names) -> frozenset[str]:
    """Return which of the top-level `properties` a call has a parameter for."""
    if not isinstance(shape, StructureShape):
        return frozenset()
    return frozenset(name for name in properties if _member(shape, names.get(name, name)) is not None)


def properties_of(table: Table, answer: Mapping[str, Any], names: Names, path: str = "") -> dict[str, Value]:
    """Return what an answer of AWS says, in the names and shapes of `table`.

    Args:
        table: the properties that are wanted.
        answer: a structure out of an answer, as boto3 gives it.
        names: where AWS's name is another one.
        path: where the table's properties are, for `names`.
    """
    words = {_word(name): name for name in answer}
    result: dict[str, Value] = {}
    for name, prop in table.items():
        at = join(path, name)
        found = words.get(_word(names.get(at, name)))
        if found is not None and answer[found] is not None:
            result[name] = _received(prop, answer[found], names, at)
    return result


def results_of(wanted: frozenset[str], answer: Mapping[str, Any], names: Names) -> dict[str, Value]:
    """Return the outputs that are no inputs: nobody says what they look like, so they stay as AWS gives them.

    Args:
        wanted: their names.
        answer: a structure out of an answer.
        names: where AWS's name is another one.
    """
    words = {_word(name): name for name in answer}
    found = {name: words.get(_word(names.get(name, name))) for name in wanted}
    return {name: _as_given(answer[key]) for name, key in found.items() if key is not None and answer[key] is not None}


def _as_given(value: Any) -> Value:
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: _as_given(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_given(item) for item in value]
    return value.isoformat() if isinstance(value, datetime.datetime) else value


def _word(name: str) -> str:
    return "".join(character for character in name if character.isalnum()).lower()


def _member(shape: StructureShape, name: str) -> str | None:
    wanted = _word(name)
    return next((member for member in shape.members if _word(member) == wanted), None) if wanted else None


def _sent(shape: Shape, value: Value, names: Names, path: str) -> Any:
    if isinstance(shape, StructureShape):
        if set(shape.members) == {"Value"} and not isinstance(value, Mapping | list):
            return {"Value": _sent(shape.members["Value"], value, names, path)}  # EC2's way of saying "and not null"
        if isinstance(value, list) and {"Items", "Quantity"} <= set(shape.members):  # how CloudFront writes a list
            return {"Quantity": len(value), "Items": _sent(shape.members["Items"], value, names, path)}
        block = value[0] if isinstance(value, list) and value else value  # a block is a list of one to Terraform
        return request(shape, block or {}, names, path)
    if isinstance(shape, ListShape):
        pair = _pair_names(shape.member) if isinstance(value, Mapping) else None
        if pair is not None:
            return [{pair[0]: str(key), pair[1]: str(item)} for key, item in value.items()]
        items = value if isinstance(value, list) else [value]
        return [_sent(shape.member, item, names, path) for item in items]
    if isinstance(shape, MapShape):
        return {str(key): _sent(shape.value, item, names, path) for key, item in value.items()}
    return _scalar(shape.type_name, value)


def _pair_names(shape: Shape) -> tuple[str, str] | None:
    """Return what AWS calls the two parts of an entry where it has a list of pairs and Pulumi a map, as tags."""
    members = list(shape.members) if isinstance(shape, StructureShape) else []
    named = next((name for name in members if name in ("Key", "Name")), None)
    return (named, "Value") if named is not None and sorted(members) == sorted((named, "Value")) else None


def _scalar(kind: str, value: Value) -> Any:
    if kind in ("integer", "long"):
        return int(value)
    if kind in ("float", "double"):
        return float(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind == "string" and isinstance(value, bool):
        return str(value).lower()
    return str(value) if kind == "string" else value


def _received(prop: Property, value: Any, names: Names, path: str) -> Value:
    shape = prop.shape
    if shape is Looks.OBJECT:
        block = value[0] if isinstance(value, list) and value else value
        return properties_of(prop.fields, block, names, path) if isinstance(block, Mapping) else None
    if shape in (Looks.LIST, Looks.SET):
        if isinstance(value, Mapping) and "Quantity" in value:
            value = value.get("Items") or []
        items = value if isinstance(value, list) else [value]
        return [_received(prop.item, item, names, path) if prop.item else item for item in items]
    if shape is Looks.MAP and isinstance(value, list):
        value = {item.get("Key", item.get("Name")): item["Value"] for item in value}
    if shape is Looks.MAP and isinstance(value, Mapping):
        return {str(key): _received(prop.item, item, names, path) if prop.item else item for key, item in value.items()}
    return _plain(shape, value)


def _plain(shape: Looks, value: Any) -> Value:
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if shape is Looks.STRING:
        if isinstance(value, Mapping | list):
            return json.dumps(value, sort_keys=True)
        return str(value).lower() if isinstance(value, bool) else str(value)
    if shape is Looks.INTEGER and isinstance(value, str):
        return int(value)
    if shape is Looks.BOOLEAN and isinstance(value, str):
        return value.lower() == "true"
    return value
