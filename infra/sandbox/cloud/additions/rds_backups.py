"""Automated backups of RDS beyond moto: those that outlive their instance, copies in other regions, and what to restore
from.

What moto gets wrong: it tells of backups by the instance's name only, so that two of one name are taken for one, and
deletes both. Simplified: a retained backup does not expire, and of each name only that of the last instance is kept.
"""

import hashlib
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.rds.exceptions import DBInstanceNotFoundError, RDSClientError
from moto.rds.models import DBInstance, rds_backends
from moto.rds.responses import RDSResponse

DELETED = "tenantry_deleted"
"""The attribute of a database instance with the moment (UTC, without zone) when it was deleted."""

_COPIES = "tenantry_replicated_backups"
_GONE = "tenantry_deleted_instances"
_RETAINED = "tenantry_retains_backups"
_DAYS = 7  # the API's default of BackupRetentionPeriod


class Backups(RDSResponse):
    """moto's RDS with automated backups of each instance's own."""

    def delete_db_instance(self) -> ActionResult:
        """As moto, but of the automated backups only its own are deleted, and none if they are to be retained."""
        deleted = self.backend.databases.get(self.params["DBInstanceIdentifier"])
        kept = {
            key: snapshot
            for key, snapshot in self.backend.database_snapshots.items()
            if deleted is not None and snapshot.dbi_resource_id != deleted.dbi_resource_id
        }
        answer = super().delete_db_instance()
        assert deleted is not None
        self.backend.database_snapshots.update(kept)
        vars(deleted)[DELETED] = utcnow()
        retained = self.params.get("DeleteAutomatedBackups") is False and int(deleted.backup_retention_period or 0)
        if retained:
            for former in _gone(self.backend).values():
                if former.db_instance_identifier == deleted.db_instance_identifier:
                    self._forget(former)
        vars(deleted)[_RETAINED] = bool(retained)
        _gone(self.backend)[deleted.dbi_resource_id] = deleted
        return answer

    def describe_db_instance_automated_backups(self) -> ActionResult:
        """Tell of the region's own, one for each instance, and of copies from other regions."""
        said = self.params
        arn, rid = said.get("DBInstanceAutomatedBackupsArn"), said.get("DbiResourceId")
        name = said.get("DBInstanceIdentifier")
        every = [*(self._told(model) for model in self._backed_up_here()), *_copies(self.backend).values()]
        found = [
            one
            for one in every
            if arn in (None, one["DBInstanceAutomatedBackupsArn"])
            and rid in (None, one["DbiResourceId"])
            and name in (None, one["DBInstanceIdentifier"])
        ]
        if arn and not found:
            raise RDSClientError("DBInstanceAutomatedBackupNotFound", f"Automated backup {arn} not found.")
        return ActionResult({"DBInstanceAutomatedBackups": found})

    def delete_db_instance_automated_backup(self) -> ActionResult:
        """Forget the backups of a deleted instance."""
        arn, rid = self.params.get("DBInstanceAutomatedBackupsArn"), self.params.get("DbiResourceId")
        for model in self._backed_up_here():
            told = self._told(model)
            if arn == told["DBInstanceAutomatedBackupsArn"] or rid == told["DbiResourceId"]:
                if told["Status"] == "active":
                    what = "The automated backups of an instance that exists cannot be deleted."
                    raise RDSClientError("InvalidDBInstanceAutomatedBackupState", what)
                self._forget(model)
                return ActionResult({"DBInstanceAutomatedBackup": told})
        raise RDSClientError("DBInstanceAutomatedBackupNotFound", f"Automated backup {arn or rid} not found.")

    def start_db_instance_automated_backups_replication(self) -> ActionResult:
        """Keep a copy of another region's backups in this one."""
        source = self.params["SourceDBInstanceArn"]
        instance = _instance(self.current_account, source)
        if instance is None:
            raise RDSClientError("DBInstanceNotFound", f"DBInstance {source} not found.")
        if instance.region == self.region:
            raise RDSClientError("InvalidParameterValue", "The source must be in another region.")
        if not int(instance.backup_retention_period):
            raise RDSClientError("InvalidDBInstanceState", "Automated backups of the source are not enabled.")
        if instance.storage_encrypted and not self.params.get("KmsKeyId"):
            raise RDSClientError("InvalidParameterValue", "KmsKeyId is required for an encrypted source.")
        kept = _copies(self.backend)
        if source in kept:
            raise RDSClientError("InvalidDBInstanceAutomatedBackupState", f"{source} is replicated already.")
        kept[source] = self._copy(instance)
        return ActionResult({"DBInstanceAutomatedBackup": kept[source]})

    def stop_db_instance_automated_backups_replication(self) -> ActionResult:
        """Keep no copy any more."""
        source = self.params["SourceDBInstanceArn"]
        if source not in _copies(self.backend):
            raise RDSClientError("DBInstanceNotFound", f"No automated backups of {source} are replicated here.")
        return ActionResult({"DBInstanceAutomatedBackup": _copies(self.backend).pop(source)})

    def source(self) -> Any:
        """Return the instance, which may be gone, that the request restores from; refuses one without backups."""
        arn, rid = self.params.get("SourceDBInstanceAutomatedBackupsArn"), self.params.get("SourceDbiResourceId")
        if arn:
            return self._backed_up(arn)
        if rid:
            found = [model for model in self._backed_up_here() if model.dbi_resource_id == rid]
            if not found:
                raise RDSClientError("DBInstanceAutomatedBackupNotFound", f"Automated backup of {rid} not found.")
            return found[0]
        name = str(self.params.get("SourceDBInstanceIdentifier") or "").lower()
        if name not in self.backend.databases:
            raise DBInstanceNotFoundError(name)
        return self.backend.databases[name]

    def _backed_up_here(self) -> list[Any]:
        """Return the instances of this region that have automated backups, and those that had."""
        gone = [one for one in _gone(self.backend).values() if vars(one)[_RETAINED]]
        return [*(one for one in self.backend.databases.values() if int(one.backup_retention_period or 0)), *gone]

    def _backed_up(self, arn: str) -> Any:
        for kept in _copies(self.backend).values():
            if kept["DBInstanceAutomatedBackupsArn"] == arn:
                away = rds_backends[self.current_account][kept["Region"]]
                every = [*away.databases.values(), *_gone(away).values()]
                return next(one for one in every if one.dbi_resource_id == kept["DbiResourceId"])
        for model in self._backed_up_here():
            if self._backups_arn(model) == arn:
                return model
        raise RDSClientError("DBInstanceAutomatedBackupNotFound", f"Automated backup {arn} not found.")

    def _forget(self, model: Any) -> None:
        vars(model)[_RETAINED] = False
        snapshots = self.backend.database_snapshots
        for key, one in list(snapshots.items()):
            if one.snapshot_type == "automated" and one.dbi_resource_id == model.dbi_resource_id:
                del snapshots[key]

    def _told(self, model: Any) -> dict[str, Any]:
        deleted = vars(model).get(DELETED)
        return {
            **_facts(model),
            "Status": "retained" if deleted else "active",
            "KmsKeyId": model.kms_key_id,
            "BackupRetentionPeriod": int(model.backup_retention_period),
            "RestoreWindow": {"EarliestTime": model.created, "LatestTime": deleted or utcnow()},
            "DBInstanceAutomatedBackupsArn": self._backups_arn(model),
        }

    def _copy(self, instance: Any) -> dict[str, Any]:
        said = self.params
        return {
            **_facts(instance),
            "Status": "replicating",
            "KmsKeyId": said.get("KmsKeyId"),
            "BackupRetentionPeriod": said.get("BackupRetentionPeriod") or _DAYS,
            "DBInstanceAutomatedBackupsArn": self._backups_arn(instance),
        }

    def _backups_arn(self, instance: Any) -> str:
        digest = hashlib.sha256(f"{instance.dbi_resource_id} {self.region}".encode()).hexdigest()[:26]
        return f"arn:aws:rds:{self.region}:{self.current_account}:auto-backup:ab-{digest}"


def retained(account: str) -> set[str]:
    """Return the resource ids of deleted instances whose backups are still needed, in whatever region."""
    backends = list(rds_backends[account].values())
    kept = {rid for backend in backends for rid, one in _gone(backend).items() if vars(one)[_RETAINED]}
    alive = {one.dbi_resource_id for backend in backends for one in backend.databases.values()}
    copied = {one["DbiResourceId"] for backend in backends for one in _copies(backend).values()}
    return kept | (copied - alive)


def install() -> None:
    """Let moto take more than one first backup of a name in a minute."""
    DBInstance.save_automated_backup = _save_automated_backup  # type: ignore[method-assign]  # what an addition is


def _save_automated_backup(self: Any) -> None:
    taken = self.backend.database_snapshots
    base = f"rds:{self.db_instance_identifier}-{utcnow().strftime('%Y-%m-%d-%H-%M')}"
    names = (base, *(f"{base}-{number}" for number in range(2, len(taken) + 3)))
    self.backend.create_auto_snapshot(self.db_instance_identifier, next(name for name in names if name not in taken))


def _facts(instance: Any) -> dict[str, Any]:
    return {
        "DBInstanceArn": instance.db_instance_arn,
        "DbiResourceId": instance.dbi_resource_id,
        "Region": instance.region,
        "DBInstanceIdentifier": instance.db_instance_identifier,
        "Engine": instance.engine,
        "EngineVersion": instance.engine_version,
        "Encrypted": bool(instance.storage_encrypted),
    }


def _copies(backend: Any) -> dict[str, Any]:
    """Return the copies in a region by the ARN of their instance."""
    kept: dict[str, Any] = vars(backend).setdefault(_COPIES, {})
    return kept


def _gone(backend: Any) -> dict[str, Any]:
    """Return the deleted instances of a region by their resource ids."""
    kept: dict[str, Any] = vars(backend).setdefault(_GONE, {})
    return kept


def _instance(account: str, arn: str) -> Any:
    region, name = arn.split(":")[3], arn.rpartition(":")[2]
    return rds_backends[account][region].databases.get(name)
