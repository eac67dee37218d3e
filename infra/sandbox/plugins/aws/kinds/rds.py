"""Database instances and what they need: groups of subnets and parameters, snapshots, and copies of backups."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.kinds.parameter_groups import ParameterGroup
from infra.sandbox.plugins.aws.kinds.rds_instance import INSTANCE, RDS_TAGS
from infra.sandbox.plugins.aws.kinds.subnet_groups import SubnetGroup
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_COPIED = (
    "sourceDbSnapshotIdentifier",
    "targetDbSnapshotIdentifier",
    "copyTags",
    "destinationRegion",
    "kmsKeyId",
    "optionGroupName",
    "presignedUrl",
    "targetCustomAvailabilityZone",
)
"""What a copy of a snapshot is told once."""


class Snapshot(Kind):
    """Its sharing is an attribute of its own."""

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Share it."""
        self._share(cloud, region, id, [], inputs.get("sharedAccounts") or [])

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Share it with others."""
        self._share(cloud, region, id, old.get("sharedAccounts") or [], new.get("sharedAccounts") or [])

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Add with whom it is shared."""
        client = cloud.client("rds", region)
        said = client.describe_db_snapshot_attributes(DBSnapshotIdentifier=id)["DBSnapshotAttributesResult"]
        shared = [
            account
            for attribute in said["DBSnapshotAttributes"]
            if attribute["AttributeName"] == "restore"
            for account in attribute["AttributeValues"]
        ]
        return {**super().told(cloud, region, id, answer), "sharedAccounts": shared}

    def _share(self, cloud: Cloud, region: str, id: str, old: list[str], new: list[str]) -> None:
        added, removed = sorted(set(new) - set(old)), sorted(set(old) - set(new))
        values = {name: said for name, said in (("ValuesToAdd", added), ("ValuesToRemove", removed)) if said}
        if values:
            client = cloud.client("rds", region)
            client.modify_db_snapshot_attribute(DBSnapshotIdentifier=id, AttributeName="restore", **values)


class SnapshotCopy(Snapshot):
    """A copy of a snapshot, which may be another region's; AWS says what it is a copy of, moto does not."""

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties; its own name is told as any snapshot's."""
        told = super().told(cloud, region, id, answer)
        told.pop("sourceDbSnapshotIdentifier", None)
        return {**told, "targetDbSnapshotIdentifier": id}


class BackupCopy(Kind):
    """A copy, in the resource's region, of an instance's automated backups in another; its id is the copy's ARN."""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Begin to copy; `preSignedUrl` is not needed, as boto3 signs the request to the source region itself."""
        made: dict[str, Any] = self.creating.make(
            cloud.client("rds", region),
            inputs,
            {
                parameter: inputs[name]
                for parameter, name in (("KmsKeyId", "kmsKeyId"), ("BackupRetentionPeriod", "retentionPeriod"))
                if inputs.get(name) is not None
            },
        )
        return str(made["DBInstanceAutomatedBackup"]["DBInstanceAutomatedBackupsArn"])


KINDS: tuple[Kind, ...] = (
    SubnetGroup(
        token="aws:rds/subnetGroup:SubnetGroup",
        noun="RDS DB Subnet Group",
        service="rds",
        schema="AWS::RDS::DBSubnetGroup",
        identifier="DBSubnetGroup.DBSubnetGroupName",
        creating=Call(method="create_db_subnet_group"),
        reading=Call(method="describe_db_subnet_groups", subject="DBSubnetGroupName", result="DBSubnetGroups[0]"),
        changing=(
            Call(
                method="modify_db_subnet_group",
                subject="DBSubnetGroupName",
                sends=frozenset({"description", "subnetIds"}),
            ),
        ),
        deleting=Call(method="delete_db_subnet_group", subject="DBSubnetGroupName"),
        tagging=RDS_TAGS,
        names={
            "name": "DBSubnetGroupName",
            "description": "DBSubnetGroupDescription",
            "arn": "DBSubnetGroupArn",
            "namePrefix": "",
        },
        schema_names={"name": "DBSubnetGroupName", "description": "DBSubnetGroupDescription"},
        unchecked={"namePrefix": "Terraform's own"},
        defaults={"description": "Managed by Pulumi"},
        automatic={"name": 255},
        replace=frozenset({"name"}),
        sets=frozenset({"subnetIds"}),
        same_place=frozenset({"name"}),
    ),
    ParameterGroup(
        token="aws:rds/parameterGroup:ParameterGroup",
        noun="RDS DB Parameter Group",
        service="rds",
        schema="AWS::RDS::DBParameterGroup",
        identifier="DBParameterGroup.DBParameterGroupName",
        creating=Call(method="create_db_parameter_group"),
        reading=Call(
            method="describe_db_parameter_groups", subject="DBParameterGroupName", result="DBParameterGroups[0]"
        ),
        deleting=Call(method="delete_db_parameter_group", subject="DBParameterGroupName"),
        tagging=RDS_TAGS,
        names={
            "name": "DBParameterGroupName",
            "family": "DBParameterGroupFamily",
            "arn": "DBParameterGroupArn",
            "namePrefix": "",
            "parameters": "",
        },
        schema_names={"name": "DBParameterGroupName"},
        unchecked={
            "namePrefix": "Terraform's own",
            "skipDestroy": "Terraform's own",
            "parameters": "a free map in the schema; engines have hundreds",
        },
        defaults={"description": "Managed by Pulumi"},
        automatic={"name": 255},
        replace=frozenset({"name"}),
        sets=frozenset({"parameters"}),
        same_place=frozenset({"name"}),
    ),
    INSTANCE,
    Snapshot(
        token="aws:rds/snapshot:Snapshot",
        noun="RDS DB Snapshot",
        service="rds",
        identifier="DBSnapshot.DBSnapshotIdentifier",
        creating=Call(method="create_db_snapshot"),
        reading=Call(method="describe_db_snapshots", subject="DBSnapshotIdentifier", result="DBSnapshots[0]"),
        deleting=Call(method="delete_db_snapshot", subject="DBSnapshotIdentifier"),
        tagging=replace(RDS_TAGS, by="dbSnapshotArn"),
        names={"sourceDbSnapshotIdentifier": "SourceDBSnapshotIdentifier"},
        replace=frozenset({"dbInstanceIdentifier", "dbSnapshotIdentifier"}),
        sets=frozenset({"sharedAccounts"}),
        unchecked=dict.fromkeys(
            ("dbInstanceIdentifier", "dbSnapshotIdentifier", "sharedAccounts"), "CloudFormation has no such type"
        ),
        same_place=frozenset({"dbSnapshotIdentifier"}),
    ),
    SnapshotCopy(
        token="aws:rds/snapshotCopy:SnapshotCopy",
        noun="RDS DB Snapshot Copy",
        service="rds",
        identifier="DBSnapshot.DBSnapshotIdentifier",
        creating=Call(method="copy_db_snapshot"),
        reading=Call(method="describe_db_snapshots", subject="DBSnapshotIdentifier", result="DBSnapshots[0]"),
        deleting=Call(method="delete_db_snapshot", subject="DBSnapshotIdentifier"),
        tagging=replace(RDS_TAGS, by="dbSnapshotArn"),
        names={
            "sourceDbSnapshotIdentifier": "SourceDBSnapshotIdentifier",
            "targetDbSnapshotIdentifier": "TargetDBSnapshotIdentifier",
            "destinationRegion": "",
        },
        replace=frozenset(_COPIED),
        computed=frozenset({"kmsKeyId", "optionGroupName"}),
        sets=frozenset({"sharedAccounts"}),
        secret=frozenset({"presignedUrl"}),
        write_only=frozenset({"presignedUrl"}),
        unchecked=dict.fromkeys((*_COPIED, "sharedAccounts"), "CloudFormation has no such type"),
        same_place=frozenset({"targetDbSnapshotIdentifier"}),
    ),
    BackupCopy(
        token="aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
        noun="RDS instance automated backups replication",
        service="rds",
        identifier="DBInstanceAutomatedBackup.DBInstanceAutomatedBackupsArn",
        creating=Call(
            method="start_db_instance_automated_backups_replication",
            subject="SourceDBInstanceArn",
            by="sourceDbInstanceArn",
        ),
        reading=Call(
            method="describe_db_instance_automated_backups",
            subject="DBInstanceAutomatedBackupsArn",
            result="DBInstanceAutomatedBackups[0]",
        ),
        deleting=Call(
            method="stop_db_instance_automated_backups_replication",
            subject="SourceDBInstanceArn",
            by="sourceDbInstanceArn",
        ),
        names={"sourceDbInstanceArn": "DBInstanceArn", "retentionPeriod": "BackupRetentionPeriod", "preSignedUrl": ""},
        replace=frozenset({"sourceDbInstanceArn", "kmsKeyId", "retentionPeriod", "preSignedUrl"}),
        defaults={"retentionPeriod": 7},
        secret=frozenset({"preSignedUrl"}),
        write_only=frozenset({"preSignedUrl"}),
        unchecked=dict.fromkeys(
            ("sourceDbInstanceArn", "kmsKeyId", "retentionPeriod", "preSignedUrl"), "CloudFormation has no such type"
        ),
        same_place=frozenset({"sourceDbInstanceArn"}),
    ),
)
