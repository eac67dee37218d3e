"""Servers after something went wrong: killed, frozen, forgotten, half-made, out of space, in somebody's way."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from infra.errors import TenantryError
from infra.sandbox.addresses import free_block
from infra.sandbox.instance import Status
from infra.sandbox.servers import leftovers
from infra.sandbox.servers.postgresql import PostgreSQL
from infra.sandbox.servers.proxy import TLSProxy
from infra.sandbox.servers.valkey import Valkey
from infra.sandbox.waiting import wait_until
from tests.sandbox.servers.harness import TestInstance, client, connect, family, quiet


@pytest.fixture(scope="module")
def instance(make_instance: Callable[[str], TestInstance]) -> TestInstance:
    """An instance for many tests, as making data costs as much as six starts."""
    return make_instance("test-servers-recovery")


@pytest.fixture
def kept(instance: TestInstance) -> Iterator[TestInstance]:
    """The instance for many tests, stopped before and after each, maybe with data."""
    yield instance
    PostgreSQL(instance).stop()
    Valkey(instance).stop()
    assert family(instance) == []


def _with_a_row(instance: TestInstance) -> PostgreSQL:
    postgresql = PostgreSQL(instance)
    postgresql.start(quiet)
    with connect(postgresql) as connection:
        connection.execute("drop table if exists kept")
        connection.execute("create table kept as select 42 as answer")
    return postgresql


def _row(postgresql: PostgreSQL) -> int:
    with connect(postgresql) as connection:
        [answer] = connection.execute("select answer from kept").fetchone() or [None]
    assert isinstance(answer, int)
    return answer


def _pid(instance: TestInstance, name: str) -> int:
    process = instance.daemon(name).process()
    assert process is not None
    return process.pid


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=10)


def test_a_stopped_server_starts_again_with_its_data_and_password(kept: TestInstance) -> None:
    postgresql = _with_a_row(kept)
    before = postgresql.environment()
    postgresql.stop()
    postgresql.stop()
    assert family(kept) == []
    assert not postgresql.cluster.socket.parent.exists()
    assert [row.running for row in postgresql.status()] == [False, False]
    postgresql.start(quiet)
    assert postgresql.environment() == before
    assert _row(postgresql) == 42


def test_a_second_start_does_nothing(kept: TestInstance) -> None:
    postgresql = _with_a_row(kept)
    before = [_pid(kept, "postgresql"), _pid(kept, "tls-proxy")]
    said: list[str] = []
    postgresql.start(said.append)
    assert [_pid(kept, "postgresql"), _pid(kept, "tls-proxy")] == before
    assert said == []


def test_two_starts_at_once_make_one_server(own: TestInstance) -> None:
    failures: list[TenantryError] = []

    def start(service: PostgreSQL | Valkey) -> None:
        try:
            service.start(quiet)
        except TenantryError as error:
            failures.append(error)

    services = [PostgreSQL(own), Valkey(own), PostgreSQL(own), Valkey(own)]
    threads = [threading.Thread(target=start, args=[service]) for service in services]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(leftovers.processes(own.directory / "valkey" / "data", "valkey-server")) == 1
    assert PostgreSQL(own).status()[0].healthy
    assert Valkey(own).status()[0].healthy


@pytest.mark.parametrize("whom", ["the server", "everything"])
def test_a_killed_server_recovers_with_its_data(kept: TestInstance, whom: str) -> None:
    postgresql = _with_a_row(kept)
    _kill(family(kept) if whom == "everything" else [psutil.Process(_pid(kept, "postgresql"))])
    postgresql.start(quiet)
    assert _row(postgresql) == 42


@pytest.mark.usefixtures("impatient")
def test_busy_children_of_a_killed_server_are_ended_before_the_next_one_starts(kept: TestInstance) -> None:
    postgresql = _with_a_row(kept)
    connection = connect(postgresql)
    backend = connection.info.backend_pid
    # A frozen orphan does not notice that its parent is gone.
    connection.pgconn.send_query(b"select count(*) from generate_series(1, 10000000000) a")
    connection.pgconn.flush()
    os.kill(backend, signal.SIGSTOP)
    _kill([psutil.Process(_pid(kept, "postgresql"))])
    assert psutil.pid_exists(backend)
    postgresql.start(quiet)
    connection.close()
    assert not psutil.pid_exists(backend)
    assert _row(postgresql) == 42


def test_a_stale_pid_file_that_names_a_living_stranger_does_not_matter(kept: TestInstance) -> None:
    postgresql = _with_a_row(kept)
    pid_file = postgresql.cluster.data / "postmaster.pid"
    record = pid_file.read_text()
    _kill(family(kept))
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        pid_file.write_text("\n".join([str(stranger.pid), *record.splitlines()[1:]]) + "\n")
        lock = postgresql.cluster.socket.with_name(".s.PGSQL.5432.lock")
        lock.write_text(f"{stranger.pid}\n")
        postgresql.start(quiet)
        assert _row(postgresql) == 42
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_server_whose_pid_file_was_deleted_is_found_and_stopped(kept: TestInstance) -> None:
    postgresql, valkey = _with_a_row(kept), Valkey(kept)
    valkey.start(quiet)
    forgotten = [_pid(kept, "postgresql"), _pid(kept, "valkey")]
    for name in ("postgresql", "valkey"):
        (kept.directory / "run" / f"{name}.pid").unlink()
    postgresql.start(quiet)
    valkey.stop()
    assert not [pid for pid in forgotten if psutil.pid_exists(pid)]
    assert _row(postgresql) == 42


@pytest.mark.usefixtures("impatient")
def test_a_frozen_server_is_seen_and_replaced(kept: TestInstance) -> None:
    postgresql = _with_a_row(kept)
    os.kill(_pid(kept, "postgresql"), signal.SIGSTOP)
    assert postgresql.status()[0] == Status(
        "postgresql", f"{kept.addresses.postgresql}:5432", running=True, healthy=False, detail="no answer"
    )
    postgresql.start(quiet)
    assert _row(postgresql) == 42


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.usefixtures("impatient")
def test_a_killed_or_frozen_proxy_is_replaced_and_the_server_stays(kept: TestInstance, number: signal.Signals) -> None:
    postgresql = _with_a_row(kept)
    server = _pid(kept, "postgresql")
    os.kill(_pid(kept, "tls-proxy"), number)
    postgresql.start(quiet)
    assert _pid(kept, "postgresql") == server
    assert _row(postgresql) == 42


START = """
import pathlib, resource, sys
from infra.errors import TenantryError
from infra.sandbox.addresses import AddressBlock
from infra.sandbox.servers.postgresql import PostgreSQL
from tests.sandbox.servers.harness import TestInstance, quiet
limit = int(sys.argv[4])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    PostgreSQL(TestInstance(sys.argv[1], AddressBlock(sys.argv[2]), pathlib.Path(sys.argv[3]))).start(quiet)
except TenantryError as error:
    print(error)
"""


def _start_elsewhere(instance: TestInstance, largest_file: int = -1) -> subprocess.Popen[str]:
    arguments = [instance.name, instance.addresses.prefix, str(instance.root), str(largest_file)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-c", START, *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def test_a_creation_that_was_killed_leaves_nothing_in_the_way(own: TestInstance) -> None:
    folder = own.directory / "postgresql"
    starting = _start_elsewhere(own)
    wait_until(lambda: any(folder.glob("data.new-*/base")), seconds=30, every=0.005, what="-", where="-", remedy="-")
    starting.kill()
    starting.communicate()
    assert not (folder / "data").exists()
    postgresql = PostgreSQL(own)
    postgresql.start(quiet)
    assert not list(folder.glob("data.new-*"))
    assert postgresql.status()[0].healthy


def test_a_disk_that_takes_no_more_is_one_clear_line_and_leaves_nothing(own: TestInstance) -> None:
    told, _ = _start_elsewhere(own, largest_file=100_000).communicate(timeout=60)
    assert told.startswith("PostgreSQL's data cannot be created (")
    assert "could not" in told
    assert told.count("\n") == 1
    assert {path.name for path in (own.directory / "postgresql").iterdir()} == {"password"}
    PostgreSQL(own).start(quiet)
    assert PostgreSQL(own).status()[0].healthy


def test_a_lost_password_is_one_clear_line(kept: TestInstance) -> None:
    postgresql = _with_a_row(kept)
    postgresql.stop()
    password = kept.directory / "postgresql" / "password"
    aside = password.rename(password.with_name("aside"))
    for attempt in (lambda: postgresql.start(quiet), postgresql.environment):
        with pytest.raises(TenantryError, match="the password of PostgreSQL's data is lost"):
            attempt()
    aside.rename(password)


def test_data_of_another_version_are_one_clear_line(kept: TestInstance) -> None:
    postgresql = _with_a_row(kept)
    postgresql.stop()
    version = postgresql.cluster.data / "PG_VERSION"
    version.write_text("16\n")
    with pytest.raises(TenantryError, match="the data are not those of PostgreSQL 18"):
        postgresql.start(quiet)
    version.write_text("18\n")


def test_an_address_that_someone_else_holds_is_named(kept: TestInstance) -> None:
    address = kept.addresses.postgresql
    with socket.create_server((address, 5432)):
        with pytest.raises(TenantryError, match=rf"taken by .*pid {os.getpid()}.*{address}:5432") as caught:
            PostgreSQL(kept).start(quiet)
        assert "\n" not in str(caught.value)
    PostgreSQL(kept).start(quiet)
    assert PostgreSQL(kept).status()[0].healthy


def test_a_new_certificate_or_address_restarts_the_proxy(kept: TestInstance) -> None:
    postgresql = _with_a_row(kept)
    first = _pid(kept, "tls-proxy")
    (kept.directory / "certificates" / "postgresql.crt").unlink()
    TLSProxy(kept).start(quiet)
    second = _pid(kept, "tls-proxy")
    assert second != first
    elsewhere = free_block("elsewhere", frozenset({kept.addresses.prefix}))
    moved = TestInstance(kept.name, elsewhere, kept.root)
    PostgreSQL(moved).start(quiet)
    assert _pid(kept, "tls-proxy") != second
    assert _row(PostgreSQL(moved)) == 42
    assert postgresql.status()[0].detail == "Connection refused"


def test_the_proxy_stays_as_long_as_one_server_needs_it(kept: TestInstance) -> None:
    postgresql, valkey = PostgreSQL(kept), Valkey(kept)
    postgresql.start(quiet)
    valkey.start(quiet)
    postgresql.stop()
    assert kept.daemon("tls-proxy").is_running()
    assert client(valkey).ping()
    with pytest.raises(psycopg.OperationalError, match="the database system is starting up") as caught:
        connect(postgresql)
    assert caught.value.pgconn is not None
    valkey.stop()
    assert not kept.daemon("tls-proxy").is_running()


def test_a_file_in_the_way_is_one_clear_line(own: TestInstance) -> None:
    own.directory.mkdir(mode=0o700)
    (own.directory / "postgresql").touch()
    with pytest.raises(TenantryError, match="cannot be written") as caught:
        PostgreSQL(own).start(quiet)
    assert "\n" not in str(caught.value)
    (own.directory / "postgresql").unlink()


def test_an_instance_that_was_deleted_while_it_ran_leaves_no_process_behind_after_its_next_stop(
    own: TestInstance,
) -> None:
    postgresql, valkey = PostgreSQL(own), Valkey(own)
    postgresql.start(quiet)
    valkey.start(quiet)
    processes = family(own)
    shutil.rmtree(own.directory / "run")
    shutil.rmtree(own.directory / "postgresql" / "data")
    postgresql.stop()
    valkey.stop()
    alive = [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert [process.name() for process in alive if process.name() != "python"] == []
    for process in alive:
        process.kill()
