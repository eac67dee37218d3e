"""How a stack reaches its cluster and its database: the providers of both.

An environment makes or brings what they lead to, and a cell is told by its environment. Leaves which it is to
`foundation` and `ground`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_postgresql as postgresql

from components.isolated_schema import Login, Server

if TYPE_CHECKING:
    # Half a second of every run, which a stack that declares nothing in AWS need not wait for.
    from components.database import Database


@dataclass(frozen=True, kw_only=True)
class DatabaseAccess:
    """Who administers a PostgreSQL server, and where it is.

    Args:
        host: name or address.
        port: TCP port.
        username: the role that makes databases and roles.
        ssl_mode: libpq's `sslmode`.
        superuser: whether that role is one.
        password: its password, a secret; None for the caller's `PGPASSWORD`.
    """

    host: pulumi.Input[str]
    port: pulumi.Input[int]
    username: str
    ssl_mode: str
    superuser: bool
    password: pulumi.Input[str] | None = None

    def provider(self, after: Sequence[pulumi.Resource] = ()) -> postgresql.Provider:
        """Declare the provider of everything in the server.

        Args:
            after: what it waits for.
        """
        return postgresql.Provider(
            "database",
            host=self.host,
            port=self.port,
            username=self.username,
            password=self.password,
            sslmode=self.ssl_mode,
            superuser=self.superuser,
            opts=pulumi.ResourceOptions(depends_on=list(after)),
        )

    def server(self) -> Server:
        """Return the server as workloads reach it, by nothing in between."""
        administrator = None if self.superuser else self.username
        return Server(host=self.host, port=self.port, ssl_mode=self.ssl_mode, administrator=administrator)


def access_to(database: "Database") -> DatabaseAccess:
    """Return who administers a server that the stack declares.

    Args:
        database: the server.
    """
    return DatabaseAccess(
        host=database.host,
        port=database.port,
        username=database.username,
        password=database.password,
        ssl_mode="verify-full",
        superuser=False,  # RDS gives none
    )


def administrators_url(database: "Database") -> pulumi.Output[str]:
    """Return the URL of the master role of a server that the stack declares, a secret.

    Args:
        database: the server.
    """
    password: pulumi.Output[str] = pulumi.Output.secret(database.password)
    return pulumi.Output.format(
        "postgresql://{0}:{1}@{2}:{3}/postgres?sslmode=verify-full",
        database.username,
        password,
        database.host,
        database.port,
    )


def passwords(logins: Sequence[Login]) -> pulumi.Output[dict[str, str]]:
    """Return role -> password, a secret.

    Args:
        logins: of the server.
    """
    pairs = [pulumi.Output.all(login.role, login.password) for login in logins]
    known: pulumi.Output[dict[str, str]] = pulumi.Output.all(*pairs).apply(dict)
    return pulumi.Output.secret(known)


def cluster_provider(
    *, context: str | None = None, kubeconfig: pulumi.Input[str] | None = None, after: pulumi.Resource | None = None
) -> kubernetes.Provider:
    """Declare the provider of everything in the cluster.

    Args:
        context: of the kubeconfig; its current one by default.
        kubeconfig: a path or a content; by default what `KUBECONFIG` names.
        after: what it waits for.
    """
    # Data of ConfigMaps and Secrets with fixed names changes in place; pods that read it roll by its checksum.
    return kubernetes.Provider(
        "cluster",
        context=context,
        kubeconfig=kubeconfig,
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        opts=pulumi.ResourceOptions(depends_on=after),
    )
