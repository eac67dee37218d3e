"""What the host runner tells the API server of a pod, until it is told.

An API server that is away, or not ready to authorise anybody, is asked again for minutes; one that has refused for good
(the pod is gone, or another one has its name) is left alone.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import httpx

from infra.sandbox.control_plane.api import ApiClient, ApiError
from infra.sandbox.control_plane.host_container import now

LOST = ("HostRunnerLost", "the sandbox was stopped or restarted while this pod ran")
"""Reason and message of a pod whose processes went with the runner."""

_ATTEMPTS, _PAUSE = 600, 0.5  # seconds
_FINAL = {
    httpx.codes.BAD_REQUEST,
    httpx.codes.NOT_FOUND,
    httpx.codes.CONFLICT,
    httpx.codes.UNPROCESSABLE_ENTITY,
}


def report_status(api: ApiClient, pod: Mapping[str, Any], status: Mapping[str, Any]) -> None:
    """Set the status of `pod`."""
    body = {"metadata": {"uid": pod["metadata"]["uid"]}, "status": status}
    _insist(partial(api.patch, f"{_path(pod)}/status", body))


def report_lost(api: ApiClient, pod: Mapping[str, Any]) -> None:
    """Set `pod` to Failed, because its processes went with the runner."""
    reason, message = LOST
    gone = {"exitCode": 137, "reason": "ContainerStatusUnknown", "message": message, "finishedAt": now()}
    known = pod.get("status", {}).get("containerStatuses") or []
    ended = [
        {**container, "ready": False, "started": False, "state": {"terminated": gone}}
        for container in known
        if "terminated" not in container["state"]
    ]
    over = [container for container in known if "terminated" in container["state"]]
    conditions = [condition("Ready", holds=False), condition("ContainersReady", holds=False)]
    status = {"phase": "Failed", "reason": reason, "message": message, "conditions": conditions}
    report_status(api, pod, {**status, "containerStatuses": [*over, *ended]})


def remove(api: ApiClient, pod: Mapping[str, Any]) -> None:
    """Complete the deletion of `pod`, whose processes have ended."""
    options = {"gracePeriodSeconds": 0, "preconditions": {"uid": pod["metadata"]["uid"]}}
    _insist(partial(api.delete, _path(pod), options))


def condition(name: str, *, holds: bool) -> dict[str, Any]:
    """Return a pod condition."""
    return {"type": name, "status": "True" if holds else "False", "lastTransitionTime": now()}


def _insist(request: Callable[[], object]) -> None:
    for _ in range(_ATTEMPTS):
        try:
            request()
        except ApiError as error:
            if error.status in _FINAL:
                return
        except httpx.HTTPError:
            pass
        else:
            return
        time.sleep(_PAUSE)


def _path(pod: Mapping[str, Any]) -> str:
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"
