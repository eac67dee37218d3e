"""A stack's resources as one flat program: no components, no settings, only constructors with literal inputs.

What somebody would have written who declares the same platform in one file. Made from the graph that the stack declares
under mocks: values that the mocks know as another resource's output become references to it, the rest of what a
resource waits for becomes `depends_on`.
"""

import inspect
import json
import re
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from infra.sandbox.plugins.values import has_secret, reveal
from tests.cloud_outputs import CLUSTER_GROUP, MOCKED_ID, outputs
from tests.harness import Graph, Node

_PACKAGES = {"aws": "pulumi_aws", "kubernetes": "pulumi_kubernetes", "postgresql": "pulumi_postgresql"}
_PROVIDER = "pulumi:providers:"
_RANDOM = {
    "random:index/randomPassword:RandomPassword": "password-of-",
    "random:index/randomString:RandomString": "text-of-",
}
# What only the mocks' servers answer, as tests/cloud_outputs.py says it -> the output that it is.
_SPECIAL = {
    "aws:eks/cluster:Cluster": {
        "https://cluster.eks.example.invalid": "endpoint",
        "Q0E=": "certificate_authority.data",
        CLUSTER_GROUP: "vpc_config.cluster_security_group_id",
    },
    "aws:rds/instance:Instance": {"database.rds.example.invalid": "address"},
}
_OUTPUTS = {"arn": "arn", "keyId": "key_id", "name": "name", "bucket": "bucket", "nodeGroupName": "node_group_name"}


def source(graph: Graph) -> str:
    """Return the program's text.

    Args:
        graph: of the stack, as `tests.harness.graph_of` returns it.
    """
    nodes = [node for node in graph.nodes.values() if node.custom]
    references = _references(nodes)
    pattern = re.compile("|".join(re.escape(text) for text in sorted(references, key=len, reverse=True)))
    urns = {node.urn: node.name for node in nodes}
    names = {node.name for node in nodes}
    assert len(names) == len(nodes), "flat names are unique"
    lines = ["import pulumi", *sorted({f"import {_module(node.type)}" for node in nodes}), "", "r = {}"]
    for node in nodes:
        values = _Values(pattern, references)
        arguments = [f"{key}={values.text(value)}" for key, value in _arguments(node).items()]
        lines.append(f"r[{node.name!r}] = {_class(node.type)}(")
        lines += [f"    {part}," for part in (repr(node.name), *arguments, f"opts={_options(node, urns, values.used)}")]
        lines.append(")")
    return "\n".join(lines) + "\n"


class _Values:
    """Turns values into Python; remembers which resources they refer to."""

    def __init__(self, pattern: re.Pattern[str], references: Mapping[str, str]) -> None:
        self._pattern = pattern
        self._references = references
        self.used: set[str] = set()

    def text(self, value: Any) -> str:
        if has_secret(value) and not isinstance(value, dict | list):
            return f"pulumi.Output.secret({self.text(reveal(value))})"
        match value:
            case str():
                return self._string(value)
            case Mapping():
                return "{" + ", ".join(f"{key!r}: {self.text(part)}" for key, part in value.items()) + "}"
            case list() | tuple():
                return "[" + ", ".join(map(self.text, value)) + "]"
            case float() if value.is_integer():
                return repr(int(value))
            case _:
                return repr(value)

    def _string(self, text: str) -> str:
        parts, end = [], 0
        for found in self._pattern.finditer(text):
            if found.start() > end:
                parts.append(repr(text[end : found.start()]))
            parts.append(self._references[found[0]])
            self.used.add(self._references[found[0]].partition("]")[0])
            end = found.end()
        if end < len(text) or not parts:
            parts.append(repr(text[end:]))
        return parts[0] if len(parts) == 1 else f"pulumi.Output.concat({', '.join(parts)})"


def _references(nodes: Iterable[Node]) -> dict[str, str]:
    """Return what the mocks answer -> the expression that gives it in the flat program."""
    found = {}
    for node in nodes:
        place = f"r[{node.name!r}]"
        found[f"{MOCKED_ID}{node.name}"] = f"{place}.id"
        for text, attribute in _SPECIAL.get(node.type, {}).items():
            found.setdefault(text, f"{place}.{attribute}")
        if node.type in _RANDOM:
            found[f"{_RANDOM[node.type]}{node.name}"] = f"{place}.result"
        if node.type.startswith("aws:"):
            answered = outputs(node.type, node.name, reveal(dict(node.inputs)))
            for key, attribute in _OUTPUTS.items():
                is_answer = node.name in str(answered.get(key)) and key not in node.inputs
                if is_answer and hasattr(_type(node.type), attribute):
                    found.setdefault(str(answered[key]), f"{place}.{attribute}")
        if node.type.startswith("kubernetes:"):
            found[f"{node.name}-1a2b3c4d"] = f"{place}.metadata['name']"
    return found


def _arguments(node: Node) -> dict[str, Any]:
    """Return the constructor's arguments by their Python names."""
    kind = _type(node.type)
    is_custom = _class(node.type).endswith(".CustomResource")
    parameters = inspect.signature(kind.__init__ if is_custom else kind._internal_init).parameters  # type: ignore[attr-defined, misc]
    by_wire = {name.replace("_", "").lower(): name for name in parameters}
    found = {}
    for key, value in node.inputs.items():
        if node.type.startswith("kubernetes:") and key in ("apiVersion", "kind") and not is_custom:
            continue
        found[by_wire.get(key.lower(), key)] = _decoded(value) if node.type.startswith(_PROVIDER) else value
    return found


def _decoded(value: Any) -> Any:
    """Return a provider's input, which travels as JSON unless it is text."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _options(node: Node, urns: Mapping[str, str], used: set[str]) -> str:
    options = []
    if node.provider and not node.type.startswith(_PROVIDER):
        provider = urns.get(node.provider.rpartition("::")[0])
        if provider:
            options.append(f"provider=r[{provider!r}]")
    named = sorted({urns[urn] for urn in node.dependencies if urn in urns})
    waits = [name for name in named if f"r[{name!r}" not in used and name != node.name]
    if waits:
        options.append("depends_on=[" + ", ".join(f"r[{name!r}]" for name in waits) + "]")
    if node.protect:
        options.append("protect=True")
    if node.ignore_changes:
        options.append(f"ignore_changes={sorted(node.ignore_changes)!r}")
    return f"pulumi.ResourceOptions({', '.join(options)})"


def _module(token: str) -> str:
    """Return the Python module of a type's class."""
    if token.startswith(_PROVIDER):
        return _PACKAGES.get(token.removeprefix(_PROVIDER), "pulumi_random")
    package, module, _ = token.split(":")
    if package == "kubernetes":
        place = module.replace(".k8s.io", "").split("/")
        name = ".".join(["pulumi_kubernetes", *place])
        return name if _exists(name) else "pulumi_kubernetes.apiextensions"
    place_of = module.partition("/")[0]
    base = _PACKAGES.get(package, "pulumi_random")
    return base if place_of == "index" else f"{base}.{place_of}"


def _exists(module: str) -> bool:
    try:
        import_module(module)
    except ModuleNotFoundError:
        return False
    return True


def _class(token: str) -> str:
    module = _module(token)
    if token.startswith(_PROVIDER):
        return f"{module}.Provider"
    return f"{module}.CustomResource" if module.endswith(".apiextensions") else f"{module}.{token.split(':')[2]}"


def _type(token: str) -> type:
    module, _, name = _class(token).rpartition(".")
    found: type = getattr(import_module(module), name)
    return found
