"""The random plugin itself: checks, draws once, and keeps what was drawn until an input changes."""

from infra.sandbox.plugins import checking, properties
from infra.sandbox.plugins.properties import DEFAULTS
from infra.sandbox.plugins.provider import (
    Difference,
    Failure,
    Properties,
    Provider,
    ProviderError,
    Resource,
    State,
)
from infra.sandbox.plugins.random_values.catalogue import KINDS, Kind
from infra.sandbox.plugins.random_values.drawing import Drawn
from infra.sandbox.plugins.values import UNKNOWN, Secret, Value, has_unknown, mark_like, reveal

_MINIMA = ("minLower", "minUpper", "minNumeric", "minSpecial")
_CLASSES = ("lower", "upper", "numeric", "special")


class RandomProvider(Provider):
    """Values that are drawn when their resource is created and never again; every change of an input draws anew."""

    name = "random"

    def check(
        self, resource: Resource, old: Properties, new: Properties, seed: bytes
    ) -> tuple[Properties, list[Failure]]:
        """Fill in the defaults and refuse what no draw could satisfy."""
        kind = self._kind(resource.type)
        inputs, failures = checking.check(kind.table, resource, old, new, seed)
        if "numeric" in kind.table:
            _unite_digits(inputs)
        if not failures and not has_unknown({name: value for name, value in inputs.items() if name != "keepers"}):
            failures = _contradictions(reveal(inputs))
        return inputs, failures

    def diff(
        self, resource: Resource, id: str, old_inputs: Properties, outputs: Properties, new: Properties
    ) -> Difference:
        """Compare; every change replaces."""
        kind = self._kind(resource.type)
        return properties.diff(kind.table, old_inputs, outputs, new, same_place=False)

    def create(self, resource: Resource, inputs: Properties, *, preview: bool) -> tuple[str, Properties]:
        """Draw it."""
        kind = self._kind(resource.type)
        if preview:
            unknown = {name: Secret(UNKNOWN) if name in kind.secret else UNKNOWN for name in kind.results}
            return "", {**_stated(kind, inputs), **unknown}
        drawn = kind.draw(reveal(inputs))
        results = _marked(kind, drawn)
        if "inputs" in kind.table:  # a shuffled secret is a secret
            results = {name: mark_like(value, inputs["inputs"]) for name, value in results.items()}
        return drawn.id, {**_stated(kind, inputs), **results}

    def read(self, resource: Resource, id: str, inputs: Properties, outputs: Properties) -> State | None:
        """Return what was drawn, or take over the value that an import gives."""
        if outputs:
            return State(id=id, outputs=outputs, inputs=inputs)  # there is nothing outside the state to look at
        kind = self._kind(resource.type)
        if kind.take is None:
            raise ProviderError(f"{resource.type} cannot be imported: it has no value outside its own state")
        drawn = kind.take(id)
        outputs = {**drawn.inputs, **_marked(kind, drawn)}
        return State(id=drawn.id, outputs=outputs, inputs={**drawn.inputs, DEFAULTS: []})

    def update(
        self,
        resource: Resource,
        id: str,
        old_inputs: Properties,
        outputs: Properties,
        new: Properties,
        *,
        preview: bool,
    ) -> Properties:
        """Keep what was drawn."""
        kind = self._kind(resource.type)
        results = {name: value for name, value in outputs.items() if name in kind.results}
        return {**_stated(kind, new), **results}

    def delete(self, resource: Resource, id: str, inputs: Properties, outputs: Properties) -> None:
        """Forget it; nothing exists outside the state."""

    def _kind(self, token: str) -> Kind:
        if token not in KINDS:
            known = ", ".join(sorted(name.rpartition(":")[2] for name in KINDS))
            raise ProviderError(f"the offline random plugin has no resource type {token}; it has {known}")
        return KINDS[token]


def _marked(kind: Kind, drawn: Drawn) -> dict[str, Value]:
    return {name: Secret(value) if name in kind.secret else value for name, value in drawn.results.items()}


def _stated(kind: Kind, inputs: Properties) -> dict[str, Value]:
    return {name: value for name, value in inputs.items() if name in kind.table}


def _unite_digits(inputs: dict[str, Value]) -> None:
    """Give `numeric` and its old name `number` one value: what either says, or true."""
    given = [name for name in ("numeric", "number") if name in inputs]
    value = inputs[given[0]] if given else True
    for name in ("numeric", "number"):
        if name not in inputs:
            inputs[name] = value
            inputs[DEFAULTS] = sorted([*inputs[DEFAULTS], name])


def _contradictions(inputs: Properties) -> list[Failure]:
    if "minLower" in inputs:
        if sum(inputs[name] for name in _MINIMA) > inputs["length"]:
            return [Failure("length", f"must be at least the sum of {', '.join(_MINIMA)}")]
        if not any(inputs[name] for name in _CLASSES):
            return [Failure("", f"no character is allowed: at least one of {', '.join(_CLASSES)} must be true")]
    if "min" in inputs and inputs["max"] < inputs["min"]:
        return [Failure("max", "must be min or more")]
    return []
