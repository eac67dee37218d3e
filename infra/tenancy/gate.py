"""What a preview must not do before a cell is applied without anybody looking at it.

Owns which resources hold something that cannot be made again, and whose end was declared.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

STATEFUL = (
    "postgresql:index/database:",
    "postgresql:index/schema:",
    "postgresql:index/role:",
    "kubernetes:core/v1:Namespace",
    "kubernetes:core/v1:Secret",
    "aws:secretsmanager/",
    "aws:rds/",
    "aws:kms/",
    "random:index/randomPassword:",
)
"""What the types of such resources begin with: tenants' data, and who may log in to it."""

_ENDING = frozenset(
    {"delete", "delete-replaced", "replace", "create-replacement", "discard", "discard-replaced", "import-replacement"}
)
"""Operations after which what was there is not (Pulumi, `apitype.OpType`)."""


def refusals(preview: Mapping[str, Any], leaving: Collection[str]) -> Sequence[str]:
    """Return what a preview would end and must not, one line each; nothing when it may be applied.

    Args:
        preview: the document of `pulumi preview --json`.
        leaving: slugs of tenants whose end their file declares.
    """
    allowed = {f"tenant-{slug}" for slug in leaving}
    found = [
        f"{step['op']} of {_name(step['urn'])} ({_state(step).get('type', 'of an unknown type')})"
        for step in preview.get("steps", ())
        if step.get("op") in _ENDING
        and str(_state(step).get("type", "")).startswith(STATEFUL)
        and _name(_state(step).get("parent", "")) not in allowed
    ]
    return sorted(set(found))


def changes(preview: Mapping[str, Any]) -> dict[str, int]:
    """Return operation -> count of what a preview would do, without what stays the same.

    Args:
        preview: the document of `pulumi preview --json`.
    """
    return {op: count for op, count in preview.get("changeSummary", {}).items() if op != "same" and count}


def _state(step: Mapping[str, Any]) -> Mapping[str, Any]:
    state: Mapping[str, Any] = step.get("oldState") or step.get("newState") or {}
    return state


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]
