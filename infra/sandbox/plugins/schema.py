"""A plugin's schema, told by the installed SDK: which resource types there are, and what their inputs are called.

The CLI asks for it where it writes definitions of resources, as after `pulumi import`. Types of inputs are left out
(each is `Any`): the CLI only lays definitions out by them, and the plugin's own check judges values.
"""

import ast
import importlib.util
import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

_LEFT_OUT = {
    "kubernetes:core/v1:Secret": frozenset({"data", "stringData"}),
    "kubernetes:core/v1:SecretPatch": frozenset({"data", "stringData"}),
}
"""Inputs that the CLI would print in the clear: it looks through the secret marks of maps (`generateValue`)."""

_ANY = {"$ref": "pulumi.json#/Any"}
# Arguments of a resource are `RoleArgs`, or `ConfigMapInitArgs` where the shorter name belongs to a nested object.
_ARGUMENTS = re.compile(r"^class (?P<name>\w+?)(?:Init)?Args:\n(?P<body>(?:[ \t].*\n|\n)*)", re.MULTILINE)
_INPUT = re.compile(r"@pulumi\.getter(?:\(name=\"(?P<wire>\w+)\"\))?\n    def (?P<python>\w+)\(")


def schema_of(package: str, version: str, types: Collection[str] | None = None) -> str:
    """Return the schema as the engine reads it: one JSON document.

    Args:
        package: the Pulumi package, as `kubernetes`.
        version: the plugin's version.
        types: the tokens of the types that the plugin has; None for all that the SDK has.
    """
    return json.dumps({"name": package, "version": version, "resources": _resources(package, types)})


def _resources(package: str, types: Collection[str] | None) -> Mapping[str, object]:
    """Return token -> definition; nothing for a package without an SDK here."""
    root = _folder_of(f"pulumi_{package}")
    if root is None:
        return {}
    found = {}
    for folder, every in _modules(root):
        classes = {token: name for token, name in every.items() if types is None or token in types}
        inputs = _inputs(folder) if classes else {}
        for token, name in classes.items():
            told = dict.fromkeys((name for name in inputs.get(name, []) if name not in _LEFT_OUT.get(token, ())), _ANY)
            found[token] = {"inputProperties": told, "properties": told}
    return found


def _folder_of(module: str) -> Path | None:
    spec = importlib.util.find_spec(module)  # finds without importing: the whole SDK would take seconds
    locations = spec.submodule_search_locations if spec else None
    return Path(locations[0]) if locations else None


def _modules(root: Path) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """Yield (folder, token -> class name), as the SDK itself registers its modules."""
    for node in ast.walk(ast.parse((root / "__init__.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == "resource_modules" and isinstance(node.value, ast.Constant):
            for module in json.loads(str(node.value.value)):
                yield root.joinpath(*module["fqn"].split(".")[1:]), module["classes"]


def _inputs(folder: Path) -> dict[str, list[str]]:
    """Return class name -> names of its inputs, for every resource in the modules of `folder`."""
    inputs = {}
    for path in sorted(folder.glob("[!_]*.py")):
        for arguments in _ARGUMENTS.finditer(path.read_text(encoding="utf-8")):
            names = [found["wire"] or found["python"] for found in _INPUT.finditer(arguments["body"])]
            inputs[arguments["name"]] = names
    return inputs
