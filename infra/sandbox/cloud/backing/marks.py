"""What the servers behind need to know and moto forgets, noted on moto's objects: origins and auth tokens.

Part of moto's handlers, so that the journal's replay notes the same. Refuses what no server stands behind.
"""

import datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.elasticache import urls as elasticache_urls
from moto.elasticache.exceptions import ElastiCacheException
from moto.rds import urls as rds_urls
from moto.rds.exceptions import RDSClientError
from moto.rds.models import DBInstance, rds_backends

from infra.sandbox.cloud.additions import elasticache, rds
from infra.sandbox.cloud.additions.rds_backups import DELETED
from infra.sandbox.cloud.backing import versions
from infra.sandbox.cloud.backing.wanted import ORIGIN, TOKENS, Origin, snapshot_key

ADDRESS = "tenantry_address"
"""The attribute of a database instance with the address of its server."""

CREATING = "creating"


class _Life:
    """Whether requests come from clients; in a replay nothing is shown as being created."""

    begun = False


class Databases(rds.Additions):
    """RDS with notes on what instances and snapshots are made of."""

    def create_db_instance(self) -> ActionResult:
        """As before, for PostgreSQL only."""
        engine = self.params.get("Engine")
        if engine != "postgres":
            what = f"The sandbox runs no {engine}: only Engine postgres is available here."
            raise RDSClientError("InvalidParameterValue", what)
        self.params["EngineVersion"] = versions.of_database(self.params.get("EngineVersion"))
        return self._begun(super().create_db_instance(), None)

    def modify_db_instance(self) -> ActionResult:
        """As before; a version that is stated in part is the one that is built."""
        if self.params.get("EngineVersion"):
            self.params["EngineVersion"] = versions.of_database(self.params["EngineVersion"])
        return super().modify_db_instance()

    def describe_db_engine_versions(self) -> ActionResult:
        """Tell of the one that is built."""
        built = versions.postgresql()
        stated, engine = self.params.get("EngineVersion") or built, self.params.get("Engine") or "postgres"
        told = {
            "Engine": "postgres",
            "EngineVersion": built,
            "MajorEngineVersion": versions.major(built),
            "DBParameterGroupFamily": f"postgres{versions.major(built)}",
            "DBEngineDescription": "PostgreSQL",
            "Status": "available",
        }
        is_it = engine == "postgres" and f"{built}.".startswith(f"{stated}.")
        return ActionResult({"DBEngineVersions": [told] if is_it else []})

    def create_db_instance_read_replica(self) -> ActionResult:
        """As before, noting whom it follows; in the region of its source only."""
        source = str(self.params["SourceDBInstanceIdentifier"])
        if ":" in source:
            what = "The sandbox runs replicas in the region of their source only: name it by its identifier."
            raise RDSClientError("InvalidParameterCombination", what)
        answer = super().create_db_instance_read_replica()
        return self._begun(answer, Origin(database=self.backend.databases[source].dbi_resource_id, follows=True))

    def create_db_cluster(self) -> ActionResult:
        """Refuse it."""
        what = f"The sandbox runs no clusters of {self.params.get('Engine')}: create an instance of postgres."
        raise RDSClientError("InvalidParameterValue", what)

    def restore_db_instance_from_db_snapshot(self) -> ActionResult:
        """As before, noting the snapshot."""
        answer = super().restore_db_instance_from_db_snapshot()
        return self._begun(answer, Origin(snapshot=self._key(self.params["DBSnapshotIdentifier"])))

    def restore_db_instance_to_point_in_time(self) -> ActionResult:
        """As before, noting source and moment; refuses a moment that is not in the source's life."""
        source, moment = self.source(), _moment(self.params.get("RestoreTime"))
        if not int(source.backup_retention_period or 0):
            raise RDSClientError("InvalidDBInstanceState", "Automated backups of the source are not enabled.")
        last = vars(source).get(DELETED) or utcnow()
        if moment is not None and not source.created <= moment.replace(tzinfo=None) <= last:
            what = f"The specified time {moment.isoformat()} is not in the restorable period of the source."
            raise RDSClientError("InvalidParameterValue", what)
        answer = super().restore_db_instance_to_point_in_time()
        return self._begun(answer, Origin(database=source.dbi_resource_id, moment=moment))

    def copy_db_snapshot(self) -> ActionResult:
        """As before, noting the source."""
        origin = Origin(snapshot=self._key(self.params["SourceDBSnapshotIdentifier"]))
        answer = super().copy_db_snapshot()
        made = self.backend.get_db_snapshot(self.params["TargetDBSnapshotIdentifier"])
        made.dbi_resource_id = made.database.dbi_resource_id
        vars(made)[ORIGIN] = origin
        return answer

    def _key(self, snapshot: str) -> str:
        """Return the key of a snapshot by its name or its ARN, which may be another region's."""
        arn, _, name = snapshot.rpartition(":snapshot:")
        backend = rds_backends[self.current_account][arn.split(":")[3]] if arn else self.backend
        found = backend.database_snapshots.get(name)
        return snapshot_key(found) if found is not None else ""

    def _begun(self, answer: ActionResult, origin: Origin | None) -> ActionResult:
        made: Any = answer.result["DBInstance"]  # type: ignore[index]  # moto's result is any object
        vars(made)[ORIGIN] = origin
        if not made.option_group_supplied:
            made.option_group_name = f"default:postgres-{versions.major(made.engine_version)}"
        if _Life.begun:
            made.status = CREATING
        return answer


class Caches(elasticache.Additions):
    """ElastiCache with notes on tokens."""

    def create_cache_cluster(self) -> ActionResult:
        """Refuse it."""
        what = f"The sandbox runs no single nodes of {self.params.get('Engine')}: create a replication group."
        raise ElastiCacheException("InvalidParameterValue", what)

    def create_replication_group(self) -> ActionResult:
        """As before, for Redis and Valkey in one shard."""
        said = self.params
        engine = str(said.get("Engine") or "redis")
        if engine not in {"redis", "valkey"}:
            what = f"The sandbox runs no {engine}: only Engine redis or valkey is available here."
            raise ElastiCacheException("InvalidParameterValue", what)
        if int(said.get("NumNodeGroups") or 1) > 1 or said.get("ClusterMode") == "enabled":
            what = "The sandbox runs no cluster mode: ask for one node group."
            raise ElastiCacheException("InvalidParameterCombination", what)
        if not said.get("EngineVersion"):
            said["EngineVersion"] = versions.newest_cache(engine)
        answer = super().create_replication_group()
        group = self._group()
        vars(group)[TOKENS] = [said["AuthToken"]] if said.get("AuthToken") else []
        if _Life.begun:
            group.status = CREATING
        return answer

    def modify_replication_group(self) -> ActionResult:
        """As before, with the token set, rotated or deleted."""
        answer = super().modify_replication_group()
        token, strategy = self.params.get("AuthToken"), self.params.get("AuthTokenUpdateStrategy") or "ROTATE"
        group = self._group()
        if strategy == "DELETE":
            vars(group)[TOKENS] = []
            group.auth_token_enabled = False
        elif token:
            before = vars(group).get(TOKENS, [])[-1:] if strategy == "ROTATE" else []
            vars(group)[TOKENS] = [*(kept for kept in before if kept != token), token]
        return answer

    def describe_cache_engine_versions(self) -> ActionResult:
        """Tell of the newest ones that the sandbox stands for."""
        asked = self.params.get("Engine")
        told = [
            {"Engine": engine, "EngineVersion": versions.newest_cache(engine), "CacheEngineDescription": engine}
            for engine in ("redis", "valkey")
            if asked in (None, engine)
        ]
        return ActionResult({"CacheEngineVersions": told})

    def _group(self) -> Any:
        return self.elasticache_backend.replication_groups[self.params["ReplicationGroupId"]]


def install() -> None:
    """Let moto answer with the notes; once a process, after the additions and before the first request."""
    rds_urls.url_paths.update(dict.fromkeys(rds_urls.url_paths, Databases.dispatch))
    elasticache_urls.url_paths.update(dict.fromkeys(elasticache_urls.url_paths, Caches.dispatch))
    named = DBInstance.address.fget  # type: ignore[attr-defined]  # a property
    DBInstance.address = property(lambda self: vars(self).get(ADDRESS) or named(self))  # type: ignore[assignment,method-assign]
    DBInstance.endpoint = property(_endpoint)  # type: ignore[assignment,method-assign]


def begin() -> None:
    """Show from now on what is created as `creating`, until its server runs."""
    _Life.begun = True


def _endpoint(instance: Any) -> dict[str, Any] | None:
    return None if instance.status == CREATING else {"Address": instance.address, "Port": instance.port}


def _moment(said: Any) -> datetime.datetime | None:
    if not said:
        return None
    moment = said if isinstance(said, datetime.datetime) else datetime.datetime.fromisoformat(str(said))
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
