"""Grants, memberships and default privileges."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from infra.sandbox.plugins.values import Secret
from tests.plugins.client import Object, Refused
from tests.plugins.postgresql.harness import Database, Engine, engine_for

SHOP = """
CREATE SCHEMA s;
CREATE TABLE s.t (a int, b int);
CREATE TABLE s."odd ""table"" (x" (id int);
CREATE SEQUENCE s.q;
CREATE FUNCTION s.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION s.f(text, int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION s.g() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE s.p() LANGUAGE sql AS 'SELECT 1';
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER v FOREIGN DATA WRAPPER w;
"""


@pytest.fixture(scope="module", autouse=True)
def shop(engine: Engine, database: Database) -> Iterator[None]:
    database.run("CREATE DATABASE grants")
    database.run(SHOP, "grants")
    database.run("CREATE ROLE reader; CREATE ROLE writer; CREATE ROLE maker")
    yield
    database.run("DROP DATABASE grants WITH (FORCE)")
    database.run("DROP ROLE reader; DROP ROLE writer; DROP ROLE maker")


def grant(engine: Engine, kind: str, privileges: list[str], **more: Any) -> tuple[Object, dict[str, Any]]:
    news = {"role": "reader", "database": "grants", "objectType": kind, "privileges": privileges, **more}
    return engine("Grant", f"{kind}-grant").create(**news), news


KINDS: list[tuple[str, list[str], dict[str, Any], str, str]] = [
    (
        "database",
        ["CONNECT", "CREATE"],
        {},
        "has_database_privilege('reader', 'grants', 'CREATE')",
        "reader_grants_database",
    ),
    ("schema", ["USAGE"], {"schema": "s"}, "has_schema_privilege('reader', 's', 'USAGE')", "reader_grants_s_schema"),
    (
        "table",
        ["SELECT", "MAINTAIN"],
        {"schema": "s"},
        "has_table_privilege('reader', 's.t', 'SELECT')",
        "reader_grants_s_table",
    ),
    (
        "table",
        ["SELECT", "INSERT"],
        {"schema": "s", "objects": ["t"]},
        "has_table_privilege('reader', 's.t', 'INSERT')",
        "reader_grants_s_table_t",
    ),
    (
        "table",
        ["UPDATE"],
        {"schema": "s", "objects": ['odd "table" (x']},
        """has_table_privilege('reader', 's."odd ""table"" (x"', 'UPDATE')""",
        'reader_grants_s_table_odd "table" (x',
    ),
    (
        "sequence",
        ["USAGE"],
        {"schema": "s"},
        "has_sequence_privilege('reader', 's.q', 'USAGE')",
        "reader_grants_s_sequence",
    ),
    (
        "function",
        ["EXECUTE"],
        {"schema": "s", "objects": ["f(text, integer)"]},
        "EXISTS (SELECT FROM pg_proc, aclexplode(proacl) a WHERE oid = 's.f(text,int)'::regprocedure"
        " AND a.grantee = 'reader'::regrole)",
        "reader_grants_s_function_f(text, integer)",
    ),
    (
        "function",
        ["EXECUTE"],
        {"schema": "s"},
        "EXISTS (SELECT FROM pg_proc, aclexplode(proacl) a WHERE oid = 's.g()'::regprocedure"
        " AND a.grantee = 'reader'::regrole)",
        "reader_grants_s_function",
    ),
    (
        "procedure",
        ["EXECUTE"],
        {"schema": "s", "objects": ["p"]},
        "EXISTS (SELECT FROM pg_proc, aclexplode(proacl) a WHERE oid = 's.p()'::regprocedure"
        " AND a.grantee = 'reader'::regrole)",
        "reader_grants_s_procedure_p",
    ),
    (
        "routine",
        ["EXECUTE"],
        {"schema": "s"},
        "EXISTS (SELECT FROM pg_proc, aclexplode(proacl) a WHERE oid = 's.p()'::regprocedure"
        " AND a.grantee = 'reader'::regrole)",
        "reader_grants_s_routine",
    ),
    (
        "foreign_data_wrapper",
        ["USAGE"],
        {"objects": ["w"]},
        "has_foreign_data_wrapper_privilege('reader', 'w', 'USAGE')",
        "reader_grants_foreign_data_wrapper_w",
    ),
    (
        "foreign_server",
        ["USAGE"],
        {"objects": ["v"]},
        "has_server_privilege('reader', 'v', 'USAGE')",
        "reader_grants_foreign_server_v",
    ),
    (
        "column",
        ["UPDATE"],
        {"schema": "s", "objects": ["t"], "columns": ["b"]},
        "has_column_privilege('reader', 's.t', 'b', 'UPDATE')",
        "reader_grants_s_column_t_b",
    ),
]


@pytest.mark.parametrize(("kind", "privileges", "more", "holds", "identity"), KINDS)
def test_a_grant_is_made_read_and_taken_back(
    engine: Engine,
    database: Database,
    kind: str,
    privileges: list[str],
    more: dict[str, Any],
    holds: str,
    identity: str,
) -> None:
    assert database.value(f"SELECT {holds}", "grants") is False
    one, news = grant(engine, kind, privileges, **more)
    assert one.id == identity
    assert database.value(f"SELECT {holds}", "grants") is True
    assert one.refresh() == set()
    assert one.changes(**news) == {}
    assert one.changes(**{**news, "privileges": list(reversed(privileges))}) == {}
    one.delete()
    assert database.value(f"SELECT {holds}", "grants") is False
    one.delete()


@pytest.mark.parametrize(("kind", "privileges", "more", "holds", "identity"), KINDS)
def test_all_means_all_there_are(
    engine: Engine,
    database: Database,
    kind: str,
    privileges: list[str],
    more: dict[str, Any],
    holds: str,
    identity: str,
) -> None:
    one, news = grant(engine, kind, ["ALL"], **more, withGrantOption=True)
    assert database.value(f"SELECT {holds}", "grants") is True
    assert one.refresh() == set()
    assert one.changes(**news) == {}
    one.delete()


def test_privileges_change_in_place_and_everything_else_replaces(engine: Engine, database: Database) -> None:
    one, news = grant(engine, "table", ["SELECT"], schema="s", objects=["t"])
    changed = {**news, "privileges": ["INSERT", "SELECT"]}
    assert one.changes(**changed) == {"privileges[0]": "ADD"}
    one.update(**changed)
    one.update(**{**news, "privileges": ["INSERT"]})
    assert database.value("SELECT has_table_privilege('reader', 's.t', 'SELECT')", "grants") is False
    answer = one.diff(**{**news, "privileges": ["INSERT"], "role": "writer"})
    assert list(answer.replaces) == ["role"]
    assert answer.deleteBeforeReplace
    one.delete()


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("REVOKE SELECT ON s.t FROM reader", ["INSERT"]),
        ("REVOKE ALL ON s.t FROM reader", []),
        ("GRANT DELETE ON s.t TO reader", ["DELETE", "INSERT", "SELECT"]),
    ],
)
def test_a_refresh_finds_what_was_granted_or_revoked_behind_its_back(
    engine: Engine, database: Database, statement: str, found: list[str]
) -> None:
    one, news = grant(engine, "table", ["SELECT", "INSERT"], schema="s", objects=["t"])
    database.run(statement, "grants")
    assert one.refresh() == {"privileges"}
    assert one.outputs["privileges"] == found
    assert one.changes(**news) != {}
    one.update(**news)
    assert one.refresh() == set()
    assert one.changes(**news) == {}
    one.delete()


def test_each_of_several_functions_of_one_name_is_looked_at(engine: Engine, database: Database) -> None:
    one, news = grant(engine, "function", ["EXECUTE"], schema="s", objects=["f(int)", "f(text, int)"])
    assert one.refresh() == set()
    for signature in ("s.f(int)", "s.f(text, int)"):
        database.run(f"REVOKE ALL ON FUNCTION {signature} FROM reader", "grants")
        assert one.refresh() == {"privileges"}
        assert one.outputs["privileges"] == []
        one.update(**news)
        assert one.refresh() == set()
    one.delete()


def test_a_new_table_drops_out_of_a_grant_on_all(engine: Engine, database: Database) -> None:
    one, news = grant(engine, "table", ["SELECT"], schema="s")
    database.run("CREATE TABLE s.later ()", "grants")
    assert one.refresh() == {"privileges"}
    one.update(**news)
    assert one.refresh() == set()
    database.run("DROP TABLE s.later", "grants")
    one.delete()


def test_a_grant_ends_with_its_role(engine: Engine, database: Database) -> None:
    engine("Role", "short").create(name="short_lived")
    one, _ = grant(engine, "schema", ["USAGE"], schema="s", role="short_lived")
    database.run("DROP OWNED BY short_lived; DROP ROLE short_lived", "grants")
    one.delete()
    assert one.refresh() == {"gone"}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"role": "nobody"}, r'role "nobody" does not exist; let the grant depend on its Role'),
        ({"database": "nowhere"}, r'database "nowhere" does not exist; let the grant depend on it'),
        ({"schema": "nowhere"}, r'schema "nowhere" does not exist \(SQLSTATE 3F000\)'),
        ({"objectType": "table", "objects": ["none"], "privileges": ["SELECT"]}, r'relation "s.none" does not exist'),
        ({"objectType": "function", "objects": ["f"], "privileges": ["EXECUTE"]}, r'function name "s.f" is not unique'),
        (
            {"objectType": "function", "objects": ["f(date)"], "privileges": ["EXECUTE"]},
            r'"s.f\(date\)" does not exist',
        ),
    ],
)
def test_what_a_grant_depends_on_is_named_when_it_is_missing(engine: Engine, more: dict[str, Any], words: str) -> None:
    news = {"role": "reader", "database": "grants", "schema": "s", "objectType": "schema", "privileges": ["USAGE"]}
    with pytest.raises(Refused, match=f"grant broken: .*{words}"):
        engine("Grant", "broken").create(**{**news, **more})


def test_public_loses_the_right_to_connect(engine: Engine, database: Database) -> None:
    one, _ = grant(engine, "database", [], role="public")
    assert database.value("SELECT has_database_privilege('reader', 'grants', 'CONNECT')") is False
    assert one.refresh() == set()
    database.run("GRANT CONNECT ON DATABASE grants TO PUBLIC")
    assert one.refresh() == {"privileges"}
    one.delete()


def test_grants_on_one_object_do_not_collide_from_two_processes(engine: Engine, database: Database) -> None:
    names = [f"crowd_{number}" for number in range(64)]
    database.run(";".join(f"CREATE ROLE {name}" for name in names))
    kinds = [
        ("database", ["CONNECT"], {}),
        ("schema", ["USAGE"], {"schema": "s"}),
        ("table", ["SELECT"], {"schema": "s"}),
    ]
    with engine_for(database) as second, ThreadPoolExecutor(128) as pool:
        tasks = [
            pool.submit(
                (engine, second)[number % 2]("Grant", f"{kind}-{name}").create,
                role=name,
                database="grants",
                objectType=kind,
                privileges=privileges,
                **more,
            )
            for number, name in enumerate(names)
            for kind, privileges, more in kinds
        ]
        made = [task.result() for task in tasks]
        assert set(map(frozenset, pool.map(Object.refresh, made))) == {frozenset()}
        list(pool.map(Object.delete, made))
    assert "tuple concurrently updated" not in database.log
    database.run(";".join(f"DROP ROLE {name}" for name in names))


def test_200_roles_with_grants_take_seconds(engine: Engine, database: Database) -> None:
    started = time.monotonic()

    def tenant(number: int) -> list[Object]:
        name = f"bulk_{number}"
        role = engine("Role", name).create(name=name, login=True, password=Secret(f"p{number}"))
        place = {"role": name, "database": "grants", "schema": "s"}
        return [
            role,
            engine("Grant", name).create(**place, objectType="schema", privileges=["USAGE"]),
            engine("Grant", name).create(role=name, database="grants", objectType="database", privileges=["CONNECT"]),
        ]

    with ThreadPoolExecutor(64) as pool:
        tenants = list(pool.map(tenant, range(200)))
        elapsed = time.monotonic() - started
        for one in reversed(list(zip(*tenants, strict=True))):
            list(pool.map(Object.delete, one))
    print(f"200 roles and 400 grants: {elapsed:.1f} s")  # noqa: T201
    assert elapsed < 30
    assert database.value("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'bulk%'") == 0


def test_a_membership_is_granted_read_and_revoked(engine: Engine, database: Database) -> None:
    news = {"role": "reader", "grantRole": "writer"}
    one = engine("GrantRole", "m").create(**news)
    assert one.id == "reader_writer_false"
    assert one.refresh() == set()
    answer = one.diff(**news, withAdminOption=True)
    assert list(answer.replaces) == ["withAdminOption"]
    assert answer.deleteBeforeReplace
    database.run("GRANT writer TO reader WITH ADMIN OPTION")
    assert one.refresh() == {"withAdminOption"}
    one.create(**news)
    assert one.refresh() == set()
    one.delete()
    one.delete()
    assert one.refresh() == {"gone"}


def test_a_membership_cannot_be_imported_and_says_so(engine: Engine) -> None:
    for kind in ("GrantRole", "Grant", "DefaultPrivileges"):
        with pytest.raises(Refused, match="cannot be imported: declare it"):
            engine(kind, "m").take("reader_writer_false")


@pytest.mark.parametrize(
    ("kind", "privileges", "more"),
    [
        ("table", ["SELECT", "INSERT"], {"schema": "s"}),
        ("table", ["ALL"], {"schema": "s", "withGrantOption": True}),
        ("table", ["ALL"], {}),
        ("sequence", ["USAGE"], {"schema": "s"}),
        ("function", ["EXECUTE"], {}),
        ("function", [], {"role": "public"}),
        ("routine", ["EXECUTE"], {"schema": "s"}),
        ("type", ["USAGE"], {}),
        ("schema", ["CREATE", "USAGE"], {}),
    ],
)
def test_default_privileges_are_granted_read_and_revoked(
    engine: Engine, database: Database, kind: str, privileges: list[str], more: dict[str, Any]
) -> None:
    news = {
        "role": "reader",
        "owner": "maker",
        "database": "grants",
        "objectType": kind,
        "privileges": privileges,
        **more,
    }
    one = engine("DefaultPrivileges", "d").create(**news)
    assert one.id == f"{news['role']}_grants_{more.get('schema', 'noschema')}_maker_{kind}"
    assert one.refresh() == set()
    assert one.changes(**news) == {}
    one.delete()
    one.delete()
    if privileges:
        assert one.refresh() == {"gone"}
    database.run("ALTER DEFAULT PRIVILEGES FOR ROLE maker GRANT EXECUTE ON FUNCTIONS TO PUBLIC", "grants")


def test_default_privileges_reach_new_tables(engine: Engine, database: Database) -> None:
    news = {"role": "reader", "owner": "postgres", "database": "grants", "schema": "s", "objectType": "table"}
    one = engine("DefaultPrivileges", "new").create(**news, privileges=["SELECT"])
    database.run("CREATE TABLE s.fresh ()", "grants")
    assert database.value("SELECT has_table_privilege('reader', 's.fresh', 'SELECT')", "grants") is True
    database.run("ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT DELETE ON TABLES TO reader", "grants")
    assert one.refresh() == {"privileges"}
    one.update(**news, privileges=["SELECT"])
    assert one.refresh() == set()
    one.delete()
    database.run("DROP TABLE s.fresh", "grants")
