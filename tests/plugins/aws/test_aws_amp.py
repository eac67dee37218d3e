"""Workspaces, collectors, rules and alert managers: what is refused, what they leave behind, and what they hold."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.plugins.aws.examples.amp import SCRAPED, alert_manager, group, private_cluster, rules, scraper, workspace
from tests.plugins.aws.examples.eks import cluster
from tests.plugins.aws.world import World
from tests.plugins.client import Refused

SCRAPER = "aws:amp/scraper:Scraper"
WORKSPACE = "aws:amp/workspace:Workspace"
RULES = "aws:amp/ruleGroupNamespace:RuleGroupNamespace"
ALERTS = "aws:amp/alertManagerDefinition:AlertManagerDefinition"
SOURCE = {"eks": {"clusterArn": "arn:aws:eks:eu-west-1:123456789012:cluster/shop", "subnetIds": ["subnet-01234567"]}}
GOAL = {"amp": {"workspaceArn": "arn:aws:aps:eu-west-1:123456789012:workspace/ws-1"}}
GIVEN = {"source": SOURCE, "destination": GOAL, "scrapeConfiguration": SCRAPED}


@pytest.mark.parametrize(
    ("token", "given", "property_", "allowed"),
    [
        (WORKSPACE, {"loggingConfiguration": {"logGroupArn": "arn:x"}}, "loggingConfiguration", "not in the offline"),
        (WORKSPACE, {"alias": "a" * 101}, "alias", "100"),
        (SCRAPER, {**GIVEN, "alias": "-no"}, "alias", "must match"),
        (SCRAPER, {**GIVEN, "destination": {}}, "destination", "needs exactly one of its blocks"),
        (SCRAPER, {**GIVEN, "exporter": {"opensearch": {"domainArn": "arn:x"}}}, "exporter", "not in the offline"),
        (RULES, {"workspaceId": "ws-1", "data": rules(1), "name": "n" * 65}, "name", "64"),
        (ALERTS, {"definition": alert_manager("arn:x")}, "workspaceId", "required"),
    ],
)
def test_what_aws_does_not_take_is_refused_in_preview(
    world: World, token: str, given: dict[str, Any], property_: str, allowed: str
) -> None:
    _, failures = world.object(token).check(**given)
    assert allowed in failures[property_]


def test_a_collector_needs_two_zones_a_private_api_and_what_it_names(world: World) -> None:
    inputs = scraper(world)
    arn, subnets = private_cluster(world)
    made = world.client("eks").describe_cluster(name=cluster(world))["cluster"]
    eks = {"clusterArn": arn, "subnetIds": subnets, "securityGroupIds": [group(world)]}
    for changed, expected in (
        ({**eks, "clusterArn": f"{arn}-other"}, "does not exist"),
        ({**eks, "clusterArn": made["arn"]}, "has no private access to its endpoint"),
        ({**eks, "subnetIds": subnets[:1]}, "at least two availability zones"),
        ({**eks, "subnetIds": [*subnets, "subnet-0123456789abcdef0"]}, "subnet-0123456789abcdef0 does not exist"),
        ({**eks, "securityGroupIds": ["sg-0123456789abcdef0"]}, "sg-0123456789abcdef0 does not exist"),
    ):
        with pytest.raises(Refused, match=expected):
            world.object(SCRAPER).create(**{**inputs, "source": {"eks": changed}})
    with pytest.raises(Refused, match=r"workspace .* does not exist"):
        world.object(SCRAPER).create(**{**inputs, "destination": GOAL})
    for document, expected in ((SCRAPED.replace("1m", "10s"), "30s or more"), ("a: [", "not YAML"), ("a: 1", "has no")):
        with pytest.raises(Refused, match=expected):
            world.object(SCRAPER).create(**{**inputs, "scrapeConfiguration": document})


def test_a_collector_marks_its_workspace_and_keeps_its_group(world: World) -> None:
    thing, inputs = world.object(SCRAPER), scraper(world)
    thing.create(**inputs)
    arn = inputs["destination"]["amp"]["workspaceArn"]
    assert world.client("amp").list_tags_for_resource(resourceArn=arn)["tags"] == {"AMPAgentlessScraper": ""}
    (used,) = inputs["source"]["eks"]["securityGroupIds"]
    with pytest.raises(ClientError, match="DependencyViolation"):
        world.client("ec2").delete_security_group(GroupId=used)
    thing.delete()
    world.client("ec2").delete_security_group(GroupId=used)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("groups: []", "has no groups"),
        ("groups: [{name: a, rules: [{alert: b}]}]", "needs expr"),
        ("groups: [{name: a, rules: [{expr: up}]}]", "either alert or record"),
    ],
)
def test_a_file_without_rules_is_refused(world: World, data: str, expected: str) -> None:
    with pytest.raises(Refused, match=expected):
        world.object(RULES).create(workspaceId=workspace(world)["workspaceId"], name="rules", data=data)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (("sigv4: {region: eu-west-1}", "sigv4: {}"), "a region in sigv4"),
        (("receiver: pager", "receiver: nobody"), "not among the receivers"),
        (("sns_configs:", "email_configs:"), "Amazon SNS is the only receiver"),
        (("alertmanager_config:", "config:"), "has no alertmanager_config"),
    ],
)
def test_an_alert_manager_that_reaches_nobody_is_refused(world: World, changed: tuple[str, str], expected: str) -> None:
    definition = alert_manager("arn:aws:sns:eu-west-1:123456789012:pager").replace(*changed)
    with pytest.raises(Refused, match=expected):
        world.object(ALERTS).create(workspaceId=workspace(world)["workspaceId"], definition=definition)


def test_a_workspace_has_one_alert_manager_and_one_file_of_a_name(world: World) -> None:
    amp, identity = world.client("amp"), workspace(world)["workspaceId"]
    amp.create_alert_manager_definition(workspaceId=identity, data=alert_manager("arn:x").encode())
    amp.create_rule_groups_namespace(workspaceId=identity, name="rules", data=rules(1).encode())
    with pytest.raises(ClientError, match="ConflictException"):
        amp.create_alert_manager_definition(workspaceId=identity, data=alert_manager("arn:x").encode())
    with pytest.raises(ClientError, match="ConflictException"):
        amp.create_rule_groups_namespace(workspaceId=identity, name="rules", data=rules(1).encode())


def test_a_workspace_is_made_under_a_key_that_there_is(world: World) -> None:
    key = world.client("kms").create_key()["KeyMetadata"]["Arn"]
    thing = world.object(WORKSPACE)
    thing.create(kmsKeyArn=key)
    assert world.client("amp").describe_workspace(workspaceId=thing.id)["workspace"]["kmsKeyArn"] == key
    with pytest.raises(Refused, match="does not exist"):
        world.object(WORKSPACE).create(kmsKeyArn=f"{key[:-4]}0000")
