"""Executables that run a module of this project, wherever and with whatever environment they are started."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from infra.paths import VIRTUALENV
from infra.sandbox import files


def write_launcher(path: Path, module: str, *arguments: str, settings: Mapping[str, str] | None = None) -> None:
    """Write an executable that runs `module` in the project's virtualenv; does nothing when it is there already.

    It is a shell script, since the kernel allows neither spaces nor more than 255 bytes in the interpreter of a script.
    It runs Python isolated (`-I`), so that neither `PYTHONPATH` nor the folder in which the engine starts it can hide a
    module. It is replaced as a whole, so that a reader never sees half of it.

    Args:
        path: the file to write.
        module: the module to run.
        arguments: what comes before the caller's own arguments.
        settings: environment variables that it sets.
    """
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in (settings or {}).items())
    command = [str(VIRTUALENV / "bin" / "python"), "-I", "-m", module, *arguments]
    write_script(path, f'{exports}exec {shlex.join(command)} "$@"\n')


def write_script(path: Path, body: str) -> None:
    """Write an executable shell script, replaced as a whole; does nothing when it is there already.

    Args:
        path: the file to write.
        body: what follows the first line.
    """
    text = f"#!/bin/sh\n{body}"
    if path.is_file() and os.access(path, os.X_OK) and path.read_text() == text:
        return
    files.replace(path, text, 0o755)
