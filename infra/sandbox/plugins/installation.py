"""Puts the offline plugins where the engine looks for them.

Resource plugins go into an instance's own `PULUMI_HOME`, each under the exact version that the installed SDK asks for:
so found, the engine neither searches `$PATH` nor warns about it. Leaves the language host to `language`.
"""

from importlib import metadata
from pathlib import Path

from infra.errors import TenantryError
from infra.sandbox.plugins.launcher import write_launcher

RESOURCE_PLUGINS = {
    "kubernetes": "infra.sandbox.plugins.kubernetes",
    "postgresql": "infra.sandbox.plugins.postgresql",
    "random": "infra.sandbox.plugins.random_values",
}
"""Pulumi package -> the module that serves it."""


def version_of(package: str) -> str:
    """Return the version of the installed SDK of `package`, which is the plugin version that it asks for.

    Raises:
        TenantryError: the SDK is not installed.
    """
    try:
        return metadata.version(f"pulumi-{package}")
    except metadata.PackageNotFoundError as error:
        raise TenantryError("the SDK is not installed", f"pulumi-{package}", "run `make up`") from error


def install(pulumi_home: Path) -> None:
    """Install every offline resource plugin, replacing what is there; does nothing when it is current.

    Args:
        pulumi_home: the `PULUMI_HOME` to install into.
    """
    for package, module in RESOURCE_PLUGINS.items():
        folder = pulumi_home / "plugins" / f"resource-{package}-v{version_of(package)}"
        folder.mkdir(parents=True, exist_ok=True)
        write_launcher(folder / f"pulumi-resource-{package}", module)


def link_official(source: Path, pulumi_home: Path) -> None:
    """Install the official resource plugins found in `source` instead of the offline ones.

    Args:
        source: a folder laid out as `PULUMI_HOME/plugins`, with `resource-NAME-vVERSION` folders.
        pulumi_home: the `PULUMI_HOME` to install into.

    Raises:
        TenantryError: a plugin that the program needs is missing from `source`.
    """
    plugins = pulumi_home / "plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    for package in RESOURCE_PLUGINS:
        name = f"resource-{package}-v{version_of(package)}"
        official = source / name / f"pulumi-resource-{package}"
        if not official.is_file():
            raise TenantryError("an official plugin is missing", str(official), f"put {name} there or omit --plugins")
        link = plugins / name
        if not link.is_symlink() and link.exists():
            (link / f"pulumi-resource-{package}").unlink(missing_ok=True)
            link.rmdir()
        link.unlink(missing_ok=True)
        link.symlink_to(official.parent.resolve())
