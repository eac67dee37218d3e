"""What an administrator sees of a fleet: every tenant's rows and every right, before the attacks and after them."""

from collections.abc import Iterator
from dataclasses import dataclass

from psycopg.sql import SQL, Identifier

from infra.tenancy.sample import SEQUENCE, TABLES
from tests.isolation.fleet import Connection, Fleet
from tests.isolation.model import POOL

_SERVER = {
    "role": "SELECT rolname, row_to_json(r)::text FROM pg_roles r",
    "password": "SELECT rolname, md5(rolpassword) FROM pg_authid",
    "member": "SELECT roleid::regrole || ' of ' || member::regrole, row_to_json(m)::text FROM pg_auth_members m",
    "database": "SELECT datname, concat_ws(' ', datdba::regrole, datconnlimit, datallowconn, datacl) FROM pg_database",
    "setting": "SELECT concat_ws(' ', setdatabase, setrole::regrole), setconfig::text FROM pg_db_role_setting",
    "parameter": "SELECT parname, paracl::text FROM pg_parameter_acl",
    "slot": "SELECT slot_name, plugin FROM pg_replication_slots",
}
_DATABASE = {
    "schema": "SELECT nspname, concat_ws(' ', nspowner::regrole, nspacl) FROM pg_namespace WHERE nspname !~ '^pg_t'",
    "relation": """
        SELECT oid::regclass::text,
               concat_ws(' ', relkind, relowner::regrole, relrowsecurity, relforcerowsecurity, relacl)
        FROM pg_class WHERE relnamespace::regnamespace::text !~ '^(pg_t|information_schema)'""",
    "column": """
        SELECT attrelid::regclass || '.' || attname, concat_ws(' ', atttypid::regtype, attacl)
        FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
        WHERE c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)' AND attnum > 0""",
    "policy": "SELECT tablename || '.' || policyname, row_to_json(p)::text FROM pg_policies p",
    "function": """
        SELECT oid::regprocedure::text, concat_ws(' ', proowner::regrole, prosecdef, proacl, proconfig, md5(prosrc))
        FROM pg_proc WHERE oid > 16383 OR proacl IS NOT NULL""",
    "default": "SELECT concat_ws(' ', defaclrole::regrole, defaclnamespace, defaclobjtype), defaclacl::text FROM pg_default_acl",
    "large object": """
        SELECT m.oid::text, concat_ws(' ', lomowner::regrole, lomacl, md5(lo_get(m.oid)))
        FROM pg_largeobject_metadata m""",
    "trigger": "SELECT tgrelid::regclass || '.' || tgname, tgenabled::text FROM pg_trigger",
    "rule": "SELECT tablename || '.' || rulename, definition FROM pg_rules",
    "constraint": "SELECT conrelid::regclass || '.' || conname, contype::text FROM pg_constraint WHERE conrelid <> 0",
    "extension": "SELECT extname, extversion FROM pg_extension",
    "comment": "SELECT objoid::text, description FROM pg_description WHERE objoid > 16383",
    "type": "SELECT oid::regtype::text, typowner::regrole::text FROM pg_type WHERE oid > 16383",
}


@dataclass(frozen=True)
class Evidence:
    """What was seen: a thing's name -> what is known of it."""

    seen: dict[str, str]

    @classmethod
    def of(cls, fleet: Fleet) -> "Evidence":
        """Look at everything."""
        seen: dict[str, str] = {}
        for database in sorted({tenant.database for tenant in fleet.tenants}):
            with fleet.administrator(database) as connection:
                queries = _DATABASE if seen else _SERVER | _DATABASE
                for what, query in queries.items():
                    for name, known in connection.execute(query.encode()):
                        seen[f"{database}: {what} {name}"] = str(known)
                seen.update(_rows(fleet, connection, database))
        return cls(seen)

    def differences(self, later: "Evidence") -> list[str]:
        """Return what has changed since, a line each."""
        names = sorted(self.seen.keys() | later.seen.keys())
        return [
            f"{name}: was {self.seen.get(name)}, is {later.seen.get(name)}"
            for name in names
            if self.seen.get(name) != later.seen.get(name)
        ]


def _rows(fleet: Fleet, connection: Connection, database: str) -> Iterator[tuple[str, str]]:
    places = {(tenant.schema, tenant.isolation) for tenant in fleet.tenants if tenant.database == database}
    for schema, isolation in sorted(places):
        whose = "tenant_id" if isolation == POOL else "''"
        for table in (*TABLES, "later"):
            query = SQL("SELECT {}, count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM {} t GROUP BY 1")
            for slug, count, checksum in connection.execute(query.format(SQL(whose), Identifier(schema, table))):
                yield f"{database}: rows of {schema}.{table} {slug}", f"{count} {checksum}"
        if isolation != POOL:
            for sequence in (SEQUENCE, "later_id_seq"):
                state = connection.execute(
                    SQL("SELECT last_value, is_called FROM {}").format(Identifier(schema, sequence))
                )
                yield f"{database}: sequence {schema}.{sequence}", str(state.fetchone())
