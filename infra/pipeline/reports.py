"""What the gate's JSON report tells a pipeline: the digest to approve, and whether anything changes at all.

Leaves what is in a report to `infra.gate.report_json`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import TenantryError


@dataclass(frozen=True, slots=True)
class Report:
    """The part of a report that a pipeline acts on.

    Args:
        stack: which.
        digest: of the whole change; what `tenantry apply` wants.
        headline: its first line.
        changes: how many resources do not stay as they are.
        passes: whether it may be applied.
    """

    stack: str
    digest: str
    headline: str
    changes: int
    passes: bool


def read(path: Path) -> Report | None:
    """Return what a report says; None where there is none, because the preview failed.

    Args:
        path: what `tenantry gate --json` printed.

    Raises:
        TenantryError: it is no report.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if not text.strip():
        return None
    try:
        told: dict[str, Any] = json.loads(text)
        return Report(
            str(told["stack"]), str(told["digest"]), str(told["headline"]), len(told["changes"]), bool(told["passes"])
        )
    except (ValueError, KeyError, TypeError) as error:
        raise TenantryError(
            "not a report of the gate", path.name, "write it with `tenantry gate STACK --json`", exit_code=2
        ) from error


def required(path: Path) -> Report:
    """Return what a report says.

    Args:
        path: what `tenantry gate --json` printed.

    Raises:
        TenantryError: there is none, or it is no report.
    """
    found = read(path)
    if found is None:
        raise TenantryError("there is no report", path.name, "look at why `tenantry gate` failed", exit_code=2)
    return found
