"""The guard of the pool's rows, on a real server."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import errors

from infra.tenant_guard import statements
from tests.tenancy.pool import Pool, act_as

_NEW_CATEGORY = "INSERT INTO pool.categories (tenant_id, slug, name) VALUES (%s, %s, 'a new one')"
_TABLE = "CREATE TABLE pool.notes (tenant_id text NOT NULL, id int, note text, PRIMARY KEY (tenant_id, id))"


def tenants_seen(pool: Pool, role: str, tenant: str | None, table: str = "products") -> set[str]:
    with pool.connect(role) as connection:
        if tenant is not None:
            act_as(connection, tenant)
        return {row[0] for row in connection.execute(f"SELECT tenant_id FROM pool.{table}".encode())}


def leaks(pool: Pool) -> set[str]:
    """Return what got through of what nobody may do; rolled back."""
    attempts: dict[str, Callable[[psycopg.Connection[Any]], bool]] = {
        "another's rows": lambda it: it.execute("SELECT 1 FROM products WHERE tenant_id <> 'a-shop'").rowcount > 0,
        "changing another's": lambda it: it.execute("UPDATE orders SET note = ''").rowcount > 20,
        "removing another's": lambda it: it.execute("DELETE FROM cart_items").rowcount > 20,
        "writing as another": lambda it: it.execute(_NEW_CATEGORY, ["b-shop", "new"]).rowcount > 0,
        "giving away": lambda it: it.execute("UPDATE addresses SET tenant_id = 'b-shop'").rowcount > 0,
    }
    through = set()
    for role in (pool.app, pool.migrator):
        for name, attempt in attempts.items():
            with pool.connect(role) as connection:
                connection.execute("SET CONSTRAINTS ALL DEFERRED")
                act_as(connection, "a-shop")
                try:
                    if attempt(connection):
                        through.add(name)
                except (errors.InsufficientPrivilege, errors.ForeignKeyViolation):
                    pass  # refused
                connection.rollback()
        if tenants_seen(pool, role, None):
            through.add("rows without a tenant")
    return through


def test_a_session_without_a_tenant_sees_nothing_and_writes_nothing_not_even_the_owners(shared_pool: Pool) -> None:
    for role in (shared_pool.app, shared_pool.migrator):
        assert tenants_seen(shared_pool, role, None) == tenants_seen(shared_pool, role, "") == set()
        for tenant in ("a-shop", None):
            with (
                shared_pool.connect(role) as connection,
                pytest.raises((errors.InsufficientPrivilege, errors.NotNullViolation)),
            ):
                connection.execute(_NEW_CATEGORY, [tenant, "new"])


def test_a_tenant_sees_its_own_rows_until_its_transaction_ends(shared_pool: Pool) -> None:
    with shared_pool.connect(shared_pool.app) as connection:
        act_as(connection, "a-shop")
        seen = connection.execute("SELECT DISTINCT tenant_id, pool.current_tenant() FROM products").fetchall()
        assert seen == [("a-shop", "a-shop")]
        connection.commit()
        assert connection.execute("SELECT tenant_id FROM products").fetchall() == []
        assert connection.execute("SELECT pool.current_tenant()").fetchone() == (None,)


def test_nobody_reaches_another_tenants_rows(shared_pool: Pool) -> None:
    assert leaks(shared_pool) == set()


@pytest.mark.parametrize(
    ("broken", "leaking"),
    [
        ("ALTER TABLE pool.products DISABLE ROW LEVEL SECURITY", "another's rows"),
        ("ALTER TABLE pool.products NO FORCE ROW LEVEL SECURITY", "rows without a tenant"),
        ("ALTER POLICY tenant_isolation ON pool.orders USING (true) WITH CHECK (true)", "changing another's"),
        ("DROP POLICY tenant_isolation ON pool.cart_items", "removing another's"),
        ("ALTER POLICY tenant_isolation ON pool.addresses WITH CHECK (true)", "giving away"),
        ("ALTER POLICY tenant_isolation ON pool.categories WITH CHECK (true)", "writing as another"),
    ],
)
def test_a_broken_policy_is_noticed(pool: Pool, broken: str, leaking: str) -> None:
    pool.install()
    for slug in ("a-shop", "b-shop"):
        pool.fill(slug)
    assert leaks(pool) == set()
    if "addresses" in broken:  # whose keys refer to the tenant's customers would refuse it for another reason
        pool.server.run("ALTER TABLE pool.addresses DROP CONSTRAINT addresses_tenant_id_customer_id_fkey", pool.name)
    pool.server.run(broken, pool.name)
    assert leaking in leaks(pool)


def test_no_policy_added_later_widens_what_is_seen(pool: Pool) -> None:
    pool.install()
    for slug in ("a-shop", "b-shop"):
        pool.fill(slug)
    pool.server.run("CREATE POLICY everything ON pool.products USING (true) WITH CHECK (true)", pool.name)
    assert tenants_seen(pool, pool.app, "a-shop") == {"a-shop"}
    assert tenants_seen(pool, pool.app, None) == set()


def test_tables_whose_guard_is_dropped_show_nothing(pool: Pool) -> None:
    pool.install()
    pool.fill("a-shop")
    pool.server.run("DROP FUNCTION pool.current_tenant CASCADE", pool.name)
    assert tenants_seen(pool, pool.app, "a-shop") == tenants_seen(pool, pool.migrator, "a-shop") == set()


def test_the_tenant_is_asked_once_a_statement_and_an_index_that_begins_with_it_is_used(pool: Pool) -> None:
    pool.install()
    pool.server.run(f"ALTER DATABASE {pool.name} SET track_functions = 'pl'")
    for number in range(8):
        pool.fill(f"shop-{number}", rows=300)
    pool.server.run("ANALYZE", pool.name)
    with pool.connect(pool.app) as connection:
        act_as(connection, "shop-3")
        explained = connection.execute("EXPLAIN SELECT * FROM products WHERE sku = 'SKU-7'").fetchall()
        plan = "\n".join(line for (line,) in explained)
        assert "InitPlan" in plan
        assert "Index Scan using products_sku on products" in plan
        assert "Index Cond: ((tenant_id = (InitPlan" in plan
        assert connection.execute("SELECT count(*) FROM products").fetchone() == (300,)
        calls = "SELECT calls FROM pg_stat_xact_user_functions WHERE funcname = 'current_tenant'"
        assert connection.execute(calls).fetchone() == (2,)  # one of each policy, for 300 rows


def test_names_and_operators_of_a_hostile_search_path_are_not_taken(pool: Pool) -> None:
    pool.install()
    for slug in ("a-shop", "b-shop"):
        pool.fill(slug)
    hostile = f"""
        CREATE SCHEMA hostile AUTHORIZATION {pool.app};
        SET ROLE {pool.app};
        CREATE FUNCTION hostile.always(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
        CREATE OPERATOR hostile.= (FUNCTION = hostile.always, LEFTARG = text, RIGHTARG = text);
        CREATE FUNCTION hostile.current_setting(text, boolean) RETURNS text LANGUAGE sql AS $$SELECT 'b-shop'$$;
        CREATE FUNCTION hostile.current_tenant() RETURNS text LANGUAGE sql AS $$SELECT 'b-shop'$$;
    """
    pool.server.run(hostile, pool.name)
    with pool.connect(pool.app) as connection:
        connection.execute("SET search_path = hostile, pool, pg_catalog")
        act_as(connection, "a-shop")
        assert connection.execute("SELECT DISTINCT tenant_id FROM products").fetchall() == [("a-shop",)]


def test_a_closed_tenants_rows_are_gone_for_services_and_there_for_the_owner(pool: Pool) -> None:
    pool.install()
    for slug in ("a-shop", "b-shop"):
        pool.fill(slug)
    with pool.connect(pool.migrator) as connection:
        connection.execute("CREATE TABLE pool.closed_tenants (tenant_id text PRIMARY KEY)")
        connection.execute("INSERT INTO pool.closed_tenants VALUES ('a-shop')")
    assert tenants_seen(pool, pool.app, "a-shop") == set()
    assert tenants_seen(pool, pool.app, "b-shop") == {"b-shop"}
    assert tenants_seen(pool, pool.migrator, "a-shop") == {"a-shop"}
    with pool.connect(pool.app) as connection:
        act_as(connection, "a-shop")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(_NEW_CATEGORY, ["a-shop", "new"])


def test_foreign_keys_reach_no_other_tenants_rows(shared_pool: Pool) -> None:
    with shared_pool.connect(shared_pool.app) as connection:
        act_as(connection, "b-shop")
        row = connection.execute("SELECT id FROM customers LIMIT 1").fetchone()
        act_as(connection, "a-shop")
        with pytest.raises(errors.ForeignKeyViolation):
            connection.execute("INSERT INTO carts (customer_id) VALUES (%s)", row)


def test_what_one_tenant_has_is_not_told_by_what_another_may_not_insert(shared_pool: Pool) -> None:
    with shared_pool.connect(shared_pool.app) as connection:
        act_as(connection, "b-shop")
        row = connection.execute("SELECT id, sku, category_id FROM products LIMIT 1").fetchone()
        assert row is not None
        act_as(connection, "c-shop")
        connection.execute("INSERT INTO categories (id, slug, name) VALUES (%s, 'x', 'x')", [row[2]])
        inserted = connection.execute(
            "INSERT INTO products (id, sku, category_id, name, price) VALUES (%s, %s, %s, '', 1)", row
        )
        assert inserted.rowcount == 1
        connection.rollback()


def test_only_the_owner_truncates(shared_pool: Pool) -> None:
    with shared_pool.connect(shared_pool.app) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute("TRUNCATE products CASCADE")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("CREATE TABLE pool.bare (id int PRIMARY KEY)", "bare has no column tenant_id of type text"),
        ("CREATE TABLE pool.bare (tenant_id int PRIMARY KEY)", "bare has no column tenant_id of type text"),
        (
            "ALTER TABLE pool.notes ADD UNIQUE (id); "
            "CREATE TABLE pool.bare (tenant_id text NOT NULL, note int REFERENCES pool.notes (id))",
            "foreign key bare_note_fkey of bare looks past",
        ),
        (
            "CREATE TABLE pool.bare (tenant_id text NOT NULL); GRANT TRUNCATE ON pool.bare TO PUBLIC",
            "TRUNCATE on bare is granted to another role",
        ),
    ],
)
def test_a_table_that_cannot_be_guarded_is_refused(pool: Pool, wrong: str, told: str) -> None:
    with pool.connect(pool.migrator) as connection:
        connection.execute(_TABLE)
        connection.execute(wrong.encode())
        with pytest.raises(errors.RaiseException, match=told):
            connection.execute("SELECT pool.isolate_tenants('pool.bare')")


def test_a_unique_index_without_the_tenant_is_warned_of(pool: Pool) -> None:
    with pool.connect(pool.migrator) as connection:
        told: list[str] = []
        connection.add_notice_handler(lambda notice: told.append(notice.message_primary or ""))
        connection.execute(_TABLE)
        connection.execute("SELECT pool.isolate_tenants('pool.notes')")
        assert told == []
        connection.execute("CREATE UNIQUE INDEX notes_note ON pool.notes (note)")
        connection.execute("SELECT pool.isolate_tenants('pool.notes')")
    assert told == ["unique index notes_note is without tenant_id: who is refused a value learns that another has it"]


def test_partitions_are_guarded_with_their_table(pool: Pool) -> None:
    with pool.connect(pool.migrator) as connection:
        connection.execute("CREATE TABLE pool.events (tenant_id text NOT NULL, year int) PARTITION BY LIST (year)")
        connection.execute("CREATE TABLE pool.events_2026 PARTITION OF pool.events FOR VALUES IN (2026)")
        connection.execute("INSERT INTO pool.events VALUES ('a-shop', 2026), ('b-shop', 2026)")
        connection.execute("SELECT pool.isolate_tenants('pool.events')")
    for table in ("events", "events_2026"):
        assert tenants_seen(pool, pool.app, "a-shop", table) == {"a-shop"}
        assert tenants_seen(pool, pool.app, None, table) == set()


def test_a_table_is_guarded_again_with_the_same_result(pool: Pool) -> None:
    with pool.connect(pool.migrator) as connection:
        connection.execute(_TABLE)
        for _ in range(2):
            connection.execute("SELECT pool.isolate_tenants('pool.notes')")
        policies = connection.execute("SELECT policyname, permissive FROM pg_policies ORDER BY 1").fetchall()
    assert policies == [("tenant_access", "PERMISSIVE"), ("tenant_isolation", "RESTRICTIVE")]


def test_the_functions_run_as_whoever_calls_them(pool: Pool) -> None:
    for statement in statements():  # made again over themselves
        pool.server.run(statement, pool.name)
    query = "SELECT proname, prosecdef, provolatile FROM pg_proc WHERE pronamespace = 'pool'::regnamespace ORDER BY 1"
    assert pool.server.run(query, pool.name) == [("current_tenant", False, "s"), ("isolate_tenants", False, "v")]
