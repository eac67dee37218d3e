"""Describe the Python that runs this file and the packages installed in it, as one JSON document on stdout.

Run by the *project's* interpreter, as a script and isolated: it may use nothing but the standard library, and imports
no package that it lists. `Interpreter.inventory` reads the answer.
"""

import importlib.metadata
import importlib.util
import json
import platform
import re
import sys
from pathlib import Path

_REQUIREMENT = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")


def _normalized(name: str) -> str:
    """Return the name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _plugin(name: str) -> "dict[str, object] | None":
    """Return the `pulumi-plugin.json` of the distribution `name`, or None when it has none."""
    try:
        module = importlib.util.find_spec(name.replace("-", "_"))
    except (ImportError, ValueError):
        return None
    for location in (module and module.submodule_search_locations) or ():
        record = Path(location) / "pulumi-plugin.json"
        if record.is_file():
            content = json.loads(record.read_text(encoding="utf-8"))
            return content if isinstance(content, dict) else None
    return None


def _inventory() -> "dict[str, object]":
    packages: dict[str, dict[str, object]] = {}
    required = set()
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"]
        if not name or _normalized(name) in packages:
            continue  # a broken installation, or one that an earlier folder of sys.path hides
        plugin = _plugin(name)
        packages[_normalized(name)] = {
            "name": _normalized(name),
            "version": distribution.version,
            "plugin": plugin,
        }
        for requirement in distribution.requires or ():
            match = _REQUIREMENT.match(requirement)
            if match and "extra ==" not in requirement:
                required.add(_normalized(match.group()))
    for name, package in packages.items():
        package["required"] = name in required
    return {
        "executable": sys.executable,
        "version": platform.python_version(),
        "packages": [packages[name] for name in sorted(packages)],
    }


if __name__ == "__main__":
    json.dump(_inventory(), sys.stdout)
