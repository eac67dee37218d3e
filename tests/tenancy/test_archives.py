"""Export, deletion and import of a tenant's rows, for all isolations, on a real PostgreSQL."""

import re
import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.errors import TenantryError
from infra.paths import PROJECT_ROOT
from infra.sandbox.waiting import wait_until
from infra.tenancy import sample
from infra.tenancy.archives.exporting import export
from infra.tenancy.archives.manifest import CHUNK, Isolation
from infra.tenancy.archives.session import session
from tests.tenancy.archive_files import members
from tests.tenancy.pool import Pool
from tests.tenancy.rows import Home, exported, imported, pooled

ISOLATIONS: tuple[Isolation, ...] = ("pool", "schema", "database")


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_export_deletion_and_import_give_the_same_rows_and_the_same_archive(
    homes: dict[str, Home], isolation: str, tmp_path: Path
) -> None:
    home, neighbour = homes[isolation], pooled(Pool(homes["pool"].server, "archives"), "neighbour")
    home.fill()
    before, others = home.content(), neighbour.content()
    done = exported(home, tmp_path / "first.zip")
    assert {table.name: table.rows for table in done.tables} == {name: len(rows) for name, rows in before.items()}
    home.empty()
    assert not any(home.content().values())
    imported(home, done.file)
    assert home.content() == before
    assert exported(home, tmp_path / "second.zip").sha256 == done.sha256
    assert neighbour.content() == others
    assert all(others.values())


@pytest.mark.parametrize("source", ISOLATIONS)
def test_an_archive_of_one_isolation_is_imported_into_the_others(
    homes: dict[str, Home], source: str, tmp_path: Path
) -> None:
    homes[source].fill()
    done = exported(homes[source], tmp_path / "acme.zip")
    for isolation in set(ISOLATIONS) - {source}:
        imported(homes[isolation], done.file)
        assert homes[isolation].content() == homes[source].content()


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_the_next_order_has_a_number_that_none_of_the_imported_has(
    homes: dict[str, Home], isolation: str, tmp_path: Path
) -> None:
    source = homes["schema" if isolation == "database" else "database"]
    with source.acting() as connection:
        connection.execute("SELECT count(nextval('order_numbers')) FROM generate_series(1, 20000)")
    source.fill()
    imported(homes[isolation], exported(source, tmp_path / "acme.zip").file)
    with homes[isolation].acting() as connection:
        assert connection.execute("SELECT max(number) > 20000 FROM orders").fetchone() == (True,)
        free = "SELECT nextval('order_numbers') = max(number) + 1 FROM orders"
        assert connection.execute(free).fetchone() == (True,)


_ODD = """
CREATE TABLE odd ({tenant}
    id bigint GENERATED ALWAYS AS IDENTITY, "100% ""quoted"", näme" text, feeling mood, twice int GENERATED ALWAYS AS
    (size * 2) STORED, size int, code varchar(5), letters char(3), bits bit(3), numbers numeric[], texts text[][],
    span tstzrange, pair two, box box, moment timestamptz, wait interval, document jsonb, address inet, data bytea,
    positive positive, amount double precision, plain json,
    PRIMARY KEY ({key}id)
)
"""
_ODD_ROWS = r"""
INSERT INTO odd ("100% ""quoted"", näme", feeling, size, code, letters, bits, numbers, texts, span, pair, box, moment,
                 wait, document, address, data, positive, amount, plain) VALUES
(E'a\tb\nc\rd\\e\bf\fg\vh"i''j,{k}', 'so, so', 1, 'ab c ', 'a', B'101', '{1.50,NULL,NaN}', '{{a,NULL},{"x,y","\"q\\"}}',
 '[2026-01-01 00:00+00,infinity)', ROW(1, E'x"\\,\n'), '((1,2),(3,4))', 'infinity', '1 year -2 days 03:04:05.6',
 '{"a": ["\u00e9\n", null]}', '10.0.0.0/8', '\x00ff5c0a', 7, 0.1, '{"b":1,  "a":"\\"}'),
('\N', NULL, -5, '', '', B'000', '{}', '{}', 'empty', ROW(NULL, ''), NULL, '0044-03-15 BC', '-1 mon', 'null',
 '::1', '', 1, '-Infinity', 'null'),
('\.', 'bad', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'NaN', NULL),
(NULL, 'bad', NULL, E'\\', 'äöü', NULL, '{0.1}', '{""}', NULL, NULL, NULL, '2026-06-01 12:00:00.123456+02', NULL,
 '"\\N"', NULL, decode(repeat('5c0a22', 1000), 'hex'), 3, 1e-300, NULL)
"""


def with_odd_values(home: Home) -> Home:
    in_pool = home.access.isolation == "pool"
    tenant = "tenant_id text NOT NULL DEFAULT pool.current_tenant()," if in_pool else ""
    home.as_owner(
        "CREATE TYPE mood AS ENUM ('so, so', 'bad')",
        "CREATE TYPE two AS (number int, text text)",
        "CREATE DOMAIN positive AS int CHECK (VALUE > 0)",
        _ODD.format(tenant=tenant, key="tenant_id, " if in_pool else ""),
        *(["SELECT pool.isolate_tenants('odd')"] if in_pool else []),
    )
    return home


def odd_rows(home: Home) -> object:
    with home.acting() as connection:
        row = "to_jsonb(o) - 'tenant_id' #- '{document}' #- '{plain}' || jsonb_build_object('d', document::text)"
        return connection.execute(f"SELECT ({row})::text, plain::text FROM odd o ORDER BY id".encode()).fetchall()


@pytest.mark.parametrize("source", ["pool", "schema"])
def test_every_kind_of_value_comes_back_as_it_was(homes: dict[str, Home], source: str, tmp_path: Path) -> None:
    for isolation in ("pool", "schema"):
        with_odd_values(homes[isolation])
    home, other = homes[source], homes["schema" if source == "pool" else "pool"]
    with home.acting() as connection:
        connection.execute(_ODD_ROWS.encode())
        connection.execute("INSERT INTO odd (id, size) OVERRIDING SYSTEM VALUE VALUES (500, 9)")
    before = odd_rows(home)
    done = exported(home, tmp_path / "acme.zip", ["odd"])
    with home.acting() as connection:
        connection.execute("DELETE FROM odd")
    imported(home, done.file)
    imported(other, done.file)
    assert odd_rows(home) == odd_rows(other) == before
    with other.acting() as connection:
        assert connection.execute("INSERT INTO odd (size) VALUES (1) RETURNING id > 500").fetchone() == (True,)


def test_rows_that_refer_to_each_other_are_imported_in_many_statements(homes: dict[str, Home], tmp_path: Path) -> None:
    home = homes["pool"]
    with home.acting() as connection:
        connection.execute(
            "INSERT INTO categories (id, parent_id, slug, name) SELECT md5('c' || n)::uuid,"
            " CASE WHEN n > 1 THEN md5('c' || (n - 1))::uuid END, 'c' || n, repeat('name', 400) FROM"
            " generate_series(1, 1500) n"
        )
    before = home.content()
    done = exported(home, tmp_path / "acme.zip")
    assert sum(table.size for table in done.tables) > 2 * CHUNK
    home.empty()
    imported(home, done.file)
    assert home.content() == before


def test_an_export_is_of_one_moment(homes: dict[str, Home], tmp_path: Path) -> None:
    home = homes["pool"]
    home.fill()
    told: list[str] = []

    def interfere(line: str) -> None:
        told.append(line)
        with home.acting() as connection:
            connection.execute("DELETE FROM order_items")
            connection.execute("UPDATE customers SET name = name || ' changed'")

    quiet = exported(home, tmp_path / "quiet.zip")
    disturbed = export(home.access, tmp_path / "disturbed.zip", None, interfere)
    assert len(told) == len(sample.TABLES)
    # The first report comes when the moment has been fixed: the list of tables has been read.
    assert disturbed.sha256 == quiet.sha256
    assert exported(home, tmp_path / "after.zip").sha256 != quiet.sha256


def test_two_exports_at_once_give_equal_archives(homes: dict[str, Home], tmp_path: Path) -> None:
    homes["pool"].fill(200)
    with ThreadPoolExecutor(2) as workers:
        done = list(workers.map(lambda name: exported(homes["pool"], tmp_path / name), ("one.zip", "two.zip")))
    assert done[0].sha256 == done[1].sha256
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.zip", "two.zip"]


def test_some_tables_are_exported_and_said_not_to_be_all(homes: dict[str, Home], tmp_path: Path) -> None:
    homes["schema"].fill()
    done = exported(homes["schema"], tmp_path / "acme.zip", ["customers", "orders"])
    assert [table.name for table in done.tables] == ["customers", "orders"]
    assert set(done.left_out) == set(sample.TABLES) - {"customers", "orders"}
    homes["schema"].empty()
    imported(homes["schema"], done.file)
    assert [name for name, rows in homes["schema"].content().items() if rows] == ["customers", "orders"]


def test_a_tenant_without_rows_has_an_archive_too(homes: dict[str, Home], tmp_path: Path) -> None:
    done = exported(homes["pool"], tmp_path / "acme.zip")
    assert [table.rows for table in done.tables] == [0] * len(sample.TABLES)
    imported(homes["database"], done.file)
    assert not any(homes["database"].content().values())


def test_rows_of_partitions_are_exported_once(homes: dict[str, Home], tmp_path: Path) -> None:
    home = homes["schema"]
    home.as_owner(
        "CREATE TABLE visits (day date, page text) PARTITION BY RANGE (day)",
        "CREATE TABLE visits_2026 PARTITION OF visits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    )
    with home.acting() as connection:
        connection.execute("INSERT INTO visits SELECT '2026-02-03', 'p' || n % 3 FROM generate_series(1, 9) n")
    done = exported(home, tmp_path / "acme.zip")
    assert {table.name: table.rows for table in done.tables if table.rows} == {"visits": 9}
    with home.acting() as connection:
        connection.execute("DELETE FROM visits")
    imported(home, done.file)
    assert exported(home, tmp_path / "again.zip").sha256 == done.sha256


@pytest.mark.parametrize("isolation", ["pool", "schema"])
def test_memory_does_not_grow_with_the_rows(homes: dict[str, Home], isolation: str, tmp_path: Path) -> None:
    home, path = homes[isolation], tmp_path / "acme.zip"
    home.fill(400, image_bytes=32_000)  # 26 MB of pictures as text
    tracemalloc.start()
    try:
        assert max(table.size for table in exported(home, path).tables) > 24 * CHUNK
        assert tracemalloc.get_traced_memory()[1] < 8 * CHUNK
        home.empty()
        tracemalloc.reset_peak()
        imported(home, path)
        assert tracemalloc.get_traced_memory()[1] < 16 * CHUNK
    finally:
        tracemalloc.stop()


_IMPORT = """
import sys
from pathlib import Path
from infra.tenancy.archives.importing import import_archive
from infra.tenancy.archives.session import Access
access = Access(tenant="acme", isolation=sys.argv[1], schema=sys.argv[2], url=sys.stdin.read())
import_archive(access, Path(sys.argv[3]), dry_run=False, report=lambda line: None)
"""


@pytest.mark.parametrize("isolation", ["pool", "database"])
def test_an_import_that_is_killed_half_way_leaves_nothing(
    homes: dict[str, Home], isolation: str, tmp_path: Path
) -> None:
    home = homes[isolation]
    home.fill()
    before = home.content()
    path = exported(home, tmp_path / "acme.zip").file
    home.empty()
    with home.server.connect(home.database) as blocker, blocker.transaction():
        # It may read the table, so that it gets to work, but not write it: other tables are full by then.
        blocker.execute(f"LOCK TABLE {home.access.schema}.order_items IN EXCLUSIVE MODE".encode())
        arguments = [home.access.isolation, home.access.schema, str(path)]
        process = subprocess.Popen(
            [sys.executable, "-c", _IMPORT, *arguments], stdin=subprocess.PIPE, text=True, cwd=PROJECT_ROOT
        )
        assert process.stdin is not None
        process.stdin.write(home.access.url)
        process.stdin.close()
        _wait_until(home, "one waits", "wait_event_type = 'Lock'")
        process.kill()
        assert process.wait(timeout=20) == -9
    _wait_until(home, "none is left", "true", count=0)
    assert not any(home.content().values())
    imported(home, path)
    assert home.content() == before


def _wait_until(home: Home, what: str, condition: str, count: int = 1) -> None:
    query = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tenantry tenants acme' AND {condition}"
    wait_until(lambda: home.server.value(query) == count, seconds=60, what=what, where="the server", remedy="-")


def test_an_import_that_breaks_in_the_middle_leaves_nothing(homes: dict[str, Home], tmp_path: Path) -> None:
    homes["schema"].fill()
    done = exported(homes["schema"], tmp_path / "acme.zip", ["customers", "orders", "order_items"])
    for home in (homes["pool"], homes["database"]):
        before = home.content()
        with pytest.raises(TenantryError, match=r"violates foreign key constraint .*table order_items"):
            imported(home, done.file)  # of products that are not there
        assert home.content() == before


def test_no_row_of_another_tenant_is_ever_in_an_archive(homes: dict[str, Home], tmp_path: Path) -> None:
    homes["pool"].fill()
    done = exported(homes["pool"], tmp_path / "acme.zip")
    text = b"".join(content for name, content in members(done.file).items())
    assert b"neighbour" not in text
    assert len(re.findall(rb"^acme\t", text, re.MULTILINE)) == sum(table.rows for table in done.tables)


def test_tables_made_after_onboarding_are_exported_too(homes: dict[str, Home], tmp_path: Path) -> None:
    homes["database"].as_owner('CREATE TABLE "reviews; DROP TABLE orders" (id int PRIMARY KEY)')
    with homes["database"].acting() as connection:
        connection.execute('INSERT INTO "reviews; DROP TABLE orders" VALUES (1), (2)')
    done = exported(homes["database"], tmp_path / "acme.zip")
    assert [table.rows for table in done.tables if table.name.startswith("reviews")] == [2]
    with pytest.raises(TenantryError, match="no such table: reviews; DROP TABLE orders"):
        imported(homes["schema"], done.file)
    with homes["database"].acting() as connection:
        connection.execute('DELETE FROM "reviews; DROP TABLE orders"')
    imported(homes["database"], done.file)
    assert exported(homes["database"], tmp_path / "again.zip").sha256 == done.sha256


def test_what_postgresql_refuses_is_told_in_one_line_and_nothing_is_written(
    homes: dict[str, Home], tmp_path: Path
) -> None:
    homes["database"].fill()
    done = exported(homes["database"], tmp_path / "acme.zip")
    homes["schema"].as_owner("ALTER TABLE orders ADD CONSTRAINT cheap CHECK (total < 1)")
    with pytest.raises(TenantryError) as caught:
        imported(homes["schema"], done.file)
    homes["schema"].as_owner("ALTER TABLE orders DROP CONSTRAINT cheap")
    assert caught.value.what == 'PostgreSQL: new row for relation "orders" violates check constraint "cheap"'
    assert not any(homes["schema"].content().values())


def test_the_limits_of_a_services_queries_do_not_stop_an_export_which_can_write_nothing(homes: dict[str, Home]) -> None:
    home = homes["database"]
    app = home.owner.replace("_owner", "_app")
    home.server.run(f"ALTER ROLE {app} SET statement_timeout = '200ms'")
    try:
        with session(home.access, reading=True) as connection:
            assert connection.execute("SELECT pg_sleep(0.3) IS NULL").fetchone() == (False,)
        with (
            pytest.raises(TenantryError, match="in a read-only transaction"),
            session(home.access, reading=True) as one,
        ):
            one.execute("INSERT INTO customers (email, name) VALUES ('a@acme.example', 'A')")
    finally:
        home.server.run(f"ALTER ROLE {app} RESET statement_timeout")
    assert not any(home.content().values())
