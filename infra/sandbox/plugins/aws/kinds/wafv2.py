"""WAF: sets of addresses, web ACLs, and where these write their log.

A change and a deletion name the lock token of what they were read from, so each begins with a read.
"""

from collections.abc import Mapping
from typing import Any

from infra.sandbox.plugins.aws import translation
from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.tagging import Tagging
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_GLOBAL_REGION = "us-east-1"  # where everything of the CLOUDFRONT scope is
_LONGEST_NAME = 128  # CreateWebACL's reference
_LOG_PREFIX = "aws-waf-logs-"  # "Logging destinations" of WAF's developer guide
_WINDOWS = (60, 120, 300, 600)  # RateBasedStatement's reference
_LEAST_LIMIT = 10  # the same
_TAGGING = Tagging(
    listing="list_tags_for_resource",
    found="TagInfoForResource.TagList",
    tag="tag_resource",
    untag="untag_resource",
    subject="ResourceARN",
)


class Locked(Kind):
    """Something with a lock token, which is named by name, id and scope; its id is its UUID."""

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties."""
        (content,) = (value for value in answer.values() if isinstance(value, Mapping) and "Name" in value)
        said = {name: value for name, value in content.items() if value != ""}
        scope = "CLOUDFRONT" if ":global/" in str(content["ARN"]) else "REGIONAL"
        told = super().told(cloud, region, id, said)
        return {**told, "scope": scope, "lockToken": answer["LockToken"]}

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Say all of it anew."""
        client = cloud.client(self.service, region)
        known = {**old, **new, "id": id}
        lock = self.reading.make(client, known, {})["LockToken"]
        said = {name: value for name, value in new.items() if name not in ("tags", "region")}
        (changing,) = self.changing
        parameters = translation.request(changing.shape(client), said, self.names)
        changing.make(client, known, {**parameters, "LockToken": lock})

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Do nothing: one call says everything."""
        del cloud, region, id, inputs

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it; does nothing when it is gone."""
        found = self.read(cloud, region, id, known)
        if found is not None:
            client = cloud.client(self.service, region)
            self.deleting.make(client, {**known, "id": id}, {"LockToken": found["lockToken"]})

    def imported(self, id: str) -> dict[str, Value]:
        """Return what an import's id says, which is `ID/NAME/SCOPE`."""
        parts = id.split("/")
        return {"id": parts[0], "name": parts[1], "scope": parts[2]} if len(parts) == 3 else {}

    def lasting_id(self, id: str, properties: Properties) -> str:
        """Return the UUID."""
        del properties
        return id.partition("/")[0]

    def read(self, cloud: Cloud, region: str, id: str, known: Properties) -> dict[str, Value] | None:
        """Return its properties, None when it is gone."""
        return super().read(cloud, region, id.partition("/")[0], known)

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return a scope that is elsewhere."""
        if inputs["scope"] == "CLOUDFRONT" and inputs.get("region") not in (None, _GLOBAL_REGION):
            return [("region", f"must be {_GLOBAL_REGION} for the scope CLOUDFRONT")]
        return []


class WebAcl(Locked):
    """A web ACL. The simulated WAF lets every request through, and counts none."""

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return rules that WAF does not take."""
        found = super().contradictions(inputs)
        if inputs.get("ruleJson"):
            found.append(("ruleJson", "is not in the offline plugin; use rules"))
        rules = inputs.get("rules") or ()
        for number, rule in enumerate(rules):
            at = f"rules[{number}]"
            statement = rule["statement"]
            is_group = bool(statement.get("managedRuleGroupStatement") or statement.get("ruleGroupReferenceStatement"))
            if is_group != ("overrideAction" in rule) or is_group == ("action" in rule):
                wanted = "overrideAction" if is_group else "action"
                found.append((f"{at}.{wanted}", "is what this statement takes, and it alone"))
            rate = statement.get("rateBasedStatement")
            if rate and rate["limit"] < _LEAST_LIMIT:
                found.append((f"{at}.statement.rateBasedStatement.limit", f"must be {_LEAST_LIMIT} or more"))
            if rate and rate.get("evaluationWindowSec") not in (None, *_WINDOWS):
                where = f"{at}.statement.rateBasedStatement.evaluationWindowSec"
                found.append((where, f"must be one of {', '.join(map(str, _WINDOWS))}"))
        priorities = [rule["priority"] for rule in rules]
        if len(set(priorities)) < len(priorities):
            found.append(("rules", "two rules have the same priority"))
        return found


class Logging(Kind):
    """Where a web ACL writes its log; its id is the ACL's ARN."""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Put it."""
        del tags
        self._put(cloud, region, inputs)
        return str(inputs["resourceArn"])

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Put it anew."""
        del id, old
        self._put(cloud, region, new)

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return a destination that WAF does not write to."""
        return [
            (f"logDestinationConfigs[{number}]", f"its name must begin with {_LOG_PREFIX}")
            for number, destination in enumerate(inputs["logDestinationConfigs"])
            if not str(destination).removesuffix(":*").rpartition(":")[2].rpartition("/")[2].startswith(_LOG_PREFIX)
        ]

    def _put(self, cloud: Cloud, region: str, inputs: Properties) -> None:
        client = cloud.client(self.service, region)
        shape = self.creating.shape(client)
        said = {name: value for name, value in inputs.items() if name != "region"}
        parameters = translation.request(shape, {"loggingConfiguration": said}, {})
        self.creating.make(client, inputs, parameters)


def _locked(kind: type[Locked], thing: str, **more: Any) -> Locked:
    """Return an entry.

    Args:
        kind: its class.
        thing: in boto3's methods, as `ip_set`.
        more: further arguments.
    """
    named = {"Name": "name", "Scope": "scope"}
    return kind(
        service="wafv2",
        identifier="Summary.Id",
        creating=Call(method=f"create_{thing}"),
        reading=Call(method=f"get_{thing}", subject="Id", also=named),
        changing=(Call(method=f"update_{thing}", subject="Id", also=named),),
        deleting=Call(method=f"delete_{thing}", subject="Id", also=named),
        tagging=_TAGGING,
        automatic={"name": _LONGEST_NAME},
        same_place=frozenset({"name", "scope"}),
        **more,
    )


_BY_SERVICE = "a map by service or key in the schema"
_UNCHECKED = {
    "associationConfig.requestBodies": _BY_SERVICE,
    "customResponseBodies": _BY_SERVICE,
    "namePrefix": "the official plugin's own",
    "ruleJson": "the official plugin's own; refused here",
    "rules.statement.managedRuleGroupStatement.managedRuleGroupConfigs": "groups that the platform does not use",
    "rules.statement.managedRuleGroupStatement.scopeDownStatement": "any statement, without a shape in the SDK",
    "rules.statement.notStatement": "any statement, without a shape in the SDK",
    "rules.statement.rateBasedStatement.scopeDownStatement": "any statement, without a shape in the SDK",
}

KINDS: tuple[Kind, ...] = (
    _locked(
        Locked,
        "ip_set",
        token="aws:wafv2/ipSet:IpSet",
        noun="WAF IP Set",
        schema="AWS::WAFv2::IPSet",
        unchecked={"namePrefix": "the official plugin's own"},
        replace=frozenset({"ipAddressVersion"}),
        sets=frozenset({"addresses"}),
    ),
    _locked(
        WebAcl,
        "web_acl",
        token="aws:wafv2/webAcl:WebAcl",
        noun="WAF Web ACL",
        schema="AWS::WAFv2::WebACL",
        unchecked=_UNCHECKED,
        sets=frozenset({"rules"}),
    ),
    Logging(
        token="aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        noun="WAF Logging Configuration",
        service="wafv2",
        schema="AWS::WAFv2::LoggingConfiguration",
        identifier="=resourceArn",
        creating=Call(method="put_logging_configuration"),
        reading=Call(method="get_logging_configuration", subject="ResourceArn", result="LoggingConfiguration"),
        deleting=Call(method="delete_logging_configuration", subject="ResourceArn"),
        same_place=frozenset({"resourceArn"}),
    ),
)
