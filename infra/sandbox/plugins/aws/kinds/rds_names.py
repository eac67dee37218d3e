"""The words of database instances: the provider's, RDS's for requests, RDS's for answers, and CloudFormation's."""

from collections.abc import Callable, Mapping

from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_LEAST_STORAGE = 20  # GiB: AllocatedStorage in the API reference of CreateDBInstance, for gp2 and gp3

NAMES: Mapping[str, str] = {
    "arn": "DBInstanceArn",
    "backupWindow": "PreferredBackupWindow",
    "caCertIdentifier": "CACertificateIdentifier",
    "customerOwnedIpEnabled": "EnableCustomerOwnedIp",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "endpoint": "",
    "latestRestorableTime": "",  # it moves on with every look
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "identifier": "DBInstanceIdentifier",
    "instanceClass": "DBInstanceClass",
    "listenerEndpoints": "ListenerEndpoint",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "masterUserSecrets": "MasterUserSecret",
    "parameterGroupName": "DBParameterGroupName",
    "password": "MasterUserPassword",
    "passwordWo": "MasterUserPassword",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "port": "Port",
    "replicas": "",  # other resources make them, and each would look like a change of this one
    "replicateSourceDb": "SourceDBInstanceIdentifier",
    "resourceId": "DbiResourceId",
    "restoreTime": "RestoreTime",
    "snapshotIdentifier": "DBSnapshotIdentifier",
    "status": "DBInstanceStatus",
    "username": "MasterUsername",
    "blueGreenUpdate": "",
    "s3Import": "",
    "restoreToPointInTime": "",
}
"""Input -> parameter of RDS; empty for what is not sent under any one name."""

TOLD: Mapping[str, str] = {
    "customerOwnedIpEnabled": "CustomerOwnedIpEnabled",
    "enabledCloudwatchLogsExports": "EnabledCloudwatchLogsExports",
    "iamDatabaseAuthenticationEnabled": "IAMDatabaseAuthenticationEnabled",
    "performanceInsightsEnabled": "PerformanceInsightsEnabled",
    "replicateSourceDb": "ReadReplicaSourceDBInstanceIdentifier",
}
"""Input -> what an answer calls it, where that is not the parameter's name."""

SCHEMA_NAMES: Mapping[str, str] = {
    "backupWindow": "PreferredBackupWindow",
    "caCertIdentifier": "CACertificateIdentifier",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "identifier": "DBInstanceIdentifier",
    "instanceClass": "DBInstanceClass",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "masterUserSecretKmsKeyId": "MasterUserSecret/KmsKeyId",
    "parameterGroupName": "DBParameterGroupName",
    "password": "MasterUserPassword",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "replicateSourceDb": "SourceDBInstanceIdentifier",
    "restoreToPointInTime.restoreTime": "RestoreTime",
    "restoreToPointInTime.sourceDbInstanceAutomatedBackupsArn": "SourceDBInstanceAutomatedBackupsArn",
    "restoreToPointInTime.sourceDbInstanceIdentifier": "SourceDBInstanceIdentifier",
    "restoreToPointInTime.sourceDbiResourceId": "SourceDbiResourceId",
    "restoreToPointInTime.useLatestRestorableTime": "UseLatestRestorableTime",
    "snapshotIdentifier": "DBSnapshotIdentifier",
    "username": "MasterUsername",
    "vpcSecurityGroupIds": "VPCSecurityGroups",
}
"""Input -> property of the CloudFormation schema."""

UNCHECKED: Mapping[str, str] = {
    "allocatedStorage": "a string in CloudFormation",
    "port": "a string in CloudFormation",
    "blueGreenUpdate": "Terraform's own way to change an instance",
    "customerOwnedIpEnabled": "CloudFormation has no such property",
    "finalSnapshotIdentifier": "a parameter of the deletion",
    "identifierPrefix": "Terraform's own",
    "passwordWo": "Terraform's own way to give a password",
    "passwordWoVersion": "Terraform's own way to give a password",
    "s3Import": "CloudFormation cannot import from S3",
    "skipFinalSnapshot": "a parameter of the deletion",
    "upgradeStorageConfig": "CloudFormation has no such property",
    "warningEventCategories": "Terraform's own",
}

DEFAULTS: Mapping[str, Value] = {
    "applyImmediately": False,
    "autoMinorVersionUpgrade": True,
    "copyTagsToSnapshot": False,
    "deleteAutomatedBackups": True,
    "deletionProtection": False,
    "monitoringInterval": 0,
    "publiclyAccessible": False,
    "skipFinalSnapshot": False,
}
"""As the SDK's documentation of the type says."""

SENT_ON_CHANGE: frozenset[str] = frozenset(
    {
        "allocatedStorage",
        "allowMajorVersionUpgrade",
        "autoMinorVersionUpgrade",
        "backupRetentionPeriod",
        "backupWindow",
        "caCertIdentifier",
        "copyTagsToSnapshot",
        "customerOwnedIpEnabled",
        "databaseInsightsMode",
        "dbSubnetGroupName",
        "dedicatedLogVolume",
        "deletionProtection",
        "engineVersion",
        "iamDatabaseAuthenticationEnabled",
        "instanceClass",
        "iops",
        "licenseModel",
        "maintenanceWindow",
        "manageMasterUserPassword",
        "masterUserSecretKmsKeyId",
        "maxAllocatedStorage",
        "monitoringInterval",
        "monitoringRoleArn",
        "multiAz",
        "networkType",
        "optionGroupName",
        "parameterGroupName",
        "password",
        "passwordWo",
        "performanceInsightsEnabled",
        "performanceInsightsKmsKeyId",
        "performanceInsightsRetentionPeriod",
        "publiclyAccessible",
        "replicaMode",
        "storageThroughput",
        "storageType",
        "vpcSecurityGroupIds",
    }
)
"""What ModifyDBInstance is told; logs and a new identifier have parameters of their own."""


def _grows_backwards(inputs: Properties) -> bool:
    limit, storage = inputs.get("maxAllocatedStorage"), inputs.get("allocatedStorage")
    return bool(limit) and storage is not None and limit < storage


def _is_too_small(inputs: Properties) -> bool:
    storage = inputs.get("allocatedStorage")
    return storage is not None and storage < _LEAST_STORAGE and inputs.get("storageType") != "standard"


CONTRADICTING: tuple[tuple[str, str, Callable[[Properties], bool]], ...] = (
    ("allocatedStorage", f"must be {_LEAST_STORAGE} (GiB) or more, except with storageType standard", _is_too_small),
    ("maxAllocatedStorage", "must be allocatedStorage or more", _grows_backwards),
    (
        "kmsKeyId",
        "needs storageEncrypted",
        lambda said: bool(said.get("kmsKeyId")) and not said.get("storageEncrypted"),
    ),
    (
        "manageMasterUserPassword",
        "cannot be given together with password",
        lambda said: bool(said.get("manageMasterUserPassword")) and "password" in said,
    ),
    (
        "performanceInsightsKmsKeyId",
        "needs performanceInsightsEnabled",
        lambda said: bool(said.get("performanceInsightsKmsKeyId")) and not said.get("performanceInsightsEnabled"),
    ),
)
"""Property, what is wrong, and whether it is."""
