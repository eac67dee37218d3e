"""What a look at a live object tells: it works, it will never work, or not yet and why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.sandbox.plugins.kubernetes.client import Object
from infra.sandbox.plugins.kubernetes.manifests import dig


@dataclass(frozen=True)
class Verdict:
    """How far an object is.

    Args:
        ready: it does its work.
        failed: it never will, unless it is changed.
        reasons: why it is not ready, one sentence each.
    """

    ready: bool
    failed: bool = False
    reasons: Sequence[str] = ()


READY = Verdict(ready=True)

Check = Callable[[Object], Verdict]
"""Judges a live object."""


def pending(*reasons: str) -> Verdict:
    """Return a verdict for an object that is not ready yet."""
    return Verdict(ready=False, reasons=reasons)


def failed(*reasons: str) -> Verdict:
    """Return a verdict for an object that will never be ready."""
    return Verdict(ready=False, failed=True, reasons=reasons)


def conditions(live: Object) -> list[Mapping[str, Any]]:
    """Return the object's conditions."""
    found = dig(live, "status", "conditions")
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []


def condition(live: Object, name: str) -> Mapping[str, Any]:
    """Return the condition of that type, empty when there is none."""
    return next((entry for entry in conditions(live) if entry.get("type") == name), {})


def holds(live: Object, name: str) -> bool:
    """Whether the condition of that type is True."""
    return condition(live, name).get("status") == "True"


def describe(entry: Mapping[str, Any]) -> str:
    """Return a condition as one line: `Available=False (MinimumReplicasUnavailable): ...`."""
    reason = f" ({entry['reason']})" if entry.get("reason") else ""
    message = f": {entry['message']}" if entry.get("message") else ""
    return f"{entry.get('type')}={entry.get('status')}{reason}{message}"


def number(live: Object, *path: str, default: int = 0) -> int:
    """Return the number at `path`."""
    value = dig(live, *path)
    return value if isinstance(value, int) else default
