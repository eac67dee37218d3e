"""What tenants' roles are made of: when they log in, whom they join, and many of them made at once."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import errors

from infra.sandbox.plugins.values import Secret
from tests.plugins.postgresql.harness import Database, Engine

FLEET = [f"shop_{number}" for number in range(24)]


def test_a_trials_end_is_kept_as_postgresql_prints_it_and_ends_the_login(engine: Engine, database: Database) -> None:
    news = {"name": "trial_app", "login": True, "password": Secret("p"), "validUntil": "2099-01-02 03:04:05+00"}
    role = engine("Role", "trial").create(**news)
    assert role.refresh() == set()
    assert role.changes(**news) == {}
    assert database.can_log_in("trial_app", "p")
    role.update(**{**news, "validUntil": "2020-01-02 03:04:05+00"})
    assert not database.can_log_in("trial_app", "p")
    assert role.refresh() == set()
    role.update(**{name: value for name, value in news.items() if name != "validUntil"})
    assert database.can_log_in("trial_app", "p")
    assert role.refresh() == set()


def test_a_suspended_role_keeps_its_password_and_logs_in_no_more_until_it_may(
    engine: Engine, database: Database
) -> None:
    news = {"name": "paused_app", "password": Secret("p")}
    role = engine("Role", "paused").create(**news, login=True)
    role.update(**news, login=False)
    assert not database.can_log_in("paused_app", "p")
    assert role.refresh() == set()
    role.update(**news, login=True)
    assert database.can_log_in("paused_app", "p")


def test_a_statement_that_takes_longer_than_the_role_may_is_ended(engine: Engine, database: Database) -> None:
    made = engine("Role", "slow").create(name="slow_app", login=True, password=Secret("p"), statementTimeout=50)
    assert made.refresh() == set()
    with pytest.raises(errors.QueryCanceled, match="statement timeout"):
        database.run("SELECT pg_sleep(60)", user="slow_app", password="p")


def test_a_fleet_made_at_once_collides_nowhere_and_is_let_in_by_the_one_role_that_is(
    engine: Engine, database: Database
) -> None:
    engine("Database", "fleet").create(name="fleet")
    engine("Grant", "closed").create(database="fleet", role="public", objectType="database", privileges=[])
    engine("Role", "members").create(name="fleet_tenants")
    engine("Grant", "members").create(
        database="fleet", role="fleet_tenants", objectType="database", privileges=["CONNECT"]
    )
    before = len(database.log)
    with ThreadPoolExecutor(12) as workers:
        list(workers.map(lambda slug: _tenant(engine, slug), FLEET))
    assert "concurrently updated" not in database.log[before:]
    for slug in FLEET:
        database.run(f"SET ROLE {slug}_owner; CREATE TABLE {slug}.orders (note text)", "fleet")
        database.run(f"INSERT INTO {slug}.orders VALUES ('own')", "fleet", user=f"{slug}_app", password="p")
        assert database.run("SELECT note FROM orders", "fleet", user=f"{slug}_app", password="p") == [("own",)]
    with pytest.raises(errors.InsufficientPrivilege):
        database.run("SELECT note FROM shop_1.orders", "fleet", user="shop_0_app", password="p")
    engine("Role", "stranger").create(name="stranger_app", login=True, password=Secret("p"))
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        database.run("SELECT 1", "fleet", user="stranger_app", password="p")


def _tenant(engine: Engine, slug: str) -> None:
    """Make a tenant in the order in which the program has it made."""
    owner, reader, app = f"{slug}_owner", f"{slug}_reader", f"{slug}_app"
    engine("Role", owner).create(name=owner)
    engine("Role", reader).create(name=reader)
    engine("Role", app).create(
        name=app, login=True, password=Secret("p"), roles=[reader, "fleet_tenants"], searchPaths=[slug, "public"]
    )
    engine("Schema", slug).create(name=slug, database="fleet", owner=owner)
    engine("Grant", f"{slug}-usage").create(
        database="fleet", schema=slug, role=reader, objectType="schema", privileges=["USAGE"]
    )
    for role, kind, privileges in (
        (reader, "table", ["SELECT"]),
        (app, "table", ["INSERT", "UPDATE", "DELETE"]),
        (app, "sequence", ["USAGE", "SELECT"]),
    ):
        engine("DefaultPrivileges", f"{role}-{kind}").create(
            database="fleet", schema=slug, owner=owner, role=role, objectType=kind, privileges=privileges
        )
