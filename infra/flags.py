"""Feature flags: who has them, what decided that, and the document by which services know.

Pure. The order is that of REQUIREMENTS (Tenants): off unless the global flag is on; then the tenant's override, then
its plan, then off. The document holds results, so that a service needs no order: a flag is on for a tenant if
`flag["tenants"].get(slug, plan in flag["plans"])`, and off if the document does not have it.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal, Protocol

MOST_BYTES = 512 * 1024
"""Of one document: half of what a ConfigMap may hold (Kubernetes documentation, "ConfigMaps": 1 MiB)."""

Rule = Literal["global", "tenant", "plan", "default"]
"""What decided: the global flag is off; the tenant's override; its plan; nothing, and so it is off."""


class Flag(Protocol):
    """What somebody declares of a flag."""

    @property
    def on(self) -> bool:
        """Whether anybody has it at all."""

    @property
    def plans(self) -> Collection[str]:
        """The plans that have it."""


class Tenant(Protocol):
    """What a decision needs to know of a tenant."""

    @property
    def slug(self) -> str:
        """Its name."""

    @property
    def plan(self) -> str:
        """What it pays for."""

    @property
    def features(self) -> Mapping[str, bool]:
        """Flag -> what it has against its plan."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether somebody has a flag, and why.

    Args:
        on: whether.
        rule: what decided.
    """

    on: bool
    rule: Rule


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """One flag, as services read it.

    Args:
        on: whether anybody has it at all; what a visitor without a tenant goes by.
        plans: those that have it, sorted; none while it is off.
        tenants: slug -> whether it has it, for those alone that differ from their plan.
    """

    on: bool
    plans: tuple[str, ...]
    tenants: Mapping[str, bool]


def decide(flag: Flag, plan: str, override: bool | None = None) -> Decision:
    """Return whether a flag is on.

    Args:
        flag: which.
        plan: the tenant's.
        override: the tenant's own, if it has one.
    """
    if not flag.on:
        return Decision(on=False, rule="global")
    if override is not None:
        return Decision(on=override, rule="tenant")
    if plan in flag.plans:
        return Decision(on=True, rule="plan")
    return Decision(on=False, rule="default")


def resolve(flags: Mapping[str, Flag], tenants: Iterable[Tenant]) -> dict[str, Resolved]:
    """Return what services read of flags: name -> what it is for whom.

    Args:
        flags: name -> what is declared.
        tenants: all of them; that most follow their plan costs nothing.
    """
    differing: dict[str, dict[str, bool]] = {name: {} for name in flags}
    for tenant in tenants:
        for name, override in tenant.features.items():
            own = decide(flags[name], tenant.plan, override).on
            if own != decide(flags[name], tenant.plan).on:
                differing[name][tenant.slug] = own
    return {
        name: Resolved(on=flag.on, plans=tuple(sorted(flag.plans)) if flag.on else (), tenants=differing[name])
        for name, flag in flags.items()
    }


def version(flags: Mapping[str, Resolved]) -> str:
    """Return what changes with any of the flags, and with nothing else: 16 hexadecimal digits of their SHA-256."""
    return hashlib.sha256(_text(_flags(flags)).encode()).hexdigest()[:16]


def document(flags: Mapping[str, Resolved]) -> str:
    """Return the flags as JSON, in one order: `{"flags": {NAME: {"on", "plans", "tenants"}}, "version"}`."""
    return _text({"flags": _flags(flags), "version": version(flags)})


def size(flag: Resolved) -> int:
    """Return how many bytes a flag adds to a document, but for its name."""
    return len(_text(asdict(flag)))


def _flags(flags: Mapping[str, Resolved]) -> dict[str, object]:
    return {name: asdict(flag) for name, flag in flags.items()}


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
