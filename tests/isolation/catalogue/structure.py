"""Changing what there is: tables, functions, triggers, schemas, databases."""

from typing import Final

from tests.isolation.model import Attack, Win


def _attack(name: str, *steps: str, win: Win = Win.DONE, within_pool: bool = True, can: bool = True) -> Attack:
    return Attack(category="structure", name=name, steps=steps, win=win, within_pool=within_pool, superuser_can=can)


_BODY: Final = "RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE '%', NEW; RETURN NEW; END$$"

_TABLES: Final = (
    _attack("drop a table", "DROP TABLE {customers} CASCADE"),
    _attack("drop the schema", "DROP SCHEMA {b_schema} CASCADE", can=False),
    _attack("take a table", "ALTER TABLE {customers} OWNER TO CURRENT_USER"),
    _attack("take the schema", "ALTER SCHEMA {b_schema} OWNER TO CURRENT_USER"),
    _attack("rename the schema", "ALTER SCHEMA {b_schema} RENAME TO stolen"),
    _attack("rename a table", "ALTER TABLE {customers} RENAME TO stolen"),
    _attack("move a table", "ALTER TABLE {customers} SET SCHEMA public"),
    _attack("add a column", "ALTER TABLE {customers} ADD COLUMN stolen text"),
    _attack("a column with a default that looks", "ALTER TABLE {customers} ALTER COLUMN name SET DEFAULT 'x'"),
    _attack("a child of a table", "CREATE TABLE public.child () INHERITS ({customers})"),
    _attack("a table that refers to it", "CREATE TABLE public.child (id uuid REFERENCES {place}.later)", can=False),
    _attack("a table like it in the same schema", "CREATE TABLE {place}.copied (LIKE {customers})"),
    _attack("a view in the same schema", "CREATE VIEW {place}.seen AS TABLE {customers}"),
    _attack("a view in public", "CREATE VIEW public.seen AS TABLE {customers}"),
    _attack("replace the target's view", "CREATE OR REPLACE VIEW {place}.later_notes AS SELECT NULL::text AS note"),
    _attack("an index over a function that tells", "CREATE INDEX ON {customers} ((name::text))"),
    _attack("statistics of it", "CREATE STATISTICS public.stats ON name, email FROM {customers}"),
    _attack("a rule", "CREATE RULE r AS ON SELECT TO {customers} DO INSTEAD NOTHING", can=False),
    _attack("a rule on changes", "CREATE RULE r AS ON INSERT TO {customers} DO INSTEAD NOTHING"),
    _attack(
        "a trigger of its own",
        f"CREATE FUNCTION public.spy() {_BODY}",
        "CREATE TRIGGER t BEFORE INSERT ON {customers} FOR EACH ROW EXECUTE FUNCTION public.spy()",
    ),
    _attack(
        "a trigger of the server's",
        "CREATE TRIGGER t BEFORE UPDATE ON {customers} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    ),
    _attack("no triggers", "ALTER TABLE {customers} DISABLE TRIGGER ALL"),
    _attack("no foreign keys", "ALTER TABLE {orders} DROP CONSTRAINT orders_customer_id_fkey", can=False),
    _attack("a comment", "COMMENT ON TABLE {customers} IS 'x'"),
    _attack("a comment on the schema", "COMMENT ON SCHEMA {b_schema} IS 'x'"),
    _attack("a comment on the role", "COMMENT ON ROLE {b_owner} IS 'x'"),
    _attack("cluster", "CLUSTER {customers} USING customers_pkey", can=True),
    _attack("reindex", "REINDEX TABLE {customers}", can=True),
    _attack("vacuum", "VACUUM {customers}", win=Win.SECRET, can=False),
    _attack("analyse and tell", "ANALYZE VERBOSE {customers}", win=Win.SECRET, can=False),
    _attack("the target's statistics forged", "SELECT pg_clear_relation_stats('{b_schema}', 'customers')"),
    _attack("lock a table", "BEGIN", "LOCK TABLE {customers} IN ACCESS EXCLUSIVE MODE", within_pool=False),
    _attack("lock a table a little", "BEGIN", "LOCK TABLE {customers} IN ACCESS SHARE MODE", within_pool=False),
    _attack("a policy", "CREATE POLICY p ON {place}.later USING (true)"),
    _attack("row security for the target", "ALTER TABLE {place}.later ENABLE ROW LEVEL SECURITY"),
)

_FUNCTIONS: Final = tuple(
    Attack(category="functions", name=name, steps=steps, win=win, superuser_can=can)
    for name, steps, win, can in (
        (
            "in the target's schema",
            ("CREATE FUNCTION {place}.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",),
            Win.DONE,
            True,
        ),
        ("in public", ("CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",), Win.DONE, True),
        (
            "a trap in public",
            ("CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",),
            Win.DONE,
            True,
        ),
        (
            "with the owner's rights",
            (
                "CREATE FUNCTION {place}.f() RETURNS text LANGUAGE sql SECURITY DEFINER AS $q$SELECT max(name) FROM {customers}{of_b}$q$",
                "SELECT {place}.f()",
            ),
            Win.SECRET,
            True,
        ),
        (
            "replace the target's",
            ("CREATE OR REPLACE FUNCTION {place}.notes() RETURNS text LANGUAGE sql AS 'SELECT NULL::text'",),
            Win.DONE,
            True,
        ),
        ("take the target's", ("ALTER FUNCTION {place}.notes() OWNER TO CURRENT_USER",), Win.DONE, True),
        ("the target's with its owner's rights", ("ALTER FUNCTION {place}.notes() SECURITY DEFINER",), Win.DONE, True),
        ("drop the target's", ("DROP FUNCTION {place}.notes()",), Win.DONE, True),
        (
            "in C",
            (
                "CREATE FUNCTION public.f(cstring) RETURNS int LANGUAGE c STRICT AS '/lib/x86_64-linux-gnu/libc.so.6', 'system'",
            ),
            Win.DONE,
            False,
        ),
        (
            "of the server's own",
            ("CREATE FUNCTION public.f(text) RETURNS text LANGUAGE internal AS 'pg_read_file'",),
            Win.DONE,
            False,
        ),
        ("another language", ("CREATE LANGUAGE plpython3u",), Win.DONE, False),
        (
            "an operator",
            ("CREATE OPERATOR public.=== (FUNCTION = texteq, LEFTARG = text, RIGHTARG = text)",),
            Win.DONE,
            True,
        ),
        ("an aggregate", ("CREATE AGGREGATE public.every_text(text) (SFUNC = textcat, STYPE = text)",), Win.DONE, True),
        ("a cast", ("CREATE CAST (text AS point) WITH INOUT AS IMPLICIT",), Win.DONE, True),
        ("a type", ("CREATE TYPE public.trap AS (a text)",), Win.DONE, True),
        ("a domain", ("CREATE DOMAIN public.trap AS text CHECK (VALUE <> '')",), Win.DONE, True),
        ("a procedure", ("CREATE PROCEDURE {place}.p() LANGUAGE sql AS 'DELETE FROM {customers}'",), Win.DONE, True),
        (
            "an event trigger",
            ("CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION pg_event_trigger_ddl_commands()",),
            Win.DONE,
            False,
        ),
    )
)

_PLACES: Final = (
    _attack("a schema", "CREATE SCHEMA thief"),
    _attack("a schema of the target's owner", "CREATE SCHEMA thief AUTHORIZATION {b_owner}"),
    _attack("a table in public", "CREATE TABLE public.trap (a text)"),
    _attack("a table that stands before the target's", "CREATE TABLE public.customers (a text)"),
    _attack("an extension", "CREATE EXTENSION dblink", can=False),
    _attack("an extension that is trusted", "CREATE EXTENSION pg_trgm", can=False),
    _attack("another version of the extension", "ALTER EXTENSION vector UPDATE", can=False),
    _attack("no extension", "DROP EXTENSION vector CASCADE", can=False),
    _attack("a foreign server", "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw", can=False),
    _attack("a foreign data wrapper", "CREATE FOREIGN DATA WRAPPER w"),
    _attack("a publication of it", "CREATE PUBLICATION p FOR TABLE {customers}"),
    _attack("a publication of all", "CREATE PUBLICATION p FOR ALL TABLES"),
    _attack(
        "a subscription",
        "CREATE SUBSCRIPTION s CONNECTION 'dbname={b_database}' PUBLICATION p WITH (connect = false)",
        can=False,
    ),
    _attack("a copy of the target's database", "CREATE DATABASE stolen TEMPLATE {b_database}", can=False),
    _attack("the end of the target's database", "DROP DATABASE {b_database} WITH (FORCE)", can=False),
    _attack("take the target's database", "ALTER DATABASE {b_database} OWNER TO CURRENT_USER"),
    _attack("rename the target's database", "ALTER DATABASE {b_database} RENAME TO stolen", can=False),
    _attack("close the target's database", "ALTER DATABASE {b_database} CONNECTION LIMIT 0"),
    _attack("a tablespace", "CREATE TABLESPACE t LOCATION '/tmp'", can=False),
    _attack("move the target's database", "ALTER DATABASE {b_database} SET TABLESPACE pg_default", can=False),
    _attack("a security label", "SECURITY LABEL ON TABLE {customers} IS 'x'", can=False),
)

ATTACKS: Final = (*_TABLES, *_FUNCTIONS, *_PLACES)
