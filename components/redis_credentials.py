"""The URL of a Redis store, delivered to the workloads of a namespace.

Owns the Kubernetes Secret. Leaves the store, its token and its copy in Secrets Manager to `Redis`.
"""

import hashlib
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import Secret

from infra.naming import labels


@dataclass(frozen=True, kw_only=True)
class RedisCredentialsArgs:
    """Arguments of `RedisCredentials`.

    Args:
        namespace: the Kubernetes namespace.
        variable: the environment variable that the workloads read, as `REDIS_URL`.
        url: of the store, with its token.
    """

    namespace: pulumi.Input[str]
    variable: str
    url: pulumi.Input[str]


class RedisCredentials(pulumi.ComponentResource):
    """Workloads of the namespace that ask for the Secret can use the store; its name stays when its content changes."""

    credentials: pulumi.Output[str]
    """The Kubernetes Secret."""

    checksum: pulumi.Output[str]
    """Changes with the content of that Secret, and tells nothing of it; pods carry it, so that they roll."""

    def __init__(self, name: str, args: RedisCredentialsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:redis:RedisCredentials", name, None, opts)
        url = pulumi.Output.secret(args.url)
        secret = Secret(
            f"{name}-secret",
            metadata={"name": name, "namespace": args.namespace, "labels": labels(name, "redis-credentials")},
            string_data={args.variable: url},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.credentials = secret.metadata.apply(lambda metadata: metadata.name or "")
        # The token in it has 380 bits, so that its hash may be seen.
        self.checksum = pulumi.Output.unsecret(url.apply(lambda text: hashlib.sha256(text.encode()).hexdigest()))
        self.register_outputs({"credentials": self.credentials, "checksum": self.checksum})
