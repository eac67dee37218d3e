"""The sandbox's copies of stack files.

The CLI writes into `Pulumi.STACK.yaml`: an encryption salt at the first preview, values at `pulumi config set`. In the
sandbox it is given a copy, and the work tree stays as it is. Owns keeping that copy current: the work tree's changes
come in, what the CLI wrote stays. A command for another stack, such as a cell, is given a copy of that one's file.
"""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from infra.errors import TenantryError
from infra.sandbox import files
from infra.settings.stack_file import parse, read, source_of, text_of

__all__ = ["sections", "services", "source_of", "synchronise"]

_BEHIND = {"cluster": {"control plane"}, "database": {"postgresql", "valkey"}}
CHOICE = "PULUMI_OPTION_CONFIG_FILE"
"""The variable by which the CLI takes another file than that of its folder."""

_STACK_OPTION = re.compile(r"--stack(?:=(?P<long>.*))?|-[yrfde]*s(?:=?(?P<short>.+))?")
"""A stack's name in the CLI's arguments, in each of the ways that pflag takes; without a value, the next one is it."""

_WRITTEN_BY_PULUMI = ("encryptionsalt", "encryptedkey", "secretsprovider")


def synchronise(source: Path, copy: Path) -> None:
    """Bring the changes of `source` since the last call into `copy`.

    Args:
        source: the stack file of the work tree; only read.
        copy: the sandbox's copy; what the CLI has written into it is kept unless `source` changed the same key.

    Raises:
        TenantryError: `source` is not valid YAML.
    """
    seen = copy.with_suffix(".seen")
    text = text_of(source)
    is_whole = copy.is_file() and copy.stat().st_size > 0  # a crash of the machine may have emptied it
    if is_whole and seen.is_file() and text_of(seen) == text:
        return
    new, base, current = parse(source, text).content, _read(seen) if is_whole else {}, _read(copy)
    for key in _WRITTEN_BY_PULUMI:
        if key in current and key not in new:
            new[key] = current[key]
    new["config"] = _merge(base.get("config"), current.get("config"), new.get("config"))
    copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path, content in ((copy, yaml.safe_dump(new, sort_keys=False, allow_unicode=True)), (seen, text)):
        files.replace(path, content)


def other_copy(source: Path, copy: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> Path | None:
    """Return a current copy of the file of the stack that a command names; None where it is that of `source`.

    So it is as well when the named stack has no file in the work tree, or the caller has chosen a file himself.

    Args:
        source: the file of the workspace's own stack.
        copy: the sandbox's copy of that; the other one is beside it.
        arguments: the CLI's.
        environment: the CLI's.

    Raises:
        TenantryError: the other file is not valid YAML.
    """
    name = (_named(arguments) or environment.get("PULUMI_STACK", "")).rpartition("/")[2]
    other = source.with_name(f"Pulumi.{name}.yaml")
    if not name or other == source or not other.is_file() or environment.get(CHOICE, str(copy)) != str(copy):
        return None
    synchronise(other, copy.with_name(other.name))
    return copy.with_name(other.name)


def _named(arguments: Sequence[str]) -> str | None:
    """Return the stack that the arguments of a command name; the last one counts."""
    found = None
    for position, argument in enumerate(arguments):
        if argument == "--":
            break
        option = _STACK_OPTION.fullmatch(argument)
        if option:
            following = arguments[position + 1] if position + 1 < len(arguments) else None
            found = option["long"] or option["short"] or following
    return found


def services(source: Path) -> frozenset[str]:
    """Return the names of the sandbox's services that a stack needs.

    What it brings (`existing`) is the sandbox's own; what it declares, the simulated AWS lets run.

    Args:
        source: its stack file.

    Raises:
        TenantryError: it is not a stack file.
    """
    brought = {name for name, section in sections(source).items() if "existing" in section}
    needed = {service for section in brought & _BEHIND.keys() for service in _BEHIND[section]}
    return frozenset({"cloud"} | needed)


def sections(source: Path) -> dict[str, dict[str, Any]]:
    """Return the sections of a stack's settings by name, as they are written; nothing else has checked them yet.

    Args:
        source: its stack file.

    Raises:
        TenantryError: it is not a stack file.
    """
    settings = read(source).settings
    written = settings if isinstance(settings, dict) else {}
    if "cell" in written:
        raise TenantryError("a cell, which has no sandbox of its own", source.name, "use that of its environment")
    return {name: section for name, section in written.items() if isinstance(section, dict)}


def _merge(
    base: Mapping[str, Any] | None, current: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the keys of `new`, and those that the CLI set in `current` since `base`."""
    base, current, merged = base or {}, current or {}, dict(new or {})
    for key in base.keys() | current.keys():
        set_by_cli = current.get(key) != base.get(key)
        changed_in_source = merged.get(key) != base.get(key)
        if set_by_cli and not changed_in_source:
            merged[key] = current.get(key)
    return {key: value for key, value in merged.items() if value is not None}


def _read(path: Path) -> dict[str, Any]:
    return read(path).content if path.is_file() else {}


if __name__ == "__main__":
    try:
        synchronise(Path(sys.argv[1]), Path(sys.argv[2]))
        chosen = other_copy(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:], os.environ)
        sys.stdout.write(str(chosen or ""))
    except TenantryError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: the stack file cannot be copied, {error.filename}, mend that ({error.strerror})")
