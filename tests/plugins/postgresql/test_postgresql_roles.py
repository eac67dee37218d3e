"""Roles: attributes, passwords, memberships, and how they are dropped."""

import pytest

from infra.sandbox.plugins.values import Secret
from tests.plugins.client import Refused
from tests.plugins.postgresql.harness import Database, Engine, engine_for

ODD = 'odd "name"; DROP ROLE postgres; --\'é %s {}'


def test_a_role_logs_in_with_its_password_and_only_with_it(engine: Engine, database: Database) -> None:
    engine("Role", "login").create(name="login_role", login=True, password=Secret("right"))
    assert database.can_log_in("login_role", "right")
    assert not database.can_log_in("login_role", "wrong")


def test_no_password_reaches_the_servers_log_or_the_plain_state(engine: Engine, database: Database) -> None:
    role = engine("Role", "secretive").create(name="secretive", login=True, password=Secret("canary-one"))
    assert "canary" not in repr((role.id, role.inputs, role.outputs))
    role.update(name="secretive", login=True, password="canary-two")
    assert role.outputs["password"] == Secret("canary-two")
    with pytest.raises(Refused) as refusal:
        role.update(name="secretive", login=True, password=Secret("canary-three"), validUntil="canary-three")
    assert "canary" not in str(refusal.value)
    assert 'role secretive: invalid input syntax for type timestamp with time zone: "[secret]"' in str(refusal.value)
    assert "(SQLSTATE 22007)" in str(refusal.value)
    log = database.log
    assert "secretive" in log
    assert "canary-one" not in log
    assert "canary-two" not in log


def test_a_write_only_password_is_kept_nowhere_and_follows_its_version(engine: Engine, database: Database) -> None:
    role = engine("Role", "wo").create(name="wo", login=True, passwordWo=Secret("first"), passwordWoVersion="1")
    assert "passwordWo" not in role.outputs
    assert database.can_log_in("wo", "first")
    assert role.changes(name="wo", login=True, passwordWo=Secret("second"), passwordWoVersion="1") == {}
    news = {"name": "wo", "login": True, "passwordWo": Secret("second"), "passwordWoVersion": "2"}
    assert role.changes(**news) == {"passwordWoVersion": "UPDATE"}
    role.update(**news)
    assert database.can_log_in("wo", "second")
    assert role.refresh() == set()


def test_a_verifier_is_taken_as_it_is(engine: Engine, database: Database) -> None:
    engine("Role", "origin").create(name="origin", login=True, password=Secret("known"))
    verifier = database.value("SELECT rolpassword FROM pg_authid WHERE rolname = 'origin'")
    engine("Role", "copy").create(name="copy", login=True, password=Secret(verifier))
    assert database.can_log_in("copy", "known")


def test_every_attribute_arrives_and_stays(engine: Engine, database: Database) -> None:
    engine("Role", "group").create(name="group_a")
    news = {
        "name": "full",
        "login": True,
        "password": Secret("p"),
        "connectionLimit": 7,
        "createDatabase": True,
        "createRole": True,
        "superuser": True,
        "inherit": False,
        "replication": True,
        "bypassRowLevelSecurity": True,
        "validUntil": "2031-02-03",
        "searchPaths": ["a", 'B "c"', "d,e"],
        "statementTimeout": 1500,
        "idleInTransactionSessionTimeout": 2500,
        "assumeRole": "group_a",
        "roles": ["group_a"],
    }
    role = engine("Role", "full").create(**news)
    row = database.run(
        "SELECT rolcanlogin, rolconnlimit, rolcreatedb, rolcreaterole, rolsuper, rolinherit, rolreplication,"
        " rolbypassrls, rolvaliduntil::date::text FROM pg_roles WHERE rolname = 'full'"
    )
    assert row == [(True, 7, True, True, True, False, True, True, "2031-02-03")]
    assert database.value("SELECT pg_has_role('full', 'group_a', 'MEMBER')") is True
    for name, value in news.items():
        assert role.outputs[name] == value
    assert role.refresh() == set()
    assert role.changes(**news) == {}
    plain = {"name": "full"}
    role.update(**plain)
    assert role.refresh() == set()
    assert role.changes(**plain) == {}
    assert database.value("SELECT rolconfig FROM pg_roles WHERE rolname = 'full'") is None
    assert database.value("SELECT count(*) FROM pg_auth_members WHERE member = 'full'::regrole") == 0


def test_an_odd_name_is_just_a_name(engine: Engine, database: Database) -> None:
    role = engine("Role", "odd").create(name=ODD, roles=["pg_monitor"], searchPaths=[ODD])
    assert role.id == ODD
    assert role.refresh() == set()
    assert role.outputs["searchPaths"] == [ODD]
    role.update(name=ODD, connectionLimit=1)
    role.delete()
    assert role.refresh() == {"gone"}
    assert database.value("SELECT count(*) FROM pg_roles WHERE rolname = 'postgres'") == 1


@pytest.mark.parametrize(
    ("statement", "changed", "paths"),
    [
        ("ALTER ROLE drifter NOLOGIN", {"login"}, {"login": "UPDATE"}),
        ("ALTER ROLE drifter CONNECTION LIMIT 9", {"connectionLimit"}, {"connectionLimit": "UPDATE"}),
        ("ALTER ROLE drifter SUPERUSER", {"superuser"}, {"superuser": "UPDATE"}),
        ("ALTER ROLE drifter VALID UNTIL '2040-01-01'", {"validUntil"}, {"validUntil": "UPDATE"}),
        ("ALTER ROLE drifter SET search_path TO x", {"searchPaths"}, {"searchPaths": "DELETE"}),
        ("ALTER ROLE drifter SET statement_timeout TO '5s'", {"statementTimeout"}, {"statementTimeout": "DELETE"}),
        ("GRANT pg_read_all_data TO drifter", {"roles"}, {"roles[1]": "DELETE"}),
        ("REVOKE pg_monitor FROM drifter", {"roles"}, {"roles[0]": "ADD"}),
    ],
)
def test_a_refresh_finds_what_somebody_changed(
    engine: Engine, database: Database, statement: str, changed: set[str], paths: dict[str, str]
) -> None:
    news = {"name": "drifter", "login": True, "roles": ["pg_monitor"]}
    role = engine("Role", "drifter").create(**news)
    try:
        database.run(statement)
        assert role.refresh() == changed
        assert role.changes(**news) == paths
        role.update(**news)
        assert role.refresh() == set()
        assert role.changes(**news) == {}
    finally:
        role.delete()


def test_a_refresh_finds_that_it_is_gone(engine: Engine, database: Database) -> None:
    role = engine("Role", "gone").create(name="gone_role")
    database.run("DROP ROLE gone_role")
    role.delete()
    assert role.refresh() == {"gone"}


def test_memberships_of_others_are_left_alone_unless_roles_is_given(engine: Engine, database: Database) -> None:
    role = engine("Role", "member").create(name="member")
    engine("GrantRole", "member").create(role="member", grantRole="pg_monitor")
    assert role.refresh() == set()
    role.update(name="member", connectionLimit=3)
    assert database.value("SELECT pg_has_role('member', 'pg_monitor', 'MEMBER')") is True
    role.update(name="member", roles=["pg_read_all_data"])
    assert database.value("SELECT pg_has_role('member', 'pg_monitor', 'MEMBER')") is False


def test_a_rename_happens_in_place(engine: Engine, database: Database) -> None:
    role = engine("Role", "old").create(name="old_name", login=True, password=Secret("p"))
    assert role.changes(name="new_name", login=True, password=Secret("p")) == {"name": "UPDATE"}
    role.update(name="new_name", login=True, password=Secret("p"))
    assert database.can_log_in("new_name", "p")
    assert role.refresh() == set()
    role.delete()
    assert role.refresh() == {"gone"}


def test_dropping_gives_what_it_owns_to_the_administrator_in_every_database(engine: Engine, database: Database) -> None:
    role = engine("Role", "owner").create(name="the_owner")
    for name in ("owned_a", "owned_b"):
        engine("Database", name).create(name=name)
        database.run(
            "CREATE SCHEMA s AUTHORIZATION the_owner; CREATE TABLE s.t (); ALTER TABLE s.t OWNER TO the_owner", name
        )
    database.run("GRANT CONNECT ON DATABASE owned_a TO the_owner")
    role.delete()
    assert role.refresh() == {"gone"}
    for name in ("owned_a", "owned_b"):
        assert database.value("SELECT tableowner FROM pg_tables WHERE schemaname = 's'", name) == "postgres"


def test_a_role_that_must_not_lose_its_objects_says_so(engine: Engine, database: Database) -> None:
    role = engine("Role", "holder").create(name="holder", skipReassignOwned=True)
    database.run("CREATE TABLE held (); ALTER TABLE held OWNER TO holder")
    with pytest.raises(Refused) as refusal:
        role.delete()
    message = str(refusal.value)
    assert message.startswith(
        'role holder: role "holder" cannot be dropped because some objects depend on it; owner of'
    )
    assert "table held (SQLSTATE 2BP01)" in message
    assert "\n" not in message
    database.run("DROP TABLE held")
    role.delete()


def test_skip_drop_role_keeps_the_role(engine: Engine, database: Database) -> None:
    role = engine("Role", "kept").create(name="kept_role", skipDropRole=True)
    role.delete()
    assert database.value("SELECT count(*) FROM pg_roles WHERE rolname = 'kept_role'") == 1


def test_a_role_of_somebody_else_is_refused(engine: Engine, database: Database) -> None:
    database.run("CREATE ROLE foreign_role CONNECTION LIMIT 3")
    with pytest.raises(Refused, match=r'role mine: role "foreign_role" already exists \(SQLSTATE 42710\)'):
        engine("Role", "mine").create(name="foreign_role")
    assert database.value("SELECT rolconnlimit FROM pg_roles WHERE rolname = 'foreign_role'") == 3


def test_a_role_of_another_resource_or_stack_is_refused(engine: Engine) -> None:
    engine("Role", "first").create(name="contested")
    with pytest.raises(Refused, match="already exists"):
        engine("Role", "second").create(name="contested")
    with pytest.raises(Refused, match="already exists"):
        engine("Role", "first", stack="other").create(name="contested")


def test_an_import_is_clean_but_for_the_password(engine: Engine, database: Database) -> None:
    database.run("CREATE ROLE imported LOGIN PASSWORD 'p' CONNECTION LIMIT 4 IN ROLE pg_monitor")
    database.run('ALTER ROLE imported SET search_path TO a, "B"')
    role = engine("Role", "imported").take("imported")
    assert role.inputs == {
        "name": "imported",
        "login": True,
        "connectionLimit": 4,
        "roles": ["pg_monitor"],
        "searchPaths": ["a", "B"],
        "__defaults": [],
    }
    news = {name: value for name, value in role.inputs.items() if name != "__defaults"}
    assert role.changes(**news) == {}
    assert role.changes(**news, password=Secret("p")) == {"password": "ADD"}


def test_an_administrator_that_is_no_superuser_can_do_it_all(engine: Engine, database: Database) -> None:
    """Like the master user of RDS."""
    engine("Role", "master").create(
        name="master", login=True, createRole=True, createDatabase=True, password=Secret("m"), superuser=False
    )
    database.run("CREATE DATABASE managed OWNER master")
    with engine_for(database, username="master", password="m", database="managed", superuser="false") as master:
        owner = master("Role", "o").create(name="rds_owner", login=True, password=Secret("p"))
        reader = master("Role", "r").create(name="rds_reader")
        made = [
            master("Database", "d").create(name="rds_shop", owner="rds_owner"),
            master("Schema", "s").create(name="data", database="rds_shop", owner="rds_owner"),
        ]
        database.run("CREATE TABLE data.t (id int); ALTER TABLE data.t OWNER TO rds_owner", "rds_shop")
        place = {"role": "rds_reader", "database": "rds_shop", "schema": "data"}
        made += [
            master("Grant", "g1").create(**place, objectType="schema", privileges=["USAGE"]),
            master("Grant", "g2").create(**place, objectType="table", privileges=["SELECT"]),
            master("DefaultPrivileges", "p").create(
                **place, owner="rds_owner", objectType="table", privileges=["SELECT"]
            ),
            master("GrantRole", "m").create(role="rds_reader", grantRole="rds_owner"),
        ]
        for one in (owner, reader, *made):
            assert one.refresh() == set(), one
        owner.update(name="rds_owner", login=True, password=Secret("q"), connectionLimit=5)
        assert (
            database.value("SELECT count(*) FROM pg_auth_members WHERE member = 'master'::regrole AND set_option") == 0
        )
        made[1].update(name="data", database="rds_shop", owner="rds_owner", dropCascade=True)
        for one in (*reversed(made), reader, owner):
            one.delete()
        assert database.value("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'rds%'") == 0
