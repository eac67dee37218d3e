"""Becoming somebody else, and rights that one does not have."""

from typing import Final

from tests.isolation.model import Attack, Win


def _attack(name: str, *steps: str, win: Win = Win.DONE, within_pool: bool = True, can: bool = True) -> Attack:
    return Attack(category="roles", name=name, steps=steps, win=win, within_pool=within_pool, superuser_can=can)


_MIGHTY: Final = (
    "postgres",
    "pg_read_all_data",
    "pg_write_all_data",
    "pg_read_server_files",
    "pg_execute_server_program",
    "pg_monitor",
    "pg_read_all_stats",
    "pg_signal_backend",
    "pg_database_owner",
)

_BECOMING: Final = (
    *(_attack(f"become {role}", f"SET ROLE {role}") for role in _MIGHTY if role != "pg_database_owner"),
    _attack("become whoever owns the database", "SET ROLE pg_database_owner", can=False),
    *(
        _attack(f"become the target's {what}, {how}", statement.replace("ROLE", role), within_pool=what == "owner")
        for what, role in (("owner", "{b_owner}"), ("reader", "{b_reader}"), ("login", "{b_role}"))
        for how, statement in (
            ("by SET ROLE", "SET role = ROLE"),
            ("for the transaction", "SET LOCAL role = ROLE"),
            ("as the session's user", "SET SESSION AUTHORIZATION ROLE"),
            ("by set_config", "SELECT set_config('role', 'ROLE', false)"),
            ("by set_config of the session's user", "SELECT set_config('session_authorization', 'ROLE', false)"),
        )
    ),
    _attack("become the superuser for the session", "SET SESSION AUTHORIZATION postgres"),
    _attack(
        "become nobody in particular",
        "RESET SESSION AUTHORIZATION",
        "RESET ROLE",
        "SELECT * FROM {customers}{of_b}",
        win=Win.ROWS,
    ),
    _attack(
        "become the group of all tenants",
        "SET ROLE {group}",
        "SELECT * FROM {customers}{of_b}",
        win=Win.ROWS,
        can=False,
    ),
)

_GRANTS: Final = (
    *(
        _attack(
            f"grant oneself the target's {what}",
            f"GRANT {role} TO CURRENT_USER",
            within_pool=what == "owner",
            can=False,
        )
        for what, role in (("owner", "{b_owner}"), ("reader", "{b_reader}"), ("login", "{b_role}"))
    ),
    _attack("grant oneself everybody's data", "GRANT pg_read_all_data TO CURRENT_USER", can=False),
    _attack("grant oneself the group with its administration", "GRANT {group} TO {b_role} WITH ADMIN OPTION"),
    _attack("a role in the target's", "CREATE ROLE thief IN ROLE {b_owner}"),
    _attack("a role with a login", "CREATE ROLE thief LOGIN SUPERUSER"),
    _attack("a user", "CREATE USER thief"),
    _attack("superuser", "ALTER ROLE CURRENT_USER SUPERUSER"),
    _attack("no row security", "ALTER ROLE CURRENT_USER BYPASSRLS"),
    _attack("creation of roles", "ALTER ROLE CURRENT_USER CREATEROLE"),
    _attack("creation of databases", "ALTER ROLE CURRENT_USER CREATEDB"),
    _attack("replication", "ALTER ROLE CURRENT_USER REPLICATION"),
    _attack("more connections", "ALTER ROLE CURRENT_USER CONNECTION LIMIT -1"),
    _attack("a longer life of its password", "ALTER ROLE CURRENT_USER VALID UNTIL 'infinity'"),
    _attack("the target's password", "ALTER ROLE {b_role} PASSWORD 'stolen'", within_pool=False),
    _attack("the owner's login", "ALTER ROLE {b_owner} LOGIN PASSWORD 'stolen'"),
    _attack("the target's settings", "ALTER ROLE {b_role} SET search_path = '{a_schema}'", within_pool=False),
    _attack("everybody's settings", "ALTER ROLE ALL SET row_security = off"),
    _attack("the database's settings", "ALTER DATABASE {b_database} SET row_security = off"),
    _attack("the target's name", "ALTER ROLE {b_role} RENAME TO stolen", within_pool=False),
    _attack("the end of the target's role", "DROP ROLE {b_reader}", can=False),
    _attack("what the target's owner has", "REASSIGN OWNED BY {b_owner} TO CURRENT_USER"),
    _attack("the end of what the target's owner has", "DROP OWNED BY {b_owner} CASCADE"),
    _attack("the end of what the target's login has", "DROP OWNED BY {b_role} CASCADE", within_pool=False),
    # Members may; what they have not granted stays, which the administrator looks at afterwards.
    _attack("the end of what the group was granted", "DROP OWNED BY {group} CASCADE", win=Win.SECRET, can=False),
    _attack(
        "the target's schema for everybody", "GRANT USAGE ON SCHEMA {b_schema} TO PUBLIC", win=Win.SECRET, can=False
    ),
    _attack(
        "the target's schema for itself", "GRANT ALL ON SCHEMA {b_schema} TO CURRENT_USER", win=Win.SECRET, can=False
    ),
    _attack(
        "the target's tables for everybody",
        "GRANT ALL ON ALL TABLES IN SCHEMA {b_schema} TO PUBLIC",
        win=Win.SECRET,
        can=False,
    ),
    _attack("one table for everybody", "GRANT SELECT ON {customers} TO PUBLIC", win=Win.SECRET, can=False),
    _attack("one column for everybody", "GRANT SELECT (name) ON {customers} TO PUBLIC", win=Win.SECRET, can=False),
    _attack(
        "the target's database for everybody",
        "GRANT CONNECT ON DATABASE {b_database} TO PUBLIC",
        win=Win.SECRET,
        can=False,
    ),
    _attack(
        "the database for nobody", "REVOKE CONNECT ON DATABASE {b_database} FROM {group}", win=Win.SECRET, can=False
    ),
    _attack("nothing for the target", "REVOKE ALL ON {customers} FROM {b_role}", win=Win.SECRET, can=False),
    _attack("the target's later tables", "ALTER DEFAULT PRIVILEGES FOR ROLE {b_owner} GRANT ALL ON TABLES TO PUBLIC"),
    _attack(
        "the later tables in its schema",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {b_owner} IN SCHEMA {b_schema} GRANT SELECT ON TABLES TO CURRENT_USER",
        can=False,
    ),
    _attack(
        "later tables of the target's login",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {b_role} GRANT ALL ON TABLES TO PUBLIC",
        within_pool=False,
    ),
    _attack(
        "the right to set parameters", "GRANT SET ON PARAMETER session_replication_role TO CURRENT_USER", can=False
    ),
)


def _right(name: str, question: str, *, within_pool: bool = False, can: bool = True) -> Attack:
    return Attack(
        category="rights",
        name=name,
        steps=(f"SELECT {question}",),
        win=Win.ANSWER,
        within_pool=within_pool,
        superuser_can=can,
    )


_RIGHTS: Final = (
    _right("to be the target's owner", "pg_has_role('{b_owner}', 'MEMBER')", within_pool=True),
    _right("to be the target's reader", "pg_has_role('{b_reader}', 'USAGE')"),
    _right("to be the target's login", "pg_has_role('{b_role}', 'SET')"),
    _right("to be everybody's reader", "pg_has_role('pg_read_all_data', 'MEMBER')", within_pool=True),
    _right(
        "to use the target's schema",
        "has_schema_privilege(oid, 'USAGE, CREATE') FROM pg_namespace WHERE nspname = '{place}'",
    ),
    _right(
        "to create in the target's schema",
        "has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = '{place}'",
        within_pool=True,
    ),
    _right(
        "to any table of the target's",
        "count(*) FROM pg_class WHERE relnamespace = to_regnamespace('{place}') AND relkind IN ('r', 'v', 'm')"
        " AND has_table_privilege(oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER, MAINTAIN')",
    ),
    _right(
        "to any column of the target's",
        "count(*) FROM pg_class WHERE relnamespace = to_regnamespace('{place}') AND relkind IN ('r', 'v', 'm')"
        " AND has_any_column_privilege(oid, 'SELECT, INSERT, UPDATE, REFERENCES')",
    ),
    _right(
        "to any sequence of the target's",
        "count(*) FROM pg_class WHERE relnamespace = to_regnamespace('{place}') "
        " AND CASE relkind WHEN 'S' THEN has_sequence_privilege(oid, 'USAGE, SELECT, UPDATE') END",
    ),
    _right(
        "to truncate a table of the target's",
        "count(*) FROM pg_class WHERE relnamespace = to_regnamespace('{place}') AND relkind = 'r' AND has_table_privilege(oid, 'TRUNCATE, REFERENCES, TRIGGER')",
        within_pool=True,
    ),
    _right(
        "to connect to a database that is the target's alone",
        "has_database_privilege('{b_database}', 'CONNECT') AND '{b_database}' <> current_database()",
        can=False,
    ),
    _right("to create in the target's database", "has_database_privilege('{b_database}', 'CREATE')", within_pool=True),
    _right(
        "to have temporary tables in the target's database",
        "has_database_privilege('{b_database}', 'TEMPORARY')",
        within_pool=True,
    ),
    _right("to connect to the superuser's database", "has_database_privilege('{shared}', 'CREATE')", within_pool=True),
    _right("to create in public", "has_schema_privilege('public', 'CREATE')", within_pool=True),
    _right("to files of the server's", "has_function_privilege('pg_read_file(text)', 'EXECUTE')", within_pool=True),
)

ATTACKS: Final = (*_BECOMING, *_GRANTS, *_RIGHTS)
