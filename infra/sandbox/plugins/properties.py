"""Tables of properties, and what a plugin derives from them: differences, inputs of a read, outputs of a preview.

A table says once what each input of a type may be; nothing else in a plugin repeats it. The rules are those of the
bridged official plugins: text that reads as a number or a boolean is one, defaults become inputs and are listed in
`__defaults`, a set has no order, and a computed property that the program leaves out is the server's to choose.
Leaves judging inputs to `checking`, rules that span properties and every request to a server to the plugin.
"""

import enum
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from infra.sandbox.plugins.differences import Change, differences
from infra.sandbox.plugins.provider import Difference, Properties
from infra.sandbox.plugins.values import UNKNOWN, Unknown, Value, has_unknown, reveal

DEFAULTS = "__defaults"
META = "__meta"
INTERNAL = frozenset({DEFAULTS, META})


class Shape(enum.Enum):
    """What a value must look like; the value is how a message says it."""

    STRING = "a string"
    INTEGER = "a whole number"
    NUMBER = "a number"
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
        choices: the only strings or whole numbers allowed; empty for any.
        pattern: what a string must match, as a regular expression of JSON schemas: anywhere unless it is anchored.
        minimum: the least number, or the least number of items, entries or characters.
        maximum: the greatest number, or the greatest number of items, entries or characters.
        longest: the most bytes of a string.
        item: what a list, set or map holds.
        key: what each key of a map must be; None for anything.
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
    choices: tuple[str, ...] | tuple[int, ...] = ()
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    longest: int | None = None
    item: "Property | None" = None
    key: "Property | None" = None
    fields: "Table" = field(default_factory=dict)
    conflicts: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


Table = Mapping[str, Property]


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
        if before is None and (prop.computed or (prop.shared and _is_fixed(prop))):
            # Stating what the server chose, or has anyway, changes nothing; least of all does it need another resource.
            before = _stated_part(prop, outputs.get(name), after)
        elif before is None:
            before = prop.default
        changes.update(_property_changes(name, prop, before, after))
    replace = frozenset(
        path for path, change in changes.items() if _replaces(table, path, change, {**old_inputs, **new})
    )
    return Difference(changes=changes, replace=replace, delete_before_replace=bool(replace) and same_place)


def equal(prop: Property, left: Value, right: Value) -> bool:
    """Whether two values of a property mean the same; a set has no order, nothing and emptiness are equal."""
    left, right = reveal(left), reveal(right)
    if not left and not right and left is not False and right is not False and 0 not in (left, right):
        return True
    if has_unknown(left) or has_unknown(right):
        return False
    if prop.shape is Shape.SET and isinstance(left, list) and isinstance(right, list):
        return sorted(map(_canonical, left)) == sorted(map(_canonical, right))
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


def _replaces(table: Table, path: str, change: Change, values: Properties) -> bool:
    """Whether a change at `path` needs another resource: the innermost property says; of what is gone, any around it.

    Args:
        table: the type's inputs.
        path: what changed, as `network.family` or `parts[0].kind`.
        change: how.
        values: the top-level inputs, old and new.
    """
    first, *inner = re.findall(r"[^.\[\]]+", path)
    prop = table[first]
    if not inner and prop.shape is Shape.OBJECT:
        given = reveal(values.get(first))
        held = given if isinstance(given, Mapping) else prop.fields  # all that it may hold, while it is unknown
        return prop.replace or any(name in held and _is_fixed(field) for name, field in prop.fields.items())
    around = prop.replace
    for name in inner:
        fields = prop.fields if prop.item is None else prop.item.fields
        if name in fields:
            prop = fields[name]
            around = around or prop.replace
    return around if change is Change.DELETE else prop.replace


def _is_fixed(prop: Property) -> bool:
    return prop.replace or any(_is_fixed(field) for field in prop.fields.values())


def _stated_part(prop: Property, actual: Value, stated: Value) -> Value:
    """Return of an object what `stated` speaks of; the server fills in the rest."""
    held, said = reveal(actual), reveal(stated)
    if prop.shape is not Shape.OBJECT or not isinstance(held, Mapping) or not isinstance(said, Mapping):
        return actual
    return {name: _stated_part(prop.fields[name], held.get(name), said[name]) for name in said if name in prop.fields}


def _canonical(value: Value) -> str:
    """Return a text that two values share when they are equal, whatever the order of their keys."""
    if isinstance(value, Mapping):
        return repr(sorted((name, _canonical(item)) for name, item in value.items()))
    return repr([_canonical(item) for item in value]) if isinstance(value, list) else repr(value)
