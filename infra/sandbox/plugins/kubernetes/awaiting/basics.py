"""Volumes, claims, quotas, token Secrets, CustomResourceDefinitions."""

from infra.sandbox.plugins.kubernetes.awaiting.verdict import (
    READY,
    Verdict,
    condition,
    describe,
    failed,
    holds,
    pending,
)
from infra.sandbox.plugins.kubernetes.client import ApiClient, ApiError, Object
from infra.sandbox.plugins.kubernetes.manifests import dig


def persistent_volume(live: Object) -> Verdict:
    """Ready when it can be, or is, claimed."""
    phase = dig(live, "status", "phase")
    return READY if phase in ("Available", "Bound") else pending(f"the volume is {phase or 'not seen yet'}")


class ClaimCheck:
    """Judges one PersistentVolumeClaim; one that binds with its first consumer is not waited for."""

    def __init__(self, client: ApiClient) -> None:
        """Prepare."""
        self._client = client

    def __call__(self, live: Object) -> Verdict:
        """Judge the claim as it is now."""
        phase = dig(live, "status", "phase")
        if phase == "Bound":
            return READY
        if phase == "Lost":
            return failed("the claim's volume is lost")
        if phase == "Pending" and self._late(dig(live, "spec", "storageClassName")):
            return READY
        return pending(f"the claim is {phase or 'not seen yet'}")

    def _late(self, storage_class: object) -> bool:
        if not storage_class:
            return False
        try:
            found = self._client.call("GET", f"/apis/storage.k8s.io/v1/storageclasses/{storage_class}")
        except ApiError:
            return False
        return found.get("volumeBindingMode") == "WaitForFirstConsumer"


def resource_quota(live: Object) -> Verdict:
    """Ready when the quota controller has taken the limits over."""
    hard = dig(live, "spec", "hard") or {}
    return READY if (dig(live, "status", "hard") or {}) == hard else pending("the quota is not enforced yet")


def secret(live: Object) -> Verdict:
    """Ready at once, but for a service account's token, which a controller writes."""
    if live.get("type") != "kubernetes.io/service-account-token" or live.get("data"):
        return READY
    return pending("the service account's token is not written yet")


def custom_resource_definition(live: Object) -> Verdict:
    """Ready when the API server serves its kind."""
    if holds(live, "Established") and holds(live, "NamesAccepted"):
        return READY
    names = condition(live, "NamesAccepted")
    if names.get("status") == "False":
        return failed(describe(names))
    return pending("the API server does not serve the kind yet")
