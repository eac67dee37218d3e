"""A kubeconfig file: which one, what is in it, and writing it whole or not at all, readable by its owner only."""

import os
from pathlib import Path
from typing import Any

import yaml

from infra.errors import TenantryError
from infra.sandbox import files

_LISTS = ("clusters", "contexts", "users")


def chosen(given: Path | None, cluster: str) -> Path:
    """Return the file to change: the one given, or of those that `KUBECONFIG` names the one that knows the cluster.

    Args:
        given: what the caller names; None for the environment's.
        cluster: the name of a cluster's entry.

    Raises:
        TenantryError: one of the environment's is no kubeconfig.
    """
    if given is not None:
        return given.expanduser()
    named = [Path(entry).expanduser() for entry in os.environ.get("KUBECONFIG", "").split(os.pathsep) if entry]
    candidates = named or [Path.home() / ".kube" / "config"]
    return next((path for path in candidates if has(read(path), "clusters", cluster)), candidates[0])


def read(path: Path) -> dict[str, Any]:
    """Return what is in a file; an empty kubeconfig when there is none.

    Raises:
        TenantryError: it is no kubeconfig, or cannot be read.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise _unusable(path) from error
    config = {"apiVersion": "v1", "kind": "Config"} if content is None else content
    if not isinstance(config, dict):
        raise _unusable(path)
    for key in _LISTS:
        entries = config.get(key) or []
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise _unusable(path)
        config[key] = entries
    return config


def has(config: dict[str, Any], key: str, name: str) -> bool:
    """Whether the list `key` of a kubeconfig has an entry of this name."""
    return any(entry.get("name") == name for entry in config[key])


def put(config: dict[str, Any], key: str, name: str, content: dict[str, Any]) -> None:
    """Add an entry to the list `key` of a kubeconfig, or replace the one of its name where it stands."""
    entry = {**content, "name": name}
    kept = config[key]
    places = [index for index, other in enumerate(kept) if other.get("name") == name] or [len(kept)]
    kept[places[0] : places[0] + 1] = [entry]


def text(config: dict[str, Any]) -> str:
    """Return a kubeconfig as YAML."""
    return yaml.safe_dump(config, sort_keys=False, allow_unicode=True)


def write(path: Path, config: dict[str, Any]) -> None:
    """Write a kubeconfig in one step; a symbolic link stays one.

    Raises:
        OSError: it cannot be written.
    """
    target = path.resolve()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.replace(target, text(config))


def _unusable(path: Path) -> TenantryError:
    return TenantryError("not a usable kubeconfig", str(path), "mend it, or name another with --kubeconfig")
