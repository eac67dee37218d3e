"""The control plane of one instance: starts its processes in order, and fills an empty cluster.

Owns the order and the recovery: each start compares what runs with what should and starts only what is missing or
stale, so that the same call serves a first start, a warm one, and one after a crash. All data is in etcd's folder.
Leaves each process's flags to its own module.
"""

import contextlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from infra.errors import TenantryError
from infra.paths import BIN
from infra.sandbox.control_plane.api import ApiClient, ApiError
from infra.sandbox.control_plane.api_server import api_server
from infra.sandbox.control_plane.component import Component
from infra.sandbox.control_plane.controllers import controller_manager, scheduler
from infra.sandbox.control_plane.credentials import Credentials
from infra.sandbox.control_plane.definitions import (
    ADDONS,
    GATEWAY_API,
    apply_definitions,
    definition_files,
    unserved_definitions,
)
from infra.sandbox.control_plane.etcd import etcd
from infra.sandbox.control_plane.host_processes import kill_host_processes
from infra.sandbox.control_plane.kwok import USER as KWOK_USER
from infra.sandbox.control_plane.kwok import kwok
from infra.sandbox.control_plane.manifests import HOST_RUNNER_RULES, KWOK_RULES, grant
from infra.sandbox.control_plane.nodes import Node, add_nodes, default_nodes, release_nodes, unready_nodes
from infra.sandbox.control_plane.runner_service import USER as HOST_RUNNER_USER
from infra.sandbox.control_plane.runner_service import host_runner
from infra.sandbox.instance import Instance, Report, Status
from infra.sandbox.waiting import wait_until

_PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
_FACTORIES: dict[str, Callable[[Instance], Component]] = {
    "etcd": etcd,
    "kube-apiserver": api_server,
    "kube-controller-manager": controller_manager,
    "kube-scheduler": scheduler,
    "kwok": kwok,
    "host-runner": host_runner,
}
_STOP_ORDER = (("host-runner", "kwok", "kube-scheduler", "kube-controller-manager"), ("kube-apiserver", "etcd"))
_LEAST_SPACE = 256  # MiB; etcd allocates its log in files of 64 MiB, two of them ahead
_READY_SECONDS = 60.0


@dataclass(frozen=True)
class ControlPlane:
    """A real Kubernetes API with simulated nodes, on loopback addresses of its own.

    Args:
        instance: where its files, addresses and certificates are.
        nodes: the nodes that exist after each start; more can be added with `nodes.add_nodes`.
        definitions: sets of custom resource definitions that are served after each start, of `definitions`. By
            default all: who brings a cluster has the controllers in it that the platform counts on.
    """

    instance: Instance
    nodes: Sequence[Node] = field(default_factory=default_nodes)
    definitions: Sequence[str] = (GATEWAY_API, *ADDONS.values())

    @property
    def name(self) -> str:
        """What users call it."""
        return "control plane"

    def start(self, report: Report) -> None:
        """Start what does not run, and return once nodes are Ready and the definitions are served.

        Raises:
            TenantryError: a program is missing, an address is held by another process, a process does not become
                ready, or the instance's folder cannot be written.
        """
        self._require_products()
        with self._files_can_be_written():
            try:
                self._start(report)
            except (ApiError, httpx.HTTPError) as error:
                log = self.instance.daemon("kube-apiserver").log
                what = f"the API server failed a request ({error})"
                raise TenantryError(what, str(log), "run `make up` again") from error

    def stop(self) -> None:
        """Stop every process, and every pod that runs on the host; does nothing when all are stopped."""
        if not self.instance.directory.exists():
            return
        with self._files_can_be_written():
            for group in _STOP_ORDER:
                with ThreadPoolExecutor() as pool:
                    list(pool.map(self._stop_one, group))
            kill_host_processes(self.instance)

    def status(self) -> list[Status]:
        """Return one row per process."""
        return [self._status(name) for name in _FACTORIES]

    def api(self) -> ApiClient:
        """Return a client with the administrator's rights; the caller closes it."""
        credentials = Credentials(self.instance)
        return ApiClient(credentials.server, self.instance.authority.certificate, credentials.administrator())

    def token(self) -> str:
        """Return a bearer token with the administrator's rights, this instance's own."""
        return Credentials(self.instance).token()

    def _start(self, report: Report) -> None:
        components = [factory(self.instance) for factory in _FACTORIES.values()]
        database, server, controllers, planner, kubelets, runner = components
        if not database.is_current(self.instance):
            _require_space(self.instance)
        self._launch(database, report)
        database.wait_healthy(self.instance, _READY_SECONDS)
        self._launch(server, report)
        Credentials(self.instance).write_kubeconfig()
        server.wait_healthy(self.instance, _READY_SECONDS)
        self._launch(controllers, report)
        self._launch(planner, report)
        api = self.api()
        try:
            grant(api, "tenantry-kwok", KWOK_USER, KWOK_RULES)
            grant(api, "tenantry-host-runner", HOST_RUNNER_USER, HOST_RUNNER_RULES)
            add_nodes(api, self.nodes)
            self._launch_kubelets(kubelets, api, report)
            self._launch(runner, report)
            definitions = apply_definitions(api, self.definitions)
            for component in (controllers, planner, kubelets, runner):
                component.wait_healthy(self.instance, _READY_SECONDS)
            self._wait_furnished(api, definitions)
        finally:
            api.close()

    def _require_products(self) -> None:
        for name in _PROGRAMS:
            if not (BIN / name).exists():
                raise TenantryError(f"{name} is missing", str(BIN / name), "run `make up`")
        for kept in self.definitions:
            definition_files(kept)

    def _status(self, name: str) -> Status:
        """Return how a process is; of one that is stopped nothing is prepared, not even its certificates."""
        if self.instance.directory.exists() and self.instance.daemon(name).is_running():
            return _FACTORIES[name](self.instance).status(self.instance)
        return Status(name, _endpoint(self.instance, name), running=False, healthy=False, detail="stopped")

    @contextlib.contextmanager
    def _files_can_be_written(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where, remedy = str(error.filename or self.instance.directory), "free disk space or mend the folder's mode"
            raise TenantryError(f"cannot be written ({error.strerror})", where, remedy) from error

    def _stop_one(self, name: str) -> None:
        self.instance.daemon(name).stop(grace=3.0)

    def _launch(self, component: Component, report: Report) -> None:
        if component.start(self.instance):
            report(f"started {component.name}")

    def _launch_kubelets(self, kubelets: Component, api: ApiClient, report: Report) -> None:
        if not kubelets.is_current(self.instance):
            self._stop_one(kubelets.name)
            release_nodes(api)
        self._launch(kubelets, report)

    def _wait_furnished(self, api: ApiClient, definitions: list[str]) -> None:
        nodes = [node.name for node in self.nodes]

        def furnished() -> bool:
            missing = unready_nodes(api, nodes) or unserved_definitions(api, definitions)
            return not missing and _has_default_account(api)

        wait_until(
            furnished,
            seconds=_READY_SECONDS,
            what="nodes, default service account and definitions were not ready",
            where=str(self.instance.folder("logs")),
            remedy="read the logs there",
        )


def _require_space(instance: Instance) -> None:
    """Refuse a disk on which etcd would only panic."""
    free = shutil.disk_usage(instance.directory).free >> 20
    if free < _LEAST_SPACE:
        raise TenantryError(f"only {free} MiB of disk are free", str(instance.directory), f"free {_LEAST_SPACE} MiB")


def _endpoint(instance: Instance, name: str) -> str:
    addresses = instance.addresses
    endpoints = {
        "etcd": f"{addresses.etcd}:2379",
        "kube-apiserver": f"{addresses.api_server}:6443",
        "kube-controller-manager": f"{addresses.controllers}:10257",
        "kube-scheduler": f"{addresses.controllers}:10259",
        "kwok": f"{addresses.controllers}:10247",
    }
    return endpoints.get(name, "")


def _has_default_account(api: ApiClient) -> bool:
    """Whether pods can be created in the default namespace; the controllers make its account."""
    try:
        api.get("/api/v1/namespaces/default/serviceaccounts/default")
    except ApiError as error:
        if error.status == httpx.codes.NOT_FOUND:
            return False
        raise
    return True
