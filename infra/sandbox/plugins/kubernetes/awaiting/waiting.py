"""The wait itself: look, pause, look again, until the object is ready, has failed, is late, or the user cancels.

It polls, with pauses from 50 ms to 1 s, instead of watching: a poll survives a restart of the API server and ends at
once when the user cancels, and sixty-four of them cost a twentieth of a core.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass

from infra.sandbox.plugins.kubernetes.awaiting import basics, custom, workloads
from infra.sandbox.plugins.kubernetes.awaiting.jobs import JobCheck
from infra.sandbox.plugins.kubernetes.awaiting.reports import report
from infra.sandbox.plugins.kubernetes.awaiting.services import ServiceCheck, ingress
from infra.sandbox.plugins.kubernetes.awaiting.verdict import READY, Check, Verdict, failed, holds, pending
from infra.sandbox.plugins.kubernetes.client import ApiClient, ApiError, Cancelled, Object, Unreachable
from infra.sandbox.plugins.kubernetes.kinds import Kind
from infra.sandbox.plugins.kubernetes.manifests import SKIP_AWAIT, TIMEOUT, WAIT_FOR, annotation, dig
from infra.sandbox.plugins.values import Value

_NOT_FOUND = 404
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_MOMENT = 2.0  # seconds; a refresh in the middle of a scaling should not call a healthy object unhealthy
_MINUTES = {"PersistentVolume": 5.0, "PersistentVolumeClaim": 5.0, "ResourceQuota": 1.0}
_DEFAULT_MINUTES = 10.0

_SKIPS_DELETION = frozenset(
    {
        *(("v1", "Namespace"), ("v1", "Pod"), ("v1", "ReplicationController"), ("batch/v1", "Job")),
        *(("apps/v1", "DaemonSet"), ("apps/v1", "Deployment"), ("apps/v1", "StatefulSet")),
    }
)
"""Kinds whose deletion is not awaited under `skipAwait`; officially the others' is."""

_CHECKS: Mapping[tuple[str, str], Check] = {
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): basics.custom_resource_definition,
    ("apps/v1", "DaemonSet"): workloads.daemon_set,
    ("apps/v1", "Deployment"): workloads.deployment,
    ("apps/v1", "StatefulSet"): workloads.stateful_set,
    ("networking.k8s.io/v1", "Ingress"): ingress,
    ("v1", "PersistentVolume"): basics.persistent_volume,
    ("v1", "Pod"): workloads.pod,
    ("v1", "ReplicationController"): workloads.replication_controller,
    ("v1", "ResourceQuota"): basics.resource_quota,
    ("v1", "Secret"): basics.secret,
}


class NotReady(Exception):
    """The object is there but does not do its work."""

    def __init__(self, live: Object, message: str, reasons: list[str]) -> None:
        """Describe it.

        Args:
            live: the object as last seen.
            message: one sentence.
            reasons: what is known of the cause.
        """
        super().__init__(message)
        self.live = live
        self.message = message
        self.reasons = reasons


@dataclass(frozen=True)
class Waiter:
    """Waits for the objects of one API server."""

    client: ApiClient

    def until_ready(self, kind: Kind, path: str, live: Object, inputs: Value, timeout: float | None) -> Object:
        """Return the object once it does its work.

        Args:
            kind: its kind.
            path: its URL.
            live: the object as the API server answered last.
            inputs: the program's inputs; their annotations say what to wait for.
            timeout: seconds from `customTimeouts`, or None.

        Raises:
            NotReady: it failed, was late, or the user cancelled.
        """
        check = self._check(kind, inputs, settle=True)
        if check is None:
            return live
        seconds = self._seconds(kind, inputs, timeout)
        deadline = time.monotonic() + seconds
        pause, verdict = _FIRST_PAUSE, pending()
        try:
            while not (verdict := check(live)).ready:
                if verdict.failed:
                    raise self._not_ready(live, "it failed", verdict)
                if time.monotonic() > deadline:
                    raise self._not_ready(live, f"it was not ready within {seconds:g} s", verdict)
                self.client.pause(pause)
                pause = min(pause * 1.5, _LONGEST_PAUSE)
                live = self._look(path, live)
        except Cancelled as error:
            raise NotReady(live, "the update was cancelled while it was not ready", list(verdict.reasons)) from error
        except Unreachable as error:
            raise NotReady(live, str(error), list(verdict.reasons)) from error
        return live

    def settled(self, kind: Kind, path: str, live: Object, inputs: Value) -> tuple[Object, Verdict]:
        """Return the object and how it is, after a moment's patience with one whose controllers are at work."""
        check = self._check(kind, inputs, settle=False)
        deadline, pause = time.monotonic() + _MOMENT, _FIRST_PAUSE
        verdict = READY if check is None else check(live)
        while check is not None and not (verdict.ready or verdict.failed) and time.monotonic() < deadline:
            self.client.pause(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
            live = self._look(path, live)
            verdict = check(live)
        return live, verdict

    def until_gone(self, kind: Kind, path: str, live: Object, inputs: Value, timeout: float | None) -> None:
        """Return once the object is gone, or another one has its name.

        Raises:
            NotReady: it is still there after the time-out; the message names the finalizers that hold it.
        """
        if annotation(inputs, SKIP_AWAIT) == "true" and (kind.api_version, kind.name) in _SKIPS_DELETION:
            return
        seconds = self._seconds(kind, inputs, timeout)
        deadline, pause, uid = time.monotonic() + seconds, _FIRST_PAUSE, dig(live, "metadata", "uid")
        while True:
            try:
                self.client.pause(pause)
                live = self.client.call("GET", path)
            except ApiError as error:
                if error.status == _NOT_FOUND:
                    return
                raise
            except Cancelled as error:
                raise NotReady(live, "the update was cancelled while it was being deleted", []) from error
            if uid is not None and dig(live, "metadata", "uid") != uid:
                return
            if time.monotonic() > deadline:
                holders = [*(dig(live, "metadata", "finalizers") or []), *(dig(live, "spec", "finalizers") or [])]
                held = f"; finalizers hold it: {', '.join(holders)}" if holders else ""
                raise NotReady(live, f"it was not gone within {seconds:g} s{held}", report(self.client, live))
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def _check(self, kind: Kind, inputs: Value, *, settle: bool) -> Check | None:
        if annotation(inputs, SKIP_AWAIT) == "true" or kind.patch:
            return None
        if expression := annotation(inputs, WAIT_FOR):
            return custom.parse(expression)
        key = (kind.api_version, kind.name)
        if key == ("v1", "Service"):
            return ServiceCheck(self.client, settle=settle)
        if key == ("v1", "PersistentVolumeClaim"):
            return basics.ClaimCheck(self.client)
        if key == ("batch/v1", "Job"):
            return JobCheck(self.client)
        everything = _generic if os.environ.get("PULUMI_K8S_AWAIT_ALL") == "true" else None
        return _CHECKS.get(key, everything)

    def _seconds(self, kind: Kind, inputs: Value, timeout: float | None) -> float:
        if timeout:
            return timeout
        text = annotation(inputs, TIMEOUT)
        return float(text) if text.isdigit() else 60 * _MINUTES.get(kind.name, _DEFAULT_MINUTES)

    def _look(self, path: str, last: Object) -> Object:
        try:
            return self.client.call("GET", path)
        except ApiError as error:
            if error.status == _NOT_FOUND:
                raise NotReady(last, "it was deleted while it was being waited for", []) from error
            raise

    def _not_ready(self, live: Object, message: str, verdict: Verdict) -> NotReady:
        reasons = [*verdict.reasons, *report(self.client, live)]
        return NotReady(live, message, list(dict.fromkeys(reasons)))


def _generic(live: Object) -> Verdict:
    if holds(live, "Failed"):
        return failed("condition Failed is True")
    ready = dig(live, "status", "conditions") is None or holds(live, "Ready")
    return READY if ready else pending("condition Ready is not True")
