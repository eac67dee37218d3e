"""How a stack reaches its cluster and its database: the providers of both.

An environment makes or brings what they lead to, and a cell is told by its environment. Leaves which it is to
`foundation` and `ground`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_postgresql as postgresql

from components.isolated_schema import Server


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
