"""The attacks are worth something: who may do everything has success, and each way to be careless is noticed."""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from tests.isolation import plain
from tests.isolation.catalogue import ATTACKS
from tests.isolation.evidence import Evidence
from tests.isolation.fleet import Fleet
from tests.isolation.model import DATABASE, ISOLATIONS, POOL, SCHEMA, Tenant
from tests.isolation.runner import Runner, everybody, judged, placeholders
from tests.isolation.session import Session
from tests.plugins.postgresql.harness import Database


@pytest.fixture(scope="module")
def sound(server: Database) -> Iterator[Runner]:
    """Two tenants of each isolation, as they should be."""
    fleet = plain.make(server, "sound")
    return Runner(fleet, fleet.stock())


def test_no_two_attacks_have_one_name() -> None:
    names = [(attack.category, attack.name) for attack in ATTACKS]
    assert sorted(set(names)) == sorted(names)


def test_no_attack_succeeds_in_a_sound_fleet_and_nothing_is_changed(sound: Runner) -> None:
    before = Evidence.of(sound.fleet)
    report = sound.run(everybody(sound.fleet.tenants))
    assert report.successes == []
    assert len({pair for pair, _category in report.attempts}) == 9
    assert before.differences(Evidence.of(sound.fleet)) == []


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_every_attack_succeeds_for_a_superuser(sound: Runner, isolation: str) -> None:
    fleet = sound.fleet
    attacker, target = next((a, b) for a, b in everybody(fleet.tenants) if b.isolation == isolation)
    facts = sound.facts[target.slug]
    failed = []
    with fleet.connect(target) as victim:
        victim.execute(f"SELECT '{facts.secrets[0]}'".encode())
        almighty = _superuser(fleet, attacker, target)
        names = placeholders(fleet, almighty, target, facts, victim.info.backend_pid)
        opening = ["BEGIN", f"SET LOCAL app.current_tenant_id = '{attacker.slug}'"]
        with fleet.administrator(target.database) as connection:
            session = Session(connection)
            for attack in ATTACKS:
                if attack.superuser_can and isolation in attack.targets:
                    if judged(session, attack, names, facts.secrets, opening) is None:
                        failed.append(f"{attack.category}: {attack.name}")
                    session.reset(keep=False)
    assert failed == []


def _superuser(fleet: Fleet, attacker: Tenant, target: Tenant) -> Tenant:
    """Return an attacker that is in the target's database already, and may do everything there."""
    return Tenant(
        slug=attacker.slug,
        isolation=SCHEMA,
        database=target.database,
        schema=attacker.schema,
        owner="postgres",
        reader="postgres",
        role="postgres",
        password=fleet.superuser,
    )


@dataclass(frozen=True)
class Carelessness:
    """Something that somebody forgets or grants too much, and who notices it.

    Args:
        what: in words.
        statements: in the target's database, with the runner's placeholders.
        attacker: the isolation of who profits.
        target: of whom.
        noticed: the name of an attack that succeeds then.
    """

    what: str
    statements: str
    attacker: str
    target: str
    noticed: str


CARELESS = (
    Carelessness(
        "a policy is dropped", "DROP POLICY tenant_isolation ON pool.customers", POOL, POOL, "select from customers"
    ),
    Carelessness(
        "a policy lets everything through",
        "ALTER POLICY tenant_isolation ON pool.orders USING (true) WITH CHECK (true)",
        POOL,
        POOL,
        "select from orders without a filter",
    ),
    Carelessness(
        "a policy checks no new rows",
        "ALTER POLICY tenant_isolation ON pool.later WITH CHECK (true)",
        POOL,
        POOL,
        "insert defaults",
    ),
    Carelessness(
        "a policy shows all to whom has no id",
        "ALTER POLICY tenant_isolation ON pool.customers USING (tenant_id = coalesce(pool.current_tenant(), tenant_id)); DROP POLICY tenant_access ON pool.customers; CREATE POLICY open ON pool.customers USING (true)",
        POOL,
        POOL,
        "no id at all",
    ),
    Carelessness(
        "row security is disabled", "ALTER TABLE pool.carts DISABLE ROW LEVEL SECURITY", POOL, POOL, "copy from carts"
    ),
    Carelessness(
        "row security is not forced",
        "ALTER TABLE pool.later NO FORCE ROW LEVEL SECURITY",
        POOL,
        POOL,
        "the target's view",
    ),
    Carelessness(
        "the services' login bypasses row security", "ALTER ROLE {b_role} BYPASSRLS", POOL, POOL, "row security off"
    ),
    Carelessness(
        "a function works with its owner's rights",
        "ALTER FUNCTION pool.notes() SECURITY DEFINER; ALTER TABLE pool.later NO FORCE ROW LEVEL SECURITY",
        POOL,
        POOL,
        "the target's function",
    ),
    Carelessness(
        "a table is made without its guard",
        "DROP POLICY tenant_access ON pool.later; DROP POLICY tenant_isolation ON pool.later; ALTER TABLE pool.later DISABLE ROW LEVEL SECURITY",
        POOL,
        POOL,
        "delete from later",
    ),
    Carelessness(
        "a unique index is without the tenant",
        "CREATE UNIQUE INDEX ON pool.customers (lower(email))",
        POOL,
        POOL,
        "a customer of the same address",
    ),
    Carelessness(
        "a foreign key is without the tenant",
        "CREATE UNIQUE INDEX u ON pool.customers (id); ALTER TABLE pool.carts DROP CONSTRAINT carts_tenant_id_customer_id_fkey, ADD FOREIGN KEY (customer_id) REFERENCES pool.customers (id)",
        POOL,
        POOL,
        "a cart of the target's customer",
    ),
    Carelessness(
        "tables may be truncated",
        "GRANT TRUNCATE ON ALL TABLES IN SCHEMA pool TO {b_role}",
        POOL,
        POOL,
        "truncate later",
    ),
    Carelessness(
        "sequences may be set", "GRANT UPDATE ON SEQUENCE pool.order_numbers TO {b_role}", POOL, POOL, "set it"
    ),
    Carelessness(
        "the pool is granted to a tenant",
        "GRANT USAGE ON SCHEMA pool TO {a_role}; GRANT SELECT ON pool.customers, pool.closed_tenants TO {a_role}",
        SCHEMA,
        POOL,
        "the target's id for the transaction",
    ),
    Carelessness("a reader is granted", "GRANT {b_reader} TO {a_role}", SCHEMA, SCHEMA, "select from orders"),
    Carelessness(
        "an owner is granted", "GRANT {b_owner} TO {a_role}", POOL, SCHEMA, "become the target's owner, by SET ROLE"
    ),
    Carelessness(
        "a schema is open to everybody",
        "GRANT USAGE ON SCHEMA {b_schema} TO PUBLIC",
        SCHEMA,
        SCHEMA,
        "to use the target's schema",
    ),
    Carelessness(
        "later tables are everybody's",
        "GRANT USAGE ON SCHEMA {b_schema} TO PUBLIC; ALTER DEFAULT PRIVILEGES FOR ROLE {b_owner} IN SCHEMA {b_schema} GRANT SELECT ON TABLES TO PUBLIC; SET ROLE {b_owner}; CREATE TABLE {b_schema}.latest AS TABLE {b_schema}.later; DROP TABLE {b_schema}.later CASCADE; ALTER TABLE {b_schema}.latest RENAME TO later",
        SCHEMA,
        SCHEMA,
        "select from later",
    ),
    Carelessness(
        "one column is everybody's",
        "GRANT USAGE ON SCHEMA {b_schema} TO PUBLIC; GRANT SELECT (name) ON {b_schema}.customers TO PUBLIC",
        POOL,
        SCHEMA,
        "the greatest",
    ),
    Carelessness(
        "a large object is everybody's",
        "GRANT SELECT ON LARGE OBJECT {large_object} TO PUBLIC",
        SCHEMA,
        SCHEMA,
        "get a large object",
    ),
    Carelessness("a tenant may watch", "GRANT pg_monitor TO {a_role}", SCHEMA, SCHEMA, "what the target asks"),
    Carelessness(
        "a tenant may end sessions",
        "GRANT pg_signal_backend TO {a_role}",
        DATABASE,
        SCHEMA,
        "cancel the target's statement",
    ),
    Carelessness(
        "everybody may create in public", "GRANT CREATE ON SCHEMA public TO PUBLIC", SCHEMA, SCHEMA, "a trap in public"
    ),
    Carelessness(
        "everybody may have temporary tables",
        "GRANT TEMPORARY ON DATABASE {b_database} TO PUBLIC",
        SCHEMA,
        SCHEMA,
        "to have temporary tables in the target's database",
    ),
    Carelessness(
        "everybody may connect to a tenant's database",
        "GRANT CONNECT ON DATABASE {b_database} TO PUBLIC",
        SCHEMA,
        DATABASE,
        "to connect to a database that is the target's alone",
    ),
    Carelessness(
        "a tenant may connect to another's database",
        "GRANT CONNECT ON DATABASE {b_database} TO {a_role}; GRANT {b_role} TO {a_role}",
        DATABASE,
        DATABASE,
        "its own login to the target's database, if that is another",
    ),
    Carelessness(
        "two tenants have one password",
        "ALTER ROLE {a_role} PASSWORD '{b_password}'",
        SCHEMA,
        DATABASE,
        "the target's name with its own password",
    ),
    Carelessness(
        "a tenant may read files",
        "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO PUBLIC",
        DATABASE,
        DATABASE,
        "read a file",
    ),
    Carelessness("a tenant is a superuser", "ALTER ROLE {a_role} SUPERUSER", SCHEMA, SCHEMA, "run a program"),
)


@pytest.mark.parametrize("careless", CARELESS, ids=lambda careless: careless.what)
def test_a_fleet_that_is_broken_on_purpose_is_found_out(server: Database, careless: Carelessness) -> None:
    name = "broken_" + re.sub(r"\W+", "_", careless.what)[:24].rstrip("_")
    fleet = plain.make(server, name.replace("_", ""), {careless.attacker, careless.target})
    runner = Runner(fleet, fleet.stock(rows=1))
    ((attacker, target),) = everybody(fleet.tenants, (careless.attacker, careless.target))
    if "{b_password}" in careless.statements:
        attacker = dataclasses.replace(attacker, password=target.password)
    names = placeholders(fleet, attacker, target, runner.facts[target.slug], 0) | {"b_password": target.password}
    # A right on a function of the server's is each database's own, hence the attacker's; all else is the target's.
    place = attacker.database if "pg_read_file" in careless.statements else target.database
    with fleet.administrator(place) as connection:
        for statement in careless.statements.split("; "):
            connection.execute(statement.format_map(names).encode())
    noticed = [attack for attack in ATTACKS if attack.name == careless.noticed]
    report = runner.run([(attacker, target)], noticed)
    assert any(f": {careless.noticed}: " in success for success in report.successes), report.successes


def test_rows_that_are_changed_are_seen_by_the_administrator(server: Database) -> None:
    fleet = plain.make(server, "changed", {POOL, SCHEMA})
    fleet.stock(rows=1)
    before = Evidence.of(fleet)
    victim = next(tenant for tenant in fleet.tenants if tenant.isolation == SCHEMA)
    with fleet.connect(victim) as connection:
        connection.execute("UPDATE customers SET name = 'another'")
        connection.execute("SELECT lo_from_bytea(0, 'x')")
    with fleet.administrator(victim.database) as connection:
        connection.execute(f"GRANT SELECT (name) ON {victim.schema}.customers TO PUBLIC".encode())
        connection.execute(f"DELETE FROM pool.later WHERE tenant_id = '{fleet.tenants[0].slug}'".encode())
    found = "\n".join(before.differences(Evidence.of(fleet)))
    for what in (f"rows of {victim.schema}.customers", "large object", "customers.name", "rows of pool.later"):
        assert what in found


def test_a_refused_statement_of_a_tenant_is_an_error_and_not_an_empty_answer(sound: Runner) -> None:
    attacker, target = everybody(sound.fleet.tenants, (SCHEMA, SCHEMA))[0]
    with sound.fleet.connect(attacker) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(f"SELECT * FROM {target.schema}.customers".encode())
