"""Examples of database instances and what they need."""

from typing import Any

from tests.plugins.aws.world import REGION, Example, World

_PASSWORD = "an example's own"


def subnet_group(world: World) -> str:
    """Make a subnet group and return its name."""
    name = world.name("group")
    world.client("rds").create_db_subnet_group(
        DBSubnetGroupName=name, DBSubnetGroupDescription="-", SubnetIds=[world.subnet("a"), world.subnet("b")]
    )
    return name


def instance(world: World, region: str = REGION, **more: Any) -> str:
    """Make a small instance and return its identifier."""
    name = world.name("source")
    client = world.boto3(world.endpoint, "rds", region)
    client.create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        EngineVersion="17.6",
        AllocatedStorage=20,
        MasterUsername="tenantry",
        MasterUserPassword=_PASSWORD,
        BackupRetentionPeriod=7,
        **more,
    )
    return name


def instance_inputs(world: World) -> dict[str, Any]:
    """Return what a program says of an instance."""
    group = world.client("ec2").create_security_group(GroupName=world.name("group"), Description="-", VpcId=world.vpc)[
        "GroupId"
    ]
    return {
        "identifier": world.name("shop"),
        "engine": "postgres",
        "engineVersion": "17.6",
        "instanceClass": "db.t4g.micro",
        "allocatedStorage": 20,
        "maxAllocatedStorage": 100,
        "storageType": "gp3",
        "username": "tenantry",
        "password": _PASSWORD,
        "dbSubnetGroupName": subnet_group(world),
        "vpcSecurityGroupIds": [group],
        "multiAz": False,
        "port": 5432,
        "storageEncrypted": True,
        "kmsKeyId": world.client("kms").create_key()["KeyMetadata"]["Arn"],
        "backupRetentionPeriod": 7,
        "enabledCloudwatchLogsExports": ["postgresql"],
        "deletionProtection": False,
        "skipFinalSnapshot": True,
        "tags": {"owner": "shop"},
    }


def _copied(world: World) -> dict[str, Any]:
    source = instance(world, "us-east-1")
    return {"sourceDbInstanceArn": f"arn:aws:rds:us-east-1:123456789012:db:{source}", "retentionPeriod": 14}


def _snapshot(world: World) -> str:
    name = world.name("original")
    world.client("rds").create_db_snapshot(DBInstanceIdentifier=instance(world), DBSnapshotIdentifier=name)
    return name


def _shrink(world: World, identity: str) -> None:
    client = world.client("rds")
    found = client.describe_db_instances(Filters=[{"Name": "dbi-resource-id", "Values": [identity]}])["DBInstances"][0]
    client.modify_db_instance(
        DBInstanceIdentifier=found["DBInstanceIdentifier"], BackupRetentionPeriod=1, ApplyImmediately=True
    )


EXAMPLES: tuple[Example, ...] = (
    Example(
        token="aws:rds/subnetGroup:SubnetGroup",
        inputs=lambda world: {"name": world.name("data"), "subnetIds": [world.subnet("a"), world.subnet("b")]},
        change={"description": "the data tier", "tags": {"owner": "shop"}},
        replacement={"name": "another"},
        drift=lambda world, identity: world.client("rds").modify_db_subnet_group(
            DBSubnetGroupName=identity, DBSubnetGroupDescription="?", SubnetIds=[world.subnet("a"), world.subnet("b")]
        ),
        drifted=frozenset({"description", "subnetIds"}),
    ),
    Example(
        token="aws:rds/parameterGroup:ParameterGroup",
        inputs=lambda world: {
            "name": world.name("parameters"),
            "family": "postgres17",
            "parameters": [
                {"name": "work_mem", "value": "4096"},
                {"name": "max_connections", "value": "100", "applyMethod": "pending-reboot"},
            ],
        },
        change={"parameters": [{"name": "work_mem", "value": "8192"}], "tags": {"owner": "shop"}},
        replacement={"family": "postgres18"},
        drift=lambda world, identity: world.client("rds").modify_db_parameter_group(
            DBParameterGroupName=identity,
            Parameters=[{"ParameterName": "work_mem", "ParameterValue": "1", "ApplyMethod": "immediate"}],
        ),
        drifted=frozenset({"parameters"}),
    ),
    Example(
        token="aws:rds/instance:Instance",
        inputs=instance_inputs,
        change={
            "instanceClass": "db.t4g.small",
            "password": "another of its own",
            "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
            "tags": {"owner": "platform"},
        },
        replacement={"engine": "mysql"},
        drift=_shrink,
        drifted=frozenset({"backupRetentionPeriod"}),
        import_id=lambda thing: str(thing.inputs["identifier"]),
        unimported=frozenset({"password", "skipFinalSnapshot"}),
    ),
    Example(
        token="aws:rds/snapshot:Snapshot",
        inputs=lambda world: {"dbInstanceIdentifier": instance(world), "dbSnapshotIdentifier": world.name("before")},
        change={"sharedAccounts": ["210987654321"], "tags": {"owner": "shop"}},
        replacement={"dbSnapshotIdentifier": "another"},
        drift=lambda world, identity: world.client("rds").modify_db_snapshot_attribute(
            DBSnapshotIdentifier=identity, AttributeName="restore", ValuesToRemove=["210987654321"]
        ),
        drifted=frozenset({"sharedAccounts"}),
    ),
    Example(
        token="aws:rds/snapshotCopy:SnapshotCopy",
        inputs=lambda world: {
            "sourceDbSnapshotIdentifier": _snapshot(world),
            "targetDbSnapshotIdentifier": world.name("copy"),
        },
        change={"sharedAccounts": ["210987654321"], "tags": {"owner": "shop"}},
        replacement={"targetDbSnapshotIdentifier": "another"},
        drift=lambda world, identity: world.client("rds").modify_db_snapshot_attribute(
            DBSnapshotIdentifier=identity, AttributeName="restore", ValuesToRemove=["210987654321"]
        ),
        drifted=frozenset({"sharedAccounts"}),
        unimported=frozenset({"sourceDbSnapshotIdentifier"}),
    ),
    Example(
        token="aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
        inputs=_copied,
        replacement={"retentionPeriod": 7},
    ),
)
