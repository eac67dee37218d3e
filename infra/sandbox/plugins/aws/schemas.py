"""The AWS resource schemas, region by region, from the data of the cfn-lint wheel (cfn-lint itself is not imported).

They are those that CloudFormation publishes: enumerations, patterns and ranges of properties, and which of them fix a
resource once it is made. What cfn-lint knows beside them is added: classes of database and cache nodes, and what the
formats mean (`AWS::EC2::VPC.Id`).
"""

import functools
import importlib.util
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from infra.sandbox.plugins.provider import ProviderError

Schema = Mapping[str, Any]
"""A JSON schema, as its document says it."""

_ARN: Final = r"^arn:aws[a-zA-Z-]*:"
_HEX: Final = r"([0-9A-Fa-f]{8}|[0-9A-Fa-f]{17})$"
_BYTE: Final = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"

FORMATS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AWS::ACM::Certificate.Arn": _ARN + r"acm:[a-z0-9-]+:\d{12}:certificate/.+$",
        "AWS::EC2::Image.Id": r"^(ami-([0-9a-z]{8}|[0-9a-z]{17})|resolve:ssm:.+)$",  # a template may name a parameter
        "AWS::EC2::SecurityGroup.Id": rf"^sg-{_HEX}",
        "AWS::EC2::Subnet.Id": rf"^subnet-{_HEX}",
        "AWS::EC2::VPC.Id": rf"^vpc-{_HEX}",
        "AWS::IAM::Role.Arn": _ARN + r"iam::\d{12}:role/.+$",
        "AWS::KMS::Key.Arn": _ARN + r"kms:[a-z0-9-]+:\d{12}:(key|alias)/.+$",
        "AWS::Lambda::Function.Arn": _ARN + r"lambda:[a-z0-9-]+:\d{12}:function:.+(:.+)?$",
        "AWS::Logs::LogGroup.Name": r"^[\.\-_\/#A-Za-z0-9]{1,512}$",
        "AWS::S3::Bucket.Name": r"^(?![.\-])(?!.*\.\.)(?!.*\-\.)(?!.*\.\-)[a-z0-9.\-]{3,63}(?<![.\-])$",
        "AWS::SNS::Topic.Arn": _ARN + r"sns:[a-z0-9-]+:\d{12}:.+$",
        "ipv4-network": rf"^{_BYTE}(\.{_BYTE}){{3}}/(3[0-2]|[12]?[0-9])$",
        "ipv6-network": r"^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*/(12[0-8]|1[01][0-9]|[1-9]?[0-9])$",
    }
)
"""Format -> pattern, as cfn-lint's own rules say (cfnlint/rules/formats); the networks by RFC 4632 and RFC 4291."""

_EXTENSIONS: Final = (
    # type, path to the property, extension with its values by region or by condition
    ("AWS::RDS::DBInstance", "DBInstanceClass", "aws_rds_dbinstance/dbinstanceclass_enum"),
    ("AWS::RDS::DBInstance", "Engine", "aws_rds_dbinstance/engine_version"),
    ("AWS::RDS::DBInstance", "EngineVersion", "aws_rds_dbinstance/engine_version"),
    ("AWS::ElastiCache::CacheCluster", "CacheNodeType", "aws_elasticache_cachecluster/cachenodetype_enum"),
    ("AWS::ElastiCache::ReplicationGroup", "CacheNodeType", "aws_elasticache_cachecluster/cachenodetype_enum"),
    ("AWS::EC2::Instance", "InstanceType", "aws_ec2_instance/instancetype_enum"),
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateData/InstanceType", "aws_ec2_instance/instancetype_enum"),
    ("AWS::EKS::Nodegroup", "InstanceTypes/items", "aws_ec2_instance/instancetype_enum"),
)
_CONDITIONAL: Final = frozenset({"EngineVersion"})  # what is allowed depends on another property: see `choices`
_PLAIN: Final = ""


@functools.cache
def schema(type_name: str, region: str = "us-east-1") -> Schema:
    """Return the schema of `type_name`, as `AWS::EC2::VPC`, with every `$ref` followed and without descriptions.

    Args:
        type_name: the CloudFormation type.
        region: the region, as `us-east-1`; types and classes differ between regions.

    Raises:
        ProviderError: there is no such region, or no such type in it.
    """
    file = _types(region).get(type_name)
    if file is None:
        raise ProviderError(f"AWS has no resource type {type_name} in {region}, as far as cfn-lint's schemas say")
    document = _load(f"resources/{file}.json")
    properties = _resolved(document["properties"], document, ())
    for owner, path, _ in _EXTENSIONS:
        if owner == type_name and path not in _CONDITIONAL:
            _enumerate(properties, path.split("/"), choices(type_name, path, {}, region))
    return {**document, "properties": properties}


@functools.cache
def _types(region: str) -> Mapping[str, str]:
    path = _root() / "providers" / f"{region}.json"
    if not path.exists():
        raise ProviderError(f"there is no region {region}, as far as cfn-lint's schemas say")
    return _load(f"providers/{region}.json")


def choices(type_name: str, property_name: str, given: Mapping[str, str], region: str = "us-east-1") -> tuple[str, ...]:
    """Return the values that a property may have beside what else is given; empty where nothing is known.

    Args:
        type_name: the CloudFormation type, as `AWS::RDS::DBInstance`.
        property_name: as `DBInstanceClass`.
        given: other properties, which narrow it: with `{"Engine": "postgres"}` the classes and versions of PostgreSQL.
        region: the region, as `us-east-1`.
    """
    allowed: set[str] = set()
    for owner, path, extension in _EXTENSIONS:
        if owner == type_name and path == property_name:
            known = _extension(extension, region)
            for conditions, values in known.get(path, known.get(_PLAIN, [])):
                if all(given.get(name, value) == value for name, value in conditions.items()):
                    allowed.update(values)
    return tuple(sorted(allowed))


@functools.cache
def _extension(name: str, region: str) -> Mapping[str, list[tuple[Mapping[str, str], list[str]]]]:
    """Return property -> what else must be given for which values; `_PLAIN` stands for the property of a plain list."""
    document = _load(f"extensions/{name}.json")
    document = document if "allOf" in document else document.get(region, {})
    if "enum" in document:
        return {_PLAIN: [({}, document["enum"])]}
    found: dict[str, list[tuple[Mapping[str, str], list[str]]]] = {}
    for rule in document.get("allOf", []):
        conditions = {name: said["const"] for name, said in rule["if"]["properties"].items() if _is_constant(said)}
        for target, said in rule["then"].get("properties", {}).items():
            if "enum" in said:
                found.setdefault(target, []).append((conditions, said["enum"]))
    return found


def _is_constant(condition: object) -> bool:
    return isinstance(condition, Mapping) and "const" in condition


@functools.cache
def _root() -> Path:
    spec = importlib.util.find_spec("cfnlint")  # finds without importing, which takes seconds
    if spec is None or not spec.submodule_search_locations:
        raise ProviderError("cfn-lint, whose AWS schemas the aws plugin reads, is not installed")
    return Path(spec.submodule_search_locations[0]) / "data" / "schemas"


def _load(path: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((_root() / path).read_text(encoding="utf-8"))
    return document


def _resolved(node: Any, document: Schema, above: tuple[str, ...]) -> Any:
    """Return `node` with its references followed; one within itself ends as `{}`, which allows everything."""
    if isinstance(node, list):
        return [_resolved(item, document, above) for item in node]
    if not isinstance(node, Mapping):
        return node
    reference = node.get("$ref")
    if not isinstance(reference, str):
        return {name: _resolved(item, document, above) for name, item in node.items() if name != "description"}
    if reference in above:
        return {}
    target: Any = document
    for step in _steps(reference):
        target = target[step]
    beside = {name: item for name, item in node.items() if name != "$ref"}
    return _resolved({**target, **beside}, document, (*above, reference))


def _steps(reference: str) -> Iterator[str]:
    for step in reference.removeprefix("#/").split("/"):
        yield step.replace("~1", "/").replace("~0", "~")


def _enumerate(properties: dict[str, Any], path: list[str], values: tuple[str, ...]) -> None:
    """Write the values that a region has into the property at `path`."""
    node = properties[path[0]]
    for step in path[1:]:
        node = node[step] if step == "items" else node["properties"][step]
    if values:
        node["enum"] = list(values)
