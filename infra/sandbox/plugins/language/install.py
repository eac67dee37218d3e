"""Puts the language host beside the Pulumi CLI, where the engine finds it without a warning."""

import os
import shlex
import tempfile
from pathlib import Path

from infra.errors import TenantryError
from infra.paths import VIRTUALENV

LAUNCHER = "pulumi-language-python"
EXECUTOR = "pulumi-language-python-exec"


def install(bin_directory: Path) -> None:
    """Write the launcher `pulumi-language-python`; does nothing when it is there already.

    The launcher is a shell script, since the kernel allows neither spaces nor more than 255 bytes in the interpreter
    of a script. It runs the project's Python isolated (`-I`), so that neither PYTHONPATH nor the program's folder, in
    which the engine starts it, can hide a module.

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
    python = shlex.quote(str(VIRTUALENV / "bin" / "python"))
    module = "infra.sandbox.plugins.language"
    text = f'#!/bin/sh\nexec {python} -I -m {module} --use-executor {shlex.quote(str(executor))} "$@"\n'
    _write_executable(bin_directory / LAUNCHER, text)


def _write_executable(path: Path, text: str) -> None:
    if path.is_file() and os.access(path, os.X_OK) and path.read_text() == text:
        return
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)
        temporary.chmod(0o755)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
