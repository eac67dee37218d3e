"""One step of the engine's, out of either form that it prints, with every field's kind checked.

Owns what a step must have to be believed. Leaves making changes of steps to `infra.gate.normalising`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.gate.change import FailedPreview, Properties, Value
from infra.gate.values import Values

STACK = "pulumi:pulumi:Stack"
"""The type of the stack itself, whose outputs are the stack's."""

_BOTH = frozenset({"same", "update", "replace"})
_NEW = frozenset({"create", "import", "read", "create-replacement", "import-replacement", "read-replacement"})
_OLD = frozenset({"delete", "discard", "delete-replaced", "discard-replaced", "remove-pending-replace", "refresh"})
OPERATIONS = _BOTH | _NEW | _OLD
"""All that there are (Pulumi, sdk/go/common/apitype, OpType). A step without the states of its operation is refused."""

_DIFFERENCES = frozenset({"add", "add-replace", "delete", "delete-replace", "update", "update-replace"})
_URN_PARTS = 4


@dataclass(frozen=True, slots=True)
class State:
    """A resource as it is, or as it is declared.

    Args:
        type: its type token.
        inputs: as declared.
        outputs: as the provider tells them: those that are no inputs or differ from them; of the stack all. Of a new
            state only those of the stack and of what the program reads: the others are not known before the update.
        parent: its parent's URN.
        protected: whether the engine refuses to delete it.
        provider: its provider's URN.
        retained: whether deleting it leaves it where it is.
        condemned: whether it waits for its deletion, as its replacement is there.
    """

    type: str
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    protected: bool = False
    provider: str = ""
    retained: bool = False
    condemned: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """What a provider says of one property.

    Args:
        path: Pulumi's property path, as the provider writes it.
        kind: `add`, `delete` or `update`, and `-replace` behind it where the resource is replaced because of it.
        of_inputs: whether old inputs were compared, and not the old state.
    """

    path: str
    kind: str
    of_inputs: bool


@dataclass(frozen=True, slots=True)
class Step:
    """What the engine would do to one resource.

    Args:
        operation: one of `OPERATIONS`.
        urn: of the resource.
        old: None where there is none.
        new: None where there is none.
        differences: what the provider says that differs; empty where it does not say.
        because: names of the inputs that replace the resource.
        named: names of the inputs that differ, where the provider says no more than that.
    """

    operation: str
    urn: str
    old: State | None
    new: State | None
    differences: Sequence[Difference] = ()
    because: Sequence[str] = ()
    named: Sequence[str] = ()

    @property
    def there(self) -> State:
        """The new state, and the old where there is no new."""
        found = self.new or self.old
        assert found
        return found


def read_step(raw: Mapping[str, Any], values: Values, old: object, new: object) -> Step:
    """Check one step.

    Args:
        raw: what is told of it; the names of the two forms are both known.
        values: makes its values plain.
        old: its old state, under whatever name.
        new: its new state.

    Raises:
        FailedPreview: it says nothing that can be believed.
    """
    operation = raw.get("op")
    if not isinstance(operation, str) or operation not in OPERATIONS:
        raise FailedPreview(f"an operation that this version of the gate does not know: {_shown(operation)}")
    urn = text(raw, "urn", f"a step ({operation})")
    if not is_urn(urn):
        raise FailedPreview(f"a step ({operation}) without the URN of its resource")
    urn = values.shared(urn)
    before = None if old is None else _state(old, values, urn)
    former = None if before is None else (table(old, "a state").get("inputs"), before.inputs)
    after = None if new is None else _state(new, values, urn, former, tells_outputs=operation == "read")
    if (operation in _BOTH | _OLD and not before) or (operation in _BOTH | _NEW and not after):
        raise FailedPreview(f"the step ({operation}) of {urn} is not whole: a state of the resource is missing")
    return Step(
        operation,
        urn,
        before,
        after,
        _differences(raw.get("detailedDiff"), urn),
        _names(raw, ("keys", "replaceReasons"), urn),
        _names(raw, ("diffs", "diffReasons"), urn),
    )


def is_urn(found: str) -> bool:
    """Whether a text is Pulumi's name of a resource."""
    return found.startswith("urn:pulumi:") and len(found.split("::")) >= _URN_PARTS and found.isprintable()


def stack_and_project(urn: str) -> tuple[str, str]:
    """Return the stack and the project that a URN names."""
    stack, project = urn.removeprefix("urn:pulumi:").split("::")[:2]
    return stack, project


def type_of(urn: str) -> str:
    """Return the type token in a URN, without its parents'."""
    return urn.split("::")[2].rpartition("$")[2]


def is_default_provider(urn: str) -> bool:
    """Whether the engine made this provider by itself; it counts none of its steps."""
    return type_of(urn).startswith("pulumi:providers:") and urn.split("::", 3)[3].startswith("default")


def text(raw: Mapping[str, Any], name: str, where: str) -> str:
    """Return a text field; empty where it is absent.

    Raises:
        FailedPreview: it is no text.
    """
    found = raw.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise FailedPreview(f"{where} has a `{name}` that is no text")
    return found


def flag(raw: Mapping[str, Any], name: str, where: str) -> bool:
    """Return a field that is true or false; false where it is absent.

    Raises:
        FailedPreview: it is neither.
    """
    found = raw.get(name)
    if found is None:
        return False
    if not isinstance(found, bool):
        raise FailedPreview(f"{where} has a `{name}` that is neither true nor false")
    return found


def table(raw: object, where: str) -> dict[str, Any]:
    """Return an object; an empty one where it is absent.

    Raises:
        FailedPreview: it is something else.
    """
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise FailedPreview(f"{where} is no object")
    return raw


def _state(
    raw: object,
    values: Values,
    urn: str,
    former: tuple[object, Properties] | None = None,
    *,
    tells_outputs: bool = True,
) -> State:
    where = f"a state of {urn}"
    found = table(raw, where)
    if "urn" in found and not is_urn(text(found, "urn", where)):
        raise FailedPreview(f"{where} has no URN of its own")
    kind = text(found, "type", where) or type_of(urn)
    declared, known = (table(found.get(name), f"the properties of {where}") for name in ("inputs", "outputs"))
    inputs = _object(values.alike(declared, *former) if former else values.plain(declared), where)
    outputs = _object(values.alike(known, declared, inputs), where) if tells_outputs or kind == STACK else {}
    if kind != STACK:
        outputs = {name: one for name, one in outputs.items() if name not in inputs or not _is_one(one, inputs[name])}
    return State(
        values.shared(kind),
        inputs,
        outputs,
        values.shared(text(found, "parent", where)),
        flag(found, "protect", where),
        values.shared(text(found, "provider", where).rpartition("::")[0]),
        flag(found, "retainOnDelete", where) or flag(found, "external", where),
        flag(found, "delete", where),
    )


def _object(made: Value, where: str) -> dict[str, Value]:
    if not isinstance(made, dict):
        raise FailedPreview(f"the properties of {where} are no object")
    return made


def _is_one(value: Value, other: Value) -> bool:
    """Whether an output is the input itself: what is alike was made once."""
    return value is other or (type(value) is type(other) and not isinstance(value, dict | list) and value == other)


def _differences(raw: object, urn: str) -> Sequence[Difference]:
    where = f"the differences of {urn}"
    found = []
    for path, one in table(raw, where).items():
        told = table(one, where)
        kind = told.get("diffKind", told.get("kind"))
        if not isinstance(kind, str) or kind not in _DIFFERENCES:
            raise FailedPreview(f"{where} are of a kind that this version of the gate does not know: {_shown(kind)}")
        found.append(Difference(path, kind, flag(told, "inputDiff", where)))
    return tuple(found)


def _names(raw: Mapping[str, Any], fields: Sequence[str], urn: str) -> Sequence[str]:
    found: object = next((raw[name] for name in fields if raw.get(name) is not None), [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise FailedPreview(f"the step of {urn} names properties that are no texts")
    return tuple(found)


def _shown(found: object) -> str:
    return repr(found)[:60]
