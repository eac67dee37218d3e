"""Puts the language host beside the Pulumi CLI, where the engine finds it without a warning."""

import os
from pathlib import Path

from infra.errors import TenantryError
from infra.sandbox.plugins.launcher import write_launcher

LAUNCHER = "pulumi-language-python"
EXECUTOR = "pulumi-language-python-exec"


def install(bin_directory: Path) -> None:
    """Write the launcher `pulumi-language-python`; does nothing when it is there already.

    Args:
        bin_directory: the folder of the CLI, which already holds the official `pulumi-language-python-exec`.

    Raises:
        TenantryError: the official exec script is not there.
    """
    executor = bin_directory / EXECUTOR
    if not executor.is_file():
        raise TenantryError("the official exec script is missing", str(executor), "run `make up`")
    if not os.access(executor, os.X_OK):
        executor.chmod(0o755)  # the module cache that it comes from is read-only
    write_launcher(bin_directory / LAUNCHER, "infra.sandbox.plugins.language", "--use-executor", str(executor))
