"""What an export or an import refuses on account of the database: by name, in one line, with nothing changed."""

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.errors import TenantryError
from infra.tenancy.archives.importing import import_archive
from tests.tenancy.archive_files import changed, make, nothing, rewritten
from tests.tenancy.pool import PASSWORD, Pool
from tests.tenancy.rows import Home, exported, imported, pooled


@pytest.fixture
def archive(homes: dict[str, Home], tmp_path: Path) -> Path:
    """An archive of the pool's tenant, whose tables are empty now."""
    homes["pool"].fill()
    path = exported(homes["pool"], tmp_path / "acme.zip").file
    homes["pool"].empty()
    return path


def refused(home: Home, path: Path, *, dry_run: bool = False) -> TenantryError:
    """Return why an import was refused, which wrote nothing."""
    before = home.content()
    with pytest.raises(TenantryError) as caught:
        import_archive(home.access, path, dry_run=dry_run, report=nothing)
    assert home.content() == before
    return caught.value


@pytest.mark.parametrize("isolation", ["pool", "schema", "database"])
def test_a_table_with_rows_is_named(homes: dict[str, Home], archive: Path, isolation: str) -> None:
    home = homes[isolation]
    with home.acting() as connection:
        connection.execute("INSERT INTO customers (email, name) VALUES ('a@acme.example', 'A')")
    for dry_run in (True, False):
        error = refused(home, archive, dry_run=dry_run)
        assert (error.what, error.where) == ("it has rows", f"table {home.access.schema}.customers")


def test_a_dry_run_writes_nothing_and_says_the_same_as_an_import(homes: dict[str, Home], archive: Path) -> None:
    done = import_archive(homes["pool"].access, archive, dry_run=True, report=nothing)
    assert not any(homes["pool"].content().values())
    again = import_archive(homes["pool"].access, archive, dry_run=False, report=nothing)
    assert done == again
    assert {table.name: table.rows for table in again.tables} == {
        name: len(rows) for name, rows in homes["pool"].content().items()
    }


def test_another_tenants_archive_is_refused(homes: dict[str, Home], archive: Path) -> None:
    other = dataclasses.replace(homes["pool"], access=dataclasses.replace(homes["pool"].access, tenant="book-store"))
    error = refused(other, archive)
    assert (error.what, error.exit_code) == ("these are the rows of acme", 2)


def test_another_tenants_rows_are_refused_whoever_sealed_them(homes: dict[str, Home], archive: Path) -> None:
    def claim(manifest: dict[str, Any], _content: dict[str, bytes]) -> None:
        manifest["tenant"] = "book-store"

    other = dataclasses.replace(homes["pool"], access=dataclasses.replace(homes["pool"].access, tenant="book-store"))
    error = refused(other, changed(archive, claim))
    assert error.what == "a row is not of book-store"


def test_one_row_of_another_tenant_among_many_is_refused(homes: dict[str, Home], archive: Path) -> None:
    def slip(manifest: dict[str, Any], content: dict[str, bytes]) -> None:
        text = content["tables/customers.tsv"]
        rewritten(manifest, content, "customers", b"neighbour" + text.removeprefix(b"acme"))

    changed(archive, slip)
    for home in homes.values():
        assert refused(home, archive).what == "a row is not of acme"


def _without_table(manifest: dict[str, Any], content: dict[str, bytes]) -> None:
    manifest["tables"][0]["name"] = "missing"
    content["tables/missing.tsv"] = content.pop("tables/addresses.tsv")


def _first(**more: object) -> Callable[[dict[str, Any], dict[str, bytes]], None]:
    return lambda manifest, _content: manifest["tables"][0]["columns"][3].update(more)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (_without_table, "no such table: missing"),
        (_first(name="liens"), "no column to fill: liens"),
        (_first(name='x"; DROP TABLE orders; --'), 'no column to fill: x"; DROP TABLE orders; --'),
        (_first(type="text"), "column lines is text[], in the archive text"),
        (_first(type="int); DROP TABLE orders; --"), "in the archive int); DROP TABLE orders; --"),
    ],
)
def test_tables_that_are_not_those_of_the_archive_are_named(
    homes: dict[str, Home], archive: Path, change: Callable[[dict[str, Any], dict[str, bytes]], None], what: str
) -> None:
    changed(archive, change)
    for home in homes.values():
        assert what in refused(home, archive).what


def test_a_column_that_the_archive_does_not_have_must_not_need_a_value(homes: dict[str, Home], archive: Path) -> None:
    homes["schema"].as_owner("ALTER TABLE customers ADD rank int NOT NULL")
    error = refused(homes["schema"], archive)
    homes["schema"].as_owner("ALTER TABLE customers ALTER rank SET DEFAULT 1")
    imported(homes["schema"], archive)
    homes["schema"].as_owner("ALTER TABLE customers DROP rank")
    assert error.what == "column rank needs a value that the archive has not"


def test_rows_in_another_order_are_not_what_the_manifest_says(homes: dict[str, Home], archive: Path) -> None:
    def shuffle(manifest: dict[str, Any], content: dict[str, bytes]) -> None:
        lines = content["tables/customers.tsv"].splitlines(keepends=True)
        rewritten(manifest, content, "customers", b"".join(reversed(lines)))

    changed(archive, shuffle)
    for home in homes.values():
        assert "rows that are not the archive's" in refused(home, archive).what


def test_what_a_trigger_changes_on_the_way_in_is_found(homes: dict[str, Home], archive: Path) -> None:
    home = homes["schema"]
    home.as_owner(
        "CREATE FUNCTION louder() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN NEW.name = upper(NEW.name); RETURN NEW; END'",
        "CREATE TRIGGER louder BEFORE INSERT ON customers FOR EACH ROW EXECUTE FUNCTION louder()",
    )
    error = refused(home, archive)
    home.as_owner("DROP FUNCTION louder CASCADE")
    assert error.what.startswith("20 rows that are not the archive's 20: a trigger")


def test_a_value_that_would_be_cut_is_refused(homes: dict[str, Home], tmp_path: Path) -> None:
    tenant = "tenant_id text NOT NULL DEFAULT pool.current_tenant(), "
    for isolation, column in (("pool", tenant), ("schema", "")):
        homes[isolation].as_owner(f"CREATE TABLE odd ({column}id text, customer varchar(3))")
    homes["pool"].as_owner("SELECT pool.isolate_tenants('odd')")

    def wide(manifest: dict[str, Any], content: dict[str, bytes]) -> None:
        (table,) = manifest["tables"]
        table["columns"][2]["type"] = "character varying(3)"
        table["name"] = "odd"
        content["tables/odd.tsv"] = content.pop("tables/orders.tsv")

    make(tmp_path / "wide.zip", {"orders": [b"acme\t1\tlong\n"]})
    changed(tmp_path / "wide.zip", wide)
    for isolation in ("pool", "schema"):
        assert "value too long for type character varying(3)" in refused(homes[isolation], tmp_path / "wide.zip").what


def test_foreign_keys_in_a_circle_must_be_able_to_wait(homes: dict[str, Home], tmp_path: Path) -> None:
    home = homes["database"]
    home.as_owner("ALTER TABLE customers ADD best uuid CONSTRAINT circle REFERENCES orders (id)")
    home.fill()
    with home.acting() as connection:
        connection.execute("UPDATE customers SET best = (SELECT id FROM orders WHERE customer_id = customers.id)")
    before = home.content()
    path = exported(home, tmp_path / "acme.zip").file
    with home.acting() as connection:
        connection.execute("UPDATE customers SET best = NULL")
    home.empty()
    error = refused(home, path)
    home.as_owner("ALTER TABLE customers ALTER CONSTRAINT circle DEFERRABLE")
    imported(home, path)
    after = home.content()
    home.as_owner("ALTER TABLE customers DROP best")
    assert error.what == "foreign keys go round in a circle"
    assert set(error.where.removeprefix("tables ").split(" -> ")) == {"customers", "orders"}
    assert after == before


def test_an_import_keeps_autovacuum_off_and_not_the_imports_of_others(
    homes: dict[str, Home], archive: Path, tmp_path: Path
) -> None:
    neighbour = pooled(Pool(homes["pool"].server, "archives"), "neighbour")
    rows = neighbour.content()
    others = exported(neighbour, tmp_path / "neighbour.zip").file
    neighbour.empty()
    held = "SELECT count(*) FROM pg_locks WHERE granted AND mode = 'ShareUpdateExclusiveLock' AND locktype = 'relation'"
    seen: list[object] = []

    def meanwhile(line: str) -> None:
        if line.startswith("comparing orders"):
            seen.append(homes["pool"].server.value(held, "archives"))
            imported(neighbour, others)

    import_archive(homes["pool"].access, archive, dry_run=False, report=meanwhile)
    assert seen == [9]
    assert neighbour.content() == rows


def test_a_second_import_at_once_is_refused(homes: dict[str, Home], archive: Path) -> None:
    seen: list[TenantryError] = []

    def second(line: str) -> None:
        if line.startswith("writing orders"):
            with pytest.raises(TenantryError) as caught:
                imported(homes["pool"], archive)
            seen.append(caught.value)

    import_archive(homes["pool"].access, archive, dry_run=False, report=second)
    assert [error.what for error in seen] == ["another import is under way"]


@pytest.mark.parametrize(
    ("lacking", "back", "what"),
    [
        ("REVOKE INSERT ON customers FROM {app}", "GRANT INSERT ON customers TO {app}", "the role lacks SELECT or"),
        (
            "REVOKE USAGE ON SEQUENCE order_numbers FROM {app}",
            "GRANT USAGE ON SEQUENCE order_numbers TO {app}",
            "the role may not move it past the imported values",
        ),
    ],
)
def test_a_right_that_the_role_lacks_is_named(
    homes: dict[str, Home], archive: Path, lacking: str, back: str, what: str
) -> None:
    home = homes["schema"]
    app = home.owner.replace("_owner", "_app")
    home.as_owner(lacking.format(app=app))
    error = refused(home, archive)
    home.as_owner(back.format(app=app))
    assert error.what.startswith(what)


def test_a_shared_table_that_is_not_guarded_is_named(homes: dict[str, Home], archive: Path, tmp_path: Path) -> None:
    home = homes["pool"]
    home.as_owner("CREATE TABLE odd (tenant_id text, id int)")
    for state in ("ENABLE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY"):
        home.as_owner(f"ALTER TABLE odd {state}")
        for error in (refused(home, archive), _unexported(home, tmp_path)):
            assert (error.what, error.where) == (
                "it has a tenant_id and no forced row-level security",
                "table pool.odd",
            )


def _unexported(home: Home, folder: Path) -> TenantryError:
    before = sorted(folder.iterdir())
    with pytest.raises(TenantryError) as caught:
        exported(home, folder / "refused.zip")
    assert sorted(folder.iterdir()) == before
    return caught.value


def test_a_shared_table_without_a_tenant_is_nobodys(homes: dict[str, Home], tmp_path: Path) -> None:
    homes["pool"].as_owner("CREATE TABLE odd (id int)", "INSERT INTO odd VALUES (1)")
    done = exported(homes["pool"], tmp_path / "acme.zip")
    assert "odd" not in {table.name for table in done.tables}
    assert done.left_out == []


def test_a_table_that_the_role_may_not_read_is_said_to_be_left_out(homes: dict[str, Home], tmp_path: Path) -> None:
    home = homes["schema"]
    app = home.owner.replace("_owner", "_app")
    home.as_owner("CREATE TABLE odd (id int)", f"REVOKE ALL ON odd FROM {app}")
    assert exported(home, tmp_path / "acme.zip").left_out == ["odd"]
    with pytest.raises(TenantryError, match=r"may not read it, table tenant_acme\.odd"):
        exported(home, tmp_path / "odd.zip", ["odd"])


def test_rows_that_a_policy_hides_from_a_tenant_are_not_left_out_silently(
    homes: dict[str, Home], tmp_path: Path
) -> None:
    home = homes["schema"]
    home.as_owner("CREATE TABLE odd (id int)", "ALTER TABLE odd ENABLE ROW LEVEL SECURITY")
    assert "row-level security policy for table" in _unexported(home, tmp_path).what


def test_a_closed_tenant_of_the_pool_is_not_exported_as_an_empty_one(
    homes: dict[str, Home], archive: Path, tmp_path: Path
) -> None:
    home = homes["pool"]
    home.as_owner("CREATE TABLE closed_tenants (tenant_id text)", "INSERT INTO closed_tenants VALUES ('acme')")
    try:
        error = _unexported(home, tmp_path)
        other = exported(pooled(Pool(home.server, home.database), "neighbour"), tmp_path / "other.zip")
    finally:
        home.as_owner("DROP TABLE closed_tenants")
    assert error.what == "it is closed: its rows cannot be seen"
    assert "closed_tenants" not in {table.name for table in other.tables}
    assert sum(table.rows for table in other.tables) > 100


def test_a_role_that_row_level_security_does_not_hold_for_is_refused(homes: dict[str, Home], tmp_path: Path) -> None:
    home = homes["pool"]
    home.server.run(f"CREATE ROLE free LOGIN BYPASSRLS PASSWORD '{PASSWORD}' IN ROLE {home.owner}")
    url = home.access.url.replace(home.owner.replace("_owner", "_app"), "free")
    home.server.run("GRANT CONNECT ON DATABASE archives TO free")
    error = _unexported(dataclasses.replace(home, access=dataclasses.replace(home.access, url=url)), tmp_path)
    assert error.what == "row-level security does not hold for the role"


def _elsewhere(home: Home, url: str) -> Home:
    return dataclasses.replace(home, access=dataclasses.replace(home.access, url=url))


def test_why_a_role_does_not_get_in_is_said_without_its_password(homes: dict[str, Home], tmp_path: Path) -> None:
    home = homes["database"]
    app = home.owner.replace("_owner", "_app")
    home.server.run(f"ALTER ROLE {app} NOLOGIN")
    closed = _unexported(home, tmp_path)
    home.server.run(f"ALTER ROLE {app} LOGIN")
    wrong = _unexported(_elsewhere(home, home.access.url.replace(PASSWORD, "wrong-word")), tmp_path)
    gone = _unexported(_elsewhere(home, f"postgresql://a:{PASSWORD}@127.0.0.1:1/db"), tmp_path)
    broken = _unexported(_elsewhere(home, f"postgresql://a:{PASSWORD}@[::1/db"), tmp_path)
    assert closed.what == "its role may not log in"
    assert "offboarding" in closed.remedy
    assert wrong.what == "the server does not take the password"
    assert gone.what.startswith("no connection: connection failed")
    assert broken.what == "its URL is none"
    assert not any(word in str(error) for error in (closed, wrong, gone, broken) for word in (PASSWORD, "wrong-word"))


def test_tables_that_are_not_there_cannot_be_exported_alone(homes: dict[str, Home], tmp_path: Path) -> None:
    with pytest.raises(TenantryError, match=r"no such table: order, tenant acme, did you mean orders\?") as caught:
        exported(homes["pool"], tmp_path / "acme.zip", ["customers", "order"])
    assert caught.value.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_whatever_byte_of_an_archive_is_changed_no_row_gets_in(homes: dict[str, Home], archive: Path) -> None:
    content = archive.read_bytes()
    for position in range(0, len(content), len(content) // 40):
        flipped = bytearray(content)
        flipped[position] ^= 0x20
        archive.write_bytes(flipped)
        with pytest.raises(TenantryError, match=r"its bytes are not those that were written|its end is not there"):
            imported(homes["schema"], archive)
    assert not any(homes["schema"].content().values())
    archive.write_bytes(content)
    imported(homes["schema"], archive)
    assert hashlib.sha256(content).hexdigest() == hashlib.sha256(archive.read_bytes()).hexdigest()
