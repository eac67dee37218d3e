"""The configuration of PgBouncer, as text.

Pure. Its options are those of PgBouncer's own documentation, "pgbouncer.ini".
"""

from collections.abc import Iterable
from dataclasses import dataclass

PORT = 6432
"""PgBouncer's own default."""

CONFIGURATION = "/etc/pgbouncer/configuration"
"""Where pods find `pgbouncer.ini` and the authority of the server."""

USERS = "/etc/pgbouncer/users"
"""Where they find `userlist.txt`."""

CERTIFICATE = "/etc/pgbouncer/certificate"
"""Where they find the certificate that clients are met with."""


@dataclass(frozen=True, kw_only=True)
class PoolShape:
    """How many connections one pod holds.

    Args:
        clients: from services, at most.
        shared: to the shared database, whatever the roles.
        tenant: to the server for any one role but the services' own.
        prepared_statements: that each connection to the server remembers.
    """

    clients: int
    shared: int
    tenant: int
    prepared_statements: int


def configuration(
    *, host: str, port: int, ssl_mode: str, database: str, role: str, shape: PoolShape, encrypted: bool
) -> str:
    """Return `pgbouncer.ini`.

    Pools are per role and database. Tenants are not named: `*` stands for every database, and the general limits are a
    tenant's; only the shared database and the services' role have limits of their own.

    Args:
        host: of the server.
        port: of the server.
        ssl_mode: how far its certificate is checked.
        database: the shared one.
        role: the one that services log in to it as.
        shape: how many connections.
        encrypted: whether clients must use TLS.
    """
    tls = f"\nclient_tls_sslmode = require\nclient_tls_cert_file = {CERTIFICATE}/tls.crt" if encrypted else ""
    key = f"\nclient_tls_key_file = {CERTIFICATE}/tls.key" if encrypted else ""
    return f"""\
[databases]
{database} = host={host} port={port} pool_size={shape.shared} max_db_connections={shape.shared}
* = host={host} port={port}

[users]
{role} = max_user_connections={shape.shared}

[pgbouncer]
listen_addr = *
listen_port = {PORT}
unix_socket_dir =
pool_mode = transaction
max_prepared_statements = {shape.prepared_statements}
max_client_conn = {shape.clients}
default_pool_size = {shape.tenant}
max_db_connections = {shape.tenant}
max_user_connections = {shape.tenant}
auth_type = scram-sha-256
auth_file = {USERS}/userlist.txt
server_tls_sslmode = {ssl_mode}
server_tls_ca_file = {CONFIGURATION}/server-ca.pem{tls}{key}
ignore_startup_parameters = extra_float_digits
"""


def user_list(passwords: Iterable[tuple[str, str]]) -> str:
    """Return `userlist.txt`, by role.

    Args:
        passwords: role and password; two of one role are one.
    """
    return "".join(f'"{_quoted(role)}" "{_quoted(password)}"\n' for role, password in sorted(set(passwords)))


def _quoted(text: str) -> str:
    return text.replace('"', '""')
