"""Services and Ingresses: whether traffic would arrive."""

import time
from collections.abc import Mapping
from typing import Any

from infra.sandbox.plugins.kubernetes.awaiting.verdict import READY, Verdict, holds, pending
from infra.sandbox.plugins.kubernetes.client import ApiClient, ApiError, Object
from infra.sandbox.plugins.kubernetes.manifests import dig

_SETTLED = 10.0  # seconds without any pod after which a Service counts as ready without one, as officially
_NO_PODS = "the Service does not target any pods: none is ready, or spec.selector matches no pod's labels"


class ServiceCheck:
    """Judges one Service.

    Ready endpoints alone say too little: just after a selector has moved, the endpoint slices still show the old pods.
    So they are compared with the pods that the selector matches now.
    """

    def __init__(self, client: ApiClient, *, settle: bool) -> None:
        """Prepare.

        Args:
            client: the API server.
            settle: whether to wait for pods that may still come; False for a single look.
        """
        self._client = client
        self._settled = time.monotonic() + (_SETTLED if settle else 0.0)

    def __call__(self, live: Object) -> Verdict:
        """Judge the Service as it is now."""
        spec = live.get("spec") or {}
        balanced = spec.get("type") != "LoadBalancer" or bool(dig(live, "status", "loadBalancer", "ingress"))
        if not balanced:
            return pending("the Service was not allocated an address; does a load balancer controller run?")
        unaimed = spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None" or not spec.get("selector")
        return READY if unaimed else self._endpoints(live, spec["selector"])

    def _endpoints(self, live: Object, selector: Mapping[str, str]) -> Verdict:
        namespace, name = live["metadata"]["namespace"], live["metadata"]["name"]
        path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
        slices = self._list(path, f"kubernetes.io/service-name={name}") or []
        endpoints = [endpoint for entry in slices for endpoint in entry.get("endpoints") or []]
        serving = {_target(endpoint) for endpoint in endpoints if dig(endpoint, "conditions", "ready") is not False}
        pods = self._list(f"/api/v1/namespaces/{namespace}/pods", _selector(selector))
        if pods is None:  # not allowed to look: the endpoints alone count
            return READY if serving else pending(_NO_PODS)
        alive = [pod for pod in pods if not _gone(pod)]
        ready = {pod["metadata"]["uid"] for pod in alive if holds(pod, "Ready")}
        if not alive and not serving:
            return READY if time.monotonic() >= self._settled else pending(_NO_PODS)
        if serving != ready:
            return pending(f"the endpoints do not follow yet: {len(serving)} serve, {len(ready)} pods are ready")
        if len(ready) < len(alive):
            return pending(f"{len(ready)} of {len(alive)} selected pods are ready", *([] if ready else [_NO_PODS]))
        return READY

    def _list(self, path: str, selector: str) -> list[Any] | None:
        try:
            items = self._client.call("GET", path, query={"labelSelector": selector}).get("items")
        except ApiError:
            return None
        return items if isinstance(items, list) else []


def ingress(live: Object) -> Verdict:
    """Ready when a controller has given it an address."""
    if dig(live, "status", "loadBalancer", "ingress"):
        return READY
    return pending("the Ingress was not allocated an address; does an ingress controller run?")


def _target(endpoint: Mapping[str, Any]) -> str:
    return str(dig(endpoint, "targetRef", "uid") or endpoint.get("addresses"))


def _gone(pod: Object) -> bool:
    ended = dig(pod, "status", "phase") in ("Succeeded", "Failed")
    return ended or dig(pod, "metadata", "deletionTimestamp") is not None


def _selector(labels: Mapping[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in labels.items())
