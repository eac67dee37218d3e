"""What moto's resources ask for in servers; read under the cloud's lock, and followed without it.

Keys follow from the journal, are never used twice, and are file names.
"""

import datetime
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from moto.elasticache.models import elasticache_backends
from moto.rds.models import rds_backends

from infra.sandbox.cloud.additions import rds_backups

ORIGIN = "tenantry_origin"
"""The attribute of a model object that says from what it was made: an `Origin`."""

TOKENS = "tenantry_auth_tokens"
"""The attribute of a replication group with the tokens that open it, none for a group without."""


@dataclass(frozen=True)
class Origin:
    """What a database or snapshot is a copy of.

    Args:
        snapshot: the key of a snapshot; empty for a point in time.
        database: the key of the database that is copied at a point in time.
        moment: that point; None for the latest.
        follows: whether it is a replica of that database, from then on.
    """

    snapshot: str = ""
    database: str = ""
    moment: datetime.datetime | None = None
    follows: bool = False


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database instance that shall run, or rest."""

    key: str
    identifier: str
    region: str
    port: int
    user: str
    password: str
    name: str
    parameters: dict[str, str]
    archives: bool
    runs: bool
    origin: Origin | None
    follows: bool = False
    model: Any = field(compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A backup that shall exist."""

    key: str
    database: str
    automated: bool
    origin: Origin | None
    model: Any = field(compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class Cache:
    """A replication group that shall run."""

    key: str
    identifier: str
    region: str
    port: int
    tls: bool
    tokens: tuple[str, ...]
    parameters: dict[str, str]
    model: Any = field(compare=False, repr=False)


def databases() -> list[Database]:
    """Return all PostgreSQL instances of all regions."""
    return [
        _database(backend, model)
        for backend in _backends(rds_backends)
        for model in backend.databases.values()
        if model.engine == "postgres"
    ]


def snapshots() -> list[Snapshot]:
    """Return all snapshots of PostgreSQL instances, oldest first."""
    found = [
        Snapshot(
            key=snapshot_key(model),
            database=str(model.dbi_resource_id),
            automated=model.snapshot_type == "automated",
            origin=vars(model).get(ORIGIN),
            model=model,
        )
        for backend in _backends(rds_backends)
        for model in backend.database_snapshots.values()
        if model.engine == "postgres"
    ]
    return sorted(found, key=lambda snapshot: str(snapshot.model.created))


def retained() -> set[str]:
    """Return the keys of databases that are gone and whose automated backups are still wanted."""
    return {key for account in list(rds_backends) for key in rds_backups.retained(account)}


def caches() -> list[Cache]:
    """Return all replication groups of all regions."""
    return [
        Cache(
            key=_key("cache", model.arn, model.replication_group_create_time),
            identifier=str(model.replication_group_id),
            region=str(backend.region_name),
            port=int(model.port),
            tls=bool(model.transit_encryption_enabled),
            tokens=tuple(vars(model).get(TOKENS, ())),
            parameters=_cache_parameters(backend, model.cache_parameter_group_name),
            model=model,
        )
        for backend in _backends(elasticache_backends)
        for model in backend.replication_groups.values()
    ]


def snapshot_key(model: Any) -> str:
    """Return the key of one of moto's snapshots."""
    return _key("snapshot", model.db_snapshot_arn, model.created)


def _database(backend: Any, model: Any) -> Database:
    group = backend.db_parameter_groups.get(model.db_parameter_group_name or "")
    said = dict(group.parameters) if group else {}
    origin: Origin | None = vars(model).get(ORIGIN)
    return Database(
        key=str(model.dbi_resource_id),
        identifier=str(model.db_instance_identifier),
        region=str(backend.region_name),
        port=int(model.port),
        user=str(model.master_username),
        password=_password(model),
        name=str(model.db_name or ""),
        parameters={name: str(one.get("ParameterValue", "")) for name, one in said.items()},
        archives=int(model.backup_retention_period or 0) > 0,
        runs=model.status != "stopped",
        origin=origin,
        follows=origin is not None and origin.follows and bool(model.is_replica),
        model=model,
    )


def _password(model: Any) -> str:
    if not model.manage_master_user_password:
        return str(model._master_user_password)  # the public name is write-only
    secret = model.master_user_secret.secret
    return str(json.loads(secret.versions[secret.default_version_id]["secret_string"])["password"])


def _cache_parameters(backend: Any, name: str | None) -> dict[str, str]:
    group = vars(backend).get("tenantry_parameter_groups", {}).get((name or "").lower())
    return {key: str(value) for key, value in group["parameters"].items()} if group else {}


def _backends(services: Any) -> Iterator[Any]:
    """Yield the backends that exist already, in every account and region."""
    for account in list(services.values()):
        yield from list(account.values())


def _key(kind: str, arn: str, made: Any) -> str:
    return f"{kind}-{hashlib.sha256(f'{arn} {made}'.encode()).hexdigest()[:20]}"
