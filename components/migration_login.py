"""The login of migrations: who may make and change tables of a schema whose owner cannot log in.

Owns the role, its right to connect, and its credentials. Leaves the schema and its owner to `IsolatedSchema`, and the
schemas of single tenants, whose owners are others. Services keep their own role, which changes rows and no table.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import Secret
from pulumi_postgresql import Grant, Role
from pulumi_random import RandomPassword

from components.isolated_schema import Login, Server
from components.pods import EnvironmentSecret
from infra.connections import RESERVED_DIRECT
from infra.naming import labels, migration_role

_PASSWORD_LENGTH = 32  # letters and digits: 190 bits


@dataclass(frozen=True, kw_only=True)
class MigrationLoginArgs:
    """Arguments of `MigrationLogin`.

    Args:
        server: where the database is.
        database: the database.
        schema: whose tables are migrated.
        owner: the role that owns the schema.
        role_prefix: the role is `PREFIX_migrator`.
        credentials_namespace: the Kubernetes namespace that the credentials are delivered to.
        after: what must be in the server before anybody logs in.
        ends_sessions: whether it may end sessions of other roles than superusers, those of tenants that are closed.
    """

    server: Server
    database: pulumi.Input[str]
    schema: pulumi.Input[str]
    owner: pulumi.Input[str]
    role_prefix: str
    credentials_namespace: pulumi.Input[str]
    after: Sequence[pulumi.Resource] = ()
    ends_sessions: bool = False


class MigrationLogin(pulumi.ComponentResource):
    """Every session of it is the schema's owner from its beginning, so that what it makes is the owner's.

    The default privileges of the application role count for it. It goes to the server itself, as a migration needs a
    session; row-level security is forced on the owner, so that it sees no tenant's rows unless it says whose.
    """

    login: Login
    """The role, with its password, a secret."""

    credentials: EnvironmentSecret
    """The Kubernetes Secret with its URL, as `DATABASE_URL` and as `DIRECT_DATABASE_URL`."""

    def __init__(self, name: str, args: MigrationLoginArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:database:MigrationLogin", name, None, opts)
        self._name = name
        self._args = args
        self.login = self._made() if args.server.restored is None else self._found()
        self.credentials = self._credentials()
        self.register_outputs({"role": self.login.role, "credentials": self.credentials.name})

    def _made(self) -> Login:
        child = pulumi.ResourceOptions(parent=self)
        password = RandomPassword(f"{self._name}-password", length=_PASSWORD_LENGTH, special=False, opts=child)
        role = Role(
            f"{self._name}-role",
            name=migration_role(self._args.role_prefix),
            login=True,
            password=password.result,
            connection_limit=RESERVED_DIRECT,
            roles=[self._args.owner, *(["pg_signal_backend"] if self._args.ends_sessions else [])],
            assume_role=self._args.owner,
            search_paths=[self._args.schema, "public"],
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(self._args.after)),
        )
        connect = Grant(
            f"{self._name}-connect",
            database=self._args.database,
            role=role.name,
            object_type="database",
            privileges=["CONNECT"],
            opts=child,
        )
        ready = pulumi.Output.all(role.name, connect.id).apply(lambda known: str(known[0]))
        return Login(role=ready, password=password.result)

    def _found(self) -> Login:
        restored, role = self._args.server.restored, migration_role(self._args.role_prefix)
        assert restored is not None
        password = restored.apply(lambda known: _password(known.get(role)))
        return Login(role=pulumi.Output.from_input(role), password=pulumi.Output.secret(password))

    def _credentials(self) -> EnvironmentSecret:
        server = self._args.server
        url = pulumi.Output.format(
            "postgresql://{0}:{1}@{2}:{3}/{4}?sslmode={5}",
            self.login.role,
            self.login.password,
            server.host,
            server.port,
            self._args.database,
            server.ssl_mode,
        )
        created = Secret(
            f"{self._name}-credentials",
            metadata={
                "name": f"{self._args.role_prefix.replace('_', '-')}-migration",
                "namespace": self._args.credentials_namespace,
                "labels": labels(self._name, "database-credentials"),
            },
            string_data={"DATABASE_URL": url, "DIRECT_DATABASE_URL": url},
            opts=pulumi.ResourceOptions(parent=self),
        )
        name = created.metadata.apply(lambda metadata: metadata.name or "")
        return EnvironmentSecret(name=name, checksum="")  # read by jobs alone, which nothing rolls


def _password(known: str | None) -> str:
    if known is None:
        raise pulumi.RunError(
            "the backup has no role for migrations; remove services.*.migration and as_owner of jobs, or restore a "
            "backup of a stack that had one"
        )
    return known
