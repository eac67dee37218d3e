"""Getting around the pool's guard without setting another tenant's id.

Against other isolations than the pool, and for attackers that are not of it, the id may be set as well: it opens
nothing there.
"""

from typing import Final

from tests.isolation.model import POOL, Attack, Win

_POOL: Final = (POOL,)
_SEE: Final = "SELECT * FROM {customers}{of_b}"


def _attack(
    name: str, *steps: str, win: Win = Win.ROWS, in_transaction: bool = True, undone: bool = False, can: bool = True
) -> Attack:
    return Attack(
        category="guard",
        name=name,
        steps=steps,
        win=win,
        targets=_POOL,
        in_transaction=in_transaction,
        undone=undone,
        superuser_can=can,
    )


def _id(name: str, value: str) -> Attack:
    return _attack(f"an id that is {name}", f"SELECT set_config('app.current_tenant_id', {value}, true)", _SEE)


_TRICKS: Final = (
    _attack("row security off", "SET row_security = off", _SEE),
    _attack("row security off for the transaction", "SET LOCAL row_security = off", "SELECT * FROM {orders}{of_b}"),
    _attack("row security off by a function", "SELECT set_config('row_security', 'off', false)", _SEE),
    _attack("no id at all", _SEE, in_transaction=False),
    _attack("no id at all, by hand", "RESET app.current_tenant_id", _SEE),
    _attack("everything reset", "RESET ALL", _SEE),
    _attack("another case of the setting", "SET LOCAL \"APP.CURRENT_TENANT_ID\" = '{a}'", _SEE),
    _id("empty", "''"),
    _id("NULL", "NULL"),
    _id("a pattern", "'%'"),
    _id("the beginning of the target's", "left('{b}', -1)"),
    _id("the target's and a blank", "'{b} '"),
    _id("the target's in capitals", "upper('{b}')"),
    _id("a list", "'{a},{b}'"),
    _id("an array", "'{{{a},{b}}}'"),
    _id("an expression", "$i${a}' OR '1'='1$i$"),
    _id("a quoted one", "'\"{b}\"'"),
    _id("the target's behind its own", "E'{a}\\n{b}'"),
    _attack(
        "an id that a failed statement leaves",
        "SAVEPOINT s",
        "SET LOCAL app.current_tenant_id = '{b}'",
        "/* may fail */ SELECT 1/0",
        "ROLLBACK TO s",
        _SEE,
    ),
    _attack(
        "an id that is rolled back",
        "SAVEPOINT s",
        "SET LOCAL app.current_tenant_id = '{b}'",
        "ROLLBACK TO SAVEPOINT s",
        _SEE,
    ),
    _attack(
        "an id of the transaction before",
        "BEGIN",
        "SET LOCAL app.current_tenant_id = '{b}'",
        "COMMIT",
        _SEE,
        in_transaction=False,
    ),
    _attack(
        "an id of a transaction that failed",
        "BEGIN",
        "SET LOCAL app.current_tenant_id = '{b}'",
        "ROLLBACK",
        "BEGIN",
        _SEE,
        in_transaction=False,
    ),
    _attack(
        "a statement that the target prepared",
        "BEGIN",
        "SET LOCAL app.current_tenant_id = '{b}'",
        "PREPARE p AS SELECT count(*) FROM {orders}",
        "COMMIT",
        "BEGIN",
        "SET LOCAL app.current_tenant_id = '{a}'",
        "EXECUTE p",
        "PREPARE q AS " + _SEE,
        "EXECUTE q",
        in_transaction=False,
    ),
    _attack(
        "a plan that the target cached",
        "SET plan_cache_mode = force_generic_plan",
        "PREPARE p AS " + _SEE,
        "BEGIN",
        "SET LOCAL app.current_tenant_id = 'x'",
        "EXECUTE p",
        "COMMIT",
        "BEGIN",
        "SET LOCAL app.current_tenant_id = '{a}'",
        "EXECUTE p",
        in_transaction=False,
    ),
    _attack(
        "a statement with no transaction, after one",
        "BEGIN",
        "SET LOCAL app.current_tenant_id = '{b}'",
        "COMMIT",
        "UPDATE {customers} SET name = name",
        in_transaction=False,
    ),
    _attack(
        "an insertion without an id", "INSERT INTO {place}.later (note) VALUES ('x')", in_transaction=False, can=False
    ),
    _attack(
        "an insertion for the target without an id",
        "INSERT INTO {place}.later (tenant_id, note) VALUES ('{b}', 'x')",
        in_transaction=False,
    ),
    _attack("its own row moved to the target", "UPDATE {place}.later SET tenant_id = '{b}'"),
    _attack(
        "its own rows moved to the target, one by one",
        "UPDATE {customers} SET tenant_id = '{b}', id = gen_random_uuid()",
        can=False,
    ),
    _attack("the target's row moved to itself", "UPDATE {place}.later SET tenant_id = '{a}' WHERE tenant_id = '{b}'"),
    _attack(
        "a filter that is always true", "SELECT * FROM {customers} WHERE tenant_id = '{b}' OR true", win=Win.SECRET
    ),
    _attack("a filter by another tenant's id", "SELECT * FROM {customers} WHERE tenant_id <> '{a}'"),
    _attack("all tenants' ids", "SELECT DISTINCT tenant_id FROM {customers} WHERE tenant_id <> '{a}'"),
    _attack(
        "parallel workers", "SET LOCAL debug_parallel_query = on", "SELECT * FROM {customers} WHERE tenant_id = '{b}'"
    ),
    _attack(
        "an index only scan", "SET enable_seqscan = off", "SELECT tenant_id FROM {customers} WHERE tenant_id = '{b}'"
    ),
    _attack(
        "a leaky filter through an index",
        "SET enable_seqscan = off",
        "SELECT 1 FROM {customers} WHERE lower(email) LIKE '%' AND tenant_id = '{b}'",
    ),
    _attack(
        "close another tenant",
        "INSERT INTO pool.closed_tenants (tenant_id, reason) VALUES ('{b}', 'x')",
        win=Win.DONE,
        can=True,
    ),
    _attack("open closed tenants", "DELETE FROM pool.closed_tenants", win=Win.DONE, can=True),
    _attack(
        "a table of closed tenants of its own",
        "CREATE TABLE pool.closed_tenants (tenant_id text)",
        win=Win.DONE,
        can=False,
    ),
    _attack("call the guard", "SELECT pool.isolate_tenants('{customers}')", win=Win.DONE),
    _attack(
        "replace the guard",
        "CREATE OR REPLACE FUNCTION pool.current_tenant() RETURNS text LANGUAGE sql AS $$SELECT '{b}'$$",
        win=Win.DONE,
    ),
    _attack("drop the guard", "DROP FUNCTION pool.current_tenant CASCADE", win=Win.DONE),
    _attack(
        "shadow the guard",
        "CREATE FUNCTION public.current_tenant() RETURNS text LANGUAGE sql AS $$SELECT '{b}'$$",
        win=Win.DONE,
    ),
    _attack(
        "shadow what the guard calls",
        "CREATE FUNCTION public.current_setting(text, boolean) RETURNS text LANGUAGE sql AS $$SELECT '{b}'$$",
        win=Win.DONE,
    ),
    _attack(
        "shadow what the guard calls for its own session",
        "CREATE FUNCTION pg_temp.current_setting(text, boolean) RETURNS text LANGUAGE sql AS $$SELECT '{b}'$$",
        "SET search_path = pg_temp, pg_catalog, pool",
        _SEE,
        can=False,
    ),
    _attack(
        "shadow an operator of the guard",
        "CREATE FUNCTION pg_temp.yes(text, text) RETURNS bool LANGUAGE sql AS 'SELECT true'",
        "CREATE OPERATOR pg_temp.= (FUNCTION = pg_temp.yes, LEFTARG = text, RIGHTARG = text)",
        "SET search_path = pg_temp, pg_catalog",
        _SEE,
        can=False,
    ),
    _attack(
        "shadow the closed tenants",
        "CREATE TEMP TABLE closed_tenants (tenant_id text)",
        "SET search_path = pg_temp, pool",
        _SEE,
        can=False,
    ),
    _attack("a policy of its own", "CREATE POLICY mine ON {customers} USING (true)", win=Win.DONE),
    _attack("a policy less", "DROP POLICY tenant_isolation ON {customers}", win=Win.DONE),
    _attack("a wider policy", "ALTER POLICY tenant_isolation ON {customers} USING (true)", win=Win.DONE),
    _attack("row security disabled", "ALTER TABLE {customers} DISABLE ROW LEVEL SECURITY", win=Win.DONE),
    _attack("row security not forced", "ALTER TABLE {customers} NO FORCE ROW LEVEL SECURITY", win=Win.DONE),
)

_IDS: Final = tuple(
    Attack(category="set_config", name=name, steps=steps, win=Win.ROWS, within_pool=False)
    for name, steps in (
        ("the target's id for the transaction", ("BEGIN", "SET LOCAL app.current_tenant_id = '{b}'", _SEE)),
        ("the target's id for the session", ("SET app.current_tenant_id = '{b}'", "SELECT * FROM {orders}{of_b}")),
        (
            "the target's id by a function",
            ("SELECT set_config('app.current_tenant_id', '{b}', false)", "SELECT * FROM {place}.later{of_b}"),
        ),
        (
            "the target's id, and a deletion",
            ("SELECT set_config('app.current_tenant_id', '{b}', false)", "DELETE FROM {place}.later{of_b}"),
        ),
        (
            "the target's id, and an insertion",
            (
                "SELECT set_config('app.current_tenant_id', '{b}', false)",
                "INSERT INTO {place}.later ({column}note) VALUES ({value}'x')",
            ),
        ),
    )
)

ATTACKS: Final = (*_TRICKS, *_IDS)
