"""Describe the Python that runs this file, as one JSON document on stdout; with the argument `packages`, what it has.

Run by the *project's* interpreter, as a script and isolated: it may use nothing but the standard library, and imports
no package that it lists. `Interpreter` reads the answers.
"""

import email
import importlib.metadata
import importlib.util
import json
import platform
import re
import sys
from email.message import Message
from pathlib import Path
from typing import Any

_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


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
        told, requirements = _told(distribution)
        name = told["Name"]
        if not name or _normalized(name) in packages:
            continue  # a broken installation, or one that an earlier folder of sys.path hides
        normalized = _normalized(name)
        packages[normalized] = {"name": normalized, "version": told["Version"], "plugin": _plugin(name)}
        for requirement in requirements:
            match = _REQUIREMENT.match(requirement)
            if match and "extra ==" not in requirement:
                required.add(_normalized(match.group()))
    return [{**packages[name], "required": name in required} for name in sorted(packages)]


def _told(
    distribution: importlib.metadata.Distribution,
) -> tuple[Message | importlib.metadata.PackageMetadata, list[str]]:
    """Return a distribution's metadata and what it requires, parsed once and without its long description.

    `importlib.metadata` parses all of it for each answer, which took half the time of a listing.
    """
    text = distribution.read_text("METADATA")
    if text is None:
        return distribution.metadata, distribution.requires or []
    told = email.message_from_string(text.partition("\n\n")[0])
    return told, told.get_all("Requires-Dist") or []


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
