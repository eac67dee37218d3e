"""Databases, schemas, extensions and functions."""

import time
from typing import Any

import psycopg
import pytest

from tests.plugins.client import Refused
from tests.plugins.postgresql.harness import Database, Engine

ODD = 'odd "name".x; --\' %s {}'


def test_a_database_has_what_was_asked_for(engine: Engine, database: Database) -> None:
    engine("Role", "shop").create(name="shop_owner")
    news = {"name": "shop", "owner": "shop_owner", "connectionLimit": 9, "encoding": "utf-8", "isTemplate": False}
    shop = engine("Database", "shop").create(**news)
    row = database.run(
        "SELECT pg_get_userbyid(datdba)::text, datconnlimit, pg_encoding_to_char(encoding)::text, datallowconn"
        " FROM pg_database WHERE datname = 'shop'"
    )
    assert row == [("shop_owner", 9, "UTF8", True)]
    assert shop.outputs["template"] == "template0"
    assert shop.outputs["tablespaceName"] == "pg_default"
    assert shop.outputs["encoding"] == "utf-8"
    assert shop.refresh() == set()
    assert shop.changes(**news) == {}
    assert shop.changes(name="shop") == {"connectionLimit": "UPDATE"}


def test_a_database_changes_in_place_and_is_renamed(engine: Engine, database: Database) -> None:
    engine("Role", "next").create(name="next_owner")
    one = engine("Database", "one").create(name="one")
    with database.connect("one") as session:
        session.execute("CREATE TABLE kept (id int)")
    one.update(name="two", owner="next_owner", connectionLimit=2, allowConnections=True, isTemplate=True)
    assert database.value("SELECT count(*) FROM pg_tables WHERE tablename = 'kept'", "two") == 1
    assert one.refresh() == set()
    assert (one.outputs["owner"], one.outputs["isTemplate"]) == ("next_owner", True)
    one.delete()
    assert one.refresh() == {"gone"}


def test_objects_follow_the_owner_when_asked(engine: Engine, database: Database) -> None:
    for name in ("alter_a", "alter_b"):
        engine("Role", name).create(name=name)
    one = engine("Database", "altered").create(name="altered", owner="alter_a")
    database.run("CREATE TABLE t (); ALTER TABLE t OWNER TO alter_a", "altered")
    one.update(name="altered", owner="alter_b", alterObjectOwnership=True)
    assert database.value("SELECT tableowner FROM pg_tables WHERE tablename = 't'", "altered") == "alter_b"
    assert one.outputs["owner"] == "alter_b"


def test_dropping_a_database_ends_the_sessions_in_it(engine: Engine, database: Database) -> None:
    one = engine("Database", "busy").create(name="busy", isTemplate=True)
    with database.connect("busy") as session:
        one.delete()
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")
    assert one.refresh() == {"gone"}
    one.delete()


@pytest.mark.parametrize(
    ("news", "path"),
    [
        ({"encoding": "SQL_ASCII"}, "encoding"),
        ({"template": "template1"}, "template"),
        ({"lcCtype": "POSIX"}, "lcCtype"),
    ],
)
def test_what_is_fixed_at_creation_replaces_and_the_old_one_goes_first(
    engine: Engine, news: dict[str, Any], path: str
) -> None:
    one = engine("Database", "fixed").create(name=f"fixed_{path.lower()}")
    answer = one.diff(name=one.id, **news)
    assert list(answer.replaces) == [path]
    assert answer.deleteBeforeReplace


def test_a_replacement_with_a_name_of_its_own_comes_first(engine: Engine) -> None:
    one = engine("Database", "auto").create()
    answer = one.diff(encoding="SQL_ASCII")
    assert list(answer.replaces) == ["encoding"]
    assert not answer.deleteBeforeReplace


def test_drift_of_a_database_is_found_and_mended(engine: Engine, database: Database) -> None:
    one = engine("Database", "drift").create(name="drift_db")
    database.run("ALTER DATABASE drift_db CONNECTION LIMIT 5; ALTER DATABASE drift_db ALLOW_CONNECTIONS false")
    assert one.refresh() == {"connectionLimit", "allowConnections"}
    assert one.changes(name="drift_db") == {"connectionLimit": "UPDATE", "allowConnections": "UPDATE"}
    one.update(name="drift_db")
    assert one.refresh() == set()


def test_an_imported_database_is_clean(engine: Engine, database: Database) -> None:
    database.run("CREATE DATABASE imported_db CONNECTION LIMIT 5")
    one = engine("Database", "imported").take("imported_db")
    assert one.changes(name="imported_db", connectionLimit=5) == {}
    assert one.refresh() == set()


def test_a_database_of_somebody_else_is_refused(engine: Engine, database: Database) -> None:
    database.run("CREATE DATABASE theirs CONNECTION LIMIT 4")
    with pytest.raises(Refused, match="database mine: it already exists, and this program did not make it"):
        engine("Database", "mine").create(name="theirs")
    assert database.value("SELECT datconnlimit FROM pg_database WHERE datname = 'theirs'") == 4
    assert database.value("SELECT count(*) FROM pg_database WHERE datname LIKE 'pulumi:%'") == 0


def test_no_connection_stays_open_after_the_last_request(engine: Engine, database: Database) -> None:
    engine("Schema", "idle").create(name="idle_schema")
    deadline = time.monotonic() + 5
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'tenantry offline%'"
    while database.value(query) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert database.value(query) == 0


def test_a_schema_is_created_changed_and_dropped(engine: Engine, database: Database) -> None:
    engine("Role", "sch").create(name="schema_owner")
    engine("Database", "sdb").create(name="schema_db")
    schema = engine("Schema", "s").create(name=ODD, database="schema_db", owner="schema_owner")
    assert schema.id == f"schema_db.{ODD}"
    assert schema.refresh() == set()
    database.run('CREATE ROLE intruder; ALTER SCHEMA "' + ODD.replace('"', '""') + '" OWNER TO intruder', "schema_db")
    assert schema.refresh() == {"owner"}
    schema.update(name="plain", database="schema_db", owner="schema_owner")
    assert schema.refresh() == set()
    database.run("CREATE TABLE plain.t ()", "schema_db")
    with pytest.raises(Refused, match=r"schema s: cannot drop schema plain because other objects depend on it; table"):
        schema.delete()
    schema.update(name="plain", database="schema_db", owner="schema_owner", dropCascade=True)
    schema.delete()
    assert schema.refresh() == {"gone"}
    schema.delete()


def test_an_existing_schema_is_used_unless_the_program_says_no(engine: Engine, database: Database) -> None:
    database.run("CREATE SCHEMA existing; COMMENT ON SCHEMA existing IS 'theirs'")
    used = engine("Schema", "used").create(name="existing")
    assert used.id == "postgres.existing"
    assert database.value("SELECT obj_description('existing'::regnamespace, 'pg_namespace')") == "theirs"
    with pytest.raises(Refused, match="schema strict: it already exists; set ifNotExists"):
        engine("Schema", "strict").create(name="existing", ifNotExists=False)


def test_schema_policies_are_granted_and_taken_back(engine: Engine, database: Database) -> None:
    engine("Role", "pol").create(name="policy_role")
    news = {"name": "with_policies", "policies": [{"role": "policy_role", "usage": True, "createWithGrant": True}]}
    schema = engine("Schema", "pol").create(**news)
    has = "SELECT has_schema_privilege('policy_role', 'with_policies', '{}')"
    assert database.value(has.format("USAGE")) is True
    assert database.value(has.format("CREATE WITH GRANT OPTION")) is True
    assert schema.refresh() == set()
    assert schema.changes(**news) == {}
    schema.update(name="with_policies", policies=[{"role": "policy_role", "usage": True}])
    assert database.value(has.format("USAGE")) is True
    assert database.value(has.format("CREATE")) is False
    schema.update(name="with_policies")
    assert database.value(has.format("USAGE")) is False


def test_a_schema_whose_database_is_gone_is_gone(engine: Engine, database: Database) -> None:
    engine("Database", "tmp").create(name="tmp_db")
    made = [
        engine("Schema", "s").create(name="s", database="tmp_db"),
        engine("Extension", "vector").create(name="vector", database="tmp_db"),
        engine("Function", "f").create(name="f", database="tmp_db", body="BEGIN END"),
        engine("Grant", "g").create(
            role="public", database="tmp_db", schema="s", objectType="schema", privileges=["USAGE"]
        ),
    ]
    database.run("DROP DATABASE tmp_db WITH (FORCE)")
    for one in made:
        one.delete()
        assert one.refresh() == {"gone"}


@pytest.mark.parametrize(
    ("kind", "identity", "inputs"),
    [
        ("Schema", "postgres.import_schema", {"name": "import_schema", "database": "postgres"}),
        ("Extension", "postgres.plpgsql", {"name": "plpgsql", "database": "postgres", "schema": "pg_catalog"}),
    ],
)
def test_imports_by_database_and_name_are_clean(
    engine: Engine, database: Database, kind: str, identity: str, inputs: dict[str, Any]
) -> None:
    database.run("CREATE SCHEMA IF NOT EXISTS import_schema")
    one = engine(kind, "imported").take(identity)
    assert one.id == identity
    for name, value in inputs.items():
        assert one.inputs[name] == value
    assert one.changes(name=inputs["name"]) == {}


@pytest.mark.parametrize("identity", ["noschema", "a.b.c", ".x", "x."])
def test_an_import_id_of_another_form_is_refused(engine: Engine, identity: str) -> None:
    with pytest.raises(Refused, match=r"must be DATABASE\.SCHEMA"):
        engine("Schema", "s").take(identity)


def test_an_import_of_what_is_not_there_finds_nothing(engine: Engine) -> None:
    for kind, identity in (("Role", "nobody"), ("Database", "nowhere"), ("Schema", "nowhere.s")):
        assert engine(kind, "x").take(identity).id == ""


def test_an_extension_moves_and_goes(engine: Engine, database: Database) -> None:
    engine("Database", "ext").create(name="ext_db")
    engine("Schema", "ext").create(name="ext_schema", database="ext_db")
    vector = engine("Extension", "vector").create(name="vector", database="ext_db")
    assert vector.id == "ext_db.vector"
    assert vector.outputs["schema"] == "public"
    assert vector.outputs["version"]
    assert vector.refresh() == set()
    assert vector.changes(name="vector", database="ext_db") == {}
    vector.update(name="vector", database="ext_db", schema="ext_schema")
    assert vector.refresh() == set()
    database.run("CREATE TABLE public.v (x ext_schema.vector)", "ext_db")
    with pytest.raises(Refused, match=r"cannot drop extension vector because other objects depend on it"):
        vector.delete()
    vector.update(name="vector", database="ext_db", schema="ext_schema", dropCascade=True)
    vector.delete()
    assert vector.refresh() == {"gone"}


def test_an_extension_that_the_server_lacks_is_told(engine: Engine) -> None:
    with pytest.raises(Refused, match=r'extension x: .*extension "no_such" is not available.*SQLSTATE 0A000'):
        engine("Extension", "x").create(name="no_such")


FUNCTIONS: dict[str, dict[str, Any]] = {
    "plain": {"body": "BEGIN END", "returns": "void"},
    "unsaid": {"body": "BEGIN END"},
    "dollars": {"body": "AS $$ BEGIN END; $$", "returns": "void"},
    "everything": {
        "language": "sql",
        "body": "SELECT a + coalesce(b, 0)",
        "returns": "int",
        "args": [{"name": "a", "type": "int"}, {"name": "b", "type": "INTEGER", "default": "1 + 1"}],
        "volatility": "IMMUTABLE",
        "parallel": "SAFE",
        "securityDefiner": True,
        "strict": True,
    },
    "out": {"body": "BEGIN total := 1; END", "args": [{"name": "total", "type": "int", "mode": "OUT"}]},
    "table": {
        "language": "sql",
        "body": "SELECT 1, 'x'::varchar(10)",
        "returns": "TABLE(id int,  label varchar(10))",
        "args": [{"type": "timestamptz"}],
    },
    "many": {
        "language": "sql",
        "body": "SELECT 1",
        "returns": "integer",
        "args": [{"name": "xs", "type": "text[]", "mode": "VARIADIC"}],
    },
    'Odd "name" \'': {"body": "BEGIN RAISE NOTICE '100%% $1 {}'; END", "returns": "void"},
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_created_read_and_dropped(engine: Engine, database: Database, name: str) -> None:
    engine("Schema", "fn").create(name="functions")
    news = {"name": name, "schema": "functions", **FUNCTIONS[name]}
    function = engine("Function", name).create(**news)
    for key, value in news.items():
        if key != "args":
            assert function.outputs[key] == value
    assert function.refresh() == set()
    assert function.changes(**news) == {}
    changed = {**news, "body": news["body"] + " -- changed\n"}
    assert function.changes(**changed) == {"body": "UPDATE"}
    function.update(**changed)
    assert function.refresh() == set()
    function.delete()
    assert function.refresh() == {"gone"}
    function.delete()


def test_a_function_does_what_it_says(engine: Engine, database: Database) -> None:
    engine("Function", "calc").create(name="calc", **FUNCTIONS["everything"])
    assert database.value("SELECT calc(2)") == 4


def test_drift_of_a_function_is_found(engine: Engine, database: Database) -> None:
    news = {"name": "drift_fn", **FUNCTIONS["everything"]}
    function = engine("Function", "drift").create(**news)
    assert function.id == "postgres.public.drift_fn(int,INTEGER)"
    database.run("ALTER FUNCTION drift_fn(int, int) VOLATILE")
    database.run("ALTER FUNCTION drift_fn(int, int) SECURITY INVOKER")
    assert function.refresh() == {"volatility", "securityDefiner"}
    function.update(**news)
    assert function.refresh() == set()


def test_a_changed_signature_replaces(engine: Engine) -> None:
    news = {"name": "sig", **FUNCTIONS["everything"]}
    function = engine("Function", "sig").create(**news)
    args = [{"name": "a", "type": "bigint"}, news["args"][1]]
    answer = function.diff(**{**news, "args": args})
    assert list(answer.replaces) == ["args[0].type"]
    assert not answer.deleteBeforeReplace
    answer = function.diff(**{**news, "returns": "bigint"})
    assert list(answer.replaces) == ["returns"]
    assert answer.deleteBeforeReplace


def test_an_imported_function_is_clean(engine: Engine, database: Database) -> None:
    database.run("CREATE FUNCTION imp(a int, b text DEFAULT 'x') RETURNS int LANGUAGE sql STABLE AS 'SELECT 1'")
    function = engine("Function", "imp").take("postgres.public.imp(int,text)")
    news = {
        "name": "imp",
        "args": [{"name": "a", "type": "integer"}, {"name": "b", "type": "text", "default": "'x'::text"}],
        "returns": "integer",
        "language": "sql",
        "body": "SELECT 1",
        "volatility": "STABLE",
    }
    assert function.changes(**news) == {}
    assert function.refresh() == set()


def test_a_function_of_somebody_else_is_refused(engine: Engine, database: Database) -> None:
    database.run("CREATE FUNCTION theirs() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    with pytest.raises(Refused, match=r'function "theirs" already exists with same argument types \(SQLSTATE 42723\)'):
        engine("Function", "mine").create(name="theirs", body="SELECT 2", language="sql", returns="int")


def test_a_broken_body_is_told_with_postgresqls_words(engine: Engine) -> None:
    with pytest.raises(Refused, match=r"function broken: syntax error at or near .*SQLSTATE 42601"):
        engine("Function", "broken").create(name="broken", body="SELEC 1", language="sql", returns="int")
