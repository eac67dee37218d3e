"""The services of an environment: settings -> arguments of `Service` and of what a service is given.

Owns which service has which identity, secrets and credentials, and which one comes first. Leaves what these are to
their owners.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pulumi

from components.job_pods import Workload
from components.network_policies import Rule
from components.own_service import OwnServiceArgs
from components.pods import EnvironmentConfig, EnvironmentSecret, Http, MountedSecrets, PodArgs, Room
from components.priorities import Priorities, PrioritiesArgs
from components.service import Service, ServiceArgs
from components.service_account import ServiceAccount, ServiceAccountArgs
from components.slot import Bounds, Slot, SlotArgs
from infra.settings.services import AutoscalingSettings, ServiceSettings, in_order, ready_seconds
from stacks import rights
from stacks.foundation import Foundation
from stacks.jobs import Jobs

if TYPE_CHECKING:
    from components.pod_identity import PodIdentity  # pulumi_aws: only where something is declared there


class Services:
    """All services of an environment.

    `by_name` has their components, each behind those that it comes after.
    """

    by_name: Mapping[str, Service]

    def __init__(
        self,
        settings: Mapping[str, ServiceSettings],
        *,
        namespace: pulumi.Output[str],
        kubernetes_namespace: str,
        foundation: Foundation,
        credentials: Sequence[EnvironmentSecret],
        opts: pulumi.ResourceOptions,
        jobs: Jobs,
        drain_seconds: Mapping[str, int],
        pinned: Mapping[str, Sequence[Slot]] | None = None,
        config_maps: Mapping[str, Sequence[EnvironmentConfig]] | None = None,
    ) -> None:
        """Declare them, but for slots without traffic: those come with `settle`.

        Args:
            settings: service name -> its settings.
            namespace: where they run, known once it is there.
            kubernetes_namespace: the same, known at once.
            foundation: what the environment stands on.
            credentials: what every service's environment holds.
            opts: with the cluster's provider.
            jobs: what runs before their traffic moves, and after.
            drain_seconds: service name -> how long its pods answer on after they are told to stop.
            pinned: service name -> slots that tenants are always led to.
            config_maps: service name -> what its pods read besides its own configuration.
        """
        self._settings = settings
        self._drain_seconds = drain_seconds
        self._pinned = pinned or {}
        self._config_maps = config_maps or {}
        self._namespace = namespace
        self._kubernetes_namespace = kubernetes_namespace
        self._foundation = foundation
        self._credentials = credentials
        self._opts = opts
        self._jobs = jobs
        self._priorities = self._declare_priorities()
        self._workloads: dict[str, Workload] = {}
        made: dict[str, Service] = {}
        for name in in_order(settings):
            made[name] = self._service(name, settings[name], made)
        self.by_name = made

    def settle(self, routes: Mapping[str, Sequence[pulumi.Resource]]) -> None:
        """Declare the slots without traffic, and jobs that follow a switch, once the routes are declared.

        Args:
            routes: service name -> what gives it traffic from outside; nothing for those that get none.
        """
        for name, service in self.by_name.items():
            service.settle(routes.get(name, ()))
            workload = replace(self._workloads[name], configs=service.configs)
            self._jobs.after_switch(workload, self._settings[name], [service.after_switch, *routes.get(name, ())])

    def copied(self, name: str, slot: Slot, *, replicas: int, callers: Rule) -> OwnServiceArgs:
        """Return a copy of a service for a tenant's own namespace.

        It waits for nothing of the environment's services, which wait for the pooler, and that for every tenant's role.

        Args:
            name: the service; not a worker.
            slot: which of its slots it is a copy of.
            replicas: pods.
            callers: who may call it from outside of that namespace.
        """
        settings = self._settings[name]
        return OwnServiceArgs(
            service=name,
            pods=self._bare_pods(name, settings),
            image=settings.slots[slot].image,
            replicas=replicas,
            environment=settings.environment,
            ready_timeout=settings.ready_timeout,
            min_ready_seconds=ready_seconds(name, self._settings),
            callers=callers,
            routed_from=self._kubernetes_namespace,
        )

    def outputs(self) -> dict[str, dict[str, pulumi.Input[str]]]:
        """Return the stack's output about them: service name -> where it is, unless nowhere, and its active slot."""
        return {name: _output(self.by_name[name]) for name in self._settings}

    def _declare_priorities(self) -> Priorities | None:
        used = {service.priority for service in self._settings.values()}
        args = PrioritiesArgs(prefix=self._kubernetes_namespace, used=used)
        return Priorities("priority", args, self._opts) if used else None

    def _service(self, name: str, settings: ServiceSettings, before: Mapping[str, Service]) -> Service:
        identity = self._identity(name)
        pods = self._pods(name, settings, identity)
        environment: dict[str, pulumi.Input[str]] = {
            **settings.environment,
            **rights.grant(name, settings, identity, self._foundation.parts),
        }
        self._workloads[name] = Workload(namespace=self._namespace, service=name, pods=pods, environment=environment)
        args = ServiceArgs(
            namespace=self._namespace,
            pods=pods,
            active=settings.active,
            slots={
                slot: SlotArgs(image=content.image, replicas=content.replicas, floor=content.floor)
                for slot, content in settings.slots.items()
            },
            canary=settings.canary.slot if settings.canary else None,
            pinned=self._pinned.get(name, ()),
            keeps_idle=settings.keeps_idle,
            ready_timeout=settings.ready_timeout,
            min_ready_seconds=ready_seconds(name, self._settings),
            bounds=_bounds(settings.autoscaling),
            max_unavailable=settings.disruption.max_unavailable,
            environment=environment,
            config_maps=self._config_maps.get(name, ()),
            after=[resource for other in settings.after for resource in _switched(before[other])],
            before_traffic=self._jobs.before_traffic(self._workloads[name], settings),
        )
        return Service(name, args, self._opts)

    def _pods(self, name: str, settings: ServiceSettings, identity: "PodIdentity | None") -> PodArgs:
        return replace(
            self._bare_pods(name, settings),
            environment_secrets=self._credentials,
            service_account=self._account(name),
            mounted_secrets=self._secret_files(name, identity),
        )

    def _bare_pods(self, name: str, settings: ServiceSettings) -> PodArgs:
        """Return what pods of a service are, wherever they run: nothing that they are let in by."""
        asked = settings.resources
        return PodArgs(
            http=_http(settings, self._drain_seconds[name]),
            room=Room(cpu=asked.cpu, memory=asked.memory, memory_limit=asked.memory_limit),
            writable_root=settings.writable_root,
            priority_class=self._priorities.classes[settings.priority] if self._priorities else None,
        )

    def _account(self, service: str) -> pulumi.Output[str]:
        args = ServiceAccountArgs(namespace=self._namespace, account=service)
        return ServiceAccount(f"{service}-identity", args, self._opts).account

    def _identity(self, service: str) -> "PodIdentity | None":
        """Declare what a service's pods are to AWS; None on a cluster that is brought."""
        if self._foundation.eks is None:
            return None
        # By names, not by outputs: it is part of the cluster, and everything in Kubernetes waits for all of that.
        return self._foundation.eks.pod_identity(service, self._kubernetes_namespace, service)

    def _secret_files(self, service: str, identity: "PodIdentity | None") -> MountedSecrets | None:
        if identity is None or self._foundation.parts is None:
            return None
        files = self._foundation.parts.secrets.deliver(service, self._namespace, identity, self._opts)
        if files is None:
            return None
        return MountedSecrets(provider_class=files.provider_class, checksum=files.checksum)


def _switched(service: Service) -> Sequence[pulumi.Resource]:
    """Return what is there once a service is ready, and found where those that come after it look for it."""
    return [*service.ready, service.after_switch]


def _output(service: Service) -> dict[str, pulumi.Input[str]]:
    where = {} if service.service_name is None else {"service": service.service_name}
    return {**where, "active": service.active_slot}


def _http(settings: ServiceSettings, drain_seconds: int) -> Http | None:
    if settings.port is None:
        return None
    return Http(
        port=settings.port,
        health_path=settings.health_path,
        startup_seconds=settings.startup_seconds,
        drain_seconds=drain_seconds,
    )


def _bounds(settings: AutoscalingSettings | None) -> Bounds | None:
    if settings is None:
        return None
    return Bounds(
        minimum=settings.minimum,
        maximum=settings.maximum,
        cpu_percent=settings.cpu_percent,
        memory_percent=settings.memory_percent,
    )
