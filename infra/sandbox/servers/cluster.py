"""One PostgreSQL server on a unix socket: its data, its settings, its process.

Knows nothing of addresses and TLS, so that whatever needs a real PostgreSQL can have one. Guarantees that no TCP port
is open, that nobody gets in without a password, and that no password reaches the log.
"""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.errors import TenantryError
from infra.sandbox import files
from infra.sandbox.daemon import Daemon
from infra.sandbox.instance import Report
from infra.sandbox.servers import leftovers, passwords, storage
from infra.sandbox.servers.identity import Identity, hand_over, ordinary
from infra.sandbox.servers.wheels import POSTGRESQL_MAJOR, postgresql_bin

_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}  # no PG* variable or credential of the caller's
_NEW = "data.new-"
_READY_SECONDS = 120  # crash recovery replays at most `max_wal_size`
_SOCKETS = "../socket"  # relative to the data: a path of a socket has at most 107 bytes, the project's may have more

_SETTINGS = """\
# Generated at each start; change infra/sandbox/servers/cluster.py instead.
unix_socket_permissions = 0700
max_connections = 200
password_encryption = 'scram-sha-256'
authentication_timeout = 30s
client_connection_check_interval = 10s
timezone = 'UTC'

# Small: many instances share one machine. mmap keeps shared memory inside the data folder, where a killed server's
# remains are cleared at the next start; /dev/shm is 64 MB in containers and would keep them.
shared_buffers = 64MB
dynamic_shared_memory_type = mmap
huge_pages = off
io_method = sync
max_wal_size = 512MB

# Ready for replicas and archiving. Turning archive_mode on needs a restart, changing the command does not.
wal_level = replica
max_wal_senders = 10
max_replication_slots = 10
archive_mode = on
archive_command = '/bin/true'

# A password can stand in a statement (ALTER ROLE ... PASSWORD), in the CONTEXT and QUERY of an error inside a DO block,
# and in the DETAIL of a deadlock or crash. None of them is logged: not the statement, only the error's first line.
logging_collector = off
log_destination = 'stderr'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_statement = 'none'
log_min_duration_statement = -1
log_min_error_statement = panic
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_error_verbosity = terse
log_checkpoints = off
"""

_HBA = """\
# Generated at each start; change infra/sandbox/servers/cluster.py instead.
local all         all scram-sha-256
local replication all scram-sha-256
"""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A PostgreSQL server and everything it keeps.

    Args:
        directory: the folder for data, socket, settings and the superuser's password.
        daemon: the server's process.
        superuser: the role that owns the data; said once, when they are made.
        settings: of postgresql.conf, as PostgreSQL writes values (texts in quotes); they win over the usual ones.
    """

    directory: Path
    daemon: Daemon
    superuser: str = "postgres"
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.directory / "data"

    @property
    def socket(self) -> Path:
        """The unix socket; reachable by the owner only, and present while the server runs."""
        return self.directory / "socket" / ".s.PGSQL.5432"

    @property
    def password_file(self) -> Path:
        """The file that holds the superuser's password."""
        return self.directory / "password"

    def password(self) -> str:
        """Return the superuser's password, generated before the data are.

        Raises:
            TenantryError: there are data, but their password is lost.
        """
        if self.data.exists() and not self.password_file.exists():
            raise TenantryError(
                "the password of PostgreSQL's data is lost",
                str(self.password_file),
                f"restore the file or delete {self.data}",
            )
        return passwords.password(self.password_file)

    def is_ready(self) -> bool:
        """Whether the server that `daemon` runs has said that it accepts connections."""
        process = self.daemon.process()
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return process is not None and lines[:1] == [str(process.pid)] and lines[7:8] in (["ready   "], ["standby "])

    def start(self, report: Report) -> None:
        """Start the server and return once it accepts connections, making its data first if there are none.

        Args:
            report: receives the progress.

        Raises:
            TenantryError: the files cannot be used, or the server does not start.
        """
        with storage.explained(self.directory):
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self.daemon.is_running():
                identity = ordinary(postgresql_bin() / "postgres")
                self._clear()
                self._ensure_data(identity, report)
                self._configure()
                report("starting PostgreSQL")
                self.daemon.start(self._command(identity), env=_ENVIRONMENT, cwd=self.directory)
            self.daemon.wait_ready(self.is_ready, seconds=_READY_SECONDS)

    def reload(self) -> None:
        """Let the running server take over `settings`; those that only a start can change wait for one."""
        self._configure()
        process = self.daemon.process()
        if process is not None:
            process.send_signal(signal.SIGHUP)

    def stop(self, *, grace: float = 60.0) -> None:
        """Stop the server, ending its sessions, and remove its socket; does nothing when it is stopped.

        Args:
            grace: seconds for the orderly shutdown, after which the next start recovers from the log.
        """
        leftovers.resume(self.data, "postgres")
        self.daemon.stop(grace=grace, signal=signal.SIGINT)
        with storage.explained(self.directory):
            self._clear()

    def _command(self, identity: Identity) -> list[str]:
        # What keeps the server private is on the command line, where ALTER SYSTEM cannot overrule it.
        options = {
            "config_file": self.directory / "postgresql.conf",
            "hba_file": self.directory / "pg_hba.conf",
            "listen_addresses": "",
            "port": 5432,  # names the socket
            "unix_socket_directories": _SOCKETS,
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [*identity.prefix, str(postgresql_bin() / "postgres"), "-D", str(self.data), *settings]

    def _clear(self) -> None:
        """End what a killed server or command left running, and remove what would stop the next start."""
        leftovers.end(self.data, "postgres")
        # A pid in a stale file may be somebody else's by now, and then PostgreSQL refuses to start.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        shutil.rmtree(self.directory / "socket", ignore_errors=True)
        leftovers.end(self.directory, "initdb")
        for unfinished in self.directory.glob(f"{_NEW}*"):
            leftovers.end(unfinished, "postgres")
            shutil.rmtree(unfinished)

    def _ensure_data(self, identity: Identity, report: Report) -> None:
        self.password()
        version = self.data / "PG_VERSION"
        if not self.data.exists():
            report("creating PostgreSQL's data")
            self._create_data(identity)
        elif not version.exists() or version.read_text().strip() != str(POSTGRESQL_MAJOR):
            raise TenantryError(
                f"the data are not those of PostgreSQL {POSTGRESQL_MAJOR}",
                str(self.data),
                "move them away or delete them",
            )
        hand_over(self.data, identity)

    def _create_data(self, identity: Identity) -> None:
        unfinished = Path(tempfile.mkdtemp(prefix=_NEW, dir=self.directory))
        try:
            hand_over(unfinished, identity)
            command = [*identity.prefix, str(postgresql_bin() / "initdb"), *self._creation(unfinished)]
            run = subprocess.run(
                command, env=_ENVIRONMENT, cwd=self.directory, capture_output=True, text=True, check=False
            )
            if run.returncode != 0:
                reason = next(
                    (line for line in reversed(run.stderr.splitlines()) if "error:" in line or "FATAL" in line), ""
                )
                raise TenantryError(
                    f"PostgreSQL's data cannot be created ({reason or run.stderr[-300:]})",
                    str(self.directory),
                    "mend what it says and start again",
                )
            unfinished.rename(self.data)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _creation(self, folder: Path) -> list[str]:
        return [
            f"--pgdata={folder}",
            f"--username={self.superuser}",
            f"--pwfile={self.password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--data-checksums",
            "--set=dynamic_shared_memory_type=mmap",
            "--no-instructions",
        ]

    def _configure(self) -> None:
        files.replace(self.directory / "pg_hba.conf", _HBA)
        own = "".join(f"{name} = {value}\n" for name, value in self.settings.items())
        files.replace(self.directory / "postgresql.conf", _SETTINGS + own)
        (self.directory / "socket").mkdir(mode=0o700, exist_ok=True)
