"""Copies of secrets in other regions keep the key that they were asked for; moto tells the default key of each."""

from collections.abc import Mapping
from typing import Any

from moto.secretsmanager.models import FakeSecret

_original = FakeSecret.create_replicas


def install() -> None:
    """Let moto tell the key of each copy. Doing it again changes nothing."""
    FakeSecret.create_replicas = _create_replicas  # type: ignore[method-assign]  # moto has no hook for it


def _create_replicas(self: FakeSecret, replica_regions: list[dict[str, str]], force_overwrite: bool) -> list[Any]:
    keys: Mapping[str, str | None] = {asked["Region"]: asked.get("KmsKeyId") for asked in replica_regions or ()}
    made = _original(self, replica_regions, force_overwrite)
    for replica in made:
        key = keys.get(replica.region)
        if key is not None:
            replica.config["KmsKeyId"] = key
    return made
