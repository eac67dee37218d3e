"""Runs the official exec script without the SDK's debug messages, which nobody has asked to see.

The SDK tells the engine of each step of each registration, in a call of its own that it waits for: 1,617 in a preview
of `local`, which took 9.1 s of processor time with them and 8.1 s without. The engine drops them unless it was started
with `--debug`; then, or when in doubt, the script runs as it is.

Started as `python -P quiet.py SCRIPT ARGUMENTS...`, which keeps the modules beside it from the program's imports, and
gone from the arguments that the program sees.
"""

import os
import re
import runpy
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_DEBUG = re.compile(r"-[^-]*d.*|--debug(=.*)?")  # short options may come together, as `-yd`
_DEBUG_SETTING = "PULUMI_OPTION_DEBUG"  # each option of the CLI has a variable


def is_wanted(command: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether the engine that was started as `command` drops debug messages.

    Args:
        command: its program and its arguments; of anything but the Pulumi CLI nothing is known.
        environment: its environment variables.
    """
    program, *arguments = command or [""]
    debugs = any(map(_DEBUG.fullmatch, arguments)) or _DEBUG_SETTING in environment
    return Path(program).name == "pulumi" and not debugs


def engine_command() -> list[str]:
    """Return how the process that started this one was started; empty when that cannot be told."""
    try:
        return Path(f"/proc/{os.getppid()}/cmdline").read_text().split("\0")[:-1]
    except (OSError, UnicodeDecodeError):
        return []


def main() -> None:
    """Run the script in this process."""
    try:
        import pulumi.log  # noqa: PLC0415 - the language host, which asks this module, starts without the SDK
    except ImportError:
        pass  # the script says so
    else:
        pulumi.log.debug = lambda *_args, **_options: None
    del sys.argv[0]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
