"""A small stack for what concerns services alone: two of them and a tenant, on a cluster and a database that it brings.

Each test begins with settings of its own, whole, and leaves what it has made to the next one's first update.
"""

import copy
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from infra.sandbox.control_plane.api import ApiClient
from infra.sandbox.control_plane.control_plane import ControlPlane
from infra.sandbox.waiting import wait_until
from tests.engine.endpoints import EndpointWatch
from tests.engine.events import Operation, operations
from tests.engine.stack import Result, Settings, Stack

Change = Callable[[Settings], None]

_NAMESPACE = ("-n", "tenantry")


@dataclass(frozen=True)
class Services(Stack):
    """The stack.

    Args:
        folder: where its jobs write, and find out what they are to do.
        base: the settings that every test begins with, and changes.
        applied: those of the last update, when it ended well and no other has begun since.
    """

    folder: Path
    base: Settings
    applied: list[Settings] = field(default_factory=list)

    def begin(self, *changes: Change) -> "Services":
        """Apply the base with these changes, and nothing of what was before; no update when that is what is applied."""
        wanted = copy.deepcopy(self.base)
        for change in changes:
            change(wanted)
        self.configure(lambda settings: _replace(settings, wanted))
        if wanted not in self.applied:
            self.up()
        return self

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        if arguments[0] in ("up", "refresh", "destroy"):  # however it ends
            self.applied.clear()
        return super().start(*arguments)

    def up(self, *arguments: str, expect: int | None = 0) -> Result:
        """Run `pulumi up` without asking; its state is written at its end, as nobody kills it."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PULUMI_SKIP_CHECKPOINTS", "true")
            result = super().up(*arguments, expect=expect)
        if result.code == 0:
            self.applied.append(self.settings())
        return result

    def update(self, change: Change, log: Path) -> list[Operation]:
        """Apply `change`, and return all that was done in the end, in order."""
        self.configure(change)
        self.up("--event-log", str(log))
        return [operation for operation in operations(log) if operation.finished]

    def selected_slot(self, service: str) -> str:
        """Return the slot that a stable Service points to."""
        return str(self.kubectl("get", "service", service, *_NAMESPACE)["spec"]["selector"]["tenantry.dev/slot"])

    def deployments(self, service: str) -> list[dict[str, Any]]:
        """Return the Deployments of a service's slots."""
        label = f"app.kubernetes.io/name={service}"
        return list(self.kubectl("get", "deployments", *_NAMESPACE, "-l", label)["items"])

    def ready(self, service: str) -> dict[str, int]:
        """Return how many pods of each slot that has a Deployment are ready."""
        return {
            found["metadata"]["labels"]["tenantry.dev/slot"]: found["status"].get("readyReplicas", 0)
            for found in self.deployments(service)
        }

    def wait_for_ready(self, service: str, wanted: dict[str, int]) -> None:
        """Return once so many pods of each slot are ready."""
        wait_until(
            lambda: self.ready(service) == wanted,
            seconds=90,
            what=f"there are not {wanted} pods of {service}",
            where="namespace tenantry",
            remedy="look at the autoscaler's events",
            every=0.5,
        )

    def scale(self, deployment: str, replicas: int) -> None:
        """Give a Deployment so many pods, as an autoscaler does."""
        self.kubectl("scale", "deployment", deployment, *_NAMESPACE, f"--replicas={replicas}")

    def admit(self, *, pods: bool) -> None:
        """Say whether the namespace of the services takes further pods."""
        quotas = "/api/v1/namespaces/tenantry/resourcequotas"
        with self.cluster() as api:
            if pods:
                api.delete(f"{quotas}/full")
                return
            api.create(quotas, {"metadata": {"name": "full"}, "spec": {"hard": {"pods": "1"}}})
            wait_until(
                lambda: "used" in api.get(f"{quotas}/full").get("status", {}),
                seconds=30,
                what="the quota is not counted",
                where="namespace tenantry",
                remedy="see the controllers",
                every=0.1,
            )

    @contextmanager
    def cluster(self) -> Iterator[ApiClient]:
        """Give a connection of the cluster's administrator."""
        with closing(ControlPlane(self.workspace.instance).api()) as api:
            yield api

    @contextmanager
    def watched(self, *services: str) -> Iterator[dict[str, EndpointWatch]]:
        """Watch who takes the traffic of services until the end of the block."""
        with ExitStack() as watching:
            api = watching.enter_context(self.cluster())
            yield {name: watching.enter_context(EndpointWatch(api, name)) for name in services}


def two_services(settings: Settings) -> None:
    """Leave one tenant, two services that differ in nothing else, and one flag, which one of them reads."""
    settings["tenants"] = [tenant for tenant in settings["tenants"] if tenant["plan"] == "free"]
    settings["jobs"] = {}
    settings["flags"]["ai_forecasting"]["services"] = ["storefront"]
    storefront = settings["services"]["storefront"]
    settings["services"]["api"] = {**copy.deepcopy(storefront), "port": 4000}


def named(done: Sequence[Operation]) -> list[tuple[str, str]]:
    """Return the names of what has changed, and how."""
    return [(operation.name, operation.operation) for operation in done]


def _replace(settings: Settings, wanted: Settings) -> None:
    settings.clear()
    settings.update(copy.deepcopy(wanted))
