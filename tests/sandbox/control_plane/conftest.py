"""Real control planes: one that most tests share, and a factory of empty instances for those that break things."""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psutil
import pytest

from infra.sandbox.control_plane.api import ApiClient
from infra.sandbox.control_plane.control_plane import ControlPlane
from infra.sandbox.instance import Instance, create
from infra.sandbox.waiting import wait_until


def quiet(_line: str) -> None:
    """Take a line of progress."""


def eventually(condition: Callable[[], Any], what: str, seconds: float = 30.0) -> None:
    """Wait until `condition()` is true."""
    wait_until(lambda: bool(condition()), seconds=seconds, what=what, where="the cluster", remedy="see the test")


def processes_of(instance: Instance) -> list[psutil.Process]:
    """Return every process that names the instance's folder in its command line."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        command = " ".join(process.info["cmdline"] or [])
        if f"{instance.directory}/" in command and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


@dataclass(frozen=True)
class Namespace:
    """A namespace of one test."""

    api: ApiClient
    name: str

    def path(self, kind: str, name: str = "") -> str:
        """Return the path of a collection or an object."""
        groups = {"jobs": "/apis/batch/v1", "deployments": "/apis/apps/v1"}
        base = f"{groups.get(kind, '/api/v1')}/namespaces/{self.name}/{kind}"
        return f"{base}/{name}" if name else base

    def create(self, kind: str, name: str, **content: Any) -> dict[str, Any]:
        """Create an object."""
        return self.api.create(self.path(kind), {"metadata": {"name": name}, **content})

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """Read an object."""
        return self.api.get(self.path(kind, name))

    def exists(self, kind: str, name: str) -> bool:
        """Whether the object is there."""
        items = self.api.get(self.path(kind))["items"]
        return any(item["metadata"]["name"] == name for item in items)

    def pods(self, labels: str = "") -> list[dict[str, Any]]:
        """Return the namespace's pods."""
        found: list[dict[str, Any]] = self.api.get(self.path("pods"), labelSelector=labels)["items"]
        return found

    def ended(self, pod: str, seconds: float = 30.0) -> dict[str, Any]:
        """Wait until the pod is over and return its status."""
        eventually(
            lambda: self.get("pods", pod)["status"]["phase"] in {"Succeeded", "Failed"}, f"{pod} to end", seconds
        )
        status: dict[str, Any] = self.get("pods", pod)["status"]
        return status


def open_namespace(api: ApiClient, labels: dict[str, str] | None = None) -> Namespace:
    """Create a namespace and wait until pods can be created in it."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    api.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels or {}}})
    namespace = Namespace(api, name)
    eventually(lambda: namespace.exists("serviceaccounts", "default"), "the default service account")
    return namespace


@pytest.fixture(scope="package")
def new_instance() -> Iterator[Callable[[], Instance]]:
    """Return a maker of empty instances; all are stopped and deleted at the end."""
    made: list[Instance] = []

    def make() -> Instance:
        instance = create(f"test-cp-{os.getpid()}-{len(made)}")
        instance.authority.ensure()
        made.append(instance)
        return instance

    yield make
    for instance in made:
        ControlPlane(instance).stop()
        shutil.rmtree(instance.directory, ignore_errors=True)


@pytest.fixture(scope="package")
def control_plane(new_instance: Callable[[], Instance]) -> ControlPlane:
    """Return a started control plane that tests share and do not break."""
    plane = ControlPlane(new_instance())
    plane.start(quiet)
    return plane


@pytest.fixture(scope="package")
def api(control_plane: ControlPlane) -> Iterator[ApiClient]:
    """Return an administrator's connection to the shared control plane."""
    client = control_plane.api()
    yield client
    client.close()


@pytest.fixture
def namespace(api: ApiClient) -> Namespace:
    """Return a namespace of the test's own."""
    return open_namespace(api)
