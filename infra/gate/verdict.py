"""What the gate says of a preview: every change with its level and its reasons, and whether it may be applied.

Owns the words of a verdict. Leaves finding reasons to `infra.gate.rules`, and printing to the reports.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from infra.gate.change import Change

Level = Literal["safe", "notable", "dangerous", "forbidden"]
"""`notable` passes and is shown; `dangerous` blocks unless waived; `forbidden` blocks, and no waiver helps."""

LEVELS: Sequence[Level] = ("safe", "notable", "dangerous", "forbidden")
"""From the least to the worst."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule has against one resource.

    Args:
        rule: the rule's name, as `stateful-delete`.
        level: how bad it is.
        urn: of the resource; the stack's where it is about all of it.
        reason: one line in a reviewer's words, without a secret.
        path: the property it is about; empty for the whole resource.
    """

    rule: str
    level: Level
    urn: str
    reason: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Waived:
    """A finding that a waiver takes the block from.

    Args:
        finding: which.
        owner: who answers for it.
        reason: why, in the waiver's words.
        until: its last day, as `2026-12-31`.
    """

    finding: Finding
    owner: str
    reason: str
    until: str


@dataclass(frozen=True, slots=True)
class Judged:
    """One change, and all that was found.

    Args:
        change: which.
        level: the worst of its findings; `safe` without any.
        findings: the worst first, then by rule.
        digest: of exactly this change, as 64 hexadecimal digits; what a waiver names.
    """

    change: Change
    level: Level
    findings: Sequence[Finding]
    digest: str


@dataclass(frozen=True, slots=True)
class Blast:
    """Whom a change touches.

    Args:
        environment: of the stack.
        cells: the cells, sorted.
        tenants: plan -> slugs, sorted.
        services: the services, sorted.
        all_tenants: how many there are in the stack and its cells.
        approvals: how many people have to approve it.
    """

    environment: str
    cells: Sequence[str] = ()
    tenants: Mapping[str, Sequence[str]] = field(default_factory=dict)
    services: Sequence[str] = ()
    all_tenants: int = 0
    approvals: int = 1


@dataclass(frozen=True, slots=True)
class Rename:
    """A resource that is deleted beside one much like it that is created.

    Args:
        deleted: its URN.
        created: the other's.
        alias: the option to write at the created one, in Python, so that it is a rename.
    """

    deleted: str
    created: str
    alias: str


@dataclass(frozen=True, slots=True)
class Cost:
    """An estimate, from the dated price table; not a bill.

    Args:
        before: US dollars a month now.
        after: US dollars a month afterwards.
        priced: the table's date.
        unpriced: types that have no price in it, sorted.
        budget: US dollars a month that the stack may cost; None where its settings have none.
    """

    before: float
    after: float
    priced: str
    unpriced: Sequence[str] = ()
    budget: float | None = None


@dataclass(frozen=True)
class Verdict:
    """The gate's answer.

    Args:
        stack: which.
        blocked: why it may not be applied, one line each, the worst first; empty when it may.
        judged: every change, the worst first, then by URN.
        desired: findings about what is declared, changed or not, sorted; with level `notable` or worse.
        waived: findings that do not block because of a waiver.
        stale: waivers that match nothing or have expired, one line each.
        blast: whom it touches.
        renames: see `Rename`.
        cost: see `Cost`; None where nothing of it has a price.
        digest: of the whole change, as 64 hexadecimal digits; what `tenantry apply` wants.
        same: how many resources stay as they are.
        warnings: what the engine and the program warned of.
    """

    stack: str
    blocked: Sequence[str]
    judged: Sequence[Judged]
    desired: Sequence[Finding]
    waived: Sequence[Waived]
    stale: Sequence[str]
    blast: Blast
    renames: Sequence[Rename] = ()
    cost: Cost | None = None
    digest: str = ""
    same: int = 0
    warnings: Sequence[str] = ()

    @property
    def passes(self) -> bool:
        """Whether it may be applied."""
        return not self.blocked
