"""One pod on the host, from its first look at the environment to its end: a thread that only this pod needs.

Init containers run first and in order, then all containers together. Their probes, resource limits and security
contexts are not applied: a container is ready while its process runs. The pod has no address, so that no Service finds
it.
"""

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from infra.sandbox.control_plane.api import ApiClient, ApiError
from infra.sandbox.control_plane.credentials import kubeconfig, write_private
from infra.sandbox.control_plane.host_container import HostContainer, now
from infra.sandbox.control_plane.host_processes import POD_UID_VARIABLE, PODS_FOLDER_VARIABLE, kill_pod_processes
from infra.sandbox.control_plane.images import is_tools_image
from infra.sandbox.control_plane.pod_environment import (
    CannotProvideError,
    NotThereYetError,
    PodObjects,
    expand,
    resolve_environment,
)
from infra.sandbox.control_plane.pod_reports import LOST, condition, remove, report_status
from infra.sandbox.control_plane.pod_volumes import mount_table, relocate, wants_account_token, write_volumes

_TICK = 0.05  # seconds between two looks at the processes
_RETRY = 1.0  # seconds between two looks for a missing ConfigMap or Secret
_TOKEN_SECONDS = 24 * 3600
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True)
class Host:
    """What all pods on this host share.

    Args:
        api: the API server, with the runner's rights.
        server: its URL, for the pods' own kubeconfigs.
        authority: the CA certificate that it is verified against.
        trusted: the CA certificate that the tools image knows databases by, as a real one knows RDS's.
        pods: the folder of the pods' folders.
        logs: the folder of their logs.
        path: the folders that come first on a container's PATH, joined by colons.
    """

    api: ApiClient
    server: str
    authority: Path
    trusted: Path
    pods: Path
    logs: Path
    path: str


class _Ended(Exception):  # not an error: the pod is over
    """The pod ends now."""

    def __init__(self, phase: str, reason: str = "", message: str = "") -> None:
        super().__init__(phase, reason, message)
        self.phase, self.reason, self.message = phase, reason, message


class HostPod:
    """Runs one pod, in a thread of its own, and reports its status until it is over."""

    def __init__(self, host: Host, pod: dict[str, Any]) -> None:
        """Prepare to run `pod`; `start()` begins."""
        self._host, self._pod, self._spec = host, pod, pod["spec"]
        metadata = pod["metadata"]
        self.thread = threading.Thread(target=self._run, daemon=True)
        self._folder = host.pods / metadata["uid"]
        log = host.logs / f"{metadata['namespace']}_{metadata['name']}.log"
        policy = self._spec.get("restartPolicy", "Always")
        retried = "Never" if policy == "Never" else "OnFailure"
        self._init = [HostContainer(it, log, retried) for it in self._spec.get("initContainers") or []]
        self._main = [HostContainer(it, log, policy) for it in self._spec["containers"]]
        self._objects = PodObjects(host.api, metadata["namespace"])
        self._places: dict[str, Path] = {}
        self._base: dict[str, str] = {}
        self._asked_to_end = threading.Event()
        self._deleted = False
        self._grace = 0.0
        self._began = now()
        limit = self._spec.get("activeDeadlineSeconds")
        self._deadline = None if limit is None else time.monotonic() + limit

    def end(self, grace: float, *, deleted: bool = False) -> None:
        """Ask it to stop its processes within `grace` seconds; `deleted` says that the object is to go, or gone."""
        self._grace, self._deleted = grace, deleted or self._deleted
        self._asked_to_end.set()

    def _run(self) -> None:
        try:
            self._live()
        except _Ended as end:
            self._finish(end)
        except (OSError, ValueError, LookupError, TypeError) as error:
            self._finish(_Ended("Failed", "HostRunnerCannotProvide", f"{type(error).__name__}: {error}"))
        finally:
            kill_pod_processes(self._host.pods, self._pod["metadata"]["uid"])
            shutil.rmtree(self._folder, ignore_errors=True)

    def _live(self) -> None:
        self._refuse_unsupported()
        self._report("Pending")  # from here on, a restarted runner knows that this pod was begun
        self._patiently(self._main[0], self._prepare)
        for container in self._init:
            self._patiently(container, partial(self._begin, container))
            self._report("Pending")
            while container.exit_code is None:
                self._tick([container], "Pending")
            if container.exit_code != 0:
                raise _Ended("Failed", "", f"init container {container.name} failed")
        for container in self._main:
            self._patiently(container, partial(self._begin, container))
        self._report("Running")
        while any(container.exit_code is None for container in self._main):
            self._tick(self._main, "Running")
        raise _Ended("Succeeded" if all(it.exit_code == 0 for it in self._main) else "Failed")

    def _tick(self, containers: list[HostContainer], phase: str) -> None:
        changed = [container.poll() for container in containers]
        for container in containers:
            if container.restart_due:
                self._patiently(container, partial(self._begin, container))
                changed.append(True)
        if any(changed) and any(container.exit_code is None for container in containers):
            self._report(phase)
        self._pause(_TICK)

    def _pause(self, seconds: float) -> None:
        if self._asked_to_end.wait(seconds):
            self._end_processes(self._grace)
            raise _Ended("Failed", *(("", "the pod was deleted") if self._deleted else LOST))
        if self._deadline is not None and time.monotonic() > self._deadline:
            self._end_processes(min(float(self._spec.get("terminationGracePeriodSeconds", 30)), 5.0))
            raise _Ended("Failed", "DeadlineExceeded", "Pod was active on the node longer than the specified deadline")

    def _patiently(self, container: HostContainer, step: Callable[[], None]) -> None:
        """Do `step`, again and again while something that it needs is not there yet."""
        while True:
            try:
                step()
            except CannotProvideError as error:
                raise _Ended("Failed", "HostRunnerCannotProvide", str(error)) from error
            except NotThereYetError as error:
                if container.wait_for("CreateContainerConfigError", str(error)):
                    self._report("Pending")
            except (ApiError, httpx.HTTPError) as error:
                container.wait_for("CreateContainerError", str(error))
            else:
                return
            self._pause(_RETRY)

    def _refuse_unsupported(self) -> None:
        if any(container.spec.get("restartPolicy") == "Always" for container in self._init):
            raise _Ended("Failed", "HostRunnerCannotProvide", "sidecar init containers are not available on the host")
        for container in (*self._init, *self._main):
            if not is_tools_image(container.spec["image"]):
                text = (
                    f"container {container.name}: only the tools image runs on the host, not {container.spec['image']}"
                )
                raise _Ended("Failed", "HostRunnerCannotProvide", text)

    def _prepare(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("home", "tmp"):
            (self._folder / name).mkdir(mode=0o700, exist_ok=True)
        self._base = {
            "PATH": f"{self._host.path}:{_SYSTEM_PATH}",
            "HOME": str(self._folder / "home"),
            "TMPDIR": str(self._folder / "tmp"),
            "LANG": "C.UTF-8",
            "HOSTNAME": self._pod["metadata"]["name"],
            "PGSSLROOTCERT": str(self._host.trusted),
            PODS_FOLDER_VARIABLE: str(self._host.pods),
            POD_UID_VARIABLE: self._pod["metadata"]["uid"],
        }
        if wants_account_token(self._pod):
            write_private(self._folder / "kubeconfig", self._account_kubeconfig())
            self._base["KUBECONFIG"] = str(self._folder / "kubeconfig")
        self._places = write_volumes(self._pod, self._objects, self._folder / "volumes")

    def _account_kubeconfig(self) -> str:
        metadata = self._pod["metadata"]
        account = self._spec.get("serviceAccountName", "default")
        reference = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": _TOKEN_SECONDS, "boundObjectRef": reference},
        }
        path = f"/api/v1/namespaces/{metadata['namespace']}/serviceaccounts/{account}/token"
        token = self._host.api.create(path, request)["status"]["token"]
        user = {"token": token}
        return kubeconfig("pod", self._host.server, self._host.authority, user, metadata["namespace"])

    def _begin(self, container: HostContainer) -> None:
        spec = container.spec
        table = mount_table(spec, self._places)
        declared = resolve_environment(self._pod, spec, self._objects, self._base)
        environment = {name: relocate(value, table) for name, value in declared.items()}
        words = [*(spec.get("command") or []), *(spec.get("args") or [])]
        if not spec.get("command"):
            raise CannotProvideError(f"container {container.name}: it needs a command, the host knows no entry point")
        command = [relocate(expand(word, environment), table) for word in words]
        folder = relocate(spec.get("workingDir") or str(self._folder / "home"), table)
        container.start(command, environment, folder)

    def _end_processes(self, grace: float) -> None:
        deadline = time.monotonic() + grace
        for container in (*self._init, *self._main):
            container.end(max(0.0, deadline - time.monotonic()))

    def _finish(self, end: _Ended) -> None:
        self._report(end.phase, end.reason, end.message)
        if self._deleted:
            remove(self._host.api, self._pod)

    def _report(self, phase: str, reason: str = "", message: str = "") -> None:
        initialized = all(container.exit_code == 0 for container in self._init)
        ready = phase == "Running" and all(container.running for container in self._main)
        status: dict[str, Any] = {
            "phase": phase,
            "reason": reason or None,
            "message": message or None,
            "startTime": self._began,
            "conditions": [
                condition("Initialized", holds=initialized),
                condition("Ready", holds=ready),
                condition("ContainersReady", holds=ready),
            ],
            "initContainerStatuses": [container.status() for container in self._init],
            "containerStatuses": [container.status() for container in self._main],
        }
        report_status(self._host.api, self._pod, status)
