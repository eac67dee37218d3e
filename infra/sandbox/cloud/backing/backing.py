"""Lets the machine follow moto: after each change of databases and caches, and once before the cloud serves.

Lies outside the journal. Who creates, changes or deletes is answered when the servers are as wanted, so that nobody
who then goes on has to wait; everyone else sees a new resource as `creating` meanwhile. A server that cannot be had
makes its resource `failed`, with the reason in the cloud's log, and the next pass tries again. A server that dies is
started again, as AWS does.
"""

import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import psycopg
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.rds.models import rds_backends

from infra.errors import TenantryError
from infra.sandbox.cloud.backing import backups, cache, database, marks, versions, wanted
from infra.sandbox.cloud.backing.site import Site
from infra.sandbox.cloud.calls import Call
from infra.sandbox.cloud.journal import Application
from infra.sandbox.cloud.refusals import Answer, Refusal

_AT_ONCE = 4
_LOOK_SECONDS = 3.0  # how soon it is noticed that a server has died
_SERVICES = {"rds", "elasticache"}
_NEED_AVAILABLE = {"ModifyDBInstance", "RebootDBInstance", "StopDBInstance", "CreateDBSnapshot"}
_RESET = "/moto-api/reset"
_SNAPSHOTS = "snapshots"
_OURS = {"available", marks.CREATING, "failed"}


class Backing:
    """An application behind whose databases and caches real servers stand; called by many threads.

    Args:
        application: moto, with its journal.
        lock: what the application holds while it works; moto's objects are read and changed under it only.
        site: where the servers live.
    """

    def __init__(self, application: Application, lock: AbstractContextManager[object], site: Site) -> None:
        self._application = application
        self._lock = lock
        self._site = site
        self._turn = threading.Lock()
        self._lost: set[str] = set()
        self._dark: frozenset[str] = frozenset()
        self._resting = False
        self._converge()
        marks.begin()
        threading.Thread(target=self._watch, name="backing", daemon=True).start()

    def __call__(self, call: Call) -> Answer:
        """Answer `call`, and return once the servers are as it wants them."""
        refusal = self._refusal(call)
        if refusal is not None:
            return refusal.answer(call)
        answer = self._application(call)
        if call.is_read or not answer.status.startswith("2"):
            return answer
        if call.service in _SERVICES or call.path == _RESET:
            if call.stated_action == "RebootDBInstance":
                self._restart(call)
            self._converge()
        return answer

    def lose(self, regions: frozenset[str]) -> None:
        """Let the servers of these regions rest and all others run; return once it is so."""
        self._dark = regions
        self._converge()

    def rest(self) -> None:
        """Start and stop nothing from now on; returns once nothing of the kind is under way.

        For who is about to stop everything: a server that this starts meanwhile would be nobody's.
        """
        with self._turn:
            self._resting = True

    def _refusal(self, call: Call) -> Refusal | None:
        """Return why a call comes too early, or asks for a version that there is not; outside the replayed journal."""
        unknown = versions.refusal(call)
        if unknown is not None:
            return unknown
        if call.service != "rds" or call.stated_action not in _NEED_AVAILABLE:
            return None
        with self._lock:
            model = _instance(call)
            if model is not None and model.status == marks.CREATING:
                return Refusal("InvalidDBInstanceState", "Database instance is not in available state.")
        return None

    def _restart(self, call: Call) -> None:
        with self._lock:
            model = _instance(call)
        if model is not None:
            with self._turn:
                database.Server(self._site, str(model.dbi_resource_id)).restart()

    def _watch(self) -> None:
        """Look after the servers as long as the process lives."""
        never = threading.Event()
        while not never.wait(_LOOK_SECONDS):
            if not self._all_run():
                self._converge()

    def _all_run(self) -> bool:
        """Whether every server runs that is shown as available."""
        with self._turn:
            if self._resting:
                return True
            with self._lock:
                every: list[wanted.Database | wanted.Cache] = [*wanted.databases(), *wanted.caches()]
                shown = [one for one in every if one.model.status == "available" and one.region not in self._dark]
            return all(_server(self._site, one).is_running() for one in shown)

    def _converge(self) -> None:
        with self._turn:
            if self._resting:
                return
            with self._lock:
                databases, snapshots, caches = wanted.databases(), wanted.snapshots(), wanted.caches()
                retained = wanted.retained()
            every: list[wanted.Database | wanted.Cache] = [*databases, *caches]
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                addresses = list(pool.map(lambda one: self._tried(one.key, lambda: self._brought(one)), every))
            outcomes = [(one, to) for one, to in zip(every, addresses, strict=True) if one.region not in self._dark]
            kept = [(one, self._backed_up(one)) for one in snapshots]
            self._end_databases({one.key for one in databases}, retained)
            self._remove({one.key for one in caches}, {one.key for one in snapshots})
            with self._lock:
                for one, address in outcomes:
                    _show(one, address)
                for snapshot, is_there in kept:
                    snapshot.model.status = "available" if is_there else "failed"

    def _brought(self, one: wanted.Database | wanted.Cache) -> str:
        """Let a server be as wanted; return its address, which is empty where its region is lost."""
        if one.region not in self._dark:
            if isinstance(one, wanted.Database):
                return database.Server(self._site, one.key).ensure(one)
            return cache.Server(self._site, one.key).ensure(one)
        server = _server(self._site, one)
        return _done(server.rest if isinstance(server, database.Server) else server.stop)

    def _backed_up(self, snapshot: wanted.Snapshot) -> bool:
        """Whether the snapshot's backup is there; one that could not be taken in its time is not taken later."""
        if self._site.folder(_SNAPSHOTS, snapshot.key).exists():
            return True
        if snapshot.key in self._lost or self._tried(snapshot.key, lambda: self._taken(snapshot)) is None:
            self._lost.add(snapshot.key)
            return False
        return True

    def _taken(self, snapshot: wanted.Snapshot) -> str:
        if snapshot.origin is not None:
            target = self._site.folder(_SNAPSHOTS, snapshot.key)
            source = self._site.folder(_SNAPSHOTS, snapshot.origin.snapshot or "unknown")
            backups.copy(source, target)
        else:
            database.Server(self._site, snapshot.database).back_up(snapshot.key)
        if snapshot.automated:
            (self._site.folder(database.KIND, snapshot.database) / f"base-{snapshot.key}").touch()
        return snapshot.key

    def _end_databases(self, databases: set[str], retained: set[str]) -> None:
        """End and delete databases that nothing in moto stands for any more, but for backups that are retained."""
        for key in set(self._site.keys(database.KIND)) - databases:
            server = database.Server(self._site, key)
            end = server.retire if key in retained else server.remove
            self._tried(key, lambda end=end: _done(end))  # type: ignore[misc]
        for key in set(self._site.keys(database.RETAINED)) - retained:
            self._tried(key, lambda key=key: _done(lambda: self._site.remove(database.RETAINED, key)))  # type: ignore[misc]

    def _remove(self, caches: set[str], snapshots: set[str]) -> None:
        """End and delete what nothing in moto stands for any more; last, for backups are taken of it."""
        for key in set(self._site.keys(cache.KIND)) - caches:
            self._tried(key, lambda key=key: _done(cache.Server(self._site, key).remove))  # type: ignore[misc]
        for key in set(self._site.keys(_SNAPSHOTS)) - snapshots:
            self._tried(key, lambda key=key: _done(lambda: self._site.remove(_SNAPSHOTS, key)))  # type: ignore[misc]

    def _tried(self, key: str, job: Callable[[], str]) -> str | None:
        """Return what the job returns, or None when it cannot be done, with the reason in the log."""
        try:
            return job()
        except (TenantryError, OSError, psycopg.Error) as error:
            reason = (str(error).splitlines() or [""])[0]
            print(f"{key}: {type(error).__name__}: {reason}", file=sys.stderr, flush=True)  # noqa: T201 - its log
            return None


def _server(site: Site, one: wanted.Database | wanted.Cache) -> database.Server | cache.Server:
    return database.Server(site, one.key) if isinstance(one, wanted.Database) else cache.Server(site, one.key)


def _done(act: Callable[[], None]) -> str:
    act()
    return ""


def _instance(call: Call) -> Any:
    regions: Mapping[str, Any] = rds_backends[DEFAULT_ACCOUNT_ID]
    return regions[call.region].databases.get(call.form.get("DBInstanceIdentifier", "")) if call.region else None


def _show(one: Any, address: str | None) -> None:
    """Let moto tell how a server is and where."""
    if one.model.status in _OURS:
        one.model.status = "failed" if address is None else "available"
    if address is None:
        return
    if isinstance(one, wanted.Database):
        vars(one.model)[marks.ADDRESS] = address
        return
    endpoint = {"address": address, "port": one.port}
    for shard in one.model.node_groups:
        shard["primary_endpoint"] = dict(endpoint)
        shard["reader_endpoint"] = dict(endpoint)
        for member in shard["node_group_members"]:
            member["read_endpoint"] = dict(endpoint)
