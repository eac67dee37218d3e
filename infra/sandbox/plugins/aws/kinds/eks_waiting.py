"""Waits for what EKS does in its own time: where control planes run behind the cloud's clusters, that takes seconds."""

from typing import Any

from botocore.exceptions import WaiterError

from infra.sandbox.plugins.provider import ProviderError

UNDER_WAY = frozenset({"CREATING", "UPDATING"})
"""States of clusters and node groups that pass by themselves."""

_FAILED = "terminal failure state"  # what botocore's waiters say of it
_PATIENCE = {"Delay": 1, "MaxAttempts": 300}  # seconds, and how often to ask


def wait(client: Any, waiter: str, **names: str) -> None:
    """Return once what is waited for has happened, or has failed for good; at once when it has already.

    Args:
        client: boto3's of EKS.
        waiter: one of its waiters, as `cluster_active`.
        names: what it is about, by boto3's names.

    Raises:
        ProviderError: a deletion has failed, or it takes too long. What else has failed tells its own state.
    """
    try:
        client.get_waiter(waiter).wait(WaiterConfig=_PATIENCE, **names)
    except WaiterError as error:
        if _FAILED in str(error) and not waiter.endswith("_deleted"):
            return
        raise ProviderError(f"EKS {waiter} {'/'.join(names.values())}: {error}") from error
