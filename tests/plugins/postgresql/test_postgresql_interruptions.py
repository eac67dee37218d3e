"""Killed plugins, killed servers, cancelled updates, replacements."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from infra.sandbox.plugins.postgresql.server import is_passing
from infra.sandbox.plugins.values import Secret
from tests.plugins.client import Object, Refused, cancel, running, without_pg
from tests.plugins.postgresql.harness import MODULE, Database, Engine, engine_for

_TENANTS = 3


def platform(engine: Engine) -> list[tuple[Object, dict[str, Any]]]:
    """Return resources of every kind that depend on nothing but what stands before them."""
    wanted: list[tuple[Object, dict[str, Any]]] = []
    for number in range(_TENANTS):
        name = f"t{number}"
        wanted += [
            (engine("Role", name), {"name": name, "login": True, "password": Secret(f"p{number}")}),
            (engine("Database", name), {"name": name, "connectionLimit": 5, "owner": name}),
            (engine("Schema", name), {"name": "s", "database": name, "owner": name, "ifNotExists": False}),
            (engine("Extension", name), {"name": "vector", "database": name}),
            (engine("Function", name), {"name": "f", "database": name, "schema": "s", "body": "BEGIN END"}),
            (
                engine("Grant", name),
                {"role": name, "database": name, "schema": "s", "objectType": "schema", "privileges": ["USAGE"]},
            ),
            (engine("GrantRole", name), {"role": name, "grantRole": "pg_monitor"}),
            (
                engine("DefaultPrivileges", name),
                {"role": name, "database": name, "owner": name, "objectType": "table", "privileges": ["SELECT"]},
            ),
        ]
    return wanted


def in_order(wanted: list[tuple[Object, dict[str, Any]]], number: int) -> list[tuple[Object, dict[str, Any]]]:
    return wanted[number * 8 : number * 8 + 8]


def build(chain: list[tuple[Object, dict[str, Any]]]) -> list[Object]:
    return [one.create(**news) for one, news in chain]


def tear_down(chain: list[Object]) -> None:
    for one in reversed(chain):
        one.delete()


@pytest.mark.parametrize("delay", [0.02, 0.05, 0.08, 0.12, 0.16, 0.2, 0.3, 0.4, 0.6, 0.9])
def test_creating_again_after_a_kill_completes_everything_and_makes_nothing_twice(
    engine: Engine, database: Database, delay: float
) -> None:
    with engine_for(database) as killed, ThreadPoolExecutor(8) as pool:
        wanted = platform(killed)
        tasks = [pool.submit(build, in_order(wanted, number)) for number in range(_TENANTS)]
        time.sleep(delay)
        os.kill(killed.plugin.process.pid, signal.SIGKILL)
        killed.plugin.process.wait()
        for task in tasks:
            task.exception()
    with ThreadPoolExecutor(8) as pool:  # which shares connections: each costs more than what is asked of it
        wanted = platform(engine)
        chains = list(pool.map(build, [in_order(wanted, number) for number in range(_TENANTS)]))
        made = [one for chain in chains for one in chain]
        assert list(pool.map(Object.refresh, made)) == [set()] * len(made)
        assert [one.changes(**news) for one, news in wanted] == [{}] * len(made)
        assert database.can_log_in("t0", "p0", "t0")
        assert database.value("SELECT count(*) FROM pg_database WHERE datname LIKE 'pulumi:%'") == 0
        list(pool.map(tear_down, chains))
        assert database.value("SELECT count(*) FROM pg_roles WHERE rolname ~ '^t[0-9]'") == 0
        assert database.value("SELECT count(*) FROM pg_database WHERE datname ~ '^t[0-9]'") == 0


def test_a_database_left_half_made_is_made_anew(engine: Engine, database: Database) -> None:
    from infra.sandbox.plugins.postgresql.tags import Tag

    one = engine("Database", "half")
    temporary = Tag.new(one.who["urn"]).temporary_name
    database.run(f'CREATE DATABASE "{temporary}" ALLOW_CONNECTIONS false CONNECTION LIMIT 1')
    one.create(name="half_made")
    assert database.value("SELECT count(*) FROM pg_database WHERE datname LIKE 'pulumi:%'") == 0
    assert one.refresh() == set()
    one.delete()


def test_what_an_interrupted_update_left_is_brought_to_the_wanted_state(engine: Engine, database: Database) -> None:
    engine("Role", "left").create(
        name="left_role", login=True, password=Secret("old"), superuser=True, roles=["pg_monitor"]
    )
    again = engine("Role", "left").create(name="left_role", login=True, password=Secret("new"), connectionLimit=2)
    assert database.can_log_in("left_role", "new")
    assert not database.can_log_in("left_role", "old")
    row = database.run("SELECT rolsuper, rolconnlimit FROM pg_roles WHERE rolname = 'left_role'")
    assert row == [(False, 2)]
    assert again.refresh() == set()
    engine("Database", "left").create(name="left_db", connectionLimit=3)
    again = engine("Database", "left").create(name="left_db", connectionLimit=4, owner="left_role")
    assert database.value("SELECT datconnlimit FROM pg_database WHERE datname = 'left_db'") == 4
    with pytest.raises(Refused, match="an interrupted update left it with another encoding"):
        engine("Database", "left").create(name="left_db", encoding="SQL_ASCII")
    again.delete()


def test_an_object_with_an_automatic_name_is_found_again(engine: Engine, database: Database) -> None:
    for kind in ("Role", "Database", "Schema"):
        first = engine(kind, "auto").create()
        again = engine(kind, "auto").create()
        assert again.id == first.id
        again.delete()
    query = "SELECT count(*) FROM pg_roles, pg_database WHERE rolname LIKE 'auto-%' OR datname LIKE 'auto-%'"
    assert database.value(query) == 0


def test_a_replacement_made_first_keeps_its_object_when_the_old_one_is_deleted(
    engine: Engine, database: Database
) -> None:
    """`pulumi up --replace` creates first, and deletes the old resource with the same name afterwards."""
    for kind, news in (
        ("Role", {"name": "replaced"}),
        ("Database", {"name": "replaced"}),
        ("Schema", {"name": "replaced"}),
        ("Function", {"name": "replaced", "body": "BEGIN END"}),
    ):
        old = engine(kind, "replaced").create(**news)
        new = engine(kind, "replaced").create(**news)
        old.delete()
        assert new.refresh() == set(), kind
        new.delete()
        assert new.refresh() == {"gone"}, kind


def test_work_survives_a_crash_of_the_server(own_database: Database) -> None:
    with engine_for(own_database) as engine, ThreadPoolExecutor(32) as pool:
        engine("Role", "first").create(name="first")
        tasks = [
            pool.submit(engine("Role", f"r{number}").create, name=f"r{number}", login=True, password=Secret("p"))
            for number in range(300)
        ]
        time.sleep(0.2)
        own_database.crash()
        time.sleep(1)
        restart = threading.Thread(target=own_database.restart)
        restart.start()
        made = [task.result(timeout=90) for task in tasks]
        restart.join()
        assert set(map(frozenset, pool.map(Object.refresh, made))) == {frozenset()}
    assert own_database.value("SELECT count(*) FROM pg_roles WHERE rolname ~ '^r[0-9]+$'") == 300


def test_a_server_that_never_answers_is_named_after_a_while() -> None:
    with running(MODULE, without_pg(os.environ)) as plugin:
        plugin.configure(host="127.0.0.1", port=1, password=Secret("canary"))
        started = time.monotonic()
        with pytest.raises(Refused) as refusal:
            Engine(plugin)("Role", "r").create(name="r")
        assert 10 < time.monotonic() - started < 40
    message = str(refusal.value)
    assert message.startswith("role r: PostgreSQL at 127.0.0.1:1 could not be reached for")
    assert "refused" in message
    assert "canary" not in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"password": "wrong"}, "password authentication failed"),
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
        ({"username": "nobody"}, "password authentication failed"),
    ],
)
def test_a_refused_connection_is_told_at_once(database: Database, config: dict[str, str], words: str) -> None:
    with engine_for(database, **config) as engine:
        started = time.monotonic()
        with pytest.raises(Refused, match=words):
            engine("Role", "r").create(name="r")
        assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("text", "passing"),
    [
        ("FATAL:  terminating connection due to unexpected postmaster exit", True),
        ("FATAL:  terminating connection due to administrator command", True),
        ("FATAL:  the database system is starting up", True),
        ("FATAL:  the database system is not yet accepting connections", True),
        ("FATAL:  sorry, too many clients already", True),
        ("Connection refused", True),
        ("server closed the connection unexpectedly", True),
        ('FATAL:  password authentication failed for user "tenantry"', False),
        ('FATAL:  database "nowhere" does not exist', False),
        ("SSL error: certificate verify failed", False),
    ],
)
def test_a_connection_that_a_stopping_or_starting_server_refuses_is_tried_again(text: str, passing: bool) -> None:
    refused = psycopg.OperationalError(
        f'connection failed: connection to server at "127.0.0.1", port 5432 failed: {text}'
    )
    assert is_passing(refused) is passing


@pytest.mark.parametrize("connections", ["1", "3"])
def test_64_requests_wait_for_few_connections(database: Database, connections: str) -> None:
    with engine_for(database, maxConnections=connections) as engine, ThreadPoolExecutor(64) as pool:
        made = list(pool.map(lambda number: engine("Role", f"q{number}").create(name=f"q{number}"), range(64)))
        list(pool.map(Object.delete, made))
    assert database.value("SELECT count(*) FROM pg_roles WHERE rolname ~ '^q[0-9]+$'") == 0


def test_a_cancelled_request_ends_soon_and_leaves_nothing(database: Database) -> None:
    with engine_for(database) as engine, ThreadPoolExecutor(1) as pool, database.connect() as session:
        engine("Role", "held").create(name="held_role")
        session.autocommit = False
        session.execute("ALTER ROLE held_role CONNECTION LIMIT 3")
        task = pool.submit(engine("Role", "held").create, name="held_role", connectionLimit=9)
        time.sleep(0.5)
        started = time.monotonic()
        cancel(engine.plugin)
        with pytest.raises(Refused, match="cancel"):
            task.result(timeout=10)
        assert time.monotonic() - started < 5
        session.rollback()


def test_the_plugin_ends_quietly_while_it_waits_for_a_lock(database: Database) -> None:
    with engine_for(database) as engine, ThreadPoolExecutor(4) as pool, database.connect() as session:
        engine("Role", "locked").create(name="locked_role")
        session.autocommit = False
        session.execute("ALTER ROLE locked_role CONNECTION LIMIT 3")
        tasks = [pool.submit(engine("Role", "locked").create, name="locked_role", connectionLimit=9) for _ in range(4)]
        time.sleep(0.5)
        assert engine.plugin.stop(timeout=10) == (0, "", "")
        for task in tasks:
            assert task.exception() is not None
