"""How many connections a PostgreSQL server has, and who may hold how many of them: the connection budget.

Pure arithmetic over plain numbers; settings check by it and the pooler is sized by it. The numbers are REQUIREMENTS'
(Data): 75 connections for each process (50 base, 10 cart, 10 sessions, 5 analytics) x replicas x live slots, and a
target below 70 %.
"""

from collections.abc import Iterable
from dataclasses import dataclass

PER_PROCESS = 75
"""Connections that one process of a service opens at most: 50 base, 10 cart, 10 sessions, 5 analytics."""

LIVE_SLOTS = 2
"""While a release switches, blue and green both take traffic."""

RESERVED_DIRECT = 5
"""Connections for migrations, jobs and monitoring, which connect to the server itself."""

RESERVED = 5 + 20 + RESERVED_DIRECT
"""Connections that no pool may take: 5 that RDS keeps for superusers (3 of PostgreSQL's and 2 of its own), 20 that the
program's PostgreSQL provider opens (its `max_connections`), and those of what connects directly."""

_TARGET_PERCENT = 70  # of what is not reserved: a pool that is fuller is too small (REQUIREMENTS, Data)
_SURGE = 1  # the pod more that there is while the pooler's Deployment rolls

LEAST_POOL = 5
"""Connections to the shared database that one pod of the pooler must be left with; ours, for no document says."""


def clients(services: Iterable[tuple[int, int]]) -> int:
    """Return how many connections services may open at once.

    Args:
        services: for each, the pods that one of its slots may have at most, and the connections of each pod.
    """
    return LIVE_SLOTS * sum(pods * connections for pods, connections in services)


def available(max_connections: int) -> int:
    """Return how many connections of a server are not reserved; negative when it has too few.

    Args:
        max_connections: the server's.
    """
    return max_connections - RESERVED


@dataclass(frozen=True, kw_only=True)
class Pools:
    """What one pod of the pooler holds at most, in connections to the server.

    Args:
        shared: to the shared database, by whatever roles.
        tenant: by any one tenant's role.
        pods: how many pods there may be at once, one more than wanted while they roll.
        own_databases: how many databases of tenants' own there are connections for.
    """

    shared: int
    tenant: int
    pods: int
    own_databases: int

    @property
    def total(self) -> int:
        """Connections of all pods together at most."""
        return self.pods * (self.shared + self.tenant * self.own_databases)


def pools(*, max_connections: int, replicas: int, tenant: int, own_databases: int) -> Pools:
    """Share a server's connections among the pods of its pooler, below the target.

    Tenants with a database of their own have theirs first; the rest goes to the shared database. A function of settings
    that seldom change, and not of the tenants there are: a new shape restarts every pod.

    Args:
        max_connections: the server's.
        replicas: pods of the pooler.
        tenant: connections of one pod for one tenant's role.
        own_databases: tenants with a database of their own that there must be connections for.

    Returns:
        The shares; `shared` is below `LEAST_POOL`, or negative, when the server has too few connections.
    """
    pods = replicas + _SURGE
    each = available(max_connections) * _TARGET_PERCENT // 100 // pods
    return Pools(shared=each - tenant * own_databases, tenant=tenant, pods=pods, own_databases=own_databases)


def least_connections(*, replicas: int, tenant: int, own_databases: int) -> int:
    """Return the smallest `max_connections` of a server whose pooler has `LEAST_POOL` for the shared database.

    Args:
        replicas: pods of the pooler.
        tenant: connections of one pod for one tenant's role.
        own_databases: tenants with a database of their own.
    """
    needed = (replicas + _SURGE) * (LEAST_POOL + tenant * own_databases)
    return RESERVED + -(-needed * 100 // _TARGET_PERCENT)
