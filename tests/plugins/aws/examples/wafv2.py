"""Examples of what WAF has."""

from typing import Any

from tests.plugins.aws.world import ACCOUNT, Example, World

_SEEN = {"CloudWatchMetricsEnabled": True, "SampledRequestsEnabled": True}


def visibility(metric: str) -> dict[str, Any]:
    """Return what a rule shows of itself."""
    return {"cloudwatchMetricsEnabled": True, "sampledRequestsEnabled": True, "metricName": metric}


def rules(limit: int) -> list[dict[str, Any]]:
    """Return a rate limit and a group of AWS's."""
    rate = {"limit": limit, "aggregateKeyType": "IP", "evaluationWindowSec": 60}
    group = {
        "vendorName": "AWS",
        "name": "AWSManagedRulesCommonRuleSet",
        "ruleActionOverrides": [{"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}],
    }
    return [
        {
            "name": "rate",
            "priority": 1,
            "action": {"block": {}},
            "statement": {"rateBasedStatement": rate},
            "visibilityConfig": visibility("rate"),
        },
        {
            "name": "common",
            "priority": 2,
            "overrideAction": {"none": {}},
            "statement": {"managedRuleGroupStatement": group},
            "visibilityConfig": visibility("common"),
        },
    ]


def _acl(world: World) -> dict[str, Any]:
    return {
        "name": world.name("edge"),
        "scope": "REGIONAL",
        "defaultAction": {"allow": {}},
        "rules": rules(100),
        "visibilityConfig": visibility("edge"),
        "tags": {"owner": "shop"},
    }


def web_acl(world: World) -> str:
    """Return the ARN of a new web ACL."""
    said = {"DefaultAction": {"Allow": {}}, "VisibilityConfig": {**_SEEN, "MetricName": "edge"}}
    made = world.client("wafv2").create_web_acl(Name=world.name("edge"), Scope="REGIONAL", **said)
    return str(made["Summary"]["ARN"])


def log_group(world: World) -> str:
    """Return the ARN of a new log group that WAF may write to."""
    name = world.name("aws-waf-logs")
    world.client("logs").create_log_group(logGroupName=name)
    return f"arn:aws:logs:{world.region}:{ACCOUNT}:log-group:{name}"


def _widen(world: World, it: str) -> None:
    waf = world.client("wafv2")
    (name,) = [one["Name"] for one in waf.list_ip_sets(Scope="REGIONAL")["IPSets"] if one["Id"] == it]
    token = waf.get_ip_set(Name=name, Scope="REGIONAL", Id=it)["LockToken"]
    waf.update_ip_set(Name=name, Scope="REGIONAL", Id=it, Addresses=["198.51.100.0/24"], LockToken=token)


def _open(world: World, it: str) -> None:
    waf = world.client("wafv2")
    (name,) = [one["Name"] for one in waf.list_web_acls(Scope="REGIONAL")["WebACLs"] if one["Id"] == it]
    found = waf.get_web_acl(Name=name, Scope="REGIONAL", Id=it)
    said = {"DefaultAction": {"Allow": {}}, "VisibilityConfig": found["WebACL"]["VisibilityConfig"], "Rules": []}
    waf.update_web_acl(Name=name, Scope="REGIONAL", Id=it, LockToken=found["LockToken"], **said)


def _redirect(world: World, it: str) -> None:
    said = {"ResourceArn": it, "LogDestinationConfigs": [log_group(world)]}
    world.client("wafv2").put_logging_configuration(LoggingConfiguration=said)


EXAMPLES: tuple[Example, ...] = (
    Example(
        token="aws:wafv2/ipSet:IpSet",
        inputs=lambda world: {
            "name": world.name("offices"),
            "description": "offices",
            "scope": "REGIONAL",
            "ipAddressVersion": "IPV4",
            "addresses": ["203.0.113.0/24", "192.0.2.0/24"],
            "tags": {"owner": "shop"},
        },
        change={"addresses": ["203.0.113.0/24"], "description": "office", "tags": {"owner": "platform"}},
        replacement={"name": "other"},
        drift=_widen,
        drifted=frozenset({"addresses"}),
        import_id=lambda thing: f"{thing.id}/{thing.outputs['name']}/REGIONAL",
    ),
    Example(
        token="aws:wafv2/webAcl:WebAcl",
        inputs=_acl,
        change={"rules": rules(200), "defaultAction": {"block": {}}, "tags": {"owner": "platform"}},
        replacement={"name": "other"},
        drift=_open,
        drifted=frozenset({"rules"}),
        import_id=lambda thing: f"{thing.id}/{thing.outputs['name']}/REGIONAL",
    ),
    Example(
        token="aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        inputs=lambda world: {
            "resourceArn": web_acl(world),
            "logDestinationConfigs": [log_group(world)],
            "redactedFields": [{"singleHeader": {"name": "authorization"}}, {"singleHeader": {"name": "cookie"}}],
        },
        change={"redactedFields": [{"singleHeader": {"name": "cookie"}}]},
        replacement={"resourceArn": "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/other/other"},
        drift=_redirect,
        drifted=frozenset({"logDestinationConfigs"}),
    ),
)
