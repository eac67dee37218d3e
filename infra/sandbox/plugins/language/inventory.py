"""Describe the Python that runs this file, as one JSON document on stdout; with the argument `packages`, what it has.

Run by the *project's* interpreter, as a script and isolated: it may use nothing but the standard library, and imports
no package that it lists. `Interpreter` reads the answers.
"""

import importlib.metadata
import importlib.util
import json
import platform
import re
import sys
from pathlib import Path
from typing import Any

_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_FOLD = re.compile(r"\n[ \t]+")
_FIELD = re.compile(r"^(Name|Version|Requires-Dist):[ \t]*(.*?)[ \t]*$", re.MULTILINE | re.IGNORECASE)


def _normalized(name: str) -> str:
    """Return the name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _identity() -> dict[str, str]:
    try:
        pip = importlib.metadata.version("pip")
    except importlib.metadata.PackageNotFoundError:
        pip = ""
    return {"executable": sys.executable, "version": platform.python_version(), "pip": pip}


def _packages() -> list[dict[str, Any]]:
    packages: dict[str, dict[str, Any]] = {}
    required = set()
    for distribution in importlib.metadata.distributions():
        name, version, requirements = _told(distribution)
        if not name or _normalized(name) in packages:
            continue  # a broken installation, or one that an earlier folder of sys.path hides
        normalized = _normalized(name)
        packages[normalized] = {"name": normalized, "version": version, "plugin": _plugin(name)}
        for requirement in requirements:
            match = _REQUIREMENT.match(requirement)
            if match and "extra ==" not in requirement:
                required.add(_normalized(match.group()))
    return [{**packages[name], "required": name in required} for name in sorted(packages)]


def _told(distribution: importlib.metadata.Distribution) -> tuple[str, str, list[str]]:
    """Return a distribution's name, its version and what it requires; the name is empty when it does not tell.

    `importlib.metadata` parses all of its text for each answer, long description and all, which took half the time of a
    listing.
    """
    text = distribution.read_text("METADATA")
    if text is None:
        told = distribution.metadata
        return told["Name"] or "", told["Version"] or "", distribution.requires or []
    found: dict[str, list[str]] = {"name": [], "version": [], "requires-dist": []}
    for field, value in _FIELD.findall(_FOLD.sub(" ", text.partition("\n\n")[0])):
        found[field.lower()].append(value)
    return "".join(found["name"][:1]), "".join(found["version"][:1]), found["requires-dist"]


def _plugin(name: str) -> Any:
    """Return the `pulumi-plugin.json` of the distribution `name`, or None when it has none."""
    try:
        module = importlib.util.find_spec(name.replace("-", "_"))
    except (ImportError, ValueError):
        return None
    for location in (module and module.submodule_search_locations) or ():
        record = Path(location) / "pulumi-plugin.json"
        if record.is_file():
            return json.loads(record.read_text(encoding="utf-8"))
    return None


if __name__ == "__main__":
    json.dump(_packages() if sys.argv[1:] == ["packages"] else _identity(), sys.stdout)
