"""Tables of properties, and what a plugin derives from them: checks, defaults, names, differences, inputs of a read.

A table says once what each input of a type may be; nothing else in a plugin repeats it. The rules are those of the
bridged official plugins: text that reads as a number or a boolean is one, defaults become inputs and are listed in
`__defaults`, a set has no order, and a computed property that the program leaves out is the server's to choose.
Leaves rules that span properties, and every request to a server, to the plugin.
"""

import enum
import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from infra.sandbox.plugins.differences import Change, differences, join
from infra.sandbox.plugins.provider import Difference, Failure, Properties, Resource
from infra.sandbox.plugins.values import UNKNOWN, Secret, Unknown, Value, has_unknown, reveal

DEFAULTS = "__defaults"
META = "__meta"
_INTERNAL = frozenset({DEFAULTS, META})
_SUFFIX_DIGITS = 7  # what the official plugins append to a logical name


class Shape(enum.Enum):
    """What a value must look like; the value is how a message says it."""

    STRING = "a string"
    INTEGER = "a whole number"
    BOOLEAN = "true or false"
    LIST = "a list"
    SET = "a list in any order"
    MAP = "a map"
    OBJECT = "an object"


@dataclass(frozen=True, kw_only=True)
class Property:
    """One property of a type.

    Args:
        shape: what it looks like.
        required: whether a program must give it.
        default: what it is when left out; None for nothing.
        computed: whether the server chooses when it is left out, so that its absence is no difference.
        replace: whether a change needs another resource.
        secret: whether it is secret wherever it comes from.
        write_only: whether it is sent but neither kept in the outputs nor compared.
        shared: whether other resources may set it when it is left out: what the server has is then neither read nor a
            difference, unless the program used to give it.
        automatic: whether a name is made from the logical name when it is left out.
        choices: the only strings allowed; empty for any.
        minimum: the least number, or the least number of items or characters.
        maximum: the greatest number.
        longest: the most bytes of a string.
        item: what a list, set or map holds.
        fields: what an object holds.
        conflicts: the properties that cannot be given beside it.
        needs: the properties that must be given beside it.
    """

    shape: Shape
    required: bool = False
    default: Value = None
    computed: bool = False
    replace: bool = False
    secret: bool = False
    write_only: bool = False
    shared: bool = False
    automatic: bool = False
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    longest: int | None = None
    item: "Property | None" = None
    fields: "Table" = field(default_factory=dict)
    conflicts: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


Table = Mapping[str, Property]


def check(
    table: Table, resource: Resource, old: Properties, new: Properties, seed: bytes
) -> tuple[dict[str, Value], list[Failure]]:
    """Return the inputs with defaults and automatic names, and what is wrong with them.

    Args:
        table: the type's inputs.
        resource: which resource; its logical name is the stem of an automatic name.
        old: the checked inputs of the last update; its automatic names are kept.
        new: the program's inputs; nulls count as absent.
        seed: entropy for automatic names.
    """
    given = {name: value for name, value in new.items() if value is not None and name not in _INTERNAL}
    inputs, failures = _checked_fields("", table, given)
    defaults: list[str] = []
    for name, prop in table.items():
        if name in inputs or name in given:
            continue
        if prop.automatic:
            inputs[name] = _automatic_name(prop, name, resource, old, seed)
        elif prop.default is not None and not any(other in given for other in prop.conflicts):
            inputs[name] = prop.default
        else:
            continue
        defaults.append(name)
    inputs[DEFAULTS] = sorted(defaults)
    return inputs, failures


def diff(table: Table, old_inputs: Properties, outputs: Properties, new: Properties, *, same_place: bool) -> Difference:
    """Compare, by the rules of the table.

    Args:
        table: the type's inputs.
        old_inputs: what the resource was made from, or what a refresh found.
        outputs: its state.
        new: the wanted inputs, checked.
        same_place: whether a replacement would have the old one's name, so that the old one must go first.
    """
    changes: dict[str, Change] = {}
    for name, prop in table.items():
        if prop.write_only:
            continue
        before, after = old_inputs.get(name), new.get(name)
        if after is None and (before is None or prop.computed or prop.automatic):
            continue  # neither says anything: a refresh compares inputs of an import, which has no defaults filled in
        if before is None:
            before = outputs.get(name) if prop.computed else prop.default
        changes.update(_property_changes(name, prop, before, after))
    replace = frozenset(path for path, change in changes.items() if _replaces(table, path, change))
    return Difference(changes=changes, replace=replace, delete_before_replace=bool(replace) and same_place)


def equal(prop: Property, left: Value, right: Value) -> bool:
    """Whether two values of a property mean the same; a set has no order, nothing and emptiness are equal."""
    left, right = reveal(left), reveal(right)
    if not left and not right and left is not False and right is not False and 0 not in (left, right):
        return True
    if has_unknown(left) or has_unknown(right):
        return False
    if prop.shape is Shape.SET and isinstance(left, list) and isinstance(right, list):
        return sorted(map(repr, left)) == sorted(map(repr, right))
    return not differences({"": left}, {"": right})


def inputs_of(table: Table, outputs: Properties, old_inputs: Properties) -> dict[str, Value]:
    """Return what a program would have to say to get `outputs`.

    Args:
        table: the type's inputs.
        outputs: the resource as it is.
        old_inputs: the inputs so far; empty for an import, which then states everything that is known.
    """
    result: dict[str, Value] = {}
    for name, prop in table.items():
        actual, before = outputs.get(name), old_inputs.get(name)
        if prop.write_only:
            value = before
        elif before is not None:
            value = before if equal(prop, before, actual) else actual
        elif _goes_without_saying(prop, actual, is_import=not old_inputs):
            continue
        else:
            value = actual
        if value is not None:
            result[name] = value
    result[DEFAULTS] = [name for name in old_inputs.get(DEFAULTS, []) if name in result]
    return result


def preview_outputs(table: Table, inputs: Properties, outputs: Properties | None = None) -> dict[str, Value]:
    """Return what an update would leave, as far as a preview can know.

    Args:
        table: the type's inputs.
        inputs: the wanted inputs.
        outputs: the state that it starts from; None for a new resource, whose computed properties are unknown.
    """
    known = {name: value for name, value in inputs.items() if name in table and not table[name].write_only}
    if outputs is not None:
        return {**outputs, **known}
    return {**{name: UNKNOWN for name, prop in table.items() if prop.computed}, **known}


def is_automatic(inputs: Properties, name: str) -> bool:
    """Whether the property `name` of checked inputs was made, not given."""
    return name in inputs.get(DEFAULTS, [])


def _goes_without_saying(prop: Property, value: Value, *, is_import: bool) -> bool:
    if not is_import and (prop.computed or prop.automatic or prop.shared):
        return True
    return _is_neutral(prop, value) and not prop.required


def _is_neutral(prop: Property, value: Value) -> bool:
    value = reveal(value)
    return value is None or value == prop.default or (prop.default is None and value in ("", [], {}, 0, False))


def _automatic_name(prop: Property, name: str, resource: Resource, old: Properties, seed: bytes) -> Value:
    if name in old and is_automatic(old, name):
        return old[name]
    entropy = hashlib.sha256(seed + resource.urn.encode()).hexdigest() if seed else secrets.token_hex(_SUFFIX_DIGITS)
    suffix = f"-{entropy[:_SUFFIX_DIGITS]}"
    stem = resource.name.encode()[: (prop.longest or 255) - len(suffix)].decode(errors="ignore")
    return stem + suffix


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
        failures.append(Failure(path, f"must be {_allowed(prop)}"))
        return value
    if prop.item is not None and isinstance(plain, list):
        plain = [_checked(f"{path}[{index}]", prop.item, item, failures) for index, item in enumerate(plain)]
    elif prop.item is not None and isinstance(plain, Mapping):
        plain = {key: _checked(join(path, key), prop.item, item, failures) for key, item in plain.items()}
    elif prop.shape is Shape.OBJECT:
        given = {name: item for name, item in plain.items() if item is not None and name not in _INTERNAL}
        plain, inner = _checked_fields(path, prop.fields, given)
        failures.extend(inner)
        defaults = {name: field.default for name, field in prop.fields.items() if field.default is not None}
        plain = {**defaults, **plain}
    return Secret(plain) if prop.secret else plain


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
    if shape in (Shape.LIST, Shape.SET):
        return _only(list, value)
    return value if isinstance(value, Mapping) else None


def _only(kind: type, value: Value) -> Value:
    return value if isinstance(value, kind) else None


def _is_within(prop: Property, value: Value) -> bool:
    if isinstance(value, str):
        size = len(value)
        if prop.choices and value not in prop.choices:
            return False
        if prop.longest is not None and len(value.encode()) > prop.longest:
            return False
    else:
        size = len(value) if isinstance(value, list | Mapping) else value
    if prop.minimum is not None and size < prop.minimum:
        return False
    return prop.maximum is None or size <= prop.maximum


def _allowed(prop: Property) -> str:
    text = prop.shape.value
    if prop.choices:
        text = f"one of {', '.join(prop.choices)}"
    counted = {Shape.STRING: " characters", Shape.LIST: " items", Shape.SET: " items"}.get(prop.shape, "")
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


def _property_changes(name: str, prop: Property, before: Value, after: Value) -> Iterator[tuple[str, Change]]:
    if not isinstance(reveal(after), Unknown) and equal(prop, before, after):
        return
    old, new = reveal(before), reveal(after)
    if prop.shape is Shape.SET and isinstance(old, list) and isinstance(new, list) and not has_unknown(new):
        changed = {f"{name}[{index}]": Change.DELETE for index, item in enumerate(old) if item not in new}
        for index, item in enumerate(new):
            if item not in old:
                path = f"{name}[{index}]"
                changed[path] = Change.UPDATE if path in changed else Change.ADD
        yield from changed.items()
        return
    yield from differences({name: old}, {name: new}).items()


def _replaces(table: Table, path: str, change: Change) -> bool:
    prop = table[re.split(r"[.\[]", path, maxsplit=1)[0]]
    inner = prop.item.fields.get(path.rpartition(".")[2]) if prop.item is not None and "." in path else None
    if inner is not None and change is not Change.DELETE:
        return inner.replace
    return prop.replace
