"""Examples of workspaces, collectors, rules and alert managers."""

from typing import Any

from tests.plugins.aws.examples.observability import topic
from tests.plugins.aws.examples.security_groups import group
from tests.plugins.aws.world import Example, World

SCRAPED = """\
global: {scrape_interval: 1m}
scrape_configs:
- job_name: pods
  kubernetes_sd_configs: [{role: pod}]
"""


def rules(days: int) -> str:
    """Return a rules file with one alert."""
    rule = f"{{alert: EndsSoon, expr: ends - time() < {days * 86400}, for: 1h}}"
    return f"groups:\n- name: ends\n  rules:\n  - {rule}\n"


def alert_manager(topic_arn: str, repeated: str = "4h") -> str:
    """Return the definition of an alert manager with one receiver."""
    return (
        "alertmanager_config: |\n"
        f"  route: {{receiver: pager, repeat_interval: {repeated}}}\n"
        "  receivers:\n"
        "  - name: pager\n"
        f"    sns_configs: [{{topic_arn: '{topic_arn}', sigv4: {{region: eu-west-1}}}}]\n"
    )


def workspace(world: World) -> dict[str, Any]:
    """Return a new workspace, as the service tells of it."""
    made: dict[str, Any] = world.client("amp").create_workspace(alias=world.name("metrics"))
    return made


def private_cluster(world: World) -> tuple[str, list[str]]:
    """Return the ARN of a new cluster whose API answers in its network, and its subnets."""
    subnets = [world.subnet("a"), world.subnet("b")]
    made = world.client("eks").create_cluster(
        name=world.name("cluster"),
        roleArn=world.role,
        resourcesVpcConfig={"subnetIds": subnets, "endpointPrivateAccess": True},
        accessConfig={"authenticationMode": "API"},
    )
    return str(made["cluster"]["arn"]), subnets


def source(world: World) -> dict[str, Any]:
    """Return what a collector reads: a new cluster."""
    arn, subnets = private_cluster(world)
    return {"eks": {"clusterArn": arn, "subnetIds": subnets, "securityGroupIds": [group(world)]}}


def scraper(world: World) -> dict[str, Any]:
    """Return the inputs of a collector."""
    return {
        "alias": world.name("collector"),
        "source": source(world),
        "destination": {"amp": {"workspaceArn": workspace(world)["arn"]}},
        "scrapeConfiguration": SCRAPED,
        "tags": {"owner": "shop"},
    }


def _relax(world: World, it: str) -> None:
    *_, kept, name = it.split("/")
    world.client("amp").put_rule_groups_namespace(workspaceId=kept, name=name, data=rules(1).encode())


def _divert(world: World, it: str) -> None:
    world.client("amp").put_alert_manager_definition(workspaceId=it, data=alert_manager(topic(world)).encode())


EXAMPLES: tuple[Example, ...] = (
    Example(
        token="aws:amp/workspace:Workspace",
        inputs=lambda world: {"alias": world.name("metrics"), "tags": {"owner": "shop", "AMPAgentlessScraper": ""}},
        change={"alias": "others", "tags": {"owner": "platform"}},
        replacement={"kmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/11111111-1111-1111-1111-111111111111"},
        drift=lambda world, it: world.client("amp").update_workspace_alias(workspaceId=it, alias="drifted"),
        drifted=frozenset({"alias"}),
    ),
    Example(
        token="aws:amp/scraper:Scraper",
        inputs=scraper,
        change={"scrapeConfiguration": SCRAPED.replace("1m", "5m"), "tags": {"owner": "platform"}},
        replacement={
            "source": {
                "eks": {
                    "clusterArn": "arn:aws:eks:eu-west-1:123456789012:cluster/another",
                    "subnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
                }
            }
        },
        drift=lambda world, it: world.client("amp").update_scraper(scraperId=it, alias="drifted"),
        drifted=frozenset({"alias"}),
    ),
    Example(
        token="aws:amp/ruleGroupNamespace:RuleGroupNamespace",
        inputs=lambda world: {
            "name": world.name("certificates"),
            "workspaceId": workspace(world)["workspaceId"],
            "data": rules(30),
            "tags": {"owner": "shop"},
        },
        change={"data": rules(14), "tags": {"owner": "platform"}},
        replacement={"workspaceId": "ws-00000000-0000-0000-0000-000000000000"},
        drift=_relax,
        drifted=frozenset({"data"}),
    ),
    Example(
        token="aws:amp/alertManagerDefinition:AlertManagerDefinition",
        inputs=lambda world: {
            "workspaceId": workspace(world)["workspaceId"],
            "definition": alert_manager(topic(world)),
        },
        change={"definition": alert_manager("arn:aws:sns:eu-west-1:123456789012:pager", "24h")},
        replacement={"workspaceId": "ws-00000000-0000-0000-0000-000000000000"},
        drift=_divert,
        drifted=frozenset({"definition"}),
    ),
)
