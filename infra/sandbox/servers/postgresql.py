"""PostgreSQL of a sandbox instance, on the instance's address, with TLS.

Joins the server (`cluster`), the TLS proxy and the client programs. Leaves databases and roles to the program.
"""

from dataclasses import dataclass
from pathlib import Path

from infra.paths import SANDBOX_ROOT
from infra.sandbox.instance import Instance, Report, Status
from infra.sandbox.servers import client_programs, probe, storage
from infra.sandbox.servers.cluster import Cluster
from infra.sandbox.servers.proxy import TLSProxy
from infra.sandbox.servers.wheels import POSTGRESQL_MAJOR

_NAME = "postgresql"


@dataclass(frozen=True)
class PostgreSQL:
    """A PostgreSQL server that is reached with TLS and a password only.

    Args:
        instance: where it lives.
    """

    instance: Instance

    @property
    def name(self) -> str:
        """What users call it."""
        return _NAME

    @property
    def cluster(self) -> Cluster:
        """The server behind the proxy."""
        return Cluster(directory=self.instance.folder(_NAME), daemon=self.instance.daemon(_NAME))

    @property
    def bin_directory(self) -> Path:
        """The folder of psql, pg_dump and the like, able to use TLS; made at first use."""
        return client_programs.ensure(SANDBOX_ROOT / "postgresql-clients")

    def link_tools(self, directory: Path) -> None:
        """Put psql, pg_dump and the like into `directory`, a folder of the user's `PATH`, as links.

        Raises:
            TenantryError: a wheel is missing, or a folder cannot be written.
        """
        client_programs.link(self.bin_directory, directory)

    def start(self, report: Report) -> None:
        """Start server and proxy and return once they answer; does nothing when they do.

        Args:
            report: receives the progress.

        Raises:
            TenantryError: the files cannot be used, the address is taken, or something does not start.
        """
        with storage.explained(self.instance.directory), storage.exclusive(self.instance, _NAME):
            if self.cluster.is_ready() and not self._complaint():
                return
            proxy = TLSProxy(self.instance)
            self.cluster.start(report)
            proxy.start(report)
            if self._complaint() == probe.NO_ANSWER:
                report("restarting PostgreSQL, which runs but does not answer")
                self.cluster.stop(grace=5)
                self.cluster.start(report)

    def stop(self) -> None:
        """Stop the server, and the proxy when it is not needed any more; does nothing when it is stopped."""
        if not self.instance.directory.exists():
            return
        with storage.explained(self.instance.directory), storage.exclusive(self.instance, _NAME):
            self.cluster.stop()
            TLSProxy(self.instance).stop_if_unused()

    def status(self) -> list[Status]:
        """Return the state of the server as its clients see it, through the proxy, and that of the proxy."""
        running = self.cluster.daemon.is_running()
        complaint = self._complaint() if running else ""
        address, port = self._endpoint
        detail = complaint or (f"PostgreSQL {POSTGRESQL_MAJOR}" if running else "")
        server = Status(_NAME, f"{address}:{port}", running, running and not complaint, detail)
        return [server, *TLSProxy(self.instance).status()]

    def environment(self) -> dict[str, str]:
        """Return the variables with which every libpq client connects as the superuser; they hold the password."""
        address, port = self._endpoint
        return {
            "PGHOST": address,
            "PGPORT": str(port),
            "PGUSER": "postgres",
            "PGPASSWORD": self.cluster.password(),
            "PGDATABASE": "postgres",
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": str(self.instance.authority.certificate),
        }

    @property
    def _endpoint(self) -> tuple[str, int]:
        return TLSProxy(self.instance).endpoints()[_NAME]

    def _complaint(self) -> str:
        return probe.postgresql(*self._endpoint, self.instance.authority.certificate)
