"""The resources of pulumi-random 4: their inputs, what each makes, and how each is imported.

Owns the tables. Leaves drawing the values to `drawing` and the protocol to `provider`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from infra.sandbox.plugins.properties import Property, Shape, Table
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.random_values import drawing
from infra.sandbox.plugins.random_values.drawing import Drawn

_KEEPERS = Property(shape=Shape.MAP, replace=True, item=Property(shape=Shape.STRING))
_TEXT = Property(shape=Shape.STRING, replace=True)
_WHOLE = Property(shape=Shape.INTEGER, replace=True, required=True)


def _flag(default: bool | None) -> Property:
    return Property(shape=Shape.BOOLEAN, replace=True, default=default)


def _count(default: int) -> Property:
    return Property(shape=Shape.INTEGER, replace=True, default=default, minimum=0)


_CHARACTERS: Table = {
    "keepers": _KEEPERS,
    "length": Property(shape=Shape.INTEGER, replace=True, required=True, minimum=1),
    "lower": _flag(True),
    "upper": _flag(True),
    "numeric": _flag(None),  # these two are one setting with two names: see RandomProvider.check
    "number": _flag(None),
    "special": _flag(True),
    "minLower": _count(0),
    "minUpper": _count(0),
    "minNumeric": _count(0),
    "minSpecial": _count(0),
    "overrideSpecial": _TEXT,
}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One resource type.

    Args:
        table: its inputs.
        draw: makes a new one from complete inputs.
        take: makes it from what the user gives to an import; None when the official plugin imports none.
        results: the outputs that only exist once it is drawn.
        secret: those of them that are secret.
    """

    table: Table
    draw: Callable[[Properties], Drawn]
    take: Callable[[str], Drawn] | None = None
    results: tuple[str, ...] = ("result",)
    secret: frozenset[str] = field(default_factory=frozenset)


KINDS: Mapping[str, Kind] = {
    "random:index/randomPassword:RandomPassword": Kind(
        table=_CHARACTERS,
        draw=drawing.password,
        take=drawing.known_password,
        results=("result", "bcryptHash"),
        secret=frozenset({"result", "bcryptHash"}),
    ),
    "random:index/randomString:RandomString": Kind(table=_CHARACTERS, draw=drawing.string, take=drawing.known_string),
    "random:index/randomId:RandomId": Kind(
        table={
            "keepers": _KEEPERS,
            "byteLength": Property(shape=Shape.INTEGER, replace=True, required=True, minimum=1),
            "prefix": _TEXT,
        },
        draw=drawing.identifier,
        take=drawing.known_identifier,
        results=("b64Url", "b64Std", "hex", "dec"),
    ),
    "random:index/randomUuid:RandomUuid": Kind(
        table={"keepers": _KEEPERS}, draw=drawing.uuid4, take=drawing.known_uuid
    ),
    "random:index/randomUuid4:RandomUuid4": Kind(
        table={"keepers": _KEEPERS}, draw=drawing.uuid4, take=drawing.known_uuid
    ),
    "random:index/randomUuid7:RandomUuid7": Kind(
        table={"keepers": _KEEPERS}, draw=drawing.uuid7, take=drawing.known_uuid
    ),
    "random:index/randomPet:RandomPet": Kind(
        table={
            "keepers": _KEEPERS,
            "length": Property(shape=Shape.INTEGER, replace=True, default=2, minimum=1),
            "prefix": _TEXT,
            "separator": Property(shape=Shape.STRING, replace=True, default="-"),
        },
        draw=drawing.pet,
        results=(),
    ),
    "random:index/randomInteger:RandomInteger": Kind(
        table={"keepers": _KEEPERS, "min": _WHOLE, "max": _WHOLE, "seed": _TEXT},
        draw=drawing.integer,
        take=drawing.known_integer,
    ),
    "random:index/randomShuffle:RandomShuffle": Kind(
        table={
            "keepers": _KEEPERS,
            "inputs": Property(shape=Shape.LIST, replace=True, required=True, item=Property(shape=Shape.STRING)),
            "resultCount": Property(shape=Shape.INTEGER, replace=True, minimum=0),
            "seed": _TEXT,
        },
        draw=drawing.shuffle,
        results=("results",),
    ),
    "random:index/randomBytes:RandomBytes": Kind(
        table={
            "keepers": _KEEPERS,
            "length": Property(shape=Shape.INTEGER, replace=True, required=True, minimum=1),
        },
        draw=drawing.octets,
        take=drawing.known_octets,
        results=("base64", "hex"),
        secret=frozenset({"base64", "hex"}),
    ),
}
