"""The sample shop: one source for the pool and for a tenant's own schema."""

import psycopg
import pytest

from infra.tenancy import sample
from tests.plugins.postgresql.harness import Database
from tests.tenancy.pool import Pool, act_as

_INDEXES = """
    SELECT count(*), count(*) FILTER (WHERE indisprimary) FROM pg_index
    WHERE indrelid::regclass::text = ANY (%s)
"""


@pytest.fixture(scope="module")
def own_schema(server: Database) -> str:
    """A database with the sample in the schema `shop`, with rows of `a-shop`."""
    server.run("CREATE DATABASE isolated")
    server.run("CREATE SCHEMA shop", "isolated")
    with server.connect("isolated") as connection:
        assert sample.install(connection, "shop", pool=False)
        sample.fill(connection, "a-shop", schema="shop", rows=20)
    return "isolated"


def test_it_has_9_tables_and_14_indexes_beside_the_primary_keys(shared_pool: Pool) -> None:
    with shared_pool.connect(shared_pool.migrator) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'pool'").fetchall()
        assert sorted(name for (name,) in tables) == sorted(sample.TABLES)
        assert connection.execute(_INDEXES, [list(sample.TABLES)]).fetchone() == (9 + 14, 9)


def test_every_key_and_every_unique_index_of_the_pool_begins_with_the_tenant(shared_pool: Pool) -> None:
    query = """
        SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_attribute a
        ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] WHERE i.indrelid::regclass::text = ANY (%s)
        AND a.attname <> 'tenant_id'
    """
    with shared_pool.connect(shared_pool.migrator) as connection:
        assert connection.execute(query, [list(sample.TABLES)]).fetchall() == []


def test_the_same_rows_are_made_in_the_pool_and_in_a_schema(
    server: Database, shared_pool: Pool, own_schema: str
) -> None:
    columns = "id, name, description, price, tags, attributes, published, updated_at, weight"
    query = f"SELECT {columns} FROM %s.products ORDER BY id"
    alone = server.run(query % "shop", own_schema)
    with shared_pool.connect(shared_pool.app) as connection:
        act_as(connection, "a-shop")
        assert connection.execute((query % "pool").encode()).fetchall() == alone
    assert len(alone) == 20


def test_every_table_has_rows_of_every_kind_of_value(shared_pool: Pool) -> None:
    with shared_pool.connect(shared_pool.app) as connection:
        act_as(connection, "b-shop")
        counts = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone() for name in sample.TABLES}
        usual = dict.fromkeys(sample.TABLES, (20,))
        assert counts == {**usual, "categories": (1,), "order_items": (40,)}
        row = connection.execute(
            "SELECT count(weight), count(DISTINCT description), bool_or(tags = '{}') FROM products"
        )
        assert row.fetchone() == (14, 2, True)
        lengths = connection.execute("SELECT DISTINCT length(content) FROM product_images")
        assert lengths.fetchall() == [(256,)]


def test_it_is_installed_once(pool: Pool) -> None:
    assert pool.install()
    pool.fill("a-shop")
    assert not pool.install()
    with pool.connect(pool.app) as connection:
        act_as(connection, "a-shop")
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (20,)


def test_filling_twice_is_refused_and_changes_nothing(pool: Pool) -> None:
    pool.install()
    pool.fill("a-shop", rows=5)
    with pytest.raises(psycopg.errors.UniqueViolation):
        pool.fill("a-shop", rows=9, seed=1)
    with pool.connect(pool.app) as connection:
        act_as(connection, "a-shop")
        assert connection.execute("SELECT count(*) FROM products").fetchone() == (5,)


def test_many_rows_are_made_in_batches(pool: Pool) -> None:
    pool.install()
    pool.fill("a-shop", rows=4500, image_bytes=16)
    with pool.connect(pool.app) as connection:
        act_as(connection, "a-shop")
        counted = connection.execute("SELECT count(*), count(DISTINCT category_id), count(DISTINCT id) FROM products")
        assert counted.fetchone() == (4500, 90, 4500)
