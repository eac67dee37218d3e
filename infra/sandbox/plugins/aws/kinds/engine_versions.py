"""Whether the cloud has the version of an engine, as it tells itself; asked in a preview, so that no `up` fails late.

Only what no version of the answer could satisfy is a failure: whatever else is wrong is said at the creation. A cloud
that cannot tell, such as moto alone, takes every version.
"""

import re
from typing import Any

from botocore.exceptions import ClientError

from infra.sandbox.plugins.provider import Properties

_CANNOT_TELL = "NotImplemented"


def of_database(client: Any, inputs: Properties) -> list[tuple[str, str]]:
    """Return what is wrong with `engineVersion` of an RDS instance: a major version that there is none of.

    Args:
        client: RDS's.
        inputs: `engine` and `engineVersion`, as far as they are known.
    """
    engine, version = inputs.get("engine"), str(inputs["engineVersion"])
    if not engine:
        return []
    major = version.partition(".")[0]
    found = _told(client, "describe_db_engine_versions", "DBEngineVersions", Engine=engine)
    if found is None or any(one["EngineVersion"].partition(".")[0] == major for one in found):
        return []
    return [("engineVersion", f"must be a version of {engine} that this cloud has: {_listed(found)}")]


def of_cache(client: Any, inputs: Properties) -> list[tuple[str, str]]:
    """Return what is wrong with `engineVersion` of a replication group: newer than the newest.

    Args:
        client: ElastiCache's.
        inputs: `engine` and `engineVersion`, as far as they are known.
    """
    engine, version = inputs.get("engine"), str(inputs["engineVersion"])
    if not engine:
        return []
    found = _told(client, "describe_cache_engine_versions", "CacheEngineVersions", Engine=engine)
    if not found or any(_numbers(one["EngineVersion"]) >= _numbers(version) for one in found):
        return []
    return [("engineVersion", f"must be a version of {engine} that this cloud has: up to {_listed(found)}")]


def of_cluster(client: Any, inputs: Properties) -> list[tuple[str, str]]:
    """Return what is wrong with `version` of an EKS cluster.

    Args:
        client: EKS's.
        inputs: `version`.
    """
    found = _told(client, "describe_cluster_versions", "clusterVersions")
    versions = [one["clusterVersion"] for one in found or []]
    if not versions or str(inputs["version"]) in versions:
        return []
    return [("version", f"must be a version that this cloud has: {', '.join(versions)}")]


def _told(client: Any, method: str, result: str, **asked: str) -> list[dict[str, Any]] | None:
    """Return all that the cloud tells; None when it cannot tell."""
    try:
        pages = client.get_paginator(method).paginate(**asked)
        return [one for page in pages for one in page[result]]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == _CANNOT_TELL:
            return None
        raise


def _listed(found: list[dict[str, Any]]) -> str:
    return ", ".join(one["EngineVersion"] for one in found) or "none"


def _numbers(version: str) -> tuple[int, ...]:
    """Return the first two parts as numbers; ElastiCache writes Redis's old ones as `5.0.6` and the last as `6.x`."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
