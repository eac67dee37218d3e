"""The table of a resource type: the SDK's inputs with the constraints of AWS's own schema.

An input meets the schema property of the same name, whatever its case; an entry of `kinds` says where names differ.
What has no such property is checked for its shape alone, and `coverage` counts it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as changed
from types import MappingProxyType
from typing import Final

from infra.sandbox.plugins.aws.constraints import agreeing, constrained, item_schema, members
from infra.sandbox.plugins.aws.schemas import Schema
from infra.sandbox.plugins.aws.schemas import schema as schema_of
from infra.sandbox.plugins.aws.sdk import definition
from infra.sandbox.plugins.properties import Property, Shape, Table

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_NO_LENGTHS: Final[Mapping[str, int]] = MappingProxyType({})
_NONE: Final[frozenset[str]] = frozenset()
_ROOT: Final = ""

_TAG_KEY: Final = Property(shape=Shape.STRING, minimum=1, maximum=128, pattern=r"^(?![aA][wW][sS]:)")
TAGS: Final = Property(
    shape=Shape.MAP, shared=True, maximum=50, key=_TAG_KEY, item=Property(shape=Shape.STRING, maximum=256)
)
"""Tags of any resource: AWS's limits, from "Tag naming limits and requirements" of its Tagging guide."""

_PROVIDERS: Final[Mapping[str, Property]] = MappingProxyType(
    {
        "region": Property(shape=Shape.STRING, replace=True, shared=True, minimum=1),
        "tags": TAGS,
        "tagsAll": TAGS,
    }
)
"""Inputs that the provider gives to every type; no schema of a type has them."""

_ALSO_ALLOWED: Final[Mapping[tuple[str, str], tuple[int, ...]]] = MappingProxyType(
    {("AWS::Logs::LogGroup", "retentionInDays"): (0,)}  # for ever, which a CloudFormation template leaves out
)
"""Numbers that the provider takes beside those of the schema, by type and path of the input."""


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How much of a type's inputs its schema checks.

    Args:
        share: the share, 0 to 1, of inputs (those inside objects, one by one) with a schema property of their type.
        missing: the paths of inputs without a schema property.
        mismatched: the paths of inputs whose schema property is of another JSON type; their shape alone is checked.
        unreadable: path -> pattern that Python cannot read and that is not checked.
        unexplained: the paths among missing and mismatched that `unchecked` gives no reason for.
    """

    share: float
    missing: tuple[str, ...]
    mismatched: tuple[str, ...]
    unreadable: Mapping[str, str]
    unexplained: tuple[str, ...]


def table(
    token: str,
    *,
    schema: str,
    names: Mapping[str, str] = _NOTHING,
    unchecked: Mapping[str, str] = _NOTHING,
    computed: frozenset[str] = _NONE,
    replace: frozenset[str] = _NONE,
    in_place: frozenset[str] = _NONE,
    secret: frozenset[str] = _NONE,
    automatic: Mapping[str, int] = _NO_LENGTHS,
    sets: frozenset[str] = _NONE,
    region: str = "us-east-1",
) -> Table:
    """Return the table of a type.

    Every path of an input is dotted, without indices (`vpcConfig.subnetIds`). An optional input is `shared`: what a
    program does not state is not its own to compare.

    Args:
        token: the type, as `aws:eks/cluster:Cluster`.
        schema: the CloudFormation type, as `AWS::EKS::Cluster`; empty where there is none.
        names: path of an input -> path of its schema property, from the root with slashes, as
            `ResourcesVpcConfig/SubnetIds`; lists on the way are gone through. Under the empty path stands an object in
            which top-level inputs are looked up too, as `LaunchTemplateData`.
        unchecked: path of an input -> why no schema property judges it, one that has its name included.
        computed: the top-level inputs that AWS chooses when they are left out.
        replace: the inputs whose change needs another resource, beside those that the schema says.
        in_place: the inputs that can be changed although the schema says otherwise.
        secret: the inputs that are secret.
        automatic: top-level input -> the most bytes of the name that is made for it when it is left out.
        sets: the lists whose order means nothing, beside those that the schema says.
        region: the region whose schema judges.

    Raises:
        ProviderError: the SDK has no such type, or the region no such schema.
        ValueError: the entry names an input or a schema property that does not exist.
    """
    merge = _Merge(_schema(token, schema, region), names, unchecked, replace, in_place, secret, sets)
    merged = merge.run(definition(token).inputs)
    merge.require_used(computed, frozenset(automatic))
    return {
        name: prop if name in _PROVIDERS else _completed(name, prop, merged, computed, automatic)
        for name, prop in merged.items()
    }


def coverage(
    token: str,
    *,
    schema: str,
    names: Mapping[str, str] = _NOTHING,
    unchecked: Mapping[str, str] = _NOTHING,
    region: str = "us-east-1",
) -> Coverage:
    """Return how much of a type's inputs its schema checks; the arguments are those of `table`."""
    merge = _Merge(_schema(token, schema, region), names, unchecked, _NONE, _NONE, _NONE, _NONE)
    merge.run(definition(token).inputs)
    open_inputs = (*merge.missing, *merge.mismatched)
    counted = merge.checked + merge.unchecked_leaves
    return Coverage(
        share=merge.checked / counted if counted else 1.0,
        missing=tuple(merge.missing),
        mismatched=tuple(merge.mismatched),
        unreadable=merge.unreadable,
        unexplained=tuple(path for path in open_inputs if not _is_covered(path, unchecked)),
    )


def _schema(token: str, schema: str, region: str) -> Schema:
    """Return the schema of a type; one that says nothing for a type that AWS has none of, as an attachment."""
    return schema_of(schema, region) if schema else {"typeName": token}


def _completed(
    name: str, prop: Property, inputs: Table, computed: frozenset[str], automatic: Mapping[str, int]
) -> Property:
    other = f"{name}Prefix" if f"{name}Prefix" in inputs else name.removesuffix("Prefix")
    if other != name and other in inputs:
        prop = changed(prop, conflicts=(other,))
    if name in automatic:
        return changed(prop, automatic=True, longest=automatic[name])
    if name.endswith("Wo") and f"{name}Version" in inputs:
        prop = changed(prop, write_only=True, secret=True)
    if name in computed:
        return changed(prop, computed=True)
    return prop if prop.required else changed(prop, shared=True)


@dataclass
class _Merge:
    """One walk through the inputs of a type and its schema."""

    schema: Schema
    names: Mapping[str, str]
    unchecked: Mapping[str, str]
    replace: frozenset[str]
    in_place: frozenset[str]
    secret: frozenset[str]
    sets: frozenset[str]
    missing: list[str] = field(default_factory=list)
    mismatched: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    checked: int = 0
    unchecked_leaves: int = 0
    _seen: set[str] = field(default_factory=lambda: {_ROOT})
    _fixed: frozenset[tuple[str, ...]] = frozenset()

    def run(self, inputs: Table) -> Table:
        """Return the inputs with everything but what is said of top-level inputs only."""
        fixed = (_steps(path.removeprefix("/properties/")) for path in self.schema.get("createOnlyProperties", ()))
        self._fixed = frozenset(fixed)
        merged = self._fields("", inputs, self.schema, (), inherited=False)
        self.require_used(*map(frozenset, (self.names, self.unchecked)))
        self.require_used(self.replace, self.in_place, self.secret, self.sets)
        return merged

    def require_used(self, *paths: frozenset[str]) -> None:
        """Raise ValueError when the entry names an input that there is not."""
        unknown = sorted(frozenset().union(*paths) - self._seen)
        if unknown:
            raise ValueError(
                f"{self.schema['typeName']} has an entry for inputs that do not exist: {', '.join(unknown)}"
            )

    def _fields(
        self, path: str, inputs: Table, node: Schema | None, at: tuple[str, ...], *, inherited: bool
    ) -> dict[str, Property]:
        merged = {}
        for name, prop in inputs.items():
            below = f"{path}.{name}" if path else name
            self._seen.add(below)
            if not path and name in _PROVIDERS:
                merged[name] = _PROVIDERS[name]
                continue
            said, where = self._found(below, name, prop, node, at)
            merged[name] = self._merged(below, prop, said, where, inherited=inherited)
        return merged

    def _found(
        self, path: str, name: str, prop: Property, node: Schema | None, at: tuple[str, ...]
    ) -> tuple[Schema | None, tuple[str, ...]]:
        """Return the schema property of an input, or None, and where in the schema it is."""
        if path in self.names:
            steps = _steps(self.names[path])
            return self._at(path, prop, steps), steps
        if node is None or path in self.unchecked:
            return None, ()
        places = [(node, at)]
        if "." not in path and _ROOT in self.names:
            steps = _steps(self.names[_ROOT])
            places.append((self._at("the type itself", prop, steps), steps))
        for place, where in places:
            held = members(place)
            by_case = {known.lower(): known for known in held}
            for spelling in _spellings(name.lower()):
                if spelling in by_case:
                    return held[by_case[spelling]], (*where, by_case[spelling])
        return None, ()

    def _at(self, path: str, prop: Property, steps: tuple[str, ...]) -> Schema:
        """Return the schema property at `steps` from the root; for a list of plain values, that of a list of them."""
        node, outer = self.schema, None
        for step in steps:
            held = members(node)
            if step not in held:
                raise ValueError(f"{self.schema['typeName']} has no property {'/'.join(steps)}, the name of {path}")
            outer = node if "items" in node else outer
            node = held[step]
        if outer is not None and prop.shape is Shape.LIST and agreeing(prop, node) is None:
            return {"type": "array", "items": node, "insertionOrder": outer.get("insertionOrder")}
        return node

    def _merged(
        self, path: str, prop: Property, node: Schema | None, at: tuple[str, ...], *, inherited: bool
    ) -> Property:
        """Return one input with the limits of its schema property, and those of what it holds."""
        matching = agreeing(prop, node) if node is not None else None
        self._count(path, prop, node, matching)
        fixed = (inherited or at in self._fixed or path in self.replace) and path not in self.in_place
        said = changed(prop, secret=True) if path in self.secret else prop
        result = self._limited(path, said, matching, at, fixed=fixed)
        return changed(result, shape=Shape.SET) if path in self.sets else result

    def _limited(self, path: str, prop: Property, node: Schema | None, at: tuple[str, ...], *, fixed: bool) -> Property:
        result, unreadable = constrained(prop, node) if node is not None else (prop, None)
        if unreadable is not None:
            self.unreadable[path] = unreadable
        also = _ALSO_ALLOWED.get((self.schema["typeName"], path), ())
        numbers = tuple(choice for choice in result.choices if isinstance(choice, int))
        if also and numbers:
            result = changed(result, choices=(*also, *numbers))
        if fixed:
            result = changed(result, replace=True)
        if prop.item is not None:
            said = item_schema(prop, node) if node is not None else None
            inner = agreeing(prop.item, said) if said is not None else None
            result = changed(result, item=self._limited(path, prop.item, inner, at, fixed=fixed))
        if prop.fields:
            result = changed(result, fields=self._fields(path, prop.fields, node, at, inherited=fixed))
        return result

    def _count(self, path: str, prop: Property, node: Schema | None, matching: Schema | None) -> None:
        is_leaf = not _holds_objects(prop)
        if matching is not None:
            self.checked += is_leaf
            return
        self.unchecked_leaves += is_leaf
        listed = (*self.missing, *self.mismatched)
        named_within = any(name.startswith(f"{path}.") for name in self.names)
        if not _is_covered(path, listed) and (is_leaf or not named_within):
            (self.missing if node is None else self.mismatched).append(path)


def _holds_objects(prop: Property) -> bool:
    return prop.shape is Shape.OBJECT or (prop.item is not None and _holds_objects(prop.item))


def _is_covered(path: str, paths: Iterable[str]) -> bool:
    """Whether `path` is one of `paths` or within one."""
    return any(path == other or path.startswith(f"{other}.") for other in paths)


def _steps(path: str) -> tuple[str, ...]:
    return tuple(step for step in path.split("/") if step not in ("", "*", "items"))


def _spellings(name: str) -> Iterator[str]:
    """Yield `name` and its other number: the SDK says `logDeliveryConfigurations` for one block that may repeat."""
    yield name
    yield f"{name}s"
    if name.endswith("ies"):
        yield f"{name[:-3]}y"
    elif name.endswith("s"):
        yield name[:-1]
