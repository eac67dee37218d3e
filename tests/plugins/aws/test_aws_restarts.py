"""What the cloud has beside moto is still there after a restart; one restart for all of it."""

from collections.abc import Callable
from typing import Any

import pytest

from infra.sandbox.cloud.service import Cloud
from tests.plugins.aws.examples.amp import SCRAPED, alert_manager, rules, scraper
from tests.plugins.aws.examples.cloudtrail import bucket, trail
from tests.plugins.aws.examples.eks import cluster
from tests.plugins.aws.examples.rds import instance
from tests.plugins.aws.examples.sqs import queue_url
from tests.plugins.aws.world import ACCOUNT, World

Told = dict[str, Any]
"""What the cloud tells, by what it is about."""

_MAIL = "a mail"


def _clusters_and_stores(world: World) -> Callable[[], Told]:
    """Make a cluster with an add-on and an entry, parameters of caches, and two databases."""
    name = cluster(world)
    eks, caches, rds = (world.client(service) for service in ("eks", "elasticache", "rds"))
    eks.create_addon(clusterName=name, addonName="coredns", tags={"owner": "shop"})
    eks.create_access_entry(clusterName=name, principalArn=world.role)
    caches.create_cache_parameter_group(
        CacheParameterGroupName="kept", CacheParameterGroupFamily="valkey8", Description="-"
    )
    said = [{"ParameterName": "timeout", "ParameterValue": "60"}]
    caches.modify_cache_parameter_group(CacheParameterGroupName="kept", ParameterNameValues=said)
    instance(world)
    instance(world)
    return lambda: {
        "cluster": eks.describe_cluster(name=name)["cluster"],
        "addon": eks.describe_addon(clusterName=name, addonName="coredns")["addon"],
        "entries": eks.list_access_entries(clusterName=name)["accessEntries"],
        "parameters": caches.describe_cache_parameters(CacheParameterGroupName="kept")["Parameters"],
        "instances": [each["DbiResourceId"] for each in rds.describe_db_instances()["DBInstances"]],
    }


def _governance(world: World) -> Callable[[], Told]:
    """Make a queue that holds a mail, a budget and a trail."""
    name = str(trail(world)["name"]) + "-kept"
    records = bucket(world, name)
    sqs, budgets, trails = (world.client(service) for service in ("sqs", "budgets", "cloudtrail"))
    url = queue_url(world)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedriveAllowPolicy": '{"redrivePermission": "denyAll"}'})
    sqs.send_message(QueueUrl=url, MessageBody=_MAIL)
    limit = {"BudgetName": "month", "BudgetType": "COST", "TimeUnit": "MONTHLY"}
    budgets.create_budget(
        AccountId=ACCOUNT,
        Budget={**limit, "BudgetLimit": {"Amount": "1", "Unit": "USD"}},
        ResourceTags=[{"Key": "owner", "Value": "shop"}],
    )
    trails.create_trail(Name=name, S3BucketName=records)
    arn = f"arn:aws:budgets::{ACCOUNT}:budget/month"
    return lambda: {
        "url": url,
        "queue": sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"],
        "budget": budgets.describe_budget(AccountId=ACCOUNT, BudgetName="month")["Budget"],
        "tags": budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"],
        "trail": trails.get_trail(Name=name)["Trail"],
    }


def _prometheus(world: World) -> Callable[[], Told]:
    """Make a workspace with a collector, an alert manager and rules."""
    inputs = scraper(world)
    eks, goal = inputs["source"]["eks"], inputs["destination"]["amp"]
    amp, identity = world.client("amp"), goal["workspaceArn"].rpartition("/")[2]
    made = amp.create_scraper(
        source={"eksConfiguration": eks},
        destination={"ampConfiguration": goal},
        scrapeConfiguration={"configurationBlob": SCRAPED.encode()},
    )
    amp.create_alert_manager_definition(workspaceId=identity, data=alert_manager("arn:x").encode())
    amp.create_rule_groups_namespace(workspaceId=identity, name="rules", data=rules(1).encode())
    return lambda: {
        "scraper": amp.describe_scraper(scraperId=made["scraperId"])["scraper"],
        "alerts": amp.describe_alert_manager_definition(workspaceId=identity)["alertManagerDefinition"],
        "rules": amp.describe_rule_groups_namespace(workspaceId=identity, name="rules")["ruleGroupsNamespace"],
        "workspace": amp.describe_workspace(workspaceId=identity)["workspace"],
    }


_FAMILIES = (_clusters_and_stores, _governance, _prometheus)
Restarted = tuple[World, Told, Told]


@pytest.fixture(scope="module")
def restarted(new_cloud: Callable[[], Cloud]) -> Restarted:
    """Return the account, and what it told before and after the restart."""
    cloud = new_cloud()
    world = World(None, cloud.url)
    families = [make(world) for make in _FAMILIES]

    def told() -> Told:
        return {key: value for family in families for key, value in family().items()} | {"all": cloud.contents()}

    before = told()
    cloud.stop()
    cloud.start(lambda _line: None)
    return world, before, told()


def test_all_is_there_and_as_it_was(restarted: Restarted) -> None:
    _world, before, after = restarted
    assert after == before


def test_that_was_something(restarted: Restarted) -> None:
    _world, before, _after = restarted
    assert len(set(before["instances"])) == 2
    assert before["addon"]["tags"] == {"owner": "shop"}
    assert len(before["entries"]) == 1
    assert "denyAll" in before["queue"]["RedriveAllowPolicy"]
    assert f"eu-west-1 amp scrapers {before['scraper']['scraperId']}" in before["all"]


def test_a_queue_still_holds_its_messages(restarted: Restarted) -> None:
    world, before, _after = restarted
    found = world.client("sqs").receive_message(QueueUrl=before["url"])["Messages"]
    assert [one["Body"] for one in found] == [_MAIL]
