"""PgBouncer on the cluster: few connections to PostgreSQL, shared by the many that services open.

Owns its configuration, its users, its pods and the Service before them. Leaves who may reach it to network policies,
and how many connections there are to share to `infra.connections`.

Users come from a file. PgBouncer could ask the server for their verifiers (`auth_query`), so that nobody need list
them; but those are in `pg_authid`, which only superusers read, and RDS gives nobody that right, nor a function that has
it. The file holds passwords, as verifiers would have to equal those that the server made with a salt of its own. So it
is a Secret that the program writes from the roles it makes anyway; a role more, or another password, rolls the pods,
for PgBouncer reads the file at its start.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import (
    ConfigMap,
    ContainerArgsDict,
    PodSpecArgsDict,
    Secret,
    SecretVolumeSourceArgsDict,
    Service,
    VolumeArgsDict,
    VolumeMountArgsDict,
)
from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget

from components import pooler_settings
from components.isolated_schema import Login, Server
from components.pods import DRAIN_SECONDS, container_security, pod_security, spread_over_zones
from components.pooler_settings import PORT, PoolShape
from infra.naming import labels

_CHECKSUM_ANNOTATION = "tenantry.dev/configuration-checksum"
# After the drain PgBouncer waits for its clients, who reconnect elsewhere when the time is up.
_TERMINATION_GRACE_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class PoolerArgs:
    """Arguments of `Pooler`.

    Args:
        namespace: the Kubernetes namespace.
        service: the Kubernetes Service that clients connect to.
        image: PgBouncer 1.21 or newer, by digest, with `pgbouncer` on its path.
        replicas: pods.
        server: where PostgreSQL is.
        authority: the certificates that the server's is checked with, in PEM.
        database: the shared one.
        services: the role that services log in to it as, and its password.
        tenants: the same of tenants with a role of their own.
        shape: how many connections each pod holds.
        certificate: a Kubernetes TLS Secret in the namespace that clients are met with; None for clients without TLS.
    """

    namespace: pulumi.Input[str]
    service: str
    image: str
    replicas: int
    server: Server
    authority: pulumi.Input[str]
    database: str
    services: Login
    tenants: Sequence[Login]
    shape: PoolShape
    certificate: str | None = None


class Pooler(pulumi.ComponentResource):
    """Connections to the server stay within its budget, however many clients there are; one pod may always be lost.

    A client keeps nothing beyond its transaction: settings of a session must be `SET LOCAL`.
    """

    service: pulumi.Output[str]
    """The Kubernetes Service, known once every pod answers."""

    def __init__(self, name: str, args: PoolerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:database:Pooler", name, None, opts)
        self._name = name
        self._args = args
        configuration, users = self._configuration(), self._users()
        self._config_map, self._secret = self._mounted(configuration, users)
        deployment = self._deployment(_checksum(configuration, users, pulumi.Output.from_input(args.authority)))
        self._disruption_budget()
        service = self._service()
        self.service = pulumi.Output.all(service.metadata, deployment.id).apply(lambda known: str(known[0]["name"]))
        self.register_outputs({"service": self.service})

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _metadata(self, name: str) -> ObjectMetaArgsDict:
        return {"name": name, "namespace": self._args.namespace, "labels": labels(self._name, "pooler")}

    def _configuration(self) -> pulumi.Output[str]:
        args = self._args
        return pulumi.Output.all(args.server.host, args.server.port, args.services.role).apply(
            lambda known: pooler_settings.configuration(
                host=str(known[0]),
                port=int(known[1]),
                ssl_mode=args.server.ssl_mode,
                database=args.database,
                role=str(known[2]),
                shape=args.shape,
                encrypted=args.certificate is not None,
            )
        )

    def _users(self) -> pulumi.Output[str]:
        logins = [self._args.services, *self._args.tenants]
        known = pulumi.Output.all(*[pulumi.Output.all(login.role, login.password) for login in logins])
        return pulumi.Output.secret(
            known.apply(lambda pairs: pooler_settings.user_list((str(role), str(word)) for role, word in pairs))
        )

    def _mounted(self, configuration: pulumi.Output[str], users: pulumi.Output[str]) -> tuple[ConfigMap, Secret]:
        config_map = ConfigMap(
            f"{self._name}-configuration",
            metadata=self._metadata(f"{self._args.service}-configuration"),
            data={"pgbouncer.ini": configuration, "server-ca.pem": self._args.authority},
            opts=self._child(),
        )
        secret = Secret(
            f"{self._name}-users",
            metadata=self._metadata(f"{self._args.service}-users"),
            string_data={"userlist.txt": users},
            opts=self._child(),
        )
        return config_map, secret

    def _deployment(self, checksum: pulumi.Output[str]) -> Deployment:
        pod_labels = labels(self._name, "pooler")
        return Deployment(
            f"{self._name}-pods",
            metadata=self._metadata(self._args.service),
            spec={
                "replicas": self._args.replicas,
                "selector": {"match_labels": self._selector()},
                # One pod more while they roll, as the budget counts.
                "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": 1, "max_unavailable": 0}},
                "template": {
                    "metadata": {"labels": pod_labels, "annotations": {_CHECKSUM_ANNOTATION: checksum}},
                    "spec": self._pod(),
                },
            },
            opts=self._child(),
        )

    def _selector(self) -> dict[str, str]:
        return {"app.kubernetes.io/name": self._name, "app.kubernetes.io/component": "pooler"}

    def _pod(self) -> PodSpecArgsDict:
        return {
            "automount_service_account_token": False,
            "termination_grace_period_seconds": _TERMINATION_GRACE_SECONDS,
            "security_context": pod_security(owns_volumes=True),  # the users, with their passwords
            "topology_spread_constraints": spread_over_zones(self._selector()),
            "containers": [self._container()],
            "volumes": self._volumes(),
        }

    def _container(self) -> ContainerArgsDict:
        mounts: list[VolumeMountArgsDict] = [
            {"name": "configuration", "mount_path": pooler_settings.CONFIGURATION, "read_only": True},
            {"name": "users", "mount_path": pooler_settings.USERS, "read_only": True},
        ]
        if self._args.certificate is not None:
            mounts.append({"name": "certificate", "mount_path": pooler_settings.CERTIFICATE, "read_only": True})
        return {
            "name": "pgbouncer",
            "image": self._args.image,
            "command": ["pgbouncer", f"{pooler_settings.CONFIGURATION}/pgbouncer.ini"],
            "ports": [{"name": "postgresql", "container_port": PORT}],
            "readiness_probe": {"tcp_socket": {"port": "postgresql"}, "period_seconds": 5},
            "liveness_probe": {"tcp_socket": {"port": "postgresql"}, "period_seconds": 10, "failure_threshold": 6},
            "lifecycle": {"pre_stop": {"sleep": {"seconds": DRAIN_SECONDS}}},
            "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
            "security_context": container_security(),
            "volume_mounts": mounts,
        }

    def _volumes(self) -> list[VolumeArgsDict]:
        readable = 0o440
        volumes: list[VolumeArgsDict] = [
            {"name": "configuration", "config_map": {"name": self._config_map.metadata.name}},
            {"name": "users", "secret": {"secret_name": self._secret.metadata.name, "default_mode": readable}},
        ]
        if self._args.certificate is not None:
            certificate: SecretVolumeSourceArgsDict = {"secret_name": self._args.certificate, "default_mode": readable}
            volumes.append({"name": "certificate", "secret": certificate})
        return volumes

    def _disruption_budget(self) -> PodDisruptionBudget:
        return PodDisruptionBudget(
            f"{self._name}-disruption",
            metadata=self._metadata(self._args.service),
            spec={
                "max_unavailable": 1,
                "unhealthy_pod_eviction_policy": "AlwaysAllow",
                "selector": {"match_labels": self._selector()},
            },
            opts=self._child(),
        )

    def _service(self) -> Service:
        return Service(
            f"{self._name}-service",
            metadata=self._metadata(self._args.service),
            spec={
                # All of them: policies name pods by two that are not those of `_selector`, which cannot be changed.
                "selector": labels(self._name, "pooler"),
                "ports": [{"name": "postgresql", "port": PORT, "target_port": "postgresql"}],
            },
            opts=self._child(),
        )


def _checksum(*read: pulumi.Output[str]) -> pulumi.Output[str]:
    """Return what changes with all that the pods read; every password in it has 190 bits, so that it may be seen."""
    known = pulumi.Output.all(*read)
    return pulumi.Output.unsecret(known.apply(lambda parts: hashlib.sha256("".join(parts).encode()).hexdigest()))
