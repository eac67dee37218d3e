"""Why an object is not ready: its conditions, its pods' troubles and its recent events, for the error message."""

from typing import Any

from infra.sandbox.plugins.kubernetes.awaiting.verdict import conditions, describe
from infra.sandbox.plugins.kubernetes.awaiting.workloads import pod_troubles
from infra.sandbox.plugins.kubernetes.client import ApiClient, ApiError, Object
from infra.sandbox.plugins.kubernetes.manifests import dig
from infra.sandbox.plugins.provider import ProviderError

_EVENTS, _PODS = 5, 5  # at most so many of each: the first ones tell, the rest repeat


def report(client: ApiClient, live: Object) -> list[str]:
    """Return what is known of the object's troubles, one sentence each; never fails."""
    lines = [describe(entry) for entry in conditions(live) if _bad(entry)]
    namespace = dig(live, "metadata", "namespace")
    if namespace:
        lines += pods(client, live)
        lines += _events(client, namespace, f"involvedObject.uid={dig(live, 'metadata', 'uid')}")
    return lines


def _bad(entry: Any) -> bool:
    name = str(entry.get("type"))
    good_when_true = name not in ("Failed", "ReplicaFailure", "FailureTarget") and not name.startswith("Namespace")
    return bool((entry.get("status") != "True") == good_when_true)


def pods(client: ApiClient, live: Object) -> list[str]:
    """Return the troubles of the pods that the object selects; never fails."""
    namespace = dig(live, "metadata", "namespace")
    selector = dig(live, "spec", "selector")
    labels = selector.get("matchLabels", selector) if isinstance(selector, dict) else {}
    pairs = [f"{name}={value}" for name, value in labels.items() if isinstance(value, str)]
    if not pairs or live.get("kind") == "PersistentVolumeClaim":
        return []
    found = _list(client, f"/api/v1/namespaces/{namespace}/pods", {"labelSelector": ",".join(pairs)})
    lines = []
    for pod in [pod for pod in found if pod_troubles(pod)][:_PODS]:
        name = pod["metadata"]["name"]
        lines.append(f"pod {name}: {'; '.join(pod_troubles(pod))}")
        lines += _events(client, namespace, f"involvedObject.uid={pod['metadata']['uid']}", limit=2)
    return lines


def _events(client: ApiClient, namespace: str, selector: str, limit: int = _EVENTS) -> list[str]:
    found = _list(client, f"/api/v1/namespaces/{namespace}/events", {"fieldSelector": selector})
    recent = sorted(found, key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))[-limit:]
    return [f"event {event.get('type')} {event.get('reason')}: {event.get('message')}" for event in recent]


def _list(client: ApiClient, path: str, query: dict[str, str]) -> list[Any]:
    try:
        return list(client.call("GET", path, query=query).get("items") or [])
    except (ApiError, ProviderError):
        return []
