"""Which versions of its engines AWS offers, as far as the platform can use them; of 2026-11-21.

PostgreSQL's and the caches' are those that cfn-lint 1.58 carries from AWS's API, without what RDS has deprecated: a
test holds them against it. Kubernetes's are those of the Amazon EKS user guide, "Kubernetes version lifecycle". Leaves
to the sandbox which of them it has built.
"""

import datetime
from collections.abc import Mapping

Offered = tuple[str, ...]


def _minors(major: int, first: int, last: int) -> Offered:
    return tuple(f"{major}.{minor}" for minor in range(first, last + 1))


POSTGRESQL: Mapping[str, Offered] = {
    "14": _minors(14, 18, 24),
    "15": _minors(15, 13, 19),
    "16": _minors(16, 9, 15),
    "17": _minors(17, 5, 11),
    "18": (*_minors(18, 1, 4), "18.6"),
}
"""Major version -> RDS's versions of it. REQUIREMENTS (Data) ask for 14 with pgvector, whose 0.8 RDS has since 14.14,
15.9, 16.5 and 17.1 (AWS's announcement of November 2024)."""

CACHES: Mapping[str, Offered] = {
    "redis": ("6.0", "6.2", "7.0", "7.1"),
    "valkey": ("7.2", "8.0", "8.1", "8.2", "9.0", "9.1"),
}
"""Engine -> ElastiCache's versions of it. REQUIREMENTS (Data) ask for Redis 6; Redis OSS ends with 7.1."""

IN_EXTENDED_SUPPORT: Offered = ("1.31", "1.32", "1.33")
"""Kubernetes's whose standard support has ended; EKS has them for twelve months more."""

IN_STANDARD_SUPPORT: Offered = ("1.34", "1.35", "1.36")
"""Kubernetes's that EKS supports without a surcharge."""

KUBERNETES: Offered = (*IN_EXTENDED_SUPPORT, *IN_STANDARD_SUPPORT)
"""All that EKS offers."""

STANDARD_SUPPORT_ENDS: Mapping[str, datetime.date] = {
    "1.31": datetime.date(2025, 11, 26),
    "1.32": datetime.date(2026, 3, 23),
    "1.33": datetime.date(2026, 7, 29),
    "1.34": datetime.date(2026, 12, 2),
    "1.35": datetime.date(2027, 3, 27),
    "1.36": datetime.date(2027, 8, 2),
}
"""Kubernetes's version -> the day from whose beginning in UTC EKS bills extended support, or upgrades by itself. Amazon
EKS user guide, "Amazon EKS Kubernetes release calendar": up to 1.34 from the guide's own source, 1.35 and 1.36 from
copies of its table by others."""


def postgresql(version: str) -> str:
    """Return a version of PostgreSQL.

    Args:
        version: a major one, or a whole one.

    Raises:
        ValueError: RDS does not offer it.
    """
    offered = POSTGRESQL.get(version.partition(".")[0])
    if offered is None:
        raise ValueError(f"no PostgreSQL that RDS offers and the platform can use; {_choice(tuple(POSTGRESQL))}")
    if version not in (*POSTGRESQL, *offered):
        raise ValueError(f"no minor version that RDS offers; {_choice(offered)}, or the major version alone")
    return version


def kubernetes(version: str) -> str:
    """Return a version of Kubernetes.

    Args:
        version: without patch.

    Raises:
        ValueError: EKS does not offer it.
    """
    if version not in KUBERNETES:
        raise ValueError(f"no Kubernetes that EKS offers; {_choice(KUBERNETES)}")
    return version


def cache_misfit(engine: str, version: str) -> str | None:
    """Return why a cache cannot have a version; None when it can.

    Args:
        engine: `redis` or `valkey`.
        version: of two parts.
    """
    if version in CACHES[engine]:
        return None
    return f"no version of engine that ElastiCache offers and the platform can use; {_choice(CACHES[engine])}"


def _choice(offered: Offered) -> str:
    return f"take one of: {', '.join(offered)}"
