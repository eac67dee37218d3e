"""A server with tenants in it, and what its administrator does before the attacks: rows with secrets, tables made late.

Owns connections and contents. Leaves making the tenants to the program, or to `plain` for tests of the tests.
"""

import datetime
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from infra.tenancy import closing, sample
from infra.tenant_guard import POOL_SCHEMA, TENANT_SETTING
from tests.isolation.model import POOL, Facts, Tenant

Connection = psycopg.Connection[Any]

_LATER = "later"
"""A table that is made after all else, when the tenants have long been onboarded."""

_PLANTED = (
    "UPDATE {}.categories SET name = %(secret)s",
    "UPDATE {}.products SET description = %(secret)s",
    "UPDATE {}.product_images SET media_type = %(secret)s, content = convert_to(%(secret)s, 'UTF8')",
    "UPDATE {}.customers SET name = %(secret)s",
    "UPDATE {}.addresses SET postal_code = %(secret)s",
    "UPDATE {}.carts SET session = to_jsonb(%(secret)s::text)",
    "UPDATE {}.orders SET note = %(secret)s",
)


@dataclass(frozen=True)
class Fleet:
    """Tenants on one server.

    Args:
        socket: the folder of its socket: no time is spent on TLS.
        superuser: the password of `postgres`.
        shared: the database of all that have none of their own.
        group: the role whose members may connect to it.
        tenants: of all isolations.
    """

    socket: Path
    superuser: str
    shared: str
    group: str
    tenants: tuple[Tenant, ...]

    def administrator(self, database: str) -> Connection:
        """Connect as the superuser, in autocommit."""
        return self.login(user="postgres", password=self.superuser, dbname=database)

    def connect(self, tenant: Tenant) -> Connection:
        """Connect with the tenant's own credentials to its own database, in autocommit."""
        return self.login(user=tenant.role, password=tenant.password, dbname=tenant.database)

    def login(self, **parameters: str) -> Connection:
        """Connect to the socket with these parameters of libpq's, in autocommit; nobody waits long for a lock."""
        return psycopg.connect(
            host=str(self.socket), autocommit=True, **({"options": "-c lock_timeout=2s"} | parameters)
        )

    def stock(self, tenants: tuple[Tenant, ...] | None = None, *, rows: int = 3) -> Mapping[str, Facts]:
        """Give these tenants, all by default, tables and rows with secrets; return what is to be known of them."""
        chosen = self.tenants if tenants is None else tenants
        places = {(tenant.database, tenant.schema, tenant.owner) for tenant in chosen}
        for database, schema, owner in sorted(places):
            with self.administrator(database) as connection:
                connection.execute(SQL("SET ROLE {}").format(Identifier(owner)))
                sample.install(connection, schema, pool=schema == POOL_SCHEMA)
                if schema == POOL_SCHEMA:
                    closing.agree(connection, (), datetime.datetime.now(datetime.UTC))
        facts = {tenant.slug: self._fill(tenant, rows) for tenant in chosen}
        for database, schema, owner in sorted(places):
            with self.administrator(database) as connection:
                connection.execute("ANALYZE")
                connection.execute(SQL("SET ROLE {}").format(Identifier(owner)))
                _make_later(connection, schema)
        for tenant in chosen:
            self._fill_later(tenant, facts[tenant.slug])
        return facts

    def _fill(self, tenant: Tenant, rows: int) -> Facts:
        secret = f"secret{secrets.token_hex(10)}"
        with self.connect(tenant) as connection:
            sample.fill(connection, tenant.slug, schema=tenant.schema, rows=rows, seed=secrets.randbits(30))
            with connection.transaction():
                _act_as(connection, tenant)
                for statement in _PLANTED:
                    connection.execute(SQL(statement).format(Identifier(tenant.schema)), {"secret": secret})
                place = Identifier(tenant.schema)
                customer = connection.execute(SQL("SELECT id, email FROM {}.customers").format(place)).fetchone()
                order = connection.execute(SQL("SELECT number, id FROM {}.orders").format(place)).fetchone()
                cart = connection.execute(SQL("SELECT cart_id FROM {}.cart_items").format(place)).fetchone()
                assert customer is not None
                assert order is not None
                assert cart is not None
                large_object = 0 if tenant.isolation == POOL else _large_object(connection, secret)
        number, order_id = order
        return Facts(str(customer[0]), customer[1], number, large_object, (secret, str(order_id), str(cart[0])))

    def _fill_later(self, tenant: Tenant, facts: Facts) -> None:
        with self.connect(tenant) as connection, connection.transaction():
            _act_as(connection, tenant)
            table = Identifier(tenant.schema, _LATER)
            connection.execute(SQL("INSERT INTO {} (note) VALUES (%s)").format(table), [facts.secrets[0]])


def made_up() -> str:
    """Return an id that nobody has."""
    return str(uuid.uuid4())


def _act_as(connection: Connection, tenant: Tenant) -> None:
    connection.execute("SELECT set_config(%s, %s, true)", [TENANT_SETTING, tenant.slug])


def _large_object(connection: Connection, secret: str) -> int:
    (identifier,) = connection.execute("SELECT lo_from_bytea(0, convert_to(%s, 'UTF8'))", [secret]).fetchone() or (0,)
    return int(identifier)


def _make_later(connection: Connection, schema: str) -> None:
    """Make a table, a view, a function and a sequence as a migration would that comes after the tenants."""
    pooled = schema == POOL_SCHEMA
    column = "tenant_id text NOT NULL DEFAULT pool.current_tenant(), " if pooled else ""
    place = Identifier(schema)
    with connection.transaction():
        connection.execute(SQL("SET LOCAL search_path = {}").format(place))
        connection.execute(SQL(f"CREATE TABLE {_LATER} ({column}id serial, note text)"))
        if pooled:
            connection.execute("SELECT pool.isolate_tenants('pool.later')")
        connection.execute("CREATE VIEW later_notes AS SELECT note FROM later")
        body = SQL("BEGIN RETURN (SELECT string_agg(note, ',') FROM {}.later); END").format(place).as_string(connection)
        connection.execute(SQL("CREATE FUNCTION notes() RETURNS text LANGUAGE plpgsql AS {}").format(Literal(body)))
