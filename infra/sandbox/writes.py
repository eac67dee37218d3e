"""What the servers of an instance have written: a fingerprint of each thing that a client could have changed.

Owns how a write is seen on each kind of server, also on those behind the cloud. Compared before and after something
that must not write, the differences name what was written. What servers write by themselves is left out: leases,
events, the status of objects, and the statistics of PostgreSQL's planner.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from infra.sandbox import lifecycle
from infra.sandbox.cloud.account import JOURNAL
from infra.sandbox.cloud.backing import control_planes, database, records
from infra.sandbox.cloud.backing.site import CACHES, DATABASES, Site
from infra.sandbox.cloud.service import Cloud
from infra.sandbox.control_plane.api import ApiClient
from infra.sandbox.control_plane.control_plane import ControlPlane
from infra.sandbox.instance import Instance
from infra.sandbox.servers.postgresql import PostgreSQL
from infra.sandbox.servers.valkey import Valkey
from infra.sandbox.waiting import wait_until

Connect = Callable[[str], psycopg.Connection[Any]]
"""Connects to the database of that name, as the superuser."""

Fingerprints = Mapping[str, str]
"""What it is of, in words for users -> what is the same as long as nothing is written."""

_OWN = frozenset({"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "tenantry-sandbox"})
"""Field managers of the control plane itself: what they write nobody has asked for just now."""

_TEMPORARY = frozenset({"leases", "events"})
_CONNECT_SECONDS = 20
_STATISTICS = (2619, 3429)
"""The OIDs of `pg_statistic` and `pg_statistic_ext_data`, in which autovacuum writes when it likes
(PostgreSQL 18, `src/include/catalog`)."""

_COUNTERS: LiteralString = """\
SELECT relation.oid::regclass::text, n_tup_ins, n_tup_upd, n_tup_del
FROM pg_stat_all_tables JOIN pg_class AS relation ON relation.oid = relid
WHERE relid <> ALL (%(statistics)s) AND relisshared = %(shared)s
  AND relid NOT IN (SELECT reltoastrelid FROM pg_class WHERE oid = ANY (%(statistics)s))
  AND n_tup_ins + n_tup_upd + n_tup_del > 0
UNION ALL
SELECT format('%%I.%%I', schemaname, sequencename), coalesce(last_value, 0), 0, 0
FROM pg_sequences WHERE NOT %(shared)s
ORDER BY 1, 2, 3, 4
"""


_LATEST = 10  # seconds after which an idle session has told what it did (PostgreSQL 18, pgstat.c, IDLE_INTERVAL)
_AT_WORK: LiteralString = """\
SELECT count(*) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
  AND (state <> 'idle' OR state_change > now() - make_interval(secs => %(latest)s))
"""


def fingerprints(instance: Instance) -> Fingerprints:
    """Return the fingerprint of everything that clients of an instance could have written.

    Args:
        instance: whose servers run.

    Raises:
        ApiError: an API server refuses to tell.
        httpx.HTTPError: one does not answer.
        psycopg.Error: a database does not.
        OSError: a file cannot be read.
        TenantryError: a database does not run yet, or others are at work in it.
    """
    return {**dict(_states(instance)), **dict(_servers(instance)), **dict(_behind(instance))}


def differing(before: Fingerprints, after: Fingerprints) -> list[str]:
    """Return the names of what was written in between, sorted.

    Args:
        before: as they were.
        after: as they are.
    """
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _states(instance: Instance) -> Iterator[tuple[str, str]]:
    for file in (instance.folder("pulumi") / "state").rglob("stacks/**/*.json"):
        yield f"the state {file.parent.name}/{file.stem}", _digest(file.read_text())


def _servers(instance: Instance) -> Iterator[tuple[str, str]]:
    """Yield what is of the instance's own servers."""
    for service in (ControlPlane(instance), PostgreSQL(instance), Valkey(instance), Cloud(instance)):
        if not lifecycle.has(instance, service.name):
            continue
        if isinstance(service, ControlPlane):
            yield from _cluster(service, "the cluster")
        elif isinstance(service, PostgreSQL):
            yield from _databases(partial(_connected, service), "the database")
        elif isinstance(service, Valkey):
            yield "Redis", _log_size(service.directory)
        else:
            yield "the cloud", str((service.folder / JOURNAL).stat().st_size)


def _behind(instance: Instance) -> Iterator[tuple[str, str]]:
    """Yield what is of the servers that run behind the cloud."""
    site = Site(instance.directory, instance.addresses.prefix)
    for region, cluster in control_planes.existing(instance.directory / "cloud"):
        yield from _cluster(ControlPlane(cluster), f"EKS {cluster.name} in {region}")
    for key, record in records.of(site, DATABASES):
        if record.runs:
            yield from _databases(database.Server(site, key).connection, f"RDS {record.name} in {record.region}")
    for key, record in records.of(site, CACHES):
        yield f"ElastiCache {record.name} in {record.region}", _log_size(site.folder(CACHES, key))


def _cluster(plane: ControlPlane, called: str) -> Iterator[tuple[str, str]]:
    with closing(plane.api()) as api:
        for path, kind in _collections(api):
            for metadata in api.metadata(path):
                entries = metadata.get("managedFields") or []  # none of an object that says nothing
                written = [entry for entry in entries if _is_asked_for(entry)]
                if "uid" in metadata and (written or not entries):  # a ComponentStatus is nothing that is kept
                    place = "/".join(filter(None, [metadata.get("namespace"), metadata["name"]]))
                    ending = metadata.get("deletionTimestamp")  # set at once, also where a finalizer holds it
                    yield f"{called}: {kind} {place}", _digest(json.dumps([metadata["uid"], ending, written]))


def _collections(api: ApiClient) -> Iterator[tuple[str, str]]:
    """Yield the path and the kind of every collection that can be listed, each resource of a group once."""
    groups = [["/api/v1"]]
    for group in api.get("/apis")["groups"]:
        preferred = group["preferredVersion"]["groupVersion"]
        others = [one["groupVersion"] for one in group["versions"] if one["groupVersion"] != preferred]
        groups.append([f"/apis/{version}" for version in (preferred, *others)])
    for versions in groups:
        seen = set(_TEMPORARY)
        for version in versions:
            for resource in api.get(version)["resources"]:
                name = resource["name"]
                if "/" not in name and "list" in resource["verbs"] and name not in seen:
                    seen.add(name)
                    yield f"{version}/{name}", resource["kind"]


def _is_asked_for(entry: Mapping[str, Any]) -> bool:
    return entry["manager"] not in _OWN and entry.get("subresource") != "status"


def _databases(connect: Connect, called: str) -> Iterator[tuple[str, str]]:
    with connect("postgres") as connection:
        wait_until(
            lambda: _is_quiet(connection),
            seconds=2 * _LATEST,
            what="others are at work in it",
            where=called,
            remedy="end their sessions",
            every=0.5,
        )
        rows = connection.execute("SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate").fetchall()
        yield f"{called}: what its databases share", _counted(connection, shared=True)
    for (name,) in rows:
        with connect(name) as connection:
            yield f"{called}: {name}", _counted(connection, shared=False)


def _is_quiet(connection: psycopg.Connection[Any]) -> bool:
    """Whether all that sessions have written is counted by now."""
    return connection.execute(_AT_WORK, {"latest": _LATEST}).fetchone() == (0,)


def _counted(connection: psycopg.Connection[Any], *, shared: bool) -> str:
    counters = connection.execute(_COUNTERS, {"statistics": list(_STATISTICS), "shared": shared}).fetchall()
    return _digest(json.dumps(counters))


def _connected(server: PostgreSQL, name: str) -> psycopg.Connection[Any]:
    """Return a connection of the superuser to one of the databases of the instance's own server."""
    variables = server.environment()
    return psycopg.connect(
        host=variables["PGHOST"],
        port=variables["PGPORT"],
        user=variables["PGUSER"],
        password=variables["PGPASSWORD"],
        dbname=name,
        sslmode=variables["PGSSLMODE"],
        sslrootcert=variables["PGSSLROOTCERT"],
        autocommit=True,
        connect_timeout=_CONNECT_SECONDS,
    )


def _log_size(folder: Path) -> str:
    """Return how long Valkey's append-only files are, which have every command that writes and no other."""
    return str(sum(file.stat().st_size for file in (folder / "data" / "appendonlydir").glob("*.aof")))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
