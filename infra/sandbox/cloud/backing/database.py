"""One RDS instance's PostgreSQL: its server, its proxy, its master role and database, and backups of it.

The master role is as RDS makes it: no superuser, but a member of `rds_superuser`, with CREATEDB and CREATEROLE; the
superuser is `rdsadmin`, whom nobody outside knows a password of. Plain connections are refused unless `rds.force_ssl`
is 0; RDS has 1 as its default since PostgreSQL 15. Parameters that only a start can change wait for `RebootDBInstance`.
Simulated: `shared_preload_libraries`, pgaudit's and pg_stat_statements' parameters are kept by name and have no effect,
since the sandbox's PostgreSQL comes without those libraries.
Archived log is kept as long as the instance is, whatever the retention period, and longer where its automated backups
are to outlive it.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from infra.errors import TenantryError
from infra.sandbox import files
from infra.sandbox.cloud.backing import backups, extensions, records, replication
from infra.sandbox.cloud.backing.front import Front
from infra.sandbox.cloud.backing.records import Record
from infra.sandbox.cloud.backing.site import DATABASES, Site
from infra.sandbox.daemon import Daemon
from infra.sandbox.servers.cluster import Cluster

if TYPE_CHECKING:
    from infra.sandbox.cloud.backing.wanted import Database  # loads moto

KIND = DATABASES
RETAINED = "retained"
"""What is left of databases that are gone, by the same keys: their automated backups."""

SUPERUSER = "rdsadmin"

_HONOURED = {
    "max_connections": re.compile(r"\d{1,6}"),
    "log_min_duration_statement": re.compile(r"-1|\d{1,9}"),
    "statement_timeout": re.compile(r"\d{1,9}"),
    "lock_timeout": re.compile(r"\d{1,9}"),
    "idle_in_transaction_session_timeout": re.compile(r"\d{1,9}"),
    "work_mem": re.compile(r"\d{1,9}"),
}
"""Parameters that the server is given, and their values; a formula of RDS's is none."""

_FORCE_SSL = "rds.force_ssl"  # RDS knows 0 and 1
_MAY = ("pg_monitor", "pg_signal_backend", "pg_checkpoint", "pg_use_reserved_connections")
_ARCHIVE = "'cp %p ../wal/%f.part && mv ../wal/%f.part ../wal/%f'"
_CONNECT_SECONDS = 20
_RECOVERY_SECONDS = 120


def _quiet(_line: str) -> None:
    """Report to nobody: the cloud is no command."""


@dataclass(frozen=True)
class Server:
    """The PostgreSQL of one key.

    Args:
        site: where it lives.
        key: the instance's resource id.
    """

    site: Site
    key: str

    def ensure(self, wanted: "Database") -> str:
        """Let it run as wanted; return its address.

        Raises:
            TenantryError: it does not start.
            OSError: its files cannot be used.
            psycopg.Error: it refuses what it is told.
        """
        address = self.site.address(self.key, wanted.port)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        records.keep(
            self._folder, Record(wanted.identifier, wanted.region, address, wanted.port, tls=True, runs=wanted.runs)
        )
        if not wanted.runs:
            self.rest()
            return address
        (self._folder / "wal").mkdir(mode=0o700, exist_ok=True)
        if not (self._folder / "data").exists() and wanted.origin is not None:
            self._make(wanted)
        self._run(wanted)
        self._front.allow_plain(allowed=wanted.parameters.get(_FORCE_SSL) == "0")
        self._front.ensure(address, wanted.port)
        files.replace(self._folder / "port", str(wanted.port))
        if not wanted.follows:
            self._promote()
            self._tell(wanted)
        backups.forget_log(self._folder)
        return address

    def is_running(self) -> bool:
        """Whether server and proxy run."""
        return self._cluster({}).daemon.is_running() and self._front.daemon.is_running()

    def restart(self) -> None:
        """Stop the server, so that the next `ensure` starts it with all its settings."""
        self._cluster({}).stop()

    def stop(self) -> None:
        """Stop server and proxy; does nothing when they are stopped."""
        if self._folder.exists():
            self._front.stop()
            self._cluster({}).stop()

    def remove(self) -> None:
        """Stop it and delete all that it has."""
        self.stop()
        self.site.remove(KIND, self.key)
        self.site.release(self.key)

    def retire(self) -> None:
        """Delete it, but keep what its automated backups are: the first one, and all of its log.

        Raises:
            TenantryError: its first backup is lost.
            OSError: its files cannot be copied.
            psycopg.Error: its log cannot be ended.
        """
        kept, base = self.site.folder(RETAINED, self.key), self.base()
        if base is not None and not kept.exists():
            self.rest()
            backups.retire(self._backup(base), self.logs(), kept)
        self.remove()

    def rest(self) -> None:
        """Stop it with its log ended, so that it can be restored from while it is stopped.

        Raises:
            psycopg.Error: it runs but does not answer.
        """
        if self._folder.exists() and self.is_running():
            self.seal()
        self.stop()

    def seal(self) -> None:
        """End its log with a commit.

        Raises:
            psycopg.Error: it does not answer.
        """
        if not replication.follows(self._folder):
            with self.connection() as connection:
                backups.seal(connection)

    def base(self) -> str | None:
        """Return the key of the snapshot that its log begins with; None where there is none."""
        bases = sorted(self._folder.glob("base-*"))
        return str(bases[0].name.removeprefix("base-")) if bases else None

    def logs(self) -> list[Path]:
        """Return the folders with its log, the archive first."""
        return [folder for folder in (self._folder / "wal", self._folder / "data" / "pg_wal") if folder.exists()]

    def back_up(self, target: str) -> None:
        """Write a base backup into the snapshot `target`.

        Raises:
            TenantryError: the server does not run.
        """
        folder = self.site.folder("snapshots", target)
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.connection() as connection:
            backups.take(connection, self._folder, folder)

    def connection(self, name: str = "postgres") -> psycopg.Connection[Any]:
        """Return a connection as the superuser, in autocommit mode.

        Args:
            name: of the database on it.

        Raises:
            TenantryError: the server has no port yet.
            psycopg.Error: it does not answer.
        """
        file = self._folder / "port"
        if not file.exists():
            raise TenantryError("the database does not run", self.key, "wait until it is available")
        port = int(file.read_text())
        return psycopg.connect(
            host=self.site.address(self.key, port),
            port=port,
            user=SUPERUSER,
            password=self._cluster({}).password(),
            dbname=name,
            sslmode="verify-full",
            sslrootcert=str(self.site.authority.certificate),
            autocommit=True,
            connect_timeout=_CONNECT_SECONDS,
        )

    @property
    def _folder(self) -> Path:
        return self.site.folder(KIND, self.key)

    @property
    def _front(self) -> Front:
        upstream = self._cluster({}).socket
        return Front(site=self.site, key=self.key, folder=self._folder, protocol="postgresql", upstream=upstream)

    def _cluster(self, settings: dict[str, str]) -> Cluster:
        daemon = Daemon(name=self.key, pid_file=self._folder / "server.pid", log=self._folder / "server.log")
        return Cluster(directory=self._folder, daemon=daemon, superuser=SUPERUSER, settings=settings)

    def _make(self, wanted: "Database") -> None:
        """Make the data from what they are to be a copy of."""
        assert wanted.origin is not None
        if wanted.origin.snapshot:
            backups.restore(self._backup(wanted.origin.snapshot), self._folder)
            return
        key = wanted.origin.database
        retained = self.site.folder(RETAINED, key)
        if retained.exists():
            backups.restore_until(retained / "base", [retained / "wal"], self._folder)
            return
        source = Server(self.site, key)
        if wanted.follows:
            with source.connection() as connection:
                replication.begin(connection, source._folder, self._folder)
            return
        if source.is_running():
            source.seal()
        backups.restore_until(self._backup(source.base() or "none"), source.logs(), self._folder)

    def _backup(self, key: str) -> Path:
        folder = self.site.folder("snapshots", key)
        if not folder.exists():
            raise TenantryError("there is no such backup", key, "use a snapshot that is available")
        return folder

    def _run(self, wanted: "Database") -> None:
        honoured = {
            name: wanted.parameters[name]
            for name, allowed in _HONOURED.items()
            if allowed.fullmatch(wanted.parameters.get(name, ""))
        }
        archive = {"archive_command": _ARCHIVE} if wanted.archives else {}
        moment = wanted.origin.moment if wanted.origin else None
        settings = {"wal_keep_size": "256MB", **extensions.settings(self._folder), **archive, **honoured}
        settings |= backups.settings(self._folder, moment)
        if wanted.origin and replication.follows(self._folder):
            settings |= replication.settings(wanted.origin.database, SUPERUSER, self._cluster({}).password())
        cluster = self._cluster(settings)
        told = json.dumps(settings)
        kept = self._folder / "settings.json"
        if not cluster.is_ready():
            cluster.start(_quiet)
        elif not kept.exists() or kept.read_text() != told:
            cluster.reload()
        files.replace(kept, told)
        if (self._folder / "data" / "recovery.signal").exists():
            cluster.daemon.wait_ready(lambda: backups.is_promoted(self._folder), seconds=_RECOVERY_SECONDS)

    def _promote(self) -> None:
        """Let a replica that follows nobody any more be a server of its own; does nothing to any other."""
        if replication.follows(self._folder):
            with self.connection() as connection:
                connection.execute("select pg_promote()")

    def _tell(self, wanted: "Database") -> None:
        """Give it the master role, its password and the database, unless it was told the same before."""
        facts = json.dumps([wanted.user, wanted.password, wanted.name])
        digest = hashlib.sha256(facts.encode()).hexdigest()
        kept = self._folder / "told"
        if kept.exists() and kept.read_text() == digest:
            return
        with self.connection() as connection:
            _ensure_roles(connection, wanted)
            _ensure_databases(connection, wanted)
        files.replace(kept, digest)


def _ensure_roles(connection: psycopg.Connection[Any], wanted: "Database") -> None:
    known = {row[0] for row in connection.execute("select rolname from pg_roles")}
    run = connection.execute
    if "rds_superuser" not in known:
        run("create role rds_superuser nologin")
        run(sql.SQL("grant {} to rds_superuser with admin option").format(_names(_MAY)))
    user = sql.Identifier(wanted.user)
    if wanted.user not in known:
        run(sql.SQL("create role {} login createdb createrole").format(user))
        run(sql.SQL("grant rds_superuser to {}").format(user))
    # The verifier is made here, so that no log can hold the password, whatever the parameters log.
    verifier = connection.pgconn.encrypt_password(wanted.password.encode(), wanted.user.encode(), b"scram-sha-256")
    run(sql.SQL("alter role {} password {}").format(user, sql.Literal(verifier.decode())))


def _ensure_databases(connection: psycopg.Connection[Any], wanted: "Database") -> None:
    known = {row[0] for row in connection.execute("select datname from pg_database")}
    user = sql.Identifier(wanted.user)
    connection.execute(sql.SQL("alter database postgres owner to {}").format(user))
    if wanted.name and wanted.name not in known:
        connection.execute(sql.SQL("create database {} owner {}").format(sql.Identifier(wanted.name), user))


def _names(names: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in names)
