"""Which resource plugin an installed package needs, as the engine asks for it.

Its `pulumi-plugin.json` says so; a package named `pulumi-*` without one needs the plugin of its name and version.
"""

import base64
import re
from collections.abc import Mapping
from typing import Any

from infra.sandbox.plugins import protocol
from infra.sandbox.plugins.language.interpreter import Package

plugin_pb2 = protocol.load("plugin_pb2")

_WITHOUT_PLUGIN = frozenset({"pulumi-policy", "pulumi-esc-sdk"})  # named like plugins' packages, and have none

Message = Any  # the generated modules have no types at run time


def dependency(package: Package) -> Message | None:
    """Return the resource plugin that `package` needs, or None when it needs none or does not tell which."""
    plugin: Mapping[str, Any] = package.plugin or {}
    named = package.name.startswith("pulumi-") and package.name not in _WITHOUT_PLUGIN
    if not (plugin.get("resource") if package.plugin is not None else named):
        return None
    version = plugin.get("version") or plugin_version(package.version)
    if version is None:
        return None
    parameterization = None
    if given := plugin.get("parameterization"):
        parameterization = plugin_pb2.PackageParameterization(
            name=given["name"], version=given["version"], value=base64.b64decode(given.get("value") or "")
        )
    return plugin_pb2.PackageDependency(
        name=plugin.get("name") or package.name.removeprefix("pulumi-"),
        kind="resource",
        version="v" + version.removeprefix("v"),
        server=plugin.get("server") or "",
        parameterization=parameterization,
    )


def plugin_version(package_version: str) -> str | None:
    """Translate a PEP 440 version into the plugin's: `2.1` is `2.1.0`, `2.1.0a3` is `2.1.0-alpha.3`.

    Args:
        package_version: a version without an epoch.

    Returns:
        The semantic version, or None when the package's version does not tell the plugin's.
    """
    match = re.fullmatch(
        r"(?P<release>\d+(?:\.\d+)*)(?:(?P<stage>a|b|rc)(?P<number>\d+))?(?:\.(?P<post>post\d+))?(?:\.(?P<dev>dev\d+))?",
        package_version,
        re.ASCII,
    )
    if not match:
        return None
    release = match["release"].split(".")
    version = ".".join(release + ["0"] * (3 - len(release)))
    if match["stage"]:
        version += f"-{ {'a': 'alpha', 'b': 'beta', 'rc': 'rc'}[match['stage']] }.{match['number']}"
    build = (match["post"] or "") + (match["dev"] or "")
    return f"{version}+{build}" if build else version
