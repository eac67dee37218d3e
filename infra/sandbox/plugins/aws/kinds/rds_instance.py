"""Database instances: new, from a snapshot, from a point in time, or a replica. Servers are the cloud's affair.

Two simplifications: changes are applied at once, whatever `applyImmediately` says, and `hostedZoneId` is a made-up one.
The calls that make and delete an instance are in `Instance.create` and `Instance.delete` alone.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.kinds import engine_versions
from infra.sandbox.plugins.aws.kinds.rds_names import (
    CONTRADICTING,
    DEFAULTS,
    NAMES,
    SCHEMA_NAMES,
    SENT_ON_CHANGE,
    TOLD,
    UNCHECKED,
)
from infra.sandbox.plugins.aws.tagging import Tagging
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

RDS_TAGS = Tagging(
    listing="list_tags_for_resource",
    found="TagList",
    tag="add_tags_to_resource",
    untag="remove_tags_from_resource",
    subject="ResourceName",
)
"""RDS's way of tagging, by ARN."""

_RESOURCE_ID = re.compile(r"db-[A-Z0-9]{26}")
_PASSWORD = {"minimum": 8, "maximum": 128, "pattern": "^[ !#-.0-?A-~]*$"}  # printable ASCII without / " and @
_LONGEST_IDENTIFIER = 63
_ZONE = "Z0SIMULATEDRDS"

_FROM_SNAPSHOT = Call(method="restore_db_instance_from_db_snapshot")
_FROM_TIME = Call(method="restore_db_instance_to_point_in_time")
_REPLICA = Call(method="create_db_instance_read_replica")


class Instance(Kind):
    """Its id is AWS's resource id, which stays when the identifier changes; an import takes the identifier too."""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it from whatever it is to come from."""
        maker, told = self._maker(inputs)
        return Kind.create(maker, cloud, region, told, tags)

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Give what comes from elsewhere the password and the rest that only a new instance takes at once."""
        maker, told = self._maker(inputs)
        Kind.settle(maker, cloud, region, id, {**told, "identifier": inputs["identifier"]})

    def read(self, cloud: Cloud, region: str, id: str, known: Properties) -> dict[str, Value] | None:
        """Look for it by its resource id, or by the identifier that an import gives.

        A version that the program states in part, as `17`, is what AWS made of it.
        """
        by_id = bool(_RESOURCE_ID.fullmatch(id))
        filters = {"Filters": [{"Name": "dbi-resource-id" if by_id else "db-instance-id", "Values": [id]}]}
        finder = replace(self, reading=replace(self.reading, subject="", constants=filters))
        found = Kind.read(finder, cloud, region, id, known)
        stated = str(known.get("engineVersion") or "")
        if found is not None and stated and f"{found['engineVersionActual']}.".startswith(f"{stated}."):
            found["engineVersion"] = stated
        return found

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties; AWS tells many of them in other shapes than it takes them."""
        told = super().told(cloud, region, id, answer)
        endpoint = answer.get("Endpoint") or {}
        groups = answer.get("VpcSecurityGroups", [])
        told |= {name: answer[key] for name, key in TOLD.items() if key in answer}
        told |= {
            "address": endpoint.get("Address"),
            "port": endpoint.get("Port"),
            "endpoint": f"{endpoint.get('Address')}:{endpoint.get('Port')}",
            "hostedZoneId": _ZONE,
            "engineVersionActual": answer["EngineVersion"],
            "vpcSecurityGroupIds": [group["VpcSecurityGroupId"] for group in groups],
            "dbSubnetGroupName": (answer.get("DBSubnetGroup") or {}).get("DBSubnetGroupName"),
            "parameterGroupName": _first(answer, "DBParameterGroups", "DBParameterGroupName"),
            "optionGroupName": _first(answer, "OptionGroupMemberships", "OptionGroupName"),
        }
        return told

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Change it at once; a new identifier comes last, since the others name it by the old one."""
        named = {**new, "identifier": old["identifier"]}
        super().update(cloud, region, id, old, named)
        logs = [set(said.get("enabledCloudwatchLogsExports") or []) for said in (old, new)]
        changes: dict[str, Any] = {}
        if logs[0] != logs[1]:
            wanted = {"EnableLogTypes": sorted(logs[1] - logs[0]), "DisableLogTypes": sorted(logs[0] - logs[1])}
            changes["CloudwatchLogsExportConfiguration"] = {name: said for name, said in wanted.items() if said}
        if new["identifier"] != old["identifier"]:
            changes["NewDBInstanceIdentifier"] = new["identifier"]
        if changes:
            client = cloud.client(self.service, region)
            identifier = old["identifier"]
            client.modify_db_instance(DBInstanceIdentifier=identifier, ApplyImmediately=True, **changes)

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it, after a last snapshot unless the program does without."""
        snapshot = known.get("finalSnapshotIdentifier")
        last = {"FinalDBSnapshotIdentifier": snapshot} if snapshot and not known.get("skipFinalSnapshot") else {}
        said = {
            "SkipFinalSnapshot": bool(known.get("skipFinalSnapshot")),
            "DeleteAutomatedBackups": known.get("deleteAutomatedBackups") is not False,
            **last,
        }
        Kind.delete(replace(self, deleting=replace(self.deleting, constants=said)), cloud, region, id, known)

    def lasting_id(self, id: str, properties: Properties) -> str:
        """Return its resource id."""
        return str(properties["resourceId"])

    def unavailable(self, cloud: Cloud, region: str, inputs: Properties) -> list[tuple[str, str]]:
        """Return whether the cloud lacks the engine's version."""
        return engine_versions.of_database(cloud.client(self.service, region), inputs)

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what RDS refuses whatever there is."""
        found = [(name, reason) for name, reason, wrong in CONTRADICTING if wrong(inputs)]
        elsewhere = ("snapshotIdentifier", "restoreToPointInTime", "replicateSourceDb")
        if not any(inputs.get(name) for name in elsewhere):
            needed = ("engine", "username", "allocatedStorage")
            reason = "is required for an instance that is made of nothing"
            found += [(name, reason) for name in needed if name not in inputs]
        return found

    def _maker(self, inputs: Properties) -> tuple[Kind, Properties]:
        """Return the kind with the call that makes it, and what that call is told."""
        if inputs.get("replicateSourceDb"):
            return replace(self, creating=_REPLICA), inputs
        if inputs.get("snapshotIdentifier"):
            return replace(self, creating=_FROM_SNAPSHOT), inputs
        source = inputs.get("restoreToPointInTime")
        if not source:
            return self, inputs
        names = {**self.names, "identifier": "TargetDBInstanceIdentifier"}
        told = {name: value for name, value in inputs.items() if name != "restoreToPointInTime"}
        return replace(self, creating=_FROM_TIME, names=names), {**told, **source}


def _first(answer: Answer, listed: str, name: str) -> Value:
    return next((item[name] for item in answer.get(listed, [])), None)


INSTANCE = Instance(
    token="aws:rds/instance:Instance",
    noun="RDS DB Instance",
    service="rds",
    schema="AWS::RDS::DBInstance",
    identifier="DBInstance.DbiResourceId",
    creating=Call(method="create_db_instance"),
    reading=Call(method="describe_db_instances", result="DBInstances[0]"),
    changing=(
        Call(
            method="modify_db_instance",
            subject="DBInstanceIdentifier",
            by="identifier",
            constants={"ApplyImmediately": True},
            sends=SENT_ON_CHANGE,
        ),
    ),
    deleting=Call(method="delete_db_instance", subject="DBInstanceIdentifier", by="identifier"),
    tagging=RDS_TAGS,
    names=NAMES,
    schema_names=SCHEMA_NAMES,
    unchecked=UNCHECKED,
    defaults=DEFAULTS,
    automatic={"identifier": _LONGEST_IDENTIFIER},
    replace=frozenset(
        {
            "availabilityZone",
            "engine",
            "snapshotIdentifier",
            "restoreToPointInTime",
            "s3Import",
            "username",
        }
    ),
    in_place=frozenset({"dbSubnetGroupName", "identifier"}),
    secret=frozenset({"password", "passwordWo"}),
    sets=frozenset({"vpcSecurityGroupIds", "enabledCloudwatchLogsExports", "domainDnsIps"}),
    computed=frozenset(
        {
            "allocatedStorage",
            "availabilityZone",
            "backupRetentionPeriod",
            "backupWindow",
            "caCertIdentifier",
            "dbSubnetGroupName",
            "engine",
            "engineVersion",
            "iops",
            "kmsKeyId",
            "licenseModel",
            "maintenanceWindow",
            "multiAz",
            "networkType",
            "optionGroupName",
            "parameterGroupName",
            "performanceInsightsKmsKeyId",
            "performanceInsightsRetentionPeriod",
            "port",
            "storageThroughput",
            "storageType",
            "username",
            "vpcSecurityGroupIds",
        }
    ),
    overruled=frozenset({"kmsKeyId"}),  # what comes from a backup or a snapshot keeps its key
    limits={  # as the API reference of CreateDBInstance says
        "backupRetentionPeriod": {"minimum": 0, "maximum": 35},
        "monitoringInterval": {"choices": (0, 1, 5, 10, 15, 30, 60)},
        "password": _PASSWORD,
        "passwordWo": _PASSWORD,
        "port": {"minimum": 1150, "maximum": 65535},
        "storageType": {"choices": ("gp2", "gp3", "io1", "io2", "standard")},
    },
    broken=frozenset(
        {
            "failed",
            "incompatible-create",
            "incompatible-network",
            "incompatible-option-group",
            "incompatible-parameters",
            "incompatible-restore",
            "restore-error",
        }
    ),
    asked="engineVersion",
    same_place=frozenset({"identifier"}),
)
