"""Settings of the Redis stores: ElastiCache, with Valkey or Redis OSS as the engine.

Defaults are production-safe. No I/O, no secrets: tokens are generated, and rotated by a moment that is declared.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from infra.cache_memory import FAMILIES, MOST_PERCENT, reserved_percent
from infra.settings.database import RotationSettings, window_contradictions
from infra.settings.kinds import CacheType, CacheVersion, DailyWindow, WeeklyWindow
from infra.settings.section import Contradiction, Section
from infra.settings.versions import cache_misfit

_LEAST_WINDOW = 60  # minutes; the API reference of CreateReplicationGroup, SnapshotWindow


class TokenSettings(RotationSettings):
    """The token of a store."""

    retire_previous: bool = False
    """Whether the token before the last rotation stops working; not before every client has the new one."""


class RedisStoreSettings(Section):
    """One Redis store: ElastiCache."""

    engine: Literal["valkey", "redis"] = "valkey"
    """Valkey, which speaks Redis's protocol, or Redis OSS."""

    engine_version: CacheVersion
    """The engine's."""

    node_type: CacheType
    """Its memory."""

    nodes: Annotated[int, Field(ge=1, le=6)] = 2
    """One primary and its replicas; with two or more, another takes over in another zone."""

    headroom_mib: Annotated[int, Field(ge=64, le=65536)] = 512
    """Memory that no data takes, for snapshots, failover and fragmentation (REQUIREMENTS, Data: 512 MB)."""

    snapshot_retention_days: Annotated[int, Field(ge=0, le=35)] = 7
    """Daily snapshots are kept so long; 0 for none."""

    snapshot_window: DailyWindow = "02:00-03:00"
    """When the daily snapshot is taken (REQUIREMENTS, Scheduled jobs: backups at 02:00)."""

    maintenance_window: WeeklyWindow = "sun:05:00-sun:06:00"
    """When upgrades and other changes that interrupt are made; ours: not with the database's."""

    auth_token: TokenSettings | None = None
    """The rotation of the token; none: it is the first one still."""

    protect: bool = True
    """The engine refuses to delete it, and a final snapshot is taken when it is told not to."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return a version that there is none of, a node that is unknown or too small, and windows that collide."""
        yield from self._version()
        yield from self._memory()
        yield from window_contradictions(
            self.snapshot_window, "snapshot_window", self.maintenance_window, _LEAST_WINDOW
        )

    def _version(self) -> Iterator[Contradiction]:
        wrong = cache_misfit(self.engine, self.engine_version)
        if wrong:
            yield ("engine_version",), wrong

    def _memory(self) -> Iterator[Contradiction]:
        reserved = reserved_percent(self.node_type, self.headroom_mib)
        if reserved is None:
            sizes = FAMILIES.get(self.node_type.split(".")[1])
            wrong = "no family of node types" if sizes is None else "no size of that family"
            known = f"that is known here; take one of: {', '.join(sorted(FAMILIES) if sizes is None else sizes)}"
            yield ("node_type",), f"{wrong} {known}"
        elif reserved > MOST_PERCENT:
            yield ("node_type",), "headroom_mib takes more than half of its memory; take a larger one, or lower it"


class RedisSettings(Section):
    """The Redis stores of the environment, each where it is asked for."""

    cache: RedisStoreSettings | None = None
    """Evicts what was not used for long when its memory is full; services know it as `REDIS_URL`."""

    sessions: RedisStoreSettings | None = None
    """Never evicts; services know it as `SESSIONS_REDIS_URL`."""
