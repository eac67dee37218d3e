"""A PostgreSQL schema that only its own two roles can reach.

Owns the roles, their privileges and the workload's credentials. Leaves tables to migrations, which run as the owner:
default privileges give the application role what they make later.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import Secret
from pulumi_postgresql import DefaultPrivileges, Grant, Role, Schema
from pulumi_random import RandomPassword

from infra.naming import application_role, labels, owner_role

_PASSWORD_LENGTH = 32  # letters and digits: 190 bits


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where something answers that speaks PostgreSQL's protocol.

    Args:
        host: name or address.
        port: TCP port.
        ssl_mode: libpq's `sslmode`.
    """

    host: pulumi.Input[str]
    port: pulumi.Input[int]
    ssl_mode: str


@dataclass(frozen=True, kw_only=True)
class Login:
    """A role that logs in.

    Args:
        role: its name.
        password: its password.
    """

    role: pulumi.Output[str]
    password: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where a PostgreSQL server is, as workloads reach it.

    Args:
        host: name or address.
        port: TCP port.
        ssl_mode: libpq's `sslmode`.
        administrator: the role that the provider logs in as, where that is no superuser: it must be granted what a
            superuser has anyway. None for a superuser.
        pooler: what services connect to in its place; None for the server itself.
        replica: what they may read from as well; None for nothing.
        restored: role -> password of those that came with a backup, a secret, together with all that the program would
            make in the server. Nothing is made then, as PostgreSQL refuses to make what is there. None for a server
            that the program fills.
    """

    host: pulumi.Input[str]
    port: pulumi.Input[int]
    ssl_mode: str
    administrator: str | None = None
    pooler: Endpoint | None = None
    replica: Endpoint | None = None
    restored: pulumi.Output[Mapping[str, str]] | None = None


@dataclass(frozen=True, kw_only=True)
class _Content:
    """What is in the server, made or found there."""

    owner: pulumi.Output[str]
    login: Login
    schema: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class IsolatedSchemaArgs:
    """Arguments of `IsolatedSchema`.

    Args:
        server: where the database is.
        database: the database that the schema is in.
        schema: the schema's name.
        role_prefix: the roles are `PREFIX_owner` and `PREFIX_app`; roles belong to the whole server.
        connection_limit: connections of the application role at most.
        credentials_namespace: the Kubernetes namespace that the credentials are delivered to.
        expendable: whether the schema may be dropped with tables in it; else its removal fails while it has some.
    """

    server: Server
    database: pulumi.Input[str]
    schema: str
    role_prefix: str
    connection_limit: int
    credentials_namespace: pulumi.Input[str]
    expendable: bool = False


class IsolatedSchema(pulumi.ComponentResource):
    """No role but the owner and the application role of this schema can use it; neither has rights elsewhere."""

    schema: pulumi.Output[str]
    """The schema's name, known once every privilege on it is in place."""

    owner: pulumi.Output[str]
    """The role that owns the schema's objects."""

    role: pulumi.Output[str]
    """The role that the workload logs in as."""

    login: Login
    """The same role with its password, a secret."""

    credentials: pulumi.Output[str]
    """The Kubernetes Secret with the URLs that workloads connect by.

    `DATABASE_URL` leads to the pooler where there is one, `DIRECT_DATABASE_URL` to the server: for migrations and jobs,
    which need a session. `READ_DATABASE_URL` is there with a replica.
    """

    checksum: pulumi.Output[str]
    """Changes with the content of that Secret, and tells nothing of it; pods carry it, so that they roll."""

    url: pulumi.Output[str]
    """The URL to the server itself, a secret."""

    def __init__(self, name: str, args: IsolatedSchemaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:database:IsolatedSchema", name, None, opts)
        self._name = name
        self._args = args
        content = self._made() if args.server.restored is None else self._found(args.server.restored)
        urls = self._urls(content.login)
        self.url = urls["DIRECT_DATABASE_URL"]
        self.login = content.login
        credentials = self._credentials(urls)
        self.owner = content.owner
        self.role = content.login.role
        self.schema = content.schema
        self.credentials = credentials.metadata.apply(lambda metadata: metadata.name or "")
        # The password in it has 190 bits, so that its hash may be seen.
        self.checksum = pulumi.Output.unsecret(pulumi.Output.all(*urls.values()).apply(_checksum))
        self.register_outputs(
            {"schema": self.schema, "owner": self.owner, "role": self.role, "credentials": self.credentials}
        )

    def _made(self) -> _Content:
        password = self._password()
        owner = self._owner()
        role = self._application(password)
        schema = self._schema(owner)
        grants = [*self._grants(role, schema), *self._defaults(owner, role, schema)]
        ready = pulumi.Output.all(schema.name, *[grant.id for grant in grants]).apply(lambda parts: str(parts[0]))
        return _Content(owner=owner.name, login=Login(role=role.name, password=password.result), schema=ready)

    def _found(self, passwords: pulumi.Output[Mapping[str, str]]) -> _Content:
        prefix = self._args.role_prefix
        role = application_role(prefix)
        password: pulumi.Output[str] = pulumi.Output.secret(passwords.apply(lambda known: _password(known, role)))
        return _Content(
            owner=pulumi.Output.from_input(owner_role(prefix)),
            login=Login(role=pulumi.Output.from_input(role), password=password),
            schema=pulumi.Output.from_input(self._args.schema),
        )

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _password(self) -> RandomPassword:
        return RandomPassword(f"{self._name}-password", length=_PASSWORD_LENGTH, special=False, opts=self._child())

    def _owner(self) -> Role:
        return Role(f"{self._name}-owner", name=owner_role(self._args.role_prefix), login=False, opts=self._child())

    def _application(self, password: RandomPassword) -> Role:
        return Role(
            f"{self._name}-app",
            name=application_role(self._args.role_prefix),
            login=True,
            password=password.result,
            connection_limit=self._args.connection_limit,
            search_paths=[self._args.schema, "public"],
            opts=self._child(),
        )

    def _schema(self, owner: Role) -> Schema:
        return Schema(
            f"{self._name}-schema",
            name=self._args.schema,
            database=self._args.database,
            owner=owner.name,
            drop_cascade=self._args.expendable,
            opts=self._child(),
        )

    def _grants(self, role: Role, schema: Schema) -> list[Grant]:
        connect = Grant(
            f"{self._name}-connect",
            database=self._args.database,
            role=role.name,
            object_type="database",
            privileges=["CONNECT"],
            opts=self._child(),
        )
        usage = Grant(
            f"{self._name}-usage",
            database=self._args.database,
            schema=schema.name,
            role=role.name,
            object_type="schema",
            privileges=["USAGE"],
            opts=self._child(),
        )
        return [connect, usage]

    def _defaults(self, owner: Role, role: Role, schema: Schema) -> list[DefaultPrivileges]:
        privileges = {
            "table": ["SELECT", "INSERT", "UPDATE", "DELETE"],
            "sequence": ["USAGE", "SELECT"],
        }
        return [
            DefaultPrivileges(
                f"{self._name}-{object_type}-defaults",
                database=self._args.database,
                schema=schema.name,
                owner=owner.name,
                role=role.name,
                object_type=object_type,
                privileges=names,
                opts=self._child(),
            )
            for object_type, names in privileges.items()
        ]

    def _urls(self, login: Login) -> dict[str, pulumi.Output[str]]:
        server = self._args.server
        ends: dict[str, Endpoint | Server] = {
            "DATABASE_URL": server.pooler or server,
            "DIRECT_DATABASE_URL": server,
            **({"READ_DATABASE_URL": server.replica} if server.replica else {}),
        }
        return {variable: self._url(end, login) for variable, end in ends.items()}

    def _url(self, end: Endpoint | Server, login: Login) -> pulumi.Output[str]:
        return pulumi.Output.format(
            "postgresql://{0}:{1}@{2}:{3}/{4}?sslmode={5}",
            login.role,
            login.password,
            end.host,
            end.port,
            self._args.database,
            end.ssl_mode,
        )

    def _credentials(self, urls: Mapping[str, pulumi.Output[str]]) -> Secret:
        return Secret(
            f"{self._name}-credentials",
            metadata={
                "name": f"{self._args.role_prefix.replace('_', '-')}-database",
                "namespace": self._args.credentials_namespace,
                "labels": labels(self._name, "database-credentials"),
            },
            string_data=dict(urls),
            opts=self._child(),
        )


def _password(known: Mapping[str, str], role: str) -> str:
    if role not in known:
        raise pulumi.RunError(f"the backup has no role {role}; declare only tenants that were in the stack it is of")
    return known[role]


def _checksum(urls: Sequence[str]) -> str:
    return hashlib.sha256("".join(urls).encode()).hexdigest()
