"""Examples of hosted zones, their records and health checks."""

from typing import Any

from tests.plugins.aws.world import Example, World


def zone_id(world: World) -> str:
    """Return the id of a new zone; its name is `shop-N.example.com`."""
    name = f"{world.name('shop')}.example.com"
    made = world.client("route53").create_hosted_zone(Name=name, CallerReference=name)
    return str(made["HostedZone"]["Id"]).rpartition("/")[2]


def _drift_record(world: World, it: str) -> None:
    zone, name, kind = it.split("_")
    change = {"Name": name, "Type": kind, "TTL": 5, "ResourceRecords": [{"Value": "elsewhere.example.com"}]}
    world.client("route53").change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": change}]}
    )


def record(world: World) -> dict[str, Any]:
    """Return the inputs of a record in a new zone."""
    zone = zone_id(world)
    name = str(world.client("route53").get_hosted_zone(Id=zone)["HostedZone"]["Name"]).removesuffix(".")
    return {"zoneId": zone, "name": f"www.{name}", "type": "CNAME", "ttl": 300, "records": ["edge.example.com"]}


EXAMPLES: tuple[Example, ...] = (
    Example(
        token="aws:route53/zone:Zone",
        inputs=lambda world: {
            "name": f"{world.name('shop')}.example.com",
            "comment": "the shop",
            "forceDestroy": False,
            "tags": {"owner": "shop"},
        },
        change={"comment": "the shops", "tags": {"owner": "platform"}},
        replacement={"name": "other.example.com"},
        drift=lambda world, it: world.client("route53").update_hosted_zone_comment(Id=it, Comment="drifted"),
        drifted=frozenset({"comment"}),
        unimported=frozenset({"forceDestroy"}),
    ),
    Example(
        token="aws:route53/record:Record",
        inputs=record,
        change={"ttl": 60, "records": ["origin.example.com"]},
        replacement={"name": "shop"},
        drift=_drift_record,
        drifted=frozenset({"ttl", "records"}),
    ),
    Example(
        token="aws:route53/healthCheck:HealthCheck",
        inputs=lambda world: {
            "type": "HTTPS",
            "fqdn": "shop.example.com",
            "port": 443,
            "resourcePath": "/",
            "requestInterval": 30,
            "failureThreshold": 3,
            "regions": ["eu-west-1", "us-east-1", "us-west-1"],
            "tags": {"owner": "shop"},
        },
        change={"resourcePath": "/api/health", "failureThreshold": 2, "tags": {"owner": "platform"}},
        replacement={"requestInterval": 10},
        drift=lambda world, it: world.client("route53").update_health_check(HealthCheckId=it, ResourcePath="/other"),
        drifted=frozenset({"resourcePath"}),
    ),
)
