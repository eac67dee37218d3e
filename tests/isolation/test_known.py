"""What tenants of one server, one database or one login do share: PostgreSQL cannot hide it, and the README says so.

Each of these is a success of its own kind, and no count of failed attempts holds it. When one of these tests fails, a
limit is gone: then it is an attack, and belongs to `catalogue`.
"""

from collections.abc import Iterator

import pytest

from tests.isolation import plain
from tests.isolation.fleet import Connection
from tests.isolation.model import DATABASE, POOL, SCHEMA, Tenant
from tests.isolation.runner import Runner, everybody
from tests.plugins.postgresql.harness import Database


@pytest.fixture(scope="module")
def known(server: Database) -> Runner:
    """Two tenants of each isolation."""
    fleet = plain.make(server, "known")
    return Runner(fleet, fleet.stock(rows=1))


def two(known: Runner, attacker: str, target: str) -> tuple[Tenant, Tenant]:
    """Return a tenant of each of these isolations."""
    return everybody(known.fleet.tenants, (attacker, target))[0]


@pytest.fixture
def pooled(known: Runner) -> Iterator[Connection]:
    """A connection of the services' login, which serves one tenant after another."""
    attacker, _target = two(known, POOL, POOL)
    with known.fleet.connect(attacker) as connection:
        yield connection


def test_names_of_databases_and_roles_are_seen_on_the_whole_server(known: Runner) -> None:
    attacker, target = two(known, SCHEMA, DATABASE)
    with known.fleet.connect(attacker) as connection:
        assert connection.execute("SELECT FROM pg_database WHERE datname = %s", [target.database]).rowcount == 1
        assert connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [target.role]).rowcount == 1


def test_names_of_tables_and_their_sizes_are_seen_within_a_database(known: Runner) -> None:
    attacker, target = two(known, SCHEMA, SCHEMA)
    size = "SELECT pg_relation_size(c.oid) FROM pg_class c WHERE relnamespace = %s::regnamespace AND relname = 'later'"
    with known.fleet.connect(attacker) as connection:
        assert (connection.execute(size, [target.schema]).fetchone() or (0,))[0] > 0


def test_the_source_of_functions_is_seen_within_a_database(known: Runner) -> None:
    attacker, target = two(known, SCHEMA, SCHEMA)
    with known.fleet.connect(attacker) as connection:
        source = "SELECT prosrc FROM pg_proc WHERE pronamespace = %s::regnamespace AND proname = 'notes'"
        assert "SELECT string_agg" in str(connection.execute(source, [target.schema]).fetchone())


def test_notifications_are_heard_within_a_database(known: Runner) -> None:
    attacker, target = two(known, SCHEMA, SCHEMA)
    with known.fleet.connect(attacker) as connection, known.fleet.connect(target) as other:
        connection.execute("LISTEN orders")
        other.execute("SELECT pg_notify('orders', 'content')")
        (heard,) = connection.notifies(timeout=10, stop_after=1)
    assert heard.payload == "content"


def test_advisory_locks_are_one_space_within_a_database(known: Runner) -> None:
    attacker, target = two(known, SCHEMA, SCHEMA)
    with known.fleet.connect(attacker) as connection, known.fleet.connect(target) as other:
        connection.execute("SELECT pg_advisory_lock(7)")
        assert other.execute("SELECT pg_try_advisory_lock(7)").fetchone() == (False,)


def test_a_tenant_can_take_off_its_own_time_limit(known: Runner) -> None:
    attacker, _target = two(known, SCHEMA, SCHEMA)
    with known.fleet.connect(attacker) as connection:
        connection.execute("SET statement_timeout = 0")
        assert connection.execute("SHOW statement_timeout").fetchone() == ("0",)


def test_large_objects_of_the_pool_are_all_tenants(known: Runner, pooled: Connection) -> None:
    attacker, target = two(known, POOL, POOL)
    with pooled.transaction():
        pooled.execute("SELECT set_config('app.current_tenant_id', %s, true)", [target.slug])
        (made,) = pooled.execute("SELECT lo_from_bytea(0, 'content')").fetchone() or (0,)
    with pooled.transaction():
        pooled.execute("SELECT set_config('app.current_tenant_id', %s, true)", [attacker.slug])
        assert pooled.execute("SELECT lo_get(%s)", [made]).fetchone() == (b"content",)


def test_a_cursor_that_is_held_outlives_the_tenant_of_its_transaction(known: Runner, pooled: Connection) -> None:
    attacker, target = two(known, POOL, POOL)
    with pooled.transaction():
        pooled.execute("SELECT set_config('app.current_tenant_id', %s, true)", [target.slug])
        pooled.execute("DECLARE held CURSOR WITH HOLD FOR SELECT name FROM pool.customers")
    with pooled.transaction():
        pooled.execute("SELECT set_config('app.current_tenant_id', %s, true)", [attacker.slug])
        assert pooled.execute("FETCH ALL FROM held").fetchall() == [(known.facts[target.slug].secrets[0],)]


def test_statements_of_the_pool_are_seen_by_its_own_login(known: Runner, pooled: Connection) -> None:
    _attacker, target = two(known, POOL, POOL)
    with known.fleet.connect(target) as other:
        other.execute("SELECT 'a text in a statement'")
        seen = pooled.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [other.info.backend_pid]).fetchone()
    assert seen == ("SELECT 'a text in a statement'",)


def test_a_plan_of_the_pool_tells_how_many_rows_were_left_out(known: Runner, pooled: Connection) -> None:
    attacker, _target = two(known, POOL, POOL)
    with pooled.transaction():
        pooled.execute("SELECT set_config('app.current_tenant_id', %s, true)", [attacker.slug])
        pooled.execute("SET LOCAL enable_indexscan = off")
        pooled.execute("SET LOCAL enable_bitmapscan = off")
        plan = pooled.execute("EXPLAIN (ANALYZE, COSTS OFF) SELECT FROM pool.customers").fetchall()
    assert any("Rows Removed by Filter: 1" in line for (line,) in plan)


def test_the_services_login_may_set_any_tenant(known: Runner, pooled: Connection) -> None:
    _attacker, target = two(known, POOL, POOL)
    with pooled.transaction():
        pooled.execute("SELECT set_config('app.current_tenant_id', %s, true)", [target.slug])
        assert pooled.execute("SELECT FROM pool.customers").rowcount == 1
