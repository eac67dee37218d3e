"""The lifecycle job: who is not served, whose sessions end, and whose rows go."""

import datetime
import json
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors

from infra.errors import TenantryError
from infra.tenancy import lifecycle, registry, sample
from infra.tenancy.lifecycle import settle
from infra.tenancy.registry import RegisteredTenant
from tests.tenancy.pool import PASSWORD, Pool, act_as

NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
PAST, FUTURE = "2026-11-22T11:59:59Z", "2026-11-22T12:00:01Z"
NOBODY = set[str]()


def tenant(slug: str, state: str, **more: Any) -> RegisteredTenant:
    return RegisteredTenant(**{"slug": slug, "isolation": "pool", "state": state, **more})


def settled(pool: Pool, *tenants: RegisteredTenant, now: datetime.datetime = NOW) -> list[str]:
    with psycopg.connect(pool.url(pool.migrator), autocommit=True) as connection:
        return list(settle(connection, tenants, now))


def served(pool: Pool, *slugs: str) -> set[str]:
    """Return those whom a services' session sees anything of."""
    seen = set()
    for slug in slugs:
        with pool.connect(pool.app) as connection:
            act_as(connection, slug)
            seen |= {slug} if connection.execute("SELECT 1 FROM products LIMIT 1").fetchone() else NOBODY
    return seen


def rows(pool: Pool, slug: str) -> int:
    """Return how many rows there are of a tenant, whoever may see them."""
    return sum(
        pool.server.run(f"SELECT count(*) FROM pool.{table} WHERE tenant_id = '{slug}'", pool.name)[0][0]
        for table in sample.TABLES
    )


@pytest.fixture
def stocked(pool: Pool) -> Pool:
    """A pool with rows of `a-shop` and `b-shop`."""
    pool.install()
    for slug in ("a-shop", "b-shop"):
        pool.fill(slug)
    return pool


def written(folder: Path, **entries: object) -> Path:
    for slug, entry in entries.items():
        (folder / slug.replace("_", "-")).write_text(entry if isinstance(entry, str) else json.dumps(entry))
    return folder


def test_a_suspended_tenant_is_not_served_until_it_is_active_again(stocked: Pool) -> None:
    other = tenant("b-shop", "active")
    assert settled(stocked, tenant("a-shop", "suspended"), other) == ["closed a-shop: suspended"]
    assert served(stocked, "a-shop", "b-shop") == {"b-shop"}
    assert settled(stocked, tenant("a-shop", "suspended"), other) == []
    assert settled(stocked, tenant("a-shop", "active"), other) == ["opened a-shop"]
    assert served(stocked, "a-shop", "b-shop") == {"a-shop", "b-shop"}
    assert rows(stocked, "a-shop") == 181


def test_a_tenant_whose_data_is_in_another_database_is_for_the_job_of_that_one(stocked: Pool) -> None:
    assert settled(stocked, tenant("a-shop", "suspended", database="cell_02")) == []
    assert settled(stocked, tenant("a-shop", "suspended", database=stocked.name)) == ["closed a-shop: suspended"]


def test_a_trial_ends_on_its_date(stocked: Pool) -> None:
    ends = datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC)
    trial = tenant("a-shop", "trial", ends=ends)
    assert settled(stocked, trial, now=ends - datetime.timedelta(seconds=1)) == []
    assert served(stocked, "a-shop") == {"a-shop"}
    assert settled(stocked, trial, now=ends) == ["closed a-shop: its trial ended at 2026-11-23T00:00:00Z"]
    assert served(stocked, "a-shop") == NOBODY


def test_who_leaves_is_let_in_to_be_exported(stocked: Pool) -> None:
    assert settled(stocked, tenant("a-shop", "offboarding")) == []
    assert served(stocked, "a-shop") == {"a-shop"}


def test_a_tenant_that_the_registry_lost_stays_as_it_is(stocked: Pool) -> None:
    settled(stocked, tenant("a-shop", "suspended"), tenant("b-shop", "active"))
    assert settled(stocked) == []
    assert served(stocked, "a-shop", "b-shop") == {"b-shop"}


def test_a_deleted_tenants_rows_are_purged_and_no_others(stocked: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.tenancy.purge.BATCH", 7)
    told = settled(stocked, tenant("a-shop", "deleted"), tenant("b-shop", "active"))
    assert told[0] == "closed a-shop: deleted"
    assert told[1].startswith(
        "purged a-shop: 181 rows, 20 of addresses, 20 of cart_items, 20 of carts, 1 of categories"
    )
    assert (rows(stocked, "a-shop"), rows(stocked, "b-shop")) == (0, 181)
    assert settled(stocked, tenant("a-shop", "deleted")) == ["purged a-shop: nothing is left of it"]
    assert settled(stocked, tenant("a-shop", "deleted")) == []


def test_who_gets_the_slug_of_a_deleted_tenant_is_let_in_when_nothing_is_left_of_it(stocked: Pool) -> None:
    settled(stocked, tenant("a-shop", "deleted"), tenant("b-shop", "active"))
    late = "INSERT INTO pool.categories (tenant_id, slug, name) VALUES ('a-shop', 'late', 'late')"
    stocked.server.run(late, stocked.name)  # by what began before it was closed
    (purged,) = settled(stocked, tenant("a-shop", "active"), tenant("b-shop", "active"))
    assert purged == "purged a-shop: 1 rows, 1 of categories"
    assert settled(stocked, tenant("a-shop", "active"), tenant("b-shop", "active")) == [
        "purged a-shop: nothing is left of it",
        "opened a-shop",
    ]
    stocked.fill("a-shop")
    assert served(stocked, "a-shop") == {"a-shop"}


def test_a_run_that_an_update_waits_for_is_not_left_to_one_that_knows_less(stocked: Pool) -> None:
    with psycopg.connect(stocked.url(stocked.migrator), autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [lifecycle._LOCK])
        assert settled(stocked, tenant("a-shop", "deleted")) == ["another run is at work, and has this one's too"]
        with psycopg.connect(stocked.url(stocked.migrator), autocommit=True) as connection:
            connection.execute("SET lock_timeout = '200ms'")
            with pytest.raises(errors.LockNotAvailable):
                settle(connection, [tenant("a-shop", "deleted")], NOW, wait=True)
    with psycopg.connect(stocked.url(stocked.migrator), autocommit=True) as connection:
        assert settle(connection, [tenant("a-shop", "deleted")], NOW, wait=True)[0] == "closed a-shop: deleted"


def test_rows_that_refer_to_rows_of_their_own_table_are_purged(stocked: Pool) -> None:
    with stocked.connect(stocked.app) as connection:
        act_as(connection, "a-shop")
        connection.execute("INSERT INTO categories (slug, name, parent_id) SELECT 'child', 'child', id FROM categories")
    settled(stocked, tenant("a-shop", "deleted"))
    assert rows(stocked, "a-shop") == 0


def test_a_purge_that_was_cut_short_is_gone_on_with(stocked: Pool) -> None:
    block = "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'stopped'; END$$"
    stocked.server.run(block, stocked.name)
    stocked.server.run(
        "CREATE TRIGGER stop BEFORE DELETE ON pool.customers FOR EACH ROW EXECUTE FUNCTION stop()", stocked.name
    )
    with pytest.raises(errors.RaiseException, match="stopped"):
        settled(stocked, tenant("a-shop", "deleted"))
    assert 0 < rows(stocked, "a-shop") < 181
    stocked.server.run("DROP TRIGGER stop ON pool.customers", stocked.name)
    (purged,) = settled(stocked, tenant("a-shop", "deleted"))
    assert purged.startswith("purged a-shop: ")
    assert rows(stocked, "a-shop") == 0


def test_a_table_that_nobody_guarded_is_purged_of_that_tenant_alone_and_told(stocked: Pool) -> None:
    with stocked.connect(stocked.migrator) as connection:
        connection.execute("CREATE TABLE pool.notes (tenant_id text)")
        connection.execute("INSERT INTO pool.notes VALUES ('a-shop'), ('b-shop')")
    told = settled(stocked, tenant("a-shop", "deleted"))
    assert "table notes is not guarded: call pool.isolate_tenants for it" in told
    assert stocked.server.run("SELECT tenant_id FROM pool.notes", stocked.name) == [("b-shop",)]


def test_tables_in_a_circle_are_told_and_nothing_is_purged(stocked: Pool) -> None:
    with stocked.connect(stocked.migrator) as connection:
        connection.execute("ALTER TABLE products ADD COLUMN favourite uuid")
        connection.execute(
            "ALTER TABLE products ADD FOREIGN KEY (tenant_id, favourite) REFERENCES product_images (tenant_id, id)"
        )
    with pytest.raises(TenantryError, match="tables refer to each other in a circle: product"):
        settled(stocked, tenant("a-shop", "deleted"))
    assert rows(stocked, "a-shop") == 181


def test_services_see_whether_their_tenant_is_closed_and_cannot_change_it(stocked: Pool) -> None:
    settled(stocked, tenant("a-shop", "suspended"), tenant("b-shop", "suspended"))
    with stocked.connect(stocked.app) as connection:
        assert connection.execute("SELECT tenant_id FROM closed_tenants").fetchall() == []
        act_as(connection, "a-shop")
        assert connection.execute("SELECT tenant_id FROM closed_tenants").fetchall() == [("a-shop",)]
        for change in (
            "DELETE FROM closed_tenants",
            "TRUNCATE closed_tenants",
            "UPDATE closed_tenants SET reason = ''",
        ):
            with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
                connection.execute(change.encode())


def test_a_second_run_at_the_same_time_leaves_the_work_to_the_first(stocked: Pool) -> None:
    with psycopg.connect(stocked.url(stocked.migrator), autocommit=True) as first:
        first.execute("SELECT pg_advisory_lock(%s)", [lifecycle._LOCK])
        assert settled(stocked, tenant("a-shop", "suspended")) == ["another run is at work, and has this one's too"]
        assert served(stocked, "a-shop") == {"a-shop"}
    assert settled(stocked, tenant("a-shop", "suspended")) == ["closed a-shop: suspended"]


def test_many_runs_at_once_do_it_once(stocked: Pool) -> None:
    told: list[str] = []

    def run() -> None:
        told.extend(settled(stocked, tenant("a-shop", "suspended")))

    runs = [threading.Thread(target=run) for _ in range(6)]
    for thread in runs:
        thread.start()
    for thread in runs:
        thread.join()
    assert told.count("closed a-shop: suspended") == 1
    assert served(stocked, "a-shop") == NOBODY


@pytest.fixture
def own_role(pool: Pool) -> str:
    """The login of a tenant with a schema of its own, in the pool's database."""
    role = f"tenant_{pool.name}_app"
    pool.server.run(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
    pool.server.run(f"GRANT CONNECT ON DATABASE {pool.name} TO {role}")
    return role


def test_sessions_of_a_closed_tenant_with_a_login_of_its_own_end(pool: Pool, own_role: str) -> None:
    slug = pool.name.replace("_", "-")
    closed, opened = tenant(slug, "suspended", isolation="schema"), tenant(slug, "active", isolation="schema")
    with pool.connect(own_role) as session:
        session.execute("SELECT 1")
        assert settled(pool, opened) == []
        (refused,) = settled(pool, closed)
        assert refused == f"cannot end sessions of {slug} (suspended): this login is no member of pg_signal_backend"
        session.execute("SELECT 1")
        pool.server.run(f"GRANT pg_signal_backend TO {pool.migrator}")
        assert settled(pool, closed) == [f"ended 1 session of {slug}: suspended"]
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")
    assert settled(pool, closed) == []


def test_the_registry_is_read_as_it_is_mounted(tmp_path: Path) -> None:
    usual = {"plan": "free", "isolation": "pool"}
    written(
        tmp_path,
        a_shop={**usual, "state": "trial", "ends": PAST},
        b_shop={**usual, "state": "trial", "ends": FUTURE.replace("Z", "+00:00")},
        c_shop=usual,
    )
    (tmp_path / "..data").mkdir()
    known = registry.read(tmp_path)
    assert [(one.slug, one.state, one.closed_because(NOW)) for one in known] == [
        ("a-shop", "trial", "its trial ended at 2026-11-22T11:59:59Z"),
        ("b-shop", "trial", None),
        ("c-shop", "active", None),
    ]


@pytest.mark.parametrize("broken", ["", "[]", "{", '{"isolation": "pool", "state": "odd"}', '{"state": "active"}'])
def test_a_registry_with_something_else_in_it_is_refused_as_a_whole(tmp_path: Path, broken: str) -> None:
    with pytest.raises(TenantryError, match=r"no entry of a tenant .*, a-shop of the registry, run `pulumi up`"):
        registry.read(written(tmp_path, a_shop=broken))


def test_the_registry_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(TenantryError, match="no registry is mounted") as refused:
        registry.read(tmp_path / "nowhere")
    assert refused.value.exit_code == 2


def test_the_program_says_what_it_did(
    stocked: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = {"plan": "free", "isolation": "pool", "state": "suspended"}
    monkeypatch.setenv("REGISTRY_DIRECTORY", str(written(tmp_path, a_shop=entry, b_shop={**entry, "state": "active"})))
    monkeypatch.setenv("DIRECT_DATABASE_URL", stocked.url(stocked.migrator))
    lifecycle.main()
    lifecycle.main()
    assert capsys.readouterr().out.splitlines() == [
        "closed a-shop: suspended",
        "2 tenants, 1 closed; 1 to report",
        "2 tenants, 1 closed; nothing to report",
    ]
