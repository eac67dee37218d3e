"""RDS beyond moto: restoring from automated backups (in `rds_backups`), parameters reset to their defaults, resource
ids of each instance's own, and refusals where something is in use or exists already.

What moto gets wrong: it forgets a subnet group that was modified, and gives every instance the same resource id.
"""

import copy
import hashlib
from typing import Any

from moto.core.responses import ActionResult
from moto.rds import urls
from moto.rds.exceptions import DBInstanceNotFoundError, RDSClientError

from infra.sandbox.cloud.additions import rds_backups, references

_ZONES = 2  # the coverage that RDS asks for
_NOT_INHERITED = ("backend", "db_subnet_group", "max_allocated_storage", "read_replica_source_db_instance_identifier")

_REPLICAS_OWN = {"backup_retention_period": 0, "deletion_protection": False, "multi_az": False, "tags": None}


class Additions(rds_backups.Backups):
    """moto's RDS with the rest."""

    def create_db_instance(self) -> ActionResult:
        """As moto, with a resource id of its own, unless a security group or a key does not exist."""
        self._insist_on_references()
        return self._identified(super().create_db_instance())

    def modify_db_instance(self) -> ActionResult:
        """As moto, unless a security group does not exist."""
        self._insist_on_references()
        return super().modify_db_instance()

    def restore_db_instance_from_db_snapshot(self) -> ActionResult:
        """As moto, with a resource id of its own."""
        self._insist_on_references()
        return self._identified(super().restore_db_instance_from_db_snapshot())

    def restore_db_instance_to_point_in_time(self) -> ActionResult:
        """As moto, and from automated backups, those of a deleted instance and of another region included."""
        self._insist_on_references()
        kwargs = self._inheriting(self.source())
        kwargs["db_instance_identifier"] = self.params["TargetDBInstanceIdentifier"]
        return self._identified(ActionResult({"DBInstance": self.backend.create_db_instance(kwargs)}))

    def create_db_instance_read_replica(self) -> ActionResult:
        """An instance of its own that follows another; moto makes one with everything of the other's, its ARN too."""
        self._insist_on_references()
        identifier = str(self.params["SourceDBInstanceIdentifier"])
        source = self.backend.databases.get(identifier)
        if source is None:
            raise DBInstanceNotFoundError(identifier)
        if not int(source.backup_retention_period or 0):
            raise RDSClientError("InvalidDBInstanceState", "Automated backups of the source are not enabled.")
        said = self._inheriting(source, **_REPLICAS_OWN)
        said["source_db_instance_identifier"] = identifier
        replica = self.backend.create_db_instance(said)
        replica.set_as_replica()
        source.add_replica(replica)
        return self._identified(ActionResult({"DBInstance": replica}))

    def delete_db_instance(self) -> ActionResult:
        """As moto, but not without a word on the last snapshot."""
        if not self.params.get("SkipFinalSnapshot") and not self.params.get("FinalDBSnapshotIdentifier"):
            what = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
            raise RDSClientError("InvalidParameterCombination", what)
        answer = super().delete_db_instance()
        for replica in self.backend.databases.values():
            if replica.is_replica and replica.source_db_instance_identifier == self.params["DBInstanceIdentifier"]:
                replica.is_replica, replica.source_db_instance_identifier = False, None  # RDS promotes it
        return answer

    def create_db_subnet_group(self) -> ActionResult:
        """As moto, but once and in two zones."""
        name = self.params["DBSubnetGroupName"]
        if name in self.backend.subnet_groups:
            raise RDSClientError("DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists.")
        self._insist_on_zones()
        return super().create_db_subnet_group()

    def modify_db_subnet_group(self) -> ActionResult:
        """As moto, which then forgets the group."""
        name = self.params["DBSubnetGroupName"]
        self._insist_on_zones()
        group = self.backend.subnet_groups.get(name)
        answer = super().modify_db_subnet_group()
        if group is not None:
            self.backend.subnet_groups[name] = group
        return answer

    def delete_db_subnet_group(self) -> ActionResult:
        """As moto, unless an instance is in it."""
        name = str(self.params["DBSubnetGroupName"]).lower()
        self._insist_unused(
            "InvalidDBSubnetGroupStateFault",
            f"Cannot delete the subnet group '{name}' because at least one database instance: {{}} is still using it.",
            lambda instance: getattr(getattr(instance, "db_subnet_group", None), "name", None) == name,
        )
        return super().delete_db_subnet_group()

    def delete_db_parameter_group(self) -> ActionResult:
        """As moto, unless an instance uses it."""
        name = str(self.params["DBParameterGroupName"])
        self._insist_unused(
            "InvalidDBParameterGroupState",
            "One or more database instances are still members of this parameter group: {}.",
            lambda instance: instance.db_parameter_group_name == name,
        )
        return super().delete_db_parameter_group()

    def reset_db_parameter_group(self) -> ActionResult:
        """Give parameters their engine's values again."""
        name = self.params["DBParameterGroupName"]
        group = self.backend.db_parameter_groups.get(name)
        if group is None:
            raise RDSClientError("DBParameterGroupNotFound", f"DBParameterGroup not found: {name}")
        named = [said.original_dict()["ParameterName"] for said in self.params.get("Parameters") or []]
        for parameter in list(group.parameters) if self.params.get("ResetAllParameters") else named:
            group.parameters.pop(parameter, None)
        return ActionResult({"DBParameterGroupName": name})

    def _inheriting(self, source: Any, **instead: Any) -> dict[str, Any]:
        """Return what a new instance is that is like another, but for what the request says."""
        said = {key.removeprefix("_"): copy.copy(value) for key, value in vars(source).items()}
        said = {key: value for key, value in said.items() if key not in _NOT_INHERITED}
        if not source.option_group_supplied:
            said.pop("option_group_name", None)
        said["db_name"] = source.db_name
        return {**said, **instead, **{key: value for key, value in self.params.items() if value}}

    def _identified(self, answer: ActionResult) -> ActionResult:
        """Give a new instance its resource id, which follows from what the region made so far."""
        instance: Any = answer.result["DBInstance"]  # type: ignore[index]  # moto's result is any object
        made = vars(self.backend).setdefault("tenantry_instances", [])
        made.append(instance.db_instance_identifier)
        digest = hashlib.sha256(f"{instance.db_instance_arn} {len(made)}".encode()).hexdigest().upper()
        instance.dbi_resource_id = f"db-{digest[:26]}"
        for snapshot in self.backend.database_snapshots.values():
            # moto takes its first backup before the instance has its resource id
            its = snapshot.db_instance_identifier == instance.db_instance_identifier
            if its and snapshot.snapshot_type == "automated" and snapshot.database.created == instance.created:
                snapshot.dbi_resource_id = snapshot.database.dbi_resource_id = instance.dbi_resource_id
        return answer

    def _insist_on_references(self) -> None:
        for identity in self.params.get("VpcSecurityGroupIds") or []:
            if references.security_group(self.current_account, self.region, identity) is None:
                what = f"Invalid security group, groupId= {identity}, groupName=."
                raise RDSClientError("InvalidParameterValue", what)
        key = self.params.get("KmsKeyId")
        if key and not references.has_key(self.current_account, self.region, key):
            what = f"KMS key {key} does not exist, is not enabled, or you do not have permission to access it."
            raise RDSClientError("KMSKeyNotAccessibleFault", what)

    def _insist_on_zones(self) -> None:
        found = [references.subnet(self.current_account, self.region, one) for one in self.params["SubnetIds"]]
        if None not in found and len({subnet.availability_zone for subnet in found}) < _ZONES:
            what = "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement: it needs 2 AZs."
            raise RDSClientError("DBSubnetGroupDoesNotCoverEnoughAZs", what)

    def _insist_unused(self, code: str, message: str, uses: Any) -> None:
        users = [instance.db_instance_identifier for instance in self.backend.databases.values() if uses(instance)]
        if users:
            raise RDSClientError(code, message.format(", ".join(users)))


def install() -> None:
    """Let moto's RDS answer with the additions."""
    rds_backups.install()
    urls.url_paths.update(dict.fromkeys(urls.url_paths, Additions.dispatch))
