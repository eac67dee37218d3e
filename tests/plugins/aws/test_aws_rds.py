"""Database instances: what is refused and when, where their data come from, and what they leave behind."""

from typing import Any

import pytest

from infra.sandbox.plugins.values import Secret, reveal
from tests.plugins.aws.examples.rds import instance, instance_inputs, subnet_group
from tests.plugins.aws.world import World
from tests.plugins.client import Refused

INSTANCE = "aws:rds/instance:Instance"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
COPY = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"

_SMALL = {
    "engine": "postgres",
    "engineVersion": "17",
    "instanceClass": "db.t4g.micro",
    "allocatedStorage": 20,
    "username": "tenantry",
    "password": "an example's own",
    "skipFinalSnapshot": True,
}


@pytest.mark.parametrize(
    ("given", "property_", "allowed"),
    [
        ({"instanceClass": "db.t4g.huge"}, "instanceClass", "db.t4g."),
        ({"password": "seven.7"}, "password", "8 characters or more"),
        ({"engine": "postgre"}, "engine", "postgres"),
        ({"backupRetentionPeriod": "a week"}, "backupRetentionPeriod", "a whole number"),
        ({"maxAllocatedStorage": 10}, "maxAllocatedStorage", "allocatedStorage or more"),
        ({"kmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/1"}, "kmsKeyId", "needs storageEncrypted"),
        ({"username": None}, "username", "is required"),
        ({"performanceInsightsRetentionPeriod": 8}, "performanceInsightsRetentionPeriod", "one of 7, 31"),
        ({"storageEncryption": True}, "storageEncryption", "storageEncrypted"),
    ],
)
def test_wrong_input_fails_in_the_preview(world: World, given: dict[str, Any], property_: str, allowed: str) -> None:
    _, failures = world.object(INSTANCE).check(**{**_SMALL, **given})
    assert allowed in failures[property_]
    assert "seven.7" not in str(failures)


def test_a_password_is_secret_in_inputs_and_outputs(world: World) -> None:
    database = world.object(INSTANCE).create(**_SMALL)
    assert isinstance(database.inputs["password"], Secret)
    assert isinstance(database.outputs["password"], Secret)
    database.delete()


def test_a_version_stated_in_part_is_no_change(world: World) -> None:
    database = world.object(INSTANCE).create(**_SMALL)
    assert database.refresh() == set()
    assert database.changes(**_SMALL) == {}
    assert database.outputs["endpoint"] == f"{database.outputs['address']}:5432"
    database.delete()


def test_an_identifier_is_given_once(world: World) -> None:
    name = instance(world)
    with pytest.raises(Refused, match="DBInstanceAlreadyExists"):
        world.object(INSTANCE).create(**_SMALL, identifier=name)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"dbSubnetGroupName": "nowhere"}, "DBSubnetGroupNotFound"),
        ({"parameterGroupName": "nothing"}, "DBParameterGroupNotFound"),
        ({"snapshotIdentifier": "never-taken"}, "DBSnapshotNotFound"),
    ],
)
def test_what_an_instance_stands_on_must_exist(world: World, given: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused, match=code) as refused:
        world.object(INSTANCE).create(**{**_SMALL, **given})
    assert _SMALL["password"] not in str(refused.value)


def test_a_protected_instance_stays_until_it_is_no_longer_protected(world: World) -> None:
    database = world.object(INSTANCE).create(**_SMALL, deletionProtection=True)
    with pytest.raises(Refused, match="InvalidParameterCombination: Cannot delete protected DB Instance"):
        database.delete()
    database.update(**_SMALL, deletionProtection=False)
    database.delete()
    assert database.refresh() == {"gone"}


def test_an_instance_leaves_its_last_snapshot_and_none_without_a_word(world: World) -> None:
    said = {**_SMALL, "skipFinalSnapshot": False}
    database = world.object(INSTANCE).create(**said)
    with pytest.raises(Refused, match="FinalDBSnapshotIdentifier is required"):
        database.delete()
    last = world.name("last")
    database.update(**said, finalSnapshotIdentifier=last)
    database.delete()
    found = world.client("rds").describe_db_snapshots(DBSnapshotIdentifier=last)["DBSnapshots"]
    assert [snapshot["DBInstanceIdentifier"] for snapshot in found] == [database.inputs["identifier"]]


def test_an_instance_starts_with_the_data_of_a_snapshot(world: World) -> None:
    source, snapshot = instance(world), world.name("snapshot")
    world.client("rds").create_db_snapshot(DBInstanceIdentifier=source, DBSnapshotIdentifier=snapshot)
    said = {**_SMALL, "engineVersion": "17.6", "snapshotIdentifier": snapshot, "backupRetentionPeriod": 3}
    restored = world.object(INSTANCE).create(**said)
    assert restored.refresh() == set()
    assert reveal(restored.outputs)["backupRetentionPeriod"] == 3
    assert restored.id != _instance_of(world, source)["DbiResourceId"]


def test_an_instance_starts_with_the_data_of_a_point_in_time(world: World) -> None:
    source = instance(world)
    backups = world.client("rds").describe_db_instance_automated_backups(DBInstanceIdentifier=source)
    arn = backups["DBInstanceAutomatedBackups"][0]["DBInstanceAutomatedBackupsArn"]
    point = {"sourceDbInstanceAutomatedBackupsArn": arn, "restoreTime": "2026-03-01T12:00:00Z"}
    restored = world.object(INSTANCE).create(**{**_SMALL, "engineVersion": "17.6", "restoreToPointInTime": point})
    assert restored.refresh() == set()
    assert restored.outputs["identifier"] != source
    with pytest.raises(Refused, match="DBInstanceAutomatedBackupNotFound"):
        world.object(INSTANCE).create(**{**_SMALL, "restoreToPointInTime": {**point, **_dangling(arn)}})


def test_backups_are_copied_to_another_region_and_restored_there(world: World) -> None:
    away = world.boto3(world.endpoint, "rds", "us-east-1")
    source = instance(world, "us-east-1")
    arn = away.describe_db_instances(DBInstanceIdentifier=source)["DBInstances"][0]["DBInstanceArn"]
    copy = world.object(COPY).create(sourceDbInstanceArn=arn)
    assert ":eu-west-1:" in copy.id
    point = {"sourceDbInstanceAutomatedBackupsArn": copy.id, "useLatestRestorableTime": True}
    restored = world.object(INSTANCE).create(**{**_SMALL, "engineVersion": "17.6", "restoreToPointInTime": point})
    assert ":eu-west-1:" in restored.outputs["arn"]
    with pytest.raises(Refused, match="must be in another region"):
        world.object(COPY).create(sourceDbInstanceArn=_instance_of(world, instance(world))["DBInstanceArn"])


def test_a_copy_that_was_stopped_behind_the_programs_back_is_gone(world: World) -> None:
    source = instance(world, "us-east-1")
    arn = f"arn:aws:rds:us-east-1:123456789012:db:{source}"
    copy = world.object(COPY).create(sourceDbInstanceArn=arn)
    world.client("rds").stop_db_instance_automated_backups_replication(SourceDBInstanceArn=arn)
    assert copy.refresh() == {"gone"}


def test_an_encrypted_instance_is_copied_with_a_key_of_the_other_region(world: World) -> None:
    source = instance(world, "us-east-1", StorageEncrypted=True)
    said = {"sourceDbInstanceArn": f"arn:aws:rds:us-east-1:123456789012:db:{source}"}
    with pytest.raises(Refused, match="KmsKeyId is required"):
        world.object(COPY).create(**said)
    key = world.client("kms").create_key()["KeyMetadata"]["Arn"]
    copy = world.object(COPY).create(**said, kmsKeyId=key)
    assert copy.outputs["kmsKeyId"] == key
    assert copy.refresh() == set()


def test_what_an_instance_uses_cannot_be_deleted(world: World) -> None:
    groups = world.object("aws:rds/subnetGroup:SubnetGroup").create(subnetIds=[world.subnet("a"), world.subnet("b")])
    parameters = world.object(PARAMETERS).create(family="postgres17")
    used = {"dbSubnetGroupName": groups.id, "parameterGroupName": parameters.id}
    database = world.object(INSTANCE).create(**_SMALL, **used)
    with pytest.raises(Refused, match="InvalidDBSubnetGroupStateFault"):
        groups.delete()
    with pytest.raises(Refused, match="InvalidDBParameterGroupState"):
        parameters.delete()
    database.delete()
    groups.delete()
    parameters.delete()
    assert groups.refresh() == parameters.refresh() == {"gone"}


def test_a_replica_follows_an_instance_and_is_changed_and_deleted_by_itself(world: World) -> None:
    source = instance(world, Tags=[{"Key": "role", "Value": "source"}])
    said = {"replicateSourceDb": source, "instanceClass": "db.t4g.micro", "skipFinalSnapshot": True}
    replica = world.object(INSTANCE).create(**said, storageEncrypted=False, multiAz=True)
    assert replica.refresh() == set()
    assert replica.outputs["engine"] == "postgres"
    assert replica.id != _instance_of(world, source)["DbiResourceId"]
    assert _instance_of(world, source)["ReadReplicaDBInstanceIdentifiers"] == [replica.inputs["identifier"]]
    assert _instance_of(world, str(replica.inputs["identifier"]))["TagList"] == []
    replica.update(**{**said, "instanceClass": "db.t4g.small"}, storageEncrypted=False, multiAz=True)
    assert replica.refresh() == set()
    replica.delete()
    assert _instance_of(world, source)["ReadReplicaDBInstanceIdentifiers"] == []


def test_only_an_instance_with_backups_has_replicas(world: World) -> None:
    said = {"instanceClass": "db.t4g.micro", "skipFinalSnapshot": True}
    with pytest.raises(Refused, match="DBInstanceNotFound"):
        world.object(INSTANCE).create(**said, replicateSourceDb="nobody")
    source = str(world.object(INSTANCE).create(**_SMALL, backupRetentionPeriod=0).inputs["identifier"])
    with pytest.raises(Refused, match="Automated backups of the source are not enabled"):
        world.object(INSTANCE).create(**said, replicateSourceDb=source)


def test_libraries_and_audit_are_parameters_that_are_kept_by_name(world: World) -> None:
    given = [
        {"name": "pgaudit.log", "value": "ddl,role"},
        {"name": "shared_preload_libraries", "value": "pg_stat_statements,pgaudit", "applyMethod": "pending-reboot"},
    ]
    group = world.object(PARAMETERS).create(family="postgres18", parameters=given)
    assert group.refresh() == set()
    assert group.changes(family="postgres18", parameters=list(reversed(given))) == {}


def test_an_identifier_is_changed_in_place(world: World) -> None:
    database = world.object(INSTANCE).create(**_SMALL)
    before, renamed = database.id, world.name("renamed")
    assert not database.diff(**_SMALL, identifier=renamed).replaces
    database.update(**_SMALL, identifier=renamed)
    assert database.refresh() == set()
    assert _instance_of(world, renamed)["DbiResourceId"] == before


def test_a_parameter_is_given_once(world: World) -> None:
    twice = [{"name": "work_mem", "value": "1"}, {"name": "work_mem", "value": "2"}]
    _, failures = world.object(PARAMETERS).check(family="postgres17", parameters=twice)
    assert "work_mem" in failures["parameters"]


def test_a_subnet_group_exists_once(world: World) -> None:
    with pytest.raises(Refused, match="DBSubnetGroupAlreadyExists"):
        world.object("aws:rds/subnetGroup:SubnetGroup").create(name=subnet_group(world), subnetIds=[world.subnet()])


@pytest.mark.parametrize(
    ("zones", "code"), [("a", "DBSubnetGroupDoesNotCoverEnoughAZs"), ("", "InvalidSubnetID.NotFound|InvalidSubnet")]
)
def test_a_subnet_group_has_subnets_of_two_zones(world: World, zones: str, code: str) -> None:
    subnets = [world.subnet(zone) for zone in zones] or ["subnet-0123456789abcdef0"]
    with pytest.raises(Refused, match=code):
        world.object("aws:rds/subnetGroup:SubnetGroup").create(subnetIds=subnets)


def test_a_preview_promises_an_endpoint_that_nobody_knows_yet(world: World) -> None:
    promised = world.object(INSTANCE).preview(**instance_inputs(world))
    assert not isinstance(promised["endpoint"], str)


def _instance_of(world: World, identifier: str) -> dict[str, Any]:
    found: dict[str, Any] = world.client("rds").describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]
    return found


def _dangling(arn: str) -> dict[str, str]:
    return {"sourceDbInstanceAutomatedBackupsArn": f"{arn}x"}
