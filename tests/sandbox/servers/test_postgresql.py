"""PostgreSQL as its clients see it: TLS always, SCRAM always, and everything a client may do."""

import asyncio
import os
import stat
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest

from infra.sandbox.certificates import CertificateAuthority
from infra.sandbox.instance import Instance
from infra.sandbox.servers.postgresql import PostgreSQL
from infra.sandbox.waiting import wait_until
from tests.sandbox.servers.harness import TestInstance, connect, family, quiet


@pytest.fixture
def postgresql(shared: Instance) -> PostgreSQL:
    return PostgreSQL(shared)


def test_scram_works_with_the_servers_certificate_fully_verified(postgresql: PostgreSQL) -> None:
    with connect(postgresql, require_auth="scram-sha-256") as connection:
        assert connection.execute("select current_user").fetchone() == ("postgres",)
        assert connection.pgconn.ssl_in_use
        assert connection.info.parameter_status("server_version").startswith("18")


def test_the_certificate_holds_the_instances_name_and_not_localhost(postgresql: PostgreSQL) -> None:
    name = f"postgresql.{postgresql.instance.name}.tenantry.internal"
    address = postgresql.instance.addresses.postgresql
    with connect(postgresql, host=name, hostaddr=address) as connection:
        assert connection.pgconn.ssl_in_use
    with pytest.raises(psycopg.OperationalError, match='does not match host name "localhost"'):
        connect(postgresql, host="localhost", hostaddr=address)


def test_a_certificate_of_another_authority_is_refused(postgresql: PostgreSQL, tmp_path: Path) -> None:
    other = CertificateAuthority(tmp_path)
    other.ensure()
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        connect(postgresql, sslrootcert=str(other.certificate))


def test_a_connection_without_tls_is_refused_in_the_words_of_rds(postgresql: PostgreSQL) -> None:
    expected = r'FATAL:  no pg_hba.conf entry for host "127[^"]+", user "postgres", database "postgres", no encryption'
    with pytest.raises(psycopg.OperationalError, match=expected) as caught:
        connect(postgresql, sslmode="disable", sslrootcert="")
    assert postgresql.environment()["PGPASSWORD"] not in str(caught.value)


def test_a_wrong_or_missing_password_is_refused(postgresql: PostgreSQL) -> None:
    with pytest.raises(psycopg.OperationalError, match='password authentication failed for user "postgres"'):
        connect(postgresql, password="wrong")
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        connect(postgresql, password="")


def test_tls_without_asking_for_it_first_works(postgresql: PostgreSQL) -> None:
    with connect(postgresql, sslnegotiation="direct") as connection:
        assert connection.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_both_current_tls_versions_work(postgresql: PostgreSQL, version: str) -> None:
    with connect(postgresql, ssl_min_protocol_version=version, ssl_max_protocol_version=version) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_an_old_tls_version_is_refused(postgresql: PostgreSQL) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"(?i)protocol|unsupported|alert"):
        connect(postgresql, ssl_min_protocol_version="TLSv1.1", ssl_max_protocol_version="TLSv1.1")


@pytest.mark.parametrize("encrypted", [True, False], ids=["over TLS", "the old way, in clear"])
def test_a_query_can_be_cancelled(postgresql: PostgreSQL, encrypted: bool) -> None:
    with connect(postgresql) as connection, ThreadPoolExecutor() as pool:
        running = pool.submit(connection.execute, "select pg_sleep(600)")
        wait_until(lambda: _is_sleeping(postgresql), seconds=20, what="no query runs", where="-", remedy="-")
        cancel = connection.cancel_safe if encrypted else connection.pgconn.get_cancel().cancel
        cancel()
        with pytest.raises(psycopg.errors.QueryCanceled):
            running.result(timeout=60)


def _is_sleeping(postgresql: PostgreSQL) -> bool:
    with connect(postgresql) as connection:
        sleeping = "select exists (select from pg_stat_activity where wait_event = 'PgSleep')"
        return connection.execute(sleeping).fetchone() == (True,)


def test_150_connections_work_at_the_same_time(postgresql: PostgreSQL) -> None:
    environment = postgresql.environment()
    options = (
        f"host={environment['PGHOST']} user=postgres password={environment['PGPASSWORD']} sslmode=verify-full "
        f"sslrootcert='{environment['PGSSLROOTCERT']}' dbname=postgres"
    )

    async def one(number: int, everybody: asyncio.Barrier) -> int:
        async with await psycopg.AsyncConnection.connect(options) as connection:
            await everybody.wait()
            row = await (await connection.execute("select %s::int", [number])).fetchone()
            assert row is not None
            return int(row[0])

    async def all_of_them() -> list[int]:
        everybody = asyncio.Barrier(150)
        return await asyncio.gather(*(one(number, everybody) for number in range(150)))

    assert asyncio.run(all_of_them()) == list(range(150))
    proxy = postgresql.instance.daemon("tls-proxy").process()
    assert proxy is not None
    assert proxy.memory_info().rss < 80 * 2**20


def test_more_connections_than_the_server_takes_are_refused_by_the_server(postgresql: PostgreSQL) -> None:
    held: list[psycopg.Connection[tuple[object, ...]]] = []
    try:
        held += [connect(postgresql) for _ in range(200)]
        with pytest.raises(psycopg.OperationalError, match="too many clients already"):
            connect(postgresql)
        [server, _proxy] = postgresql.status()
        assert (server.running, server.healthy) == (True, False)
        assert "too many clients" in server.detail
    finally:
        for connection in held:
            connection.close()


def test_much_data_passes_both_ways_unchanged(postgresql: PostgreSQL) -> None:
    data = os.urandom(20_000_000)
    with connect(postgresql) as connection:
        [returned] = connection.execute("select %b::bytea", [data]).fetchone() or [None]
    assert returned == data


def test_vector_search_works(postgresql: PostgreSQL) -> None:
    with connect(postgresql) as connection:
        connection.execute("create extension if not exists vector")
        distance = connection.execute("select '[1,2,3]'::vector <-> '[1,2,5]'::vector").fetchone()
    assert distance == (2.0,)


def test_the_data_are_checked_utf8_and_sorted_alike_on_every_machine(postgresql: PostgreSQL) -> None:
    with connect(postgresql) as connection:
        row = connection.execute(
            "select datlocprovider, datlocale, pg_encoding_to_char(encoding), current_setting('data_checksums'),"
            " current_setting('wal_level'), current_setting('max_connections'), upper('ß' || 'é')"
            " from pg_database where datname = 'template1'"
        ).fetchone()
    assert row == ("b", "C.UTF-8", "UTF8", "on", "replica", "200", "ßÉ")


def test_nothing_but_scram_opens_the_servers_own_socket(postgresql: PostgreSQL) -> None:
    rules = (postgresql.cluster.directory / "pg_hba.conf").read_text()
    methods = {line.split()[-1] for line in rules.splitlines() if line and not line.startswith("#")}
    assert methods == {"scram-sha-256"}
    assert stat.S_IMODE(postgresql.cluster.socket.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(postgresql.cluster.socket.stat().st_mode) == 0o700
    # /proc keeps the path within a socket's 107 bytes.
    folder = os.open(postgresql.cluster.socket.parent, os.O_RDONLY)
    try:
        with pytest.raises(psycopg.OperationalError, match=r"no password supplied|password authentication failed"):
            psycopg.connect(host=f"/proc/self/fd/{folder}", user="postgres", password="", dbname="postgres")
    finally:
        os.close(folder)


def test_only_the_proxy_listens_on_tcp(shared: TestInstance) -> None:
    listening = {address for process in family(shared) for address in _listening(process)}
    assert {(ip, port) for _, ip, port in listening} == {
        (shared.addresses.postgresql, 5432),
        (shared.addresses.valkey, 6379),
    }
    assert {name for name, _, _ in listening} == {"python"}


def _listening(process: psutil.Process) -> list[tuple[str, str, int]]:
    """Return name, address and port of what a process listens on: of one that ended meanwhile, nothing."""
    try:
        found = process.net_connections("inet")
        return [(process.name()[:6], *it.laddr) for it in found if it.status == psutil.CONN_LISTEN]
    except psutil.NoSuchProcess:
        return []


def test_alter_system_cannot_open_a_tcp_port(own: TestInstance) -> None:
    postgresql = PostgreSQL(own)
    postgresql.start(quiet)
    with connect(postgresql) as connection:
        connection.execute("alter system set listen_addresses = '*'")
        connection.execute("alter system set port = 5433")
    postgresql.stop()
    postgresql.start(quiet)
    server = postgresql.cluster.daemon.process()
    assert server is not None
    assert server.net_connections("inet") == []
    with connect(postgresql) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)


def test_passwords_reach_no_log_and_no_process_list(own: TestInstance) -> None:
    postgresql = PostgreSQL(own)
    seen: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for process in psutil.Process().children(recursive=True):
                try:
                    seen.append(" ".join([*process.cmdline(), *process.environ().values()]))
                except psutil.Error:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    postgresql.start(quiet)
    done.set()
    watcher.join()
    assert any("initdb" in line for line in seen)
    failing = [
        "alter role nobody_at_all password 'hunter2'",
        "do $$ begin execute 'alter role nobody_at_all password ''hunter2'''; end $$",
        "create role a_role password 'hunter2' valid until 'hunter2'",
        "select 1/0 as hunter2",
    ]
    with connect(postgresql) as connection:
        for statement in failing:
            with pytest.raises(psycopg.Error):
                connection.execute(statement)
        with pytest.raises(psycopg.Error):
            connection.execute("select %s::text::int / 0", ["7"])
        seen += [" ".join(process.cmdline()) for process in family(own)]
    logs = "".join(file.read_text() for file in (own.directory / "logs").iterdir())
    assert 'role "nobody_at_all" does not exist' in logs
    assert "STATEMENT" not in logs
    password = postgresql.environment()["PGPASSWORD"]
    assert not [line for line in [*seen, logs] if password in line]
    without_dates = logs.replace('invalid input syntax for type timestamp with time zone: "hunter2"', "")
    assert "hunter2" not in without_dates


def test_secrets_are_readable_by_their_owner_only(shared: TestInstance) -> None:
    secret = [PostgreSQL(shared).environment()["PGPASSWORD"], *_private_keys(shared)]
    holders = [path for path in shared.directory.rglob("*") if path.is_file() and _holds(path, secret)]
    assert {path.name for path in holders} >= {"password", "postgresql.key", "valkey.key"}
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in holders} == {path.name: 0o600 for path in holders}
    assert stat.S_IMODE((shared.directory / "postgresql").stat().st_mode) == 0o700


def test_psql_and_pg_dump_from_the_wheel_speak_tls(postgresql: PostgreSQL, tmp_path: Path) -> None:
    tools = tmp_path / "bin with a space"
    postgresql.link_tools(tools)
    postgresql.link_tools(tools)
    environment = {"PATH": f"{tools}:/usr/bin:/bin", **postgresql.environment()}

    def run(*command: str) -> str:
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    assert run("psql", "-Atc", r"\conninfo").count("TLSv1.3") == 1
    assert "PostgreSQL database dump" in run("pg_dump")
    assert "accepting connections" in run("pg_isready")
    copy = tmp_path / "copy"
    run("pg_basebackup", "-D", str(copy), "-X", "stream", "-c", "fast")
    assert (copy / "PG_VERSION").read_text() == "18\n"
    assert not list(copy.glob(".s.PGSQL*"))


def test_the_start_needs_nothing_of_the_callers_environment(own: TestInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGPORT": "1", "PGDATA": "/nonexistent", "PGHOST": "nowhere", "LC_ALL": "xx_YY"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-for-servers")
    postgresql = PostgreSQL(own)
    postgresql.start(quiet)
    assert postgresql.status()[0].healthy
    environments = [_environment(process) for process in family(own)]
    assert any("LC_ALL" in environment or "PATH" in environment for environment in environments)
    assert not [environment for environment in environments if "not-for-servers" in environment.values()]


def _environment(process: psutil.Process) -> dict[str, str]:
    """Return the variables of a process: none of one that ended, as a connection's of the health check does."""
    try:
        return process.environ()
    except psutil.NoSuchProcess:  # a zombie's too
        return {}


def _private_keys(instance: Instance) -> list[str]:
    return [path.read_text().splitlines()[1] for path in (instance.directory / "certificates").glob("*.key")]


def _holds(path: Path, secrets: list[str]) -> bool:
    text = path.read_bytes().decode(errors="replace")
    return any(secret in text for secret in secrets)
