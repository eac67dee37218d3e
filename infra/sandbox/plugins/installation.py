"""Puts the offline plugins where the engine looks for them.

Resource plugins go into an instance's own `PULUMI_HOME`, each under the exact version that the installed SDK asks for:
so found, the engine neither searches `$PATH` nor warns about it. Leaves the language host to `language`.
"""

import shutil
from importlib import metadata
from pathlib import Path

from infra.errors import TenantryError
from infra.paths import BIN
from infra.sandbox.plugins.language.install import EXECUTOR, LAUNCHER
from infra.sandbox.plugins.launcher import write_launcher

RESOURCE_PLUGINS = {
    "aws": "infra.sandbox.plugins.aws",
    "kubernetes": "infra.sandbox.plugins.kubernetes",
    "postgresql": "infra.sandbox.plugins.postgresql",
    "random": "infra.sandbox.plugins.random_values",
}
"""Pulumi package -> the module that serves it."""

_SETTINGS = {  # package -> environment variables of its plugin
    "aws": {
        "MALLOC_ARENA_MAX": "1",  # what one thread has freed is used again by all
        "MALLOC_MMAP_THRESHOLD_": "131072",  # AWS's models and schemas, once read, go back to the machine
    }
}

LANGUAGE_HOST = (LAUNCHER, EXECUTOR)
"""The files of a language host, official or not."""


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
    _forget_schemas(pulumi_home)
    for package, module in RESOURCE_PLUGINS.items():
        folder = pulumi_home / "plugins" / f"resource-{package}-v{version_of(package)}"
        if folder.is_symlink():
            folder.unlink()  # official plugins were used before
        folder.mkdir(parents=True, exist_ok=True)
        write_launcher(folder / f"pulumi-resource-{package}", module, settings=_SETTINGS.get(package))


def use_official(source: Path, pulumi_home: Path, cli_directory: Path) -> Path:
    """Use the official plugins found in `source` instead of the offline ones.

    Args:
        source: a folder laid out as an official installation: `resource-NAME-vVERSION` folders as in
            `PULUMI_HOME/plugins`, and `pulumi-language-python` with `pulumi-language-python-exec`.
        pulumi_home: the `PULUMI_HOME` to install resource plugins into.
        cli_directory: a folder for a link to the CLI with the language host beside it: the engine looks for the host
            beside the file that runs, symbolic links resolved, hence a hard link.

    Returns:
        The CLI to run.

    Raises:
        TenantryError: something that the program needs is missing from `source`.
    """
    resource_plugins = [f"resource-{package}-v{version_of(package)}" for package in RESOURCE_PLUGINS]
    needed = [
        Path(name) / f"pulumi-resource-{package}"
        for name, package in zip(resource_plugins, RESOURCE_PLUGINS, strict=True)
    ]
    for part in [*needed, *map(Path, LANGUAGE_HOST)]:
        if not (source / part).is_file():
            raise TenantryError("an official plugin is missing", str(source / part), "put it there or omit --plugins")
    _forget_schemas(pulumi_home)
    plugins = pulumi_home / "plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    for name in resource_plugins:
        _replace_by_link(plugins / name, source / name)
    for name in LANGUAGE_HOST:
        _replace_by_link(cli_directory / name, source / name)
    cli = cli_directory / "pulumi"
    cli.unlink(missing_ok=True)
    cli.hardlink_to(BIN / "pulumi")
    return cli


def _forget_schemas(pulumi_home: Path) -> None:
    """Delete the engine's cache of schemas: it goes by version, which offline and official plugins share."""
    shutil.rmtree(pulumi_home / "schemas", ignore_errors=True)


def _replace_by_link(link: Path, target: Path) -> None:
    _remove(link)
    link.symlink_to(target.resolve())


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
