"""Deployments, StatefulSets, DaemonSets, ReplicationControllers, Jobs and Pods."""

from infra.sandbox.plugins.kubernetes.awaiting.verdict import (
    READY,
    Verdict,
    condition,
    describe,
    failed,
    holds,
    number,
    pending,
)
from infra.sandbox.plugins.kubernetes.client import Object
from infra.sandbox.plugins.kubernetes.manifests import dig


def deployment(live: Object) -> Verdict:
    """Ready when every replica is of the newest template and available, and no old one is left."""
    if not _observed(live):
        return pending("the deployment controller has not seen the change yet")
    if dig(live, "spec", "paused"):
        return READY
    progressing = condition(live, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return failed(describe(progressing))
    wanted = number(live, "spec", "replicas", default=1)
    updated, total = number(live, "status", "updatedReplicas"), number(live, "status", "replicas")
    available = number(live, "status", "availableReplicas")
    if updated < wanted:
        return pending(f"{updated} of {wanted} replicas are of the newest template")
    if total > updated:
        return pending(f"{total - updated} old replicas are still running")
    if available < wanted:
        return pending(f"{available} of {wanted} replicas are available")
    return READY


def stateful_set(live: Object) -> Verdict:
    """Ready when every replica is of the newest revision, down to the partition, and ready."""
    if not _observed(live):
        return pending("the stateful set controller has not seen the change yet")
    wanted = number(live, "spec", "replicas", default=1)
    ready = number(live, "status", "readyReplicas")
    if ready < wanted:
        return pending(f"{ready} of {wanted} replicas are ready")
    if dig(live, "spec", "updateStrategy", "type") == "OnDelete":
        return READY
    partition = number(live, "spec", "updateStrategy", "rollingUpdate", "partition")
    updated = number(live, "status", "updatedReplicas")
    same = dig(live, "status", "currentRevision") == dig(live, "status", "updateRevision")
    if (partition and updated < wanted - partition) or not (partition or same):
        return pending(f"{updated} of {wanted - partition} replicas are of the newest revision")
    return READY


def daemon_set(live: Object) -> Verdict:
    """Ready when every node that should run a pod runs one of the newest template, available."""
    if not _observed(live):
        return pending("the daemon set controller has not seen the change yet")
    wanted = number(live, "status", "desiredNumberScheduled")
    updated, available = number(live, "status", "updatedNumberScheduled"), number(live, "status", "numberAvailable")
    if dig(live, "spec", "updateStrategy", "type") != "OnDelete" and updated < wanted:
        return pending(f"{updated} of {wanted} pods are of the newest template")
    return READY if available >= wanted else pending(f"{available} of {wanted} pods are available")


def replication_controller(live: Object) -> Verdict:
    """Ready when as many replicas are available as wanted."""
    wanted = number(live, "spec", "replicas", default=1)
    available = number(live, "status", "availableReplicas")
    return READY if available == wanted else pending(f"{available} of {wanted} replicas are available")


def job(live: Object) -> Verdict:
    """Ready when it is complete, or suspended on purpose; failed when its retries are used up."""
    if holds(live, "Complete") or dig(live, "spec", "suspend"):
        return READY
    if holds(live, "Failed"):
        return failed(describe(condition(live, "Failed")))
    done = number(live, "status", "succeeded")
    return pending(f"{done} of {number(live, 'spec', 'completions', default=1)} completions succeeded")


def pod(live: Object) -> Verdict:
    """Ready when it is Ready or has succeeded; failed when its containers ended and are not restarted."""
    phase = dig(live, "status", "phase")
    if phase == "Succeeded" or holds(live, "Ready"):
        return READY
    reasons = pod_troubles(live)
    if phase == "Failed":
        return failed(*reasons or ["the pod failed"])
    return pending(*reasons or [f"the pod is {phase or 'not scheduled yet'}"])


def pod_troubles(live: Object) -> list[str]:
    """Return why a pod is not ready: its containers' states, then its conditions; empty when it is."""
    if dig(live, "status", "phase") == "Succeeded" or holds(live, "Ready"):
        return []
    found = []
    for field in ("initContainerStatuses", "containerStatuses"):
        for status in dig(live, "status", field) or []:
            state = status.get("state") or {}
            detail = state.get("waiting") or state.get("terminated") or {}
            if detail.get("reason") not in (None, "Completed"):
                code = f" (exit code {detail['exitCode']})" if "exitCode" in detail else ""
                # A terminated container's message is the end of its log, where the pod asks for it.
                message = f": {str(detail['message']).strip()}" if detail.get("message") else ""
                found.append(f"container {status.get('name')}: {detail['reason']}{code}{message}")
    for entry in dig(live, "status", "conditions") or []:
        if entry.get("status") == "False" and (entry.get("message") or entry.get("reason")):
            found.append(describe(entry))
    return found or [f"phase {dig(live, 'status', 'phase')}"]


def _observed(live: Object) -> bool:
    return number(live, "status", "observedGeneration") >= number(live, "metadata", "generation")
