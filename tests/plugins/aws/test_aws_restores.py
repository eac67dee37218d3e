"""The component's own restore, with the real engine: from another stack's copied backups, and removed afterwards."""

import json
from typing import Any

from tests.plugins.aws.test_aws_recovery import Recovery, backed, recovery
from tests.sandbox.cloud.backed import connect
from tests.sandbox.cloud.harness import client

__all__ = ["backed", "recovery"]  # the fixtures

_PROGRAM = """
import json, os
import pulumi
import pulumi_aws as aws
from components.backup_copy import BackupCopy, BackupCopyArgs
from components.database import Database
from infra.settings.database import DeclaredDatabase
from stacks.stores import database_args

settings = json.loads(os.environ["SETTINGS"])
region = settings["region"]
opts = pulumi.ResourceOptions(providers=[aws.Provider("aws", region=region)])
own = pulumi.ResourceOptions(provider=opts.providers[0])
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=own)
subnets = [
    aws.ec2.Subnet(zone, vpc_id=vpc.id, cidr_block=f"10.0.{n}.0/24", availability_zone=region + zone, opts=own)
    for n, zone in enumerate("ab")
]
declared = DeclaredDatabase.model_validate(settings["database"])
ids = [subnet.id for subnet in subnets]
args = database_args(declared, identifier=pulumi.get_stack(), vpc_id=vpc.id, subnet_ids=ids)
database = Database("database", args, opts)
pulumi.export("password", pulumi.Output.secret(database.password))
if settings.get("copied_to"):
    copy = BackupCopyArgs(
        instance_arn=database.arn, region=settings["copied_to"], retention_days=7, protect=False
    )
    pulumi.export("database_backups", BackupCopy("copy", copy, opts).arn)
"""
_HOME, _AWAY = "eu-central-1", "eu-west-1"
_DATABASE = {
    "engine_version": "18",
    "instance_class": "db.t4g.small",
    "max_connections": 100,
    "multi_az": False,
    "protect": False,
}


def told(recovery: Recovery, name: str, region: str) -> dict[str, Any]:
    (found,) = client(recovery.cloud, "rds", region).describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    return dict(found)


def rows(recovery: Recovery, name: str, region: str, *, add: str = "") -> list[str]:
    """Return the rows in a stack's database, after one was added."""
    password = json.loads(recovery.pulumi("stack", "output", "--json", "--show-secrets").stdout)["password"]
    with connect(recovery.cloud, told(recovery, name, region), password=password, dbname="postgres") as connection:
        if add:
            connection.execute("create table if not exists rows (text text)")
            connection.execute("insert into rows values (%s)", [add])
        return [row[0] for row in connection.execute("select text from rows order by text")]


def test_a_stack_restores_from_anothers_copied_backups_and_keeps_its_database_without_the_setting(
    recovery: Recovery,
) -> None:
    recovery.program(_PROGRAM)
    recovery.apply(region=_HOME, copied_to=_AWAY, database=_DATABASE)
    assert rows(recovery, "dev", _HOME, add="from home") == ["from home"]
    recovery.pulumi("stack", "init", "away")
    recovery.up(region=_AWAY, database={**_DATABASE, "restore": {"stack": "dev"}})
    made = told(recovery, "away", _AWAY)["DbiResourceId"]
    assert rows(recovery, "away", _AWAY, add="from away") == ["from away", "from home"]
    rotated = {**_DATABASE, "master_password": {"rotated_at": "2026-11-21T10:00:00Z"}}
    recovery.apply(region=_AWAY, database=rotated)
    assert rows(recovery, "away", _AWAY) == ["from away", "from home"]
    recovery.up(region=_AWAY, database={**rotated, "restore": {"snapshot": "another-one"}})
    assert told(recovery, "away", _AWAY)["DbiResourceId"] == made
    assert rows(recovery, "away", _AWAY) == ["from away", "from home"]
