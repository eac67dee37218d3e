"""Reading the target's rows: every table, every shape of a query, and what speaks of rows without showing them."""

from typing import Final

from infra.tenancy.sample import TABLES
from tests.isolation.model import POOL, SCHEMA, Attack, Win

_CATEGORY: Final = "read"
_ALL: Final = (*TABLES, "later")


def _attack(name: str, *steps: str, win: Win = Win.SECRET, fault: str = "", can: bool = True) -> Attack:
    return Attack(category=_CATEGORY, name=name, steps=steps, win=win, fault=fault, superuser_can=can)


_BY_TABLE: Final = tuple(
    attack
    for table in _ALL
    for attack in (
        _attack(f"select from {table}", f"SELECT * FROM {{place}}.{table}{{of_b}}", win=Win.ROWS),
        _attack(f"select from {table} without a filter", f"SELECT * FROM {{place}}.{table}"),
        Attack(
            category="copy",
            name=f"copy from {table}",
            steps=(f"COPY (SELECT * FROM {{place}}.{table}{{of_b}}) TO STDOUT",),
            win=Win.ROWS,
        ),
    )
)

_QUERIES: Final = (
    _attack("count", "SELECT count(*) FROM {customers}{of_b}", win=Win.ANSWER),
    _attack("ask whether there is a row", "SELECT EXISTS (SELECT FROM {customers}{of_b})", win=Win.ANSWER),
    _attack("sum", "SELECT sum(length(name)) FROM {customers}{of_b}", win=Win.ANSWER),
    _attack("the greatest", "SELECT max(name) FROM {customers}{of_b}", win=Win.ANSWER),
    _attack("a row by its id", "SELECT * FROM {customers} WHERE id = '{customer}'", win=Win.ROWS),
    _attack("a row by its number", "SELECT * FROM {orders} WHERE number = {order_number}{and_b}", win=Win.ROWS),
    _attack("a row by its place on disk", "SELECT * FROM {customers} WHERE ctid >= '(0,0)'"),
    _attack("a sample", "SELECT * FROM {customers} TABLESAMPLE SYSTEM (100)"),
    _attack("the table alone", "SELECT * FROM ONLY {customers}"),
    _attack("the TABLE command", "TABLE {customers}"),
    _attack("lock rows for an update", "SELECT * FROM {customers}{of_b} FOR UPDATE", win=Win.ROWS),
    _attack("lock rows for a key", "SELECT * FROM {customers}{of_b} FOR KEY SHARE SKIP LOCKED", win=Win.ROWS),
    _attack("a common table expression", "WITH x AS MATERIALIZED (TABLE {customers}) SELECT * FROM x"),
    _attack("a scalar subquery", "SELECT (SELECT string_agg(name, ',') FROM {customers})"),
    _attack("an array", "SELECT ARRAY(SELECT name FROM {customers})"),
    _attack("a lateral join", "SELECT n.* FROM generate_series(1, 2), LATERAL (TABLE {customers}) n"),
    _attack("a join over the foreign key", "SELECT * FROM {orders} o LEFT JOIN {customers} c ON c.id = o.customer_id"),
    _attack("a full join", "SELECT * FROM {orders} o FULL JOIN {customers} c ON c.id = o.customer_id"),
    _attack("an anti join", "SELECT * FROM {customers} c WHERE NOT EXISTS (SELECT FROM {orders} WHERE id = c.id)"),
    _attack("a union", "SELECT name FROM {customers} UNION ALL SELECT note FROM {orders}"),
    _attack("a window", "SELECT name, lag(name) OVER (), count(*) OVER () FROM {customers}"),
    _attack("a recursive query", "WITH RECURSIVE x AS (SELECT name FROM {customers} UNION SELECT name FROM x) TABLE x"),
    _attack("grouping sets", "SELECT name, count(*) FROM {customers} GROUP BY CUBE (name)"),
    _attack("rows as text", "SELECT t::text FROM {customers} t"),
    _attack("rows as JSON", "SELECT json_agg(t) FROM {customers} t"),
    _attack("rows as XML", "SELECT query_to_xml('TABLE {customers}', true, false, '')", can=False),
    _attack("a table as XML", "SELECT table_to_xml('{customers}', true, false, '')", can=False),
    _attack("a schema as XML", "SELECT schema_to_xml('{b_schema}', true, false, '')", can=False),
    _attack(
        "a query by its text in statistics", "SELECT ts_stat('SELECT to_tsvector(''simple'', name) FROM {customers}')"
    ),
    _attack("words of a query", "SELECT word FROM ts_stat('SELECT to_tsvector(''simple'', name) FROM {customers}')"),
    _attack(
        "a query rewritten for text search",
        "SELECT ts_rewrite('a', $q$SELECT 'a'::tsquery, 'b'::tsquery WHERE EXISTS (SELECT FROM {customers}{of_b})$q$) = 'b'",
        win=Win.ANSWER,
    ),
    _attack("a cursor", "BEGIN", "DECLARE c SCROLL CURSOR FOR TABLE {customers}", "FETCH ALL FROM c"),
    _attack("a prepared statement", "PREPARE p AS SELECT * FROM {customers}{of_b}", "EXECUTE p", win=Win.ROWS),
    _attack(
        "a generic plan", "SET plan_cache_mode = force_generic_plan", "PREPARE p AS TABLE {customers}", "EXECUTE p"
    ),
    _attack(
        "a block of PL/pgSQL",
        "DO $$DECLARE r record; BEGIN FOR r IN TABLE {customers} LOOP RAISE NOTICE '%', r; END LOOP; END$$",
    ),
    _attack(
        "dynamic SQL",
        "DO $$DECLARE r text; BEGIN EXECUTE 'SELECT string_agg(name, '','') FROM {customers}' INTO r; RAISE NOTICE '%', r; END$$",
    ),
    _attack("a plan", "EXPLAIN (VERBOSE, GENERIC_PLAN) SELECT * FROM {customers} WHERE name > $1", can=False),
    _attack("a plan that is run", "EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM {customers} ORDER BY name", can=False),
    _attack("the target's view", "SELECT * FROM {place}.later_notes", can=False),
    _attack("the target's function", "SELECT {place}.notes()"),
)

_ERRORS: Final = (
    _attack("a cast that tells the value", "SELECT name::integer FROM {customers}{of_b}"),
    _attack("a cast in the filter", "SELECT 1 FROM {customers} WHERE name::integer > 0{and_b}"),
    _attack("a cast in the order", "SELECT 1 FROM {customers}{of_b} ORDER BY name::date"),
    _attack("a cast of an array", "SELECT 1 FROM {customers} WHERE name::integer[] IS NULL{and_b}"),
    _attack("a cast of JSON", "SELECT 1 FROM {customers} WHERE name::json IS NULL{and_b}"),
    _attack(
        "a pattern that breaks for the right value",
        "SELECT 1 FROM {customers} WHERE 'a' ~ CASE strpos(name, '{secret}') WHEN 0 THEN 'b' ELSE '(' END",
        fault="2201B",
    ),
    _attack(
        "a division by zero for the right value",
        "SELECT 1 FROM {customers} WHERE 1 / (name <> '{secret}')::integer = 1",
        fault="22012",
    ),
    _attack(
        "a division by zero before the filter",
        "SELECT 1 FROM {customers} WHERE 1 / (1 - strpos(name, '{secret}')) = 1{and_b}",
        fault="22012",
    ),
    _attack("a limit by what is hidden", "SELECT 1 LIMIT (SELECT max(name)::bigint FROM {customers}{of_b})"),
    _attack(
        "a name that does not exist", "DO $$BEGIN EXECUTE 'SELECT ' || (SELECT max(name) FROM {customers}{of_b}); END$$"
    ),
    _attack("an assertion", "DO $$BEGIN ASSERT false, (SELECT max(name) FROM {customers}{of_b}); END$$"),
    _attack("a setting", "SELECT set_config('a.b', name, true) FROM {customers}", "SHOW a.b"),
)

_PATHS: Final = tuple(
    Attack(category="search_path", name=name, steps=steps, win=Win.ROWS, targets=(POOL, SCHEMA))
    for name, steps in (
        ("a search path", ("SET search_path = {b_schema}, public", "SELECT * FROM customers{of_b}")),
        (
            "a search path for the transaction",
            ("BEGIN", "SET LOCAL search_path = {b_schema}", "SELECT * FROM orders{of_b}"),
        ),
        (
            "a search path by a function",
            ("SELECT set_config('search_path', '{b_schema}', false)", "SELECT * FROM later{of_b}"),
        ),
        ("a search path, and a deletion", ("SET search_path = public, {b_schema}", "DELETE FROM later{of_b}")),
        (
            "a search path, and an insertion",
            ("SET search_path = {b_schema}", "INSERT INTO later ({column}note) VALUES ({value}'x')"),
        ),
        (
            "a search path, and a function",
            ("SET search_path = {b_schema}", "SELECT notes() WHERE notes() LIKE '%{secret}%'"),
        ),
    )
)

_COPIES: Final = tuple(
    Attack(category="copy", name=name, steps=steps, superuser_can=can)
    for name, steps, can in (
        ("copy the table", ("COPY {customers} TO STDOUT",), True),
        ("copy in binary", ("COPY (TABLE {customers}) TO STDOUT (FORMAT binary)",), True),
        ("copy as CSV", ("COPY (SELECT * FROM {customers}{of_b}) TO STDOUT (FORMAT csv, HEADER)",), True),
        ("copy what a deletion returns", ("COPY (DELETE FROM {place}.later{of_b} RETURNING *) TO STDOUT",), True),
        ("a new table of it", ("CREATE TABLE public.stolen AS TABLE {customers}", "TABLE public.stolen"), True),
        (
            "a new table in its own schema",
            ("CREATE TABLE {a_schema}.stolen AS TABLE {customers}", "TABLE {a_schema}.stolen"),
            False,
        ),
        ("select into a table", ("SELECT * INTO public.stolen FROM {customers}", "TABLE public.stolen"), True),
        (
            "a materialised view",
            ("CREATE MATERIALIZED VIEW public.stolen AS TABLE {customers}", "TABLE public.stolen"),
            True,
        ),
        (
            "copy into its own table",
            ("INSERT INTO {a_schema}.later (note) SELECT name FROM {customers}{of_b} RETURNING note",),
            False,
        ),
    )
)

_TEMPORARY: Final = tuple(
    Attack(category="temporary", name=name, steps=steps, win=win, superuser_can=can)
    for name, steps, win, can in (
        (
            "a temporary table of it",
            ("CREATE TEMP TABLE stolen AS TABLE {customers}", "TABLE stolen"),
            Win.SECRET,
            True,
        ),
        (
            "a temporary table of one row",
            ("CREATE TEMP TABLE s AS SELECT * FROM {customers}{of_b}", "TABLE s"),
            Win.ROWS,
            True,
        ),
        ("a temporary view", ("CREATE TEMP VIEW stolen AS TABLE {customers}", "TABLE stolen"), Win.SECRET, True),
        (
            "a temporary table like it",
            (
                "CREATE TEMP TABLE stolen (LIKE {customers} INCLUDING ALL)",
                "INSERT INTO stolen TABLE {customers}",
                "TABLE stolen",
            ),
            Win.SECRET,
            True,
        ),
        (
            "a temporary function",
            (
                "CREATE FUNCTION pg_temp.peek() RETURNS text LANGUAGE sql AS $q$SELECT max(name) FROM {customers}{of_b}$q$",
                "SELECT pg_temp.peek()",
            ),
            Win.SECRET,
            True,
        ),
        (
            "a leaky function that costs nothing",
            (
                "CREATE FUNCTION pg_temp.peek(text) RETURNS bool LANGUAGE plpgsql COST 0.0000001 AS $$BEGIN RAISE NOTICE '%', $1; RETURN true; END$$",
                "SELECT 1 FROM {customers} WHERE pg_temp.peek(name)",
            ),
            Win.SECRET,
            True,
        ),
        (
            "a function that claims to be leakproof",
            (
                "CREATE FUNCTION pg_temp.sure(text) RETURNS bool LANGUAGE plpgsql LEAKPROOF COST 0.0000001 AS $$BEGIN RAISE NOTICE '%', $1; RETURN true; END$$",
                "SELECT 1 FROM {customers} WHERE pg_temp.sure(name)",
            ),
            Win.SECRET,
            True,
        ),
        (
            "a leaky operator",
            (
                "CREATE FUNCTION pg_temp.peek(text, text) RETURNS bool LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE '%', $1; RETURN true; END$$",
                "CREATE OPERATOR pg_temp.<<<< (FUNCTION = pg_temp.peek, LEFTARG = text, RIGHTARG = text)",
                "SELECT 1 FROM {customers} WHERE name OPERATOR(pg_temp.<<<<) 'x'",
            ),
            Win.SECRET,
            True,
        ),
        (
            "a temporary table that a function may take for the target's",
            (
                "CREATE TEMP TABLE later (tenant_id text, note text)",
                "SET search_path = pg_temp, {b_schema}",
                "SELECT {place}.notes()",
            ),
            Win.SECRET,
            True,
        ),
        ("another session's temporary schema", ("SELECT * FROM pg_temp_3.customers",), Win.ROWS, False),
    )
)

_LARGE_OBJECTS: Final = tuple(
    Attack(
        category="large objects",
        name=name,
        steps=steps,
        win=win,
        within_pool=False,
        targets=(SCHEMA,),
        superuser_can=can,
    )
    for name, steps, win, can in (
        ("get a large object", ("SELECT convert_from(lo_get({large_object}), 'UTF8')",), Win.SECRET, True),
        (
            "open and read one",
            ("BEGIN", "SELECT lo_open({large_object}, 262144)", "SELECT loread(0, 100)"),
            Win.SECRET,
            True,
        ),
        ("get a part of one", ("SELECT lo_get({large_object}, 0, 40)",), Win.SECRET, True),
        ("write to one", ("SELECT lo_put({large_object}, 0, 'x')",), Win.DONE, True),
        ("open one for writing", ("BEGIN", "SELECT lo_open({large_object}, 131072)"), Win.DONE, True),
        ("delete one", ("SELECT lo_unlink({large_object})",), Win.DONE, True),
        ("take one", ("ALTER LARGE OBJECT {large_object} OWNER TO CURRENT_USER",), Win.DONE, True),
        ("grant oneself one", ("GRANT ALL ON LARGE OBJECT {large_object} TO PUBLIC",), Win.DONE, True),
        (
            "the catalog of all large objects",
            ("SELECT convert_from(data, 'UTF8') FROM pg_largeobject",),
            Win.SECRET,
            True,
        ),
        (
            "large objects by the old rules",
            ("SET lo_compat_privileges = on", "SELECT lo_get({large_object})"),
            Win.SECRET,
            True,
        ),
        (
            "a large object to a file of the server's",
            ("SELECT lo_export({large_object}, '/tmp/stolen')",),
            Win.DONE,
            False,
        ),
        ("comment on one", ("COMMENT ON LARGE OBJECT {large_object} IS 'x'",), Win.DONE, True),
    )
)

ATTACKS: Final = (*_BY_TABLE, *_QUERIES, *_ERRORS, *_PATHS, *_COPIES, *_TEMPORARY, *_LARGE_OBJECTS)
