"""The sandbox's copy of a stack file.

The CLI writes into `Pulumi.STACK.yaml`: an encryption salt at the first preview, values at `pulumi config set`. In the
sandbox it is given a copy, and the work tree stays as it is. Owns keeping that copy current: the work tree's changes
come in, what the CLI wrote stays.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.errors import TenantryError
from infra.paths import PROJECT_ROOT
from infra.sandbox import files
from infra.settings import SETTINGS_KEY

_BEHIND = {"cluster": {"control plane"}, "database": {"postgresql", "valkey"}}
_WRITTEN_BY_PULUMI = ("encryptionsalt", "encryptedkey", "secretsprovider")


class _Strict(yaml.SafeLoader):
    """Refuses a key that a mapping has twice, as Pulumi itself does; PyYAML would let the last one win in silence."""

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        keys = set[str]()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in keys:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value} is there twice", problem_mark=key.start_mark)
            keys.add(str(key.value))
        return node


def source_of(stack: str) -> Path:
    """Return the stack's file in the work tree.

    Raises:
        TenantryError: there is no such file.
    """
    source = PROJECT_ROOT / f"Pulumi.{stack}.yaml"
    if not source.is_file():
        known = sorted(path.name.split(".")[1] for path in PROJECT_ROOT.glob("Pulumi.*.yaml"))
        raise TenantryError("no such stack", source.name, f"use one of: {', '.join(known) or 'none'}")
    return source


def synchronise(source: Path, copy: Path) -> None:
    """Bring the changes of `source` since the last call into `copy`.

    Args:
        source: the stack file of the work tree; only read.
        copy: the sandbox's copy; what the CLI has written into it is kept unless `source` changed the same key.

    Raises:
        TenantryError: `source` is not valid YAML.
    """
    seen = copy.with_suffix(".seen")
    text = _text(source)
    is_whole = copy.is_file() and copy.stat().st_size > 0  # a crash of the machine may have emptied it
    if is_whole and seen.is_file() and _text(seen) == text:
        return
    new, base, current = _parse(source, text), _read(seen) if is_whole else {}, _read(copy)
    for key in _WRITTEN_BY_PULUMI:
        if key in current and key not in new:
            new[key] = current[key]
    new["config"] = _merge(base.get("config"), current.get("config"), new.get("config"))
    copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path, content in ((copy, yaml.safe_dump(new, sort_keys=False, allow_unicode=True)), (seen, text)):
        files.replace(path, content)


def check(source: Path) -> None:
    """Make sure that `source` is a stack file.

    Raises:
        TenantryError: it is not valid YAML, or not a mapping.
    """
    _parse(source, _text(source))


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
    settings = (_parse(source, _text(source)).get("config") or {}).get(SETTINGS_KEY)
    written = settings if isinstance(settings, dict) else {}
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
    return _parse(path, _text(path), yaml.SafeLoader) if path.is_file() else {}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise TenantryError("not UTF-8 text", path.name, "save it as UTF-8") from error


def _parse(path: Path, text: str, loader: type[yaml.SafeLoader] = _Strict) -> dict[str, Any]:
    try:
        content = yaml.load(text, Loader=loader)  # noqa: S506  # both are safe loaders
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise TenantryError(f"not valid YAML ({problem})", f"{path.name}{line}", "mend that line") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise TenantryError("not a stack file", path.name, "it must be a mapping with the key `config`")
    if not isinstance(content.get("config") or {}, dict):
        raise TenantryError("`config` is not a mapping", path.name, "put keys like `tenantry:settings` below it")
    return content


if __name__ == "__main__":
    try:
        synchronise(Path(sys.argv[1]), Path(sys.argv[2]))
    except TenantryError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: the stack file cannot be copied, {error.filename}, mend that ({error.strerror})")
