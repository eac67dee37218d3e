"""What the installed AWS SDK for Pulumi says of a resource type: its inputs, their shapes, and its outputs.

Reads the SDK's sources and never imports it, which would take seconds. Only the constructors of the classes that a type
needs are parsed: the file of nested objects of `ec2` alone has 28 000 lines. Knows nothing of what AWS allows; that is
in `schemas`.
"""

import ast
import functools
import importlib.util
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.sandbox.plugins.properties import Property, Shape
from infra.sandbox.plugins.provider import ProviderError

_PACKAGE = "pulumi_aws"
_MODULES = re.compile(r'resource_modules="""(?P<json>.*?)"""', re.DOTALL)
# The constructor's signature ends where its docstring or its body begins, or with the class.
_SIGNATURE = re.compile(r"^    def __init__\(__self__(?P<parameters>.*?)\):\n", re.MULTILINE | re.DOTALL)
_GETTER = re.compile(
    r"@pulumi\.getter(?:\(name=\"(?P<wire>\w+)\"\))?\n"
    r"(?:    @_utilities\.deprecated\(\"\"\".*?\"\"\"\)\n)?"
    r"    def (?P<python>\w+)\(",
    re.DOTALL,
)
_CLASS = re.compile(r"^class (?P<name>\w+):\n", re.MULTILINE)
_UNINDENTED = re.compile(r"^[@\w]", re.MULTILINE)
_PLAIN = {"str": Shape.STRING, "int": Shape.INTEGER, "float": Shape.NUMBER, "bool": Shape.BOOLEAN}
_WRAPPERS = frozenset({"Input", "Optional"})


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A resource type as its SDK tells it.

    Args:
        token: the type, as `aws:ec2/subnet:Subnet`.
        inputs: wire name (`cidrBlock`) -> shape, whether it is required, and what it holds; nothing of what AWS allows.
        outputs: the wire names that a program can only read, as `arn`.
    """

    token: str
    inputs: Mapping[str, Property]
    outputs: frozenset[str]


@functools.cache
def definition(token: str) -> Definition:
    """Return what the SDK says of the type `token`.

    Raises:
        ProviderError: the SDK is not installed or has no such type.
    """
    source, name = _source_of(token)
    folder = source.parent
    text = _text(source)
    arguments = _class(text, f"{name}Args") or _class(text, f"{name}InitArgs")
    if arguments is None:
        raise ProviderError(f"{_PACKAGE} has no inputs for {token}")
    inputs = _fields(arguments, folder, ())
    state = _class(text, f"_{name}State")
    outputs = frozenset(_wire_names(state).values()) if state is not None else frozenset()
    return Definition(token=token, inputs=inputs, outputs=outputs - inputs.keys())


@functools.cache
def _tokens() -> Mapping[str, tuple[Path, str]]:
    """Return token -> (folder, class name), as the SDK registers its types."""
    spec = importlib.util.find_spec(_PACKAGE)  # finds without importing
    if spec is None or not spec.submodule_search_locations:
        raise ProviderError(f"{_PACKAGE} is not installed")
    root = Path(spec.submodule_search_locations[0])
    registered = _MODULES.search(_text(root / "__init__.py"))
    if registered is None:
        raise ProviderError(f"{_PACKAGE} registers no resource types")
    return {
        token: (root.joinpath(*module["fqn"].split(".")[1:]), name)
        for module in json.loads(registered["json"])
        for token, name in module["classes"].items()
    }


def _source_of(token: str) -> tuple[Path, str]:
    """Return the file that holds the type `token`, and its class name."""
    found = _tokens().get(token)
    if found is None:
        raise ProviderError(f"{_PACKAGE} has no resource type {token}")
    folder, name = found
    mark = f'@pulumi.type_token("{token}")\nclass {name}('
    likely = folder / f"{re.sub(r'(?<=[a-z0-9])(?=[A-Z])', '_', name).lower()}.py"
    if likely.exists() and mark in _text(likely):
        return likely, name
    for path in sorted(folder.glob("[!_]*.py")):
        if mark in _text(path):
            return path, name
    raise ProviderError(f"{_PACKAGE} registers {token} but does not define it")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@functools.lru_cache(maxsize=4)
def _nested_sources(folder: Path) -> tuple[str, Mapping[str, int]]:
    """Return the source of the nested objects of a module, and class -> where it begins.

    The last few are kept, as types come by families. Looking for each class from the file's beginning would take as
    long as all the rest.
    """
    path = folder / "_inputs.py"
    text = _text(path) if path.exists() else ""
    return text, {found["name"]: found.start() for found in _CLASS.finditer(text)}


def _class(text: str, name: str) -> str | None:
    """Return the source of the class `name`, or None; found by text, since parsing the whole file is slow."""
    before = text.find(f"\nclass {name}:\n")
    return None if before < 0 else _class_at(text, before + 1)


def _class_at(text: str, start: int) -> str:
    """Return the source of the class that begins at `start`."""
    end = _UNINDENTED.search(text, text.index("\n", start) + 1)
    return text[start : end.start() if end else len(text)]


def _wire_names(source: str) -> dict[str, str]:
    """Return Python name -> wire name of the properties of a class."""
    return {found["python"]: found["wire"] or found["python"] for found in _GETTER.finditer(source)}


def _fields(source: str, folder: Path, above: tuple[str, ...]) -> dict[str, Property]:
    """Return wire name -> property of the inputs of a class; those without a default are required."""
    signature = _SIGNATURE.search(source)
    if signature is None or not signature["parameters"].strip(" ,*\n"):
        return {}
    parsed = ast.parse(f"def f(__self__{signature['parameters']}): pass").body[0]
    assert isinstance(parsed, ast.FunctionDef)  # for mypy: it is what was just written
    wires = _wire_names(source)
    fields = {}
    for parameter, default in zip(parsed.args.kwonlyargs, parsed.args.kw_defaults, strict=True):
        shape = _property(parameter.annotation, folder, above)
        required = default is None
        fields[wires[parameter.arg]] = Property(
            shape=shape.shape, item=shape.item, fields=shape.fields, required=required
        )
    return fields


def _property(node: ast.expr | None, folder: Path, above: tuple[str, ...]) -> Property:
    """Return the property that an annotation tells; `above` are the nested objects that it is in."""
    if isinstance(node, ast.Subscript):
        kind = _last_name(node.value)
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if kind in _WRAPPERS:
            return _property(inner[0], folder, above)
        if kind == "Sequence":
            return Property(shape=Shape.LIST, item=_property(inner[0], folder, above))
        if kind == "Mapping":
            return Property(shape=Shape.MAP, item=_property(inner[1], folder, above))
        if kind == "Union":
            return _union(inner, folder, above)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _named(node.value, folder, above)
    name = _last_name(node)
    if name in _PLAIN:
        return Property(shape=_PLAIN[name])
    return _named(name, folder, above)


def _union(choices: list[ast.expr], folder: Path, above: tuple[str, ...]) -> Property:
    # Where a string will do, it is what AWS gets: the rest are enumerations, other resources, and policy documents that
    # the SDK writes as JSON.
    if any(_last_name(choice) == "str" for choice in choices):
        return Property(shape=Shape.STRING)
    return _property(choices[0], folder, above)


def _named(name: str, folder: Path, above: tuple[str, ...]) -> Property:
    """Return the property of a class by its name: a nested object, or else an enumeration, whose values are strings."""
    module, _, short = name.rpartition(".")
    if not short.endswith("Args"):
        return Property(shape=Shape.STRING)
    home = folder.parent / module.removeprefix("_") if module else folder
    if f"{home.name}.{short}" in above:
        return Property(shape=Shape.MAP)  # an object within itself: what is deeper goes unchecked
    return Property(shape=Shape.OBJECT, fields=_nested(short, home, (*above, f"{home.name}.{short}")))


@functools.cache
def _nested(name: str, folder: Path, above: tuple[str, ...]) -> dict[str, Property]:
    text, starts = _nested_sources(folder)
    if name not in starts:
        raise ProviderError(f"{_PACKAGE} does not define {name} in {folder.name}")
    return _fields(_class_at(text, starts[name]), folder, above)


def _last_name(node: ast.expr | None) -> str:
    """Return `str` for `_builtins.str`, `Input` for `pulumi.Input`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
