"""What the host runner tells the API server of a pod, until it is told.

An API server that is away, or not ready to authorise anybody, is asked again for minutes; one that has refused for good
(the pod is gone, or another one has its name) is left alone.
"""

import contextlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import httpx
from tenacity import RetryError, Retrying, retry_if_exception, stop_after_delay, wait_fixed

from infra.sandbox.control_plane.api import ApiClient, ApiError
from infra.sandbox.control_plane.host_container import now

LOST = ("HostRunnerLost", "the sandbox was stopped or restarted while this pod ran")
"""Reason and message of a pod whose processes went with the runner."""

_LONGEST, _PAUSE = 300.0, 0.5  # seconds
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
    attempts = Retrying(retry=retry_if_exception(_may_pass), stop=stop_after_delay(_LONGEST), wait=wait_fixed(_PAUSE))
    with contextlib.suppress(ApiError, RetryError):
        attempts(request)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, httpx.HTTPError) or (isinstance(error, ApiError) and error.status not in _FINAL)


def _path(pod: Mapping[str, Any]) -> str:
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"
