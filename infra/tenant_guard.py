"""What keeps the rows of the pool's tenants apart: two functions in PostgreSQL, and how a transaction says whose it is.

Owns their source, so that the stack that declares them, the tools that rely on them and tests on a bare server have the
same. Leaves making them to `components.tenant_pool`, and the tables to the product's migrations.

Every name and operator of the one that policies call is qualified, and neither is SECURITY DEFINER: the official
PostgreSQL provider (3.18) can give a function no `SET search_path` and no owner, so that one would run as the server's
administrator, over a table that the pool's owner can swap. They run as whoever calls them instead.
"""

from collections.abc import Sequence

POOL_SCHEMA = "pool"
"""The schema of the pool's tables, and of the functions below."""

TENANT_SETTING = "app.current_tenant_id"
"""The setting that says whose a transaction is; to be set with `SET LOCAL`, or `set_config(..., true)`."""

CLOSED_TENANTS = "closed_tenants"
"""The table of tenants that are not served, in the pool's schema; made by `infra.tenancy.lifecycle`."""

CURRENT_TENANT = """
DECLARE
    claimed text := pg_catalog.current_setting('app.current_tenant_id', true);
BEGIN
    -- NULL when it was never set, '' after a transaction did.
    IF claimed IS NULL OR claimed OPERATOR(pg_catalog.=) '' THEN
        RETURN NULL;
    END IF;
    IF pg_catalog.to_regclass('pool.closed_tenants') IS NULL THEN
        RETURN claimed;
    END IF;
    -- The owner still reaches a closed tenant's rows: to export them, and to purge them.
    IF EXISTS (
        SELECT FROM pool.closed_tenants closed WHERE closed.tenant_id OPERATOR(pg_catalog.=) claimed
    ) AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_namespace home
        WHERE home.nspname OPERATOR(pg_catalog.=) 'pool' AND pg_catalog.pg_has_role(home.nspowner, 'MEMBER')
    ) THEN
        RETURN NULL;
    END IF;
    RETURN claimed;
END;
"""
"""The body of `pool.current_tenant()`: the tenant that the transaction is for; NULL for none, and for a closed one."""

# The first policy says what is seen at all, the second cannot be widened by another policy. Both need the function, so
# that a DROP ... CASCADE of it leaves tables that nobody sees anything of.
ISOLATE_TENANTS = """
DECLARE
    part regclass;
    wrong text;
BEGIN
    FOR part IN
        WITH RECURSIVE tree(relid) AS (
            SELECT target::pg_catalog.oid
            UNION
            SELECT child.inhrelid FROM pg_catalog.pg_inherits child JOIN tree ON child.inhparent = tree.relid
        )
        SELECT relid::pg_catalog.regclass FROM tree
    LOOP
        IF NOT EXISTS (
            SELECT FROM pg_catalog.pg_attribute
            WHERE attrelid = part AND attname = 'tenant_id' AND NOT attisdropped
              AND atttypid = 'pg_catalog.text'::pg_catalog.regtype
        ) THEN
            RAISE EXCEPTION '% has no column tenant_id of type text; add it, first in its keys', part;
        END IF;
        SELECT c.conname INTO wrong
        FROM pg_catalog.pg_constraint c
        JOIN pg_catalog.pg_attribute own ON own.attrelid = c.conrelid AND own.attname = 'tenant_id'
        JOIN pg_catalog.pg_attribute other ON other.attrelid = c.confrelid AND other.attname = 'tenant_id'
        WHERE c.contype = 'f' AND c.conrelid = part AND NOT own.attisdropped AND NOT other.attisdropped
          AND NOT EXISTS (
              SELECT FROM ROWS FROM (pg_catalog.unnest(c.conkey), pg_catalog.unnest(c.confkey)) pair(here, there)
              WHERE pair.here = own.attnum AND pair.there = other.attnum
          )
        LIMIT 1;
        IF wrong IS NOT NULL THEN
            RAISE EXCEPTION 'foreign key % of % looks past row-level security: put tenant_id into it, on both sides',
                wrong, part;
        END IF;
        SELECT a.privilege_type INTO wrong
        FROM pg_catalog.pg_class t, pg_catalog.aclexplode(t.relacl) a
        WHERE t.oid = part AND a.grantee <> t.relowner AND a.privilege_type IN ('TRUNCATE', 'TRIGGER', 'REFERENCES')
        LIMIT 1;
        IF wrong IS NOT NULL THEN
            RAISE EXCEPTION '% on % is granted to another role than its owner, and reaches every row: revoke it',
                wrong, part;
        END IF;
        FOR wrong IN
            SELECT i.indexrelid::pg_catalog.regclass::text
            FROM pg_catalog.pg_index i
            JOIN pg_catalog.pg_attribute own ON own.attrelid = i.indrelid AND own.attname = 'tenant_id'
            WHERE i.indrelid = part AND i.indisunique AND NOT own.attnum = ANY (i.indkey)
        LOOP
            RAISE WARNING 'unique index % is without tenant_id: who is refused a value learns that another has it',
                wrong;
        END LOOP;
        EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
        FOR wrong IN
            SELECT polname FROM pg_catalog.pg_policy
            WHERE polrelid = part AND polname IN ('tenant_access', 'tenant_isolation')
        LOOP
            EXECUTE pg_catalog.format('DROP POLICY %I ON %s', wrong, part);
        END LOOP;
        EXECUTE pg_catalog.format(
            'CREATE POLICY tenant_access ON %s USING ((SELECT pool.current_tenant()) IS NOT NULL)', part
        );
        EXECUTE pg_catalog.format(
            'CREATE POLICY tenant_isolation ON %s AS RESTRICTIVE'
            ' USING (tenant_id OPERATOR(pg_catalog.=) (SELECT pool.current_tenant()))'
            ' WITH CHECK (tenant_id OPERATOR(pg_catalog.=) (SELECT pool.current_tenant()))', part
        );
    END LOOP;
END;
"""
"""The body of `pool.isolate_tenants(target regclass)`: guards a table, its partitions and what inherits from it."""


def statements() -> Sequence[str]:
    """Return what makes both functions in a server that no stack declares, as a test's; the schema must be there."""
    return (
        f"CREATE OR REPLACE FUNCTION {POOL_SCHEMA}.current_tenant() RETURNS text "
        f"LANGUAGE plpgsql STABLE PARALLEL SAFE AS $guard${CURRENT_TENANT}$guard$",
        f"CREATE OR REPLACE FUNCTION {POOL_SCHEMA}.isolate_tenants(target regclass) RETURNS void "
        f"LANGUAGE plpgsql VOLATILE AS $guard${ISOLATE_TENANTS}$guard$",
    )
