"""The functions of the AWS provider: who and where the caller is, and policy documents put together.

Owns arguments and results in Pulumi's words. A function that is missing here is refused by its name.
"""

import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.function_arguments import checked
from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Value

_PARTITIONS = {"cn-": ("aws-cn", "amazonaws.com.cn"), "us-gov-": ("aws-us-gov", "amazonaws.com")}
_POLICY_VERSION = "2012-10-17"  # the only current one, IAM User Guide, "IAM JSON policy elements: Version"


def invoke(cloud: Cloud, token: str, arguments: Properties) -> dict[str, Value]:
    """Run the function `token`.

    Raises:
        ProviderError: there is no such function, or an argument is wrong.
        ClientError: AWS refused.
    """
    function = FUNCTIONS.get(token)
    if function is None:
        raise ProviderError(
            f"the offline aws plugin has no function {token}; add it to infra/sandbox/plugins/aws/functions.py"
        )
    return function(cloud, checked(token, arguments))


def _caller_identity(cloud: Cloud, arguments: Properties) -> dict[str, Value]:
    found = cloud.client("sts").get_caller_identity()
    return {"accountId": found["Account"], "arn": found["Arn"], "userId": found["UserId"], "id": found["Account"]}


def _region(cloud: Cloud, arguments: Properties) -> dict[str, Value]:
    name = arguments.get("region") or arguments.get("name") or cloud.region
    return {
        "id": name,
        "name": name,
        "region": name,
        "description": name,
        "endpoint": f"ec2.{name}.{_partition_of(name)[1]}",
    }


def _partition(cloud: Cloud, arguments: Properties) -> dict[str, Value]:
    partition, suffix = _partition_of(arguments.get("region") or cloud.region)
    reverse = ".".join(reversed(suffix.split(".")))
    return {"id": partition, "partition": partition, "dnsSuffix": suffix, "reverseDnsPrefix": reverse}


def _partition_of(region: str) -> tuple[str, str]:
    return next((found for prefix, found in _PARTITIONS.items() if region.startswith(prefix)), ("aws", "amazonaws.com"))


def _availability_zones(cloud: Cloud, arguments: Properties) -> dict[str, Value]:
    region = str(arguments.get("region") or cloud.region)
    filters = [{"Name": found["name"], "Values": list(found["values"])} for found in arguments.get("filters") or []]
    found = cloud.client("ec2", region).describe_availability_zones(
        Filters=filters, AllAvailabilityZones=bool(arguments.get("allAvailabilityZones"))
    )["AvailabilityZones"]
    names, ids = set(arguments.get("excludeNames") or ()), set(arguments.get("excludeZoneIds") or ())
    state = arguments.get("state")
    zones = sorted(
        (zone["ZoneName"], zone["ZoneId"], zone.get("GroupName", region))
        for zone in found
        if zone["ZoneName"] not in names and zone["ZoneId"] not in ids and state in (None, zone["State"])
    )
    return {
        **arguments,
        "id": region,
        "region": region,
        "names": [name for name, _, _ in zones],
        "zoneIds": [zone_id for _, zone_id, _ in zones],
        "groupNames": sorted({group for _, _, group in zones}),
    }


def _policy_document(cloud: Cloud, arguments: Properties) -> dict[str, Value]:
    """Put statements together: sources first, then the program's own, then what overrides those of the same sid."""
    sources = [*_one("sourceJson", arguments), *(arguments.get("sourcePolicyDocuments") or [])]
    overrides = [*(arguments.get("overridePolicyDocuments") or []), *_one("overrideJson", arguments)]
    statements = [statement for source in sources for statement in _statements_of(source)]
    statements += [_statement(found) for found in arguments.get("statements") or []]
    for source in overrides:
        for statement in _statements_of(source):
            sid = statement.get("Sid")
            statements = [kept for kept in statements if not sid or kept.get("Sid") != sid] + [statement]
    document = {"Version": arguments.get("version") or _POLICY_VERSION, "Statement": statements}
    if arguments.get("policyId"):
        document["Id"] = arguments["policyId"]
    text = json.dumps(document, indent=2)
    return {
        **arguments,
        "id": str(zlib.crc32(text.encode())),
        "json": text,
        "minifiedJson": json.dumps(document, separators=(",", ":")),
    }


def _one(name: str, arguments: Properties) -> list[str]:
    """Return a document that an older argument gives alone."""
    return [arguments[name]] if arguments.get(name) else []


def _statements_of(source: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(source).get("Statement", [])
    except (ValueError, AttributeError) as error:
        raise ProviderError("a source policy document is not a JSON object") from error
    return found if isinstance(found, list) else [found]


def _statement(given: Mapping[str, Value]) -> dict[str, Any]:
    statement: dict[str, Any] = {"Sid": given["sid"]} if given.get("sid") else {}
    statement["Effect"] = given.get("effect") or "Allow"
    for name, word in (
        ("actions", "Action"),
        ("notActions", "NotAction"),
        ("resources", "Resource"),
        ("notResources", "NotResource"),
    ):
        if given.get(name):
            statement[word] = _one_or_many(given[name])
    for name, word in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if given.get(name):
            statement[word] = _principals(given[name])
    if given.get("conditions"):
        statement["Condition"] = _conditions(given["conditions"])
    return statement


def _principals(given: list[Mapping[str, Value]]) -> Any:
    if [found["type"] for found in given] == ["*"]:
        return "*"
    merged: dict[str, list[str]] = {}
    for found in given:
        merged.setdefault(found["type"], []).extend(found["identifiers"])
    return {kind: _one_or_many(identifiers) for kind, identifiers in merged.items()}


def _conditions(given: list[Mapping[str, Value]]) -> dict[str, dict[str, Any]]:
    merged: dict[str, dict[str, list[str]]] = {}
    for found in given:
        merged.setdefault(found["test"], {}).setdefault(found["variable"], []).extend(found["values"])
    return {
        test: {variable: _one_or_many(values) for variable, values in by_variable.items()}
        for test, by_variable in merged.items()
    }


def _one_or_many(values: list[str]) -> Any:
    return values[0] if len(values) == 1 else sorted(values, reverse=True)


FUNCTIONS: Mapping[str, Callable[[Cloud, Properties], dict[str, Value]]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
}
"""Token -> what runs it."""
