"""A PostgreSQL schema that only its own roles can reach.

Owns the roles, their privileges and the workload's credentials. Leaves tables to migrations, which run as the owner:
default privileges give the other two roles what they make later.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import Secret
from pulumi_postgresql import DefaultPrivileges, Grant, Role, Schema
from pulumi_random import RandomPassword

from components.pods import EnvironmentSecret
from infra.naming import application_role, credentials_secret, labels, owner_role, reader_role

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
class TenantAccess:
    """What a schema's application role may do, and for how long.

    Args:
        connection_limit: its connections at most.
        statement_timeout_seconds: how long one statement of it may run; None for as long as it takes.
        login: whether it may log in; connections that are open stay open.
        valid_until: when its password ends, as PostgreSQL prints a moment in UTC, `2026-12-31 00:00:00+00`: any other
            spelling differs from what a refresh reads. None for never.
        droppable: whether the schema may be dropped with tables in it.
    """

    connection_limit: int
    statement_timeout_seconds: int | None = None
    login: bool = True
    valid_until: str | None = None
    droppable: bool = False


@dataclass(frozen=True, kw_only=True)
class IsolatedSchemaArgs:
    """Arguments of `IsolatedSchema` and `IsolatedObjects`.

    Args:
        server: where the database is.
        database: the database that the schema is in.
        schema: the schema's name.
        role_prefix: the roles are `PREFIX_owner`, `PREFIX_reader` and `PREFIX_app`; they belong to the whole server.
        access: what the application role may do.
        credentials_namespace: the Kubernetes namespace that the credentials are delivered to.
        connects_as: a role that may connect to the database, which the application role joins; None to grant that to
            the schema's own reader. With many schemas in a database a grant each would be a row of one access list.
    """

    server: Server
    database: pulumi.Input[str]
    schema: str
    role_prefix: str
    access: TenantAccess
    credentials_namespace: pulumi.Input[str]
    connects_as: pulumi.Input[str] | None = None


class IsolatedObjects:
    """What an isolated schema consists of, as children of whichever component is given as their parent.

    No component of its own: it would be one more resource of each tenant.
    """

    schema: pulumi.Output[str]
    """The schema's name, known once every privilege on it is in place."""

    owner: pulumi.Output[str]
    """The role that owns the schema's objects."""

    login: Login
    """The role that the workload logs in as, with its password, a secret."""

    urls: Mapping[str, pulumi.Output[str]]
    """Variable -> URL, secrets; see `IsolatedSchema.credentials`."""

    secret: Secret
    """The Kubernetes Secret that has them."""

    last: Sequence[pulumi.Resource]
    """What is made last: who waits for all of these waits for the whole."""

    def __init__(self, name: str, args: IsolatedSchemaArgs, opts: pulumi.ResourceOptions) -> None:
        """Declare them.

        Args:
            name: their logical names begin so.
            args: which schema.
            opts: of each, with their parent.
        """
        self._name = name
        self._args = args
        self._opts = opts
        privileges = self._make() if args.server.restored is None else self._find(args.server.restored)
        self.urls = self._urls()
        self.secret = self._credentials()
        self.last = [*privileges, self.secret]

    def delivered(self) -> EnvironmentSecret:
        """Return the Secret as pods read it; its checksum tells nothing of its content."""
        # The password in it has 190 bits, so that its hash may be seen.
        checksum = pulumi.Output.unsecret(pulumi.Output.all(*self.urls.values()).apply(_checksum))
        return EnvironmentSecret(
            name=self.secret.metadata.apply(lambda metadata: metadata.name or ""), checksum=checksum
        )

    def _make(self) -> Sequence[pulumi.Resource]:
        """Make all in the server and return what of it is made last.

        Everything in the database comes one after the other: default privileges of two roles are one row of
        pg_default_acl, and an administrator that is no superuser joins the owner for each step for a moment.
        """
        password = RandomPassword(f"{self._name}-password", length=_PASSWORD_LENGTH, special=False, opts=self._opts)
        owner = self._group("owner", owner_role(self._args.role_prefix))
        reader = self._group("reader", reader_role(self._args.role_prefix))
        role = self._application(password, reader)
        connect = [] if self._args.connects_as is not None else [self._connect(reader)]
        schema = self._schema(owner)
        usage = self._usage(reader, schema)
        read = self._default("read-table", owner, schema, reader, ["SELECT"], after=usage)
        write = self._default("table", owner, schema, role, ["INSERT", "UPDATE", "DELETE"], after=read)
        last = self._default("sequence", owner, schema, role, ["USAGE", "SELECT"], after=write)
        ready = pulumi.Output.all(schema.name, last.id, *[one.id for one in connect])
        self.schema = ready.apply(lambda parts: str(parts[0]))
        self.owner = owner.name
        self.login = Login(role=role.name, password=password.result)
        return [role, last, *connect]

    def _find(self, passwords: pulumi.Output[Mapping[str, str]]) -> Sequence[pulumi.Resource]:
        role = application_role(self._args.role_prefix)
        password: pulumi.Output[str] = pulumi.Output.secret(passwords.apply(lambda known: _password(known, role)))
        self.schema = pulumi.Output.from_input(self._args.schema)
        self.owner = pulumi.Output.from_input(owner_role(self._args.role_prefix))
        self.login = Login(role=pulumi.Output.from_input(role), password=password)
        return []

    def _after(self, *resources: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=list(resources)))

    def _group(self, what: str, role: str) -> Role:
        return Role(f"{self._name}-{what}", name=role, login=False, opts=self._opts)

    def _application(self, password: RandomPassword, reader: Role) -> Role:
        access = self._args.access
        timeout = access.statement_timeout_seconds
        connects_as = [] if self._args.connects_as is None else [self._args.connects_as]
        return Role(
            f"{self._name}-app",
            name=application_role(self._args.role_prefix),
            login=access.login,
            password=password.result,
            roles=[reader.name, *connects_as],
            connection_limit=access.connection_limit,
            statement_timeout=None if timeout is None else timeout * 1000,
            valid_until=access.valid_until,
            # `public` last: the vector extension's operators are there, and nobody but the administrator creates
            # anything in it (PostgreSQL 15 took that from PUBLIC).
            search_paths=[self._args.schema, "public"],
            opts=self._opts,
        )

    def _schema(self, owner: Role) -> Schema:
        return Schema(
            f"{self._name}-schema",
            name=self._args.schema,
            database=self._args.database,
            owner=owner.name,
            drop_cascade=self._args.access.droppable,
            opts=self._opts,
        )

    def _connect(self, reader: Role) -> Grant:
        return Grant(
            f"{self._name}-connect",
            database=self._args.database,
            role=reader.name,
            object_type="database",
            privileges=["CONNECT"],
            opts=self._opts,
        )

    def _usage(self, reader: Role, schema: Schema) -> Grant:
        return Grant(
            f"{self._name}-usage",
            database=self._args.database,
            schema=schema.name,
            role=reader.name,
            object_type="schema",
            privileges=["USAGE"],
            opts=self._opts,
        )

    def _default(
        self, what: str, owner: Role, schema: Schema, role: Role, privileges: list[str], *, after: pulumi.Resource
    ) -> DefaultPrivileges:
        return DefaultPrivileges(
            f"{self._name}-{what}-defaults",
            database=self._args.database,
            schema=schema.name,
            owner=owner.name,
            role=role.name,
            object_type=what.removeprefix("read-"),
            privileges=privileges,
            opts=self._after(after),
        )

    def _urls(self) -> dict[str, pulumi.Output[str]]:
        server = self._args.server
        ends: dict[str, Endpoint | Server] = {
            "DATABASE_URL": server.pooler or server,
            "DIRECT_DATABASE_URL": server,
            **({"READ_DATABASE_URL": server.replica} if server.replica else {}),
        }
        return {variable: self._url(end) for variable, end in ends.items()}

    def _url(self, end: Endpoint | Server) -> pulumi.Output[str]:
        return pulumi.Output.format(
            "postgresql://{0}:{1}@{2}:{3}/{4}?sslmode={5}",
            self.login.role,
            self.login.password,
            end.host,
            end.port,
            self._args.database,
            end.ssl_mode,
        )

    def _credentials(self) -> Secret:
        return Secret(
            f"{self._name}-credentials",
            metadata={
                "name": credentials_secret(self._args.role_prefix),
                "namespace": self._args.credentials_namespace,
                "labels": labels(self._name, "database-credentials"),
            },
            string_data=dict(self.urls),
            opts=self._opts,
        )


class IsolatedSchema(pulumi.ComponentResource):
    """No role but the owner, the reader and the application role of this schema can use it; none has rights elsewhere.

    The owner makes and changes tables, the reader reads them; neither logs in. The application role is a reader that
    writes rows as well, and changes no table.
    """

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

    last: Sequence[pulumi.Resource]
    """What is made last: who waits for all of these waits for the whole."""

    def __init__(self, name: str, args: IsolatedSchemaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:database:IsolatedSchema", name, None, opts)
        objects = IsolatedObjects(name, args, pulumi.ResourceOptions(parent=self))
        self.url = objects.urls["DIRECT_DATABASE_URL"]
        self.login = objects.login
        self.owner = objects.owner
        self.role = objects.login.role
        self.schema = objects.schema
        self.last = objects.last
        delivered = objects.delivered()
        self.credentials = pulumi.Output.from_input(delivered.name)
        self.checksum = pulumi.Output.from_input(delivered.checksum)
        self.register_outputs(
            {"schema": self.schema, "owner": self.owner, "role": self.role, "credentials": self.credentials}
        )


def _password(known: Mapping[str, str], role: str) -> str:
    if role not in known:
        raise pulumi.RunError(f"the backup has no role {role}; declare only tenants that were in the stack it is of")
    return known[role]


def _checksum(urls: Sequence[str]) -> str:
    return hashlib.sha256("".join(urls).encode()).hexdigest()
