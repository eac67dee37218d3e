"""What EKS add-ons bring into a cluster that runs: their custom resource definitions, and nothing that works.

An add-on that brings definitions is CREATING until the API server serves them, and takes them with it when it is
deleted, with every object of their kinds, unless it was deleted with `preserve`.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from infra.sandbox.control_plane.api import ApiClient
from infra.sandbox.control_plane.definitions import (
    ADDONS,
    apply_definitions,
    delete_definitions,
    remaining_definitions,
    unserved_definitions,
)
from infra.sandbox.waiting import wait_until

Record = dict[str, Any]
"""What EKS tells of an add-on."""

_SECONDS = 60.0


def of(cluster: Any) -> dict[str, Record]:
    """Return a cluster's add-ons that bring definitions: name -> what EKS tells of it.

    Args:
        cluster: moto's.
    """
    kept: dict[str, Record] = vars(cluster).get("tenantry_records", {}).get("addon", {})
    return {name: record for name, record in kept.items() if name in ADDONS}


def bring(api: ApiClient, names: Collection[str]) -> None:
    """Have the definitions of these add-ons served.

    Raises:
        TenantryError: their files are missing, or they were not served in time.
        ApiError: the API server refused a request.
        httpx.HTTPError: it did not answer.
    """
    pending = apply_definitions(api, [ADDONS[name] for name in sorted(names)])
    _wait(lambda: not unserved_definitions(api, pending), "definitions were not served", names)


def mark(records: Iterable[Record], state: str) -> None:
    """Have EKS tell that these add-ons are in this state."""
    for record in records:
        record["status"] = state


def remove(api: ApiClient, name: str) -> None:
    """Delete the definitions of an add-on, and return once they are gone.

    Raises:
        TenantryError: they were not gone in time, as an object of theirs waits for a finalizer.
        ApiError: the API server refused a request.
        httpx.HTTPError: it did not answer.
    """
    going = delete_definitions(api, [ADDONS[name]])
    _wait(lambda: not remaining_definitions(api, going), "definitions were not deleted", [name])


def _wait(condition: Callable[[], bool], what: str, names: Collection[str]) -> None:
    wait_until(condition, seconds=_SECONDS, what=what, where=", ".join(sorted(names)), remedy="read the cluster's logs")
