"""Watches who takes a Service's traffic: every state of its EndpointSlices while something else is done.

What is between two events is never seen by anybody: kube-proxies and gateways learn of endpoints by the same watch.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from infra.sandbox.control_plane.api import ApiClient, ApiError

_SLOTS = ("blue", "green")
_TURN = "2"  # seconds of one watch; the next goes on where it ended
_PATIENCE = 30.0  # seconds for the last watch to end, on a busy machine


class EndpointWatch:
    """The ready endpoints of one Service, slot by slot, from its beginning to its end."""

    def __init__(self, api: ApiClient, service: str, namespace: str = "tenantry") -> None:
        """Prepare to watch.

        Args:
            api: of the cluster; stays open.
            service: whose pods are named after it and their slot, as `storefront-blue-...`.
            namespace: where it is.
        """
        self.states: list[Mapping[str, int]] = []
        """Slot -> its ready endpoints, without slots that have none; the first is from before anything happened."""
        self._api, self._service = api, service
        self._path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
        self._selected = {"labelSelector": f"kubernetes.io/service-name={service}"}
        self._slices: dict[str, Counter[str]] = {}
        self._stopped = threading.Event()
        self._errors: list[ApiError | httpx.HTTPError] = []
        self._thread = threading.Thread(target=self._follow, daemon=True)

    @property
    def fewest(self) -> int:
        """How many endpoints were ready when there were fewest."""
        return min(sum(state.values()) for state in self.states)

    @property
    def mixed(self) -> int:
        """How often endpoints of both slots were ready at once."""
        return sum(len(state) > 1 for state in self.states)

    def __enter__(self) -> Self:
        listed = self._api.get(self._path, **self._selected)
        for item in listed["items"]:
            self._slices[item["metadata"]["name"]] = self._ready(item)
        self._version: str = listed["metadata"]["resourceVersion"]
        self._note()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join(_PATIENCE)
        assert not self._thread.is_alive(), "the watch ends"
        assert not self._errors, self._errors

    def _follow(self) -> None:
        try:
            while not self._stopped.is_set():
                for event in self._api.watch(self._path, self._version, timeoutSeconds=_TURN, **self._selected):
                    self._take(event)
        except (ApiError, httpx.HTTPError) as error:
            self._errors.append(error)

    def _take(self, event: Mapping[str, Any]) -> None:
        item = event["object"]
        if event["type"] == "ERROR":
            raise ApiError(item.get("code", 0), item.get("message", ""))
        self._version = item["metadata"]["resourceVersion"]
        if event["type"] == "BOOKMARK":
            return
        self._slices[item["metadata"]["name"]] = Counter() if event["type"] == "DELETED" else self._ready(item)
        self._note()

    def _ready(self, item: Mapping[str, Any]) -> Counter[str]:
        ready = [one["targetRef"]["name"] for one in item["endpoints"] or () if one["conditions"].get("ready")]
        return Counter(slot for name in ready for slot in _SLOTS if name.startswith(f"{self._service}-{slot}-"))

    def _note(self) -> None:
        self.states.append(+sum(self._slices.values(), Counter[str]()))
