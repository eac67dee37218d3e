"""Property values as plugins see them: plain Python, and a few classes for what JSON cannot say.

Owns the translation between the engine's protobuf structs and Python. `None`, `bool`, `int`, `float`, `str`, `list` and
`dict` stand for themselves; `UNKNOWN`, `Secret`, `Asset`, `Archive` and `ResourceReference` for the rest. Output values
are lowered to what they hold, as plugins that do not accept outputs expect; their dependencies stay with the engine.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from google.protobuf import struct_pb2

# The signatures and the unknown string are fixed by the protocol: sdk/go/common/resource/sig and plugin/rpc.go.
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  # the protocol's mark, not a password
_RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
_UNKNOWNS: Final = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string, and what this module writes
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
_UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SHORTEST_MASKED: Final = 4  # shorter ones would tear any message to pieces and protect nothing

Value = Any
"""A property value: see the module's docstring. Its shape is the provider's own, so no narrower type holds."""


class Unknown:
    """The type of `UNKNOWN`, a value that only `up` will know."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that state must encrypt and no output may show; its `repr` hides it."""

    value: Value = field(repr=False)


@dataclass(frozen=True)
class Asset:
    """A file: exactly one of text, path and uri is given."""

    text: str | None = None
    path: str | None = None
    uri: str | None = None
    hash: str | None = None


@dataclass(frozen=True)
class Archive:
    """Several files: exactly one of assets, path and uri is given."""

    assets: Mapping[str, Value] | None = None
    path: str | None = None
    uri: str | None = None
    hash: str | None = None


@dataclass(frozen=True)
class ResourceReference:
    """A resource passed as a value; `id` is None for a component, UNKNOWN before the resource exists."""

    urn: str
    id: Value = None
    version: str | None = None


def decode(value: struct_pb2.Value) -> Value:
    """Translate a protobuf value into Python."""
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _decode_struct(value.struct_value)
    if kind == "list_value":
        return [decode(item) for item in value.list_value.values]
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    if kind == "bool_value":
        return value.bool_value
    return None


def decode_properties(properties: struct_pb2.Struct) -> dict[str, Value]:
    """Translate a resource's properties into a dictionary."""
    return {name: decode(value) for name, value in properties.fields.items()}


def encode(value: Value) -> struct_pb2.Value:
    """Translate a Python value into protobuf.

    Raises:
        TypeError: the value is of a type that no property can have.
    """
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, int | float):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if isinstance(value, Unknown):
        return struct_pb2.Value(string_value=_UNKNOWN_STRING)
    if isinstance(value, list | tuple):
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[encode(item) for item in value]))
    if isinstance(value, Mapping):
        return struct_pb2.Value(struct_value=encode_properties(value))
    return struct_pb2.Value(struct_value=encode_properties(_signed(value)))


def encode_properties(properties: Mapping[str, Value]) -> struct_pb2.Struct:
    """Translate a resource's properties into a protobuf struct."""
    return struct_pb2.Struct(fields={name: encode(value) for name, value in properties.items()})


def reveal(value: Value) -> Value:
    """Return `value` without its secret marks, at every depth."""
    return _rewrite(value, lambda secret: reveal(secret.value))


def has_unknown(value: Value) -> bool:
    """Whether `value` is, or holds at any depth, something unknown."""
    if isinstance(value, Unknown):
        return True
    if isinstance(value, Secret):
        return has_unknown(value.value)
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    if isinstance(value, ResourceReference):
        return has_unknown(value.id)
    return isinstance(value, Archive) and has_unknown(value.assets)


def has_secret(value: Value) -> bool:
    """Whether `value` is, or holds at any depth, a secret."""
    if isinstance(value, Secret):
        return True
    if isinstance(value, Mapping):
        return any(has_secret(item) for item in value.values())
    if isinstance(value, list):
        return any(has_secret(item) for item in value)
    return isinstance(value, Archive) and has_secret(value.assets)


def mark_like(value: Value, pattern: Value) -> Value:
    """Return `value` with every part marked secret whose counterpart in `pattern` is secret.

    Args:
        value: what a server answered; it has no marks of its own, or keeps those it has.
        pattern: the inputs that it answers to. Where shapes differ below a secret, the whole part is marked.
    """
    if isinstance(value, Secret):
        return value
    if isinstance(pattern, Secret):
        return Secret(reveal(value))
    if isinstance(value, Mapping) and isinstance(pattern, Mapping):
        return {name: mark_like(item, pattern.get(name)) for name, item in value.items()}
    if isinstance(value, list) and isinstance(pattern, list) and len(value) == len(pattern):
        return [mark_like(item, like) for item, like in zip(value, pattern, strict=True)]
    return Secret(reveal(value)) if value is not None and has_secret(pattern) else value


def masked(text: str, inputs: Value) -> str:
    """Return a message with `[secret]` in the place of every secret text of a resource's inputs, at any depth."""
    found = {secret for secret in _secret_texts(inputs) if len(secret) >= _SHORTEST_MASKED}
    longest_first = sorted(found, key=len, reverse=True)  # one may begin as another: its end would be told
    return re.sub("|".join(map(re.escape, longest_first)), "[secret]", text) if found else text


def _secret_texts(value: Value, *, inside: bool = False) -> Iterator[str]:
    """Return the texts that are `inside` a secret."""
    if isinstance(value, Secret):
        yield from _secret_texts(value.value, inside=True)
    elif isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _secret_texts(item, inside=inside)
    elif isinstance(value, Archive):
        yield from _secret_texts(value.assets, inside=inside)
    elif isinstance(value, Asset):
        yield from _secret_texts(value.text, inside=inside)
    elif inside and isinstance(value, str):
        yield value


def _rewrite(value: Value, on_secret: Callable[[Secret], Value]) -> Value:
    if isinstance(value, Secret):
        return on_secret(value)
    if isinstance(value, Mapping):
        return {name: _rewrite(item, on_secret) for name, item in value.items()}
    if isinstance(value, list):
        return [_rewrite(item, on_secret) for item in value]
    if isinstance(value, Archive):
        return replace(value, assets=_rewrite(value.assets, on_secret))
    return value


def _decode_struct(struct: struct_pb2.Struct) -> Value:
    fields = struct.fields
    signature = fields[_SIGNATURE].string_value if _SIGNATURE in fields else None
    if signature is None:
        return decode_properties(struct)
    content = {name: decode(value) for name, value in fields.items() if name != _SIGNATURE}
    if signature == _SECRET:
        return Secret(reveal(content.get("value")))
    if signature == _OUTPUT:
        inner = content.get("value", UNKNOWN)
        return Secret(reveal(inner)) if content.get("secret") else inner
    if signature == _ASSET:
        return Asset(content.get("text"), content.get("path"), content.get("uri"), content.get("hash"))
    if signature == _ARCHIVE:
        return Archive(content.get("assets"), content.get("path"), content.get("uri"), content.get("hash"))
    if signature == _RESOURCE:
        identity = content.get("id")
        unknown_id = identity == "" and "id" in content  # an empty id is how the engine writes an unknown one
        return ResourceReference(content["urn"], UNKNOWN if unknown_id else identity, content.get("packageVersion"))
    return decode_properties(struct)


def _signed(value: Value) -> dict[str, Value]:
    if isinstance(value, Secret):
        return {_SIGNATURE: _SECRET, "value": reveal(value.value)}
    if isinstance(value, Asset):
        return {_SIGNATURE: _ASSET, **_present(text=value.text, path=value.path, uri=value.uri, hash=value.hash)}
    if isinstance(value, Archive):
        parts = _present(assets=value.assets, path=value.path, uri=value.uri, hash=value.hash)
        return {_SIGNATURE: _ARCHIVE, **parts}
    if isinstance(value, ResourceReference):
        identity = "" if isinstance(value.id, Unknown) else value.id
        return {_SIGNATURE: _RESOURCE, "urn": value.urn, **_present(id=identity, packageVersion=value.version)}
    raise TypeError(f"no property can hold a {type(value).__name__}")


def _present(**parts: Value) -> dict[str, Value]:
    return {name: part for name, part in parts.items() if part is not None}
