"""What the engine says in words: its errors, its warnings, and what the user's policies found.

Owns making one safe line of them. Leaves when an error ends everything to the readers.
"""

import re
from collections.abc import Mapping
from typing import Any

from infra.gate.change import FailedPreview, Violation
from infra.gate.steps import flag, is_urn, text

LENGTH = 500
"""Characters of a message that are shown."""

_COLOURS = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*[A-Za-z]")
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PASSWORD = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]+(?=@)")
_SEVERITIES = frozenset({"debug", "info", "info#err", "warning", "error"})
_LEVELS = frozenset({"advisory", "mandatory", "remediate", "disabled"})


class EngineRefused(FailedPreview):
    """The engine's own errors say why there is no preview."""


def one_line(message: str) -> str:
    """Return a message in one line, without colours, and without the password of an address in it."""
    plain = _INVISIBLE.sub("", _COLOURS.sub("", message).replace("\r", "\n"))
    line = _PASSWORD.sub(r"\1:[secret]", " ".join(plain.split()))
    return line if len(line) <= LENGTH else f"{line[: LENGTH - 1]}…"


class Words:
    """Collects what the engine says."""

    def __init__(self) -> None:
        self.errors: dict[str, None] = {}
        self.warnings: set[str] = set()

    def add(self, raw: Mapping[str, Any]) -> None:
        """Take a diagnostic.

        Args:
            raw: with `severity`, `message` and perhaps `urn`.

        Raises:
            FailedPreview: it is none.
        """
        severity = text(raw, "severity", "a diagnostic") or "info"
        if severity not in _SEVERITIES:
            raise FailedPreview(f"a diagnostic whose severity this version of the gate does not know: {severity!r:.40}")
        urn, message = text(raw, "urn", "a diagnostic"), one_line(text(raw, "message", "a diagnostic"))
        name = f"{urn.rpartition('::')[2]}: " if is_urn(urn) else ""
        line = f"{name}{message.removeprefix(f'{severity}: ')}"
        if severity == "error":
            self.errors[line or "an error without a word"] = None
        elif severity == "warning" and message and not flag(raw, "ephemeral", "a diagnostic"):
            self.warnings.add(line)

    def refuse_errors(self) -> None:
        """Refuse a preview in which there were errors.

        Raises:
            EngineRefused: there were; the first ones are told.
        """
        if self.errors:
            told = list(self.errors)
            more = f" (and {len(told) - 2} more errors)" if len(told) > 2 else ""
            raise EngineRefused(f"the preview failed: {'; '.join(told[:2])}{more}")


def violation(raw: Mapping[str, Any]) -> Violation | None:
    """Return what a policy found; None where it is disabled.

    A policy that mends what it finds is as mandatory: the engine tells of it only where it could not.

    Args:
        raw: a policy event.

    Raises:
        FailedPreview: it is none.
    """
    where = "a policy event"
    level = text(raw, "enforcementLevel", where)
    if level not in _LEVELS:
        raise FailedPreview(f"a policy of a level that this version of the gate does not know: {level!r:.40}")
    if level == "disabled":
        return None
    policy = f"{text(raw, 'policyPackName', where)}/{text(raw, 'policyName', where)}"
    message = one_line(text(raw, "message", where))
    return Violation(text(raw, "resourceUrn", where), one_line(policy), level in {"mandatory", "remediate"}, message)
