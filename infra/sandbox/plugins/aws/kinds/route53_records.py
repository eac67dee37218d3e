"""Records of a hosted zone, each a change of the zone."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from infra.sandbox.plugins.aws.clients import Cloud, is_repeated
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind, is_gone
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_QUOTED = frozenset({"TXT", "SPF"})  # the official plugin quotes their values
_ASTERISK = "\\052"  # how Route 53 writes it
_TYPES = ("A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP", "SVCB")
_REFUSED = ("cidrRoutingPolicy", "geolocationRoutingPolicies", "geoproximityRoutingPolicy")


class Record(Kind):
    """A record; its id is `ZONE_name_TYPE`, and the set's identifier behind another underscore.

    Unlike with the official plugin, a change of its type replaces it. Locations as a routing policy are not simulated.
    """

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it; one that is there already is only taken when the program allows it."""
        del tags
        action = "UPSERT" if inputs.get("allowOverwrite") or is_repeated() else "CREATE"
        self._change(cloud, region, action, inputs)
        parts = (inputs["zoneId"], _plain(inputs["name"]), inputs["type"], inputs.get("setIdentifier"))
        return "_".join(str(part) for part in parts if part)

    def read(self, cloud: Cloud, region: str, id: str, known: Properties) -> dict[str, Value] | None:
        """Return what the zone says of it, None when it is not there."""
        client = cloud.client(self.service, region)
        try:
            zone = str(client.get_hosted_zone(Id=known["zoneId"])["HostedZone"]["Name"])
            name = _whole(str(known["name"]), zone)
            answer = client.list_resource_record_sets(
                HostedZoneId=known["zoneId"], StartRecordName=name, StartRecordType=known["type"]
            )
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        for found in answer["ResourceRecordSets"]:
            same = _plain(found["Name"]) == _plain(name) and found["Type"] == known["type"]
            if same and found.get("SetIdentifier") == known.get("setIdentifier"):
                return {**_told(found), "zoneId": known["zoneId"], "name": known["name"], "fqdn": _plain(name)}
        return None

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Put the new record in place of the old."""
        del id, old
        self._change(cloud, region, "UPSERT", new)

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it as it is; Route 53 refuses a deletion that says something else of it."""
        found = self.read(cloud, region, id, known)
        if found is not None:
            self._change(cloud, region, "DELETE", found)

    def imported(self, id: str) -> dict[str, Value]:
        """Return what the id of an import says; names may have underscores, and types have none."""
        zone, _, rest = id.partition("_")
        for kind in (*_TYPES, "TXT"):
            name, found, identifier = rest.rpartition(f"_{kind}")
            if found and (not identifier or identifier.startswith("_")):
                said = {"zoneId": zone, "name": name, "type": kind}
                return {**said, "setIdentifier": identifier[1:]} if identifier else dict(said)
        return {"zoneId": zone, "name": rest, "type": ""}

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what Route 53 does not take for a record."""
        for name in _REFUSED:
            if inputs.get(name):
                return [(name, "is not simulated")]
        if bool(inputs.get("aliases")) == bool(inputs.get("records")):
            return [("records", "must be given, or else aliases, and not both")]
        if bool(inputs.get("records")) != (inputs.get("ttl") is not None):
            return [("ttl", "belongs to records, and only to them")]
        policies = ("failoverRoutingPolicies", "latencyRoutingPolicies", "weightedRoutingPolicies")
        if any(inputs.get(name) for name in policies) and not inputs.get("setIdentifier"):
            return [("setIdentifier", "must be given beside a routing policy")]
        return []

    def _change(self, cloud: Cloud, region: str, action: str, inputs: Properties) -> None:
        client = cloud.client(self.service, region)
        zone = str(client.get_hosted_zone(Id=inputs["zoneId"])["HostedZone"]["Name"])
        change = {"Action": action, "ResourceRecordSet": _said(inputs, _whole(str(inputs["name"]), zone))}
        client.change_resource_record_sets(HostedZoneId=inputs["zoneId"], ChangeBatch={"Changes": [change]})


def _plain(name: Value) -> str:
    """Return a name as the official plugin writes it."""
    return str(name).replace(_ASTERISK, "*").removesuffix(".").lower()


def _whole(name: str, zone: str) -> str:
    """Return a name with that of its zone."""
    name, zone = _plain(name), _plain(zone)
    return name if name == zone or name.endswith(f".{zone}") else f"{name}.{zone}" if name else zone


def _said(inputs: Properties, name: str) -> dict[str, Any]:
    """Return a record in Route 53's words."""
    said: dict[str, Any] = {"Name": name, "Type": inputs["type"]}
    if inputs.get("aliases"):
        (alias,) = inputs["aliases"]
        target = {"HostedZoneId": alias["zoneId"], "DNSName": alias["name"]}
        said["AliasTarget"] = {**target, "EvaluateTargetHealth": bool(alias["evaluateTargetHealth"])}
    else:
        quote = '"{}"' if inputs["type"] in _QUOTED else "{}"
        said["ResourceRecords"] = [{"Value": quote.format(value)} for value in inputs["records"]]
        said["TTL"] = int(inputs["ttl"])
    for block, field, key in _POLICIES:
        for policy in inputs.get(block) or ():
            said[key] = policy[field]
    plain = {"SetIdentifier": "setIdentifier", "HealthCheckId": "healthCheckId"}
    said.update({key: inputs[field] for key, field in plain.items() if inputs.get(field)})
    if inputs.get("multivalueAnswerRoutingPolicy"):
        said["MultiValueAnswer"] = True
    return said


_POLICIES = (
    ("failoverRoutingPolicies", "type", "Failover"),
    ("latencyRoutingPolicies", "region", "Region"),
    ("weightedRoutingPolicies", "weight", "Weight"),
)
"""Block of a program, its only field, and Route 53's word."""


def _told(found: Answer) -> dict[str, Value]:
    """Return a record of Route 53's in the program's words."""
    told: dict[str, Value] = {"type": found["Type"]}
    alias = found.get("AliasTarget")
    if alias:
        target = {"zoneId": alias["HostedZoneId"], "name": alias["DNSName"]}
        told["aliases"] = [{**target, "evaluateTargetHealth": alias["EvaluateTargetHealth"]}]
    else:
        values = [record["Value"] for record in found.get("ResourceRecords") or ()]
        told["records"] = [value.strip('"') for value in values] if found["Type"] in _QUOTED else values
        told["ttl"] = found["TTL"]
    told.update({block: [{field: found[key]}] for block, field, key in _POLICIES if found.get(key) is not None})
    told.update({field: found[key] for field, key in _PLAIN.items() if found.get(key)})
    return told


_PLAIN = {
    "setIdentifier": "SetIdentifier",
    "healthCheckId": "HealthCheckId",
    "multivalueAnswerRoutingPolicy": "MultiValueAnswer",
}

_ANOTHER_FORM = "the schema has it in another form"

KINDS: tuple[Kind, ...] = (
    Record(
        token="aws:route53/record:Record",
        noun="Route 53 Record",
        service="route53",
        schema="AWS::Route53::RecordSet",
        identifier="=name",
        creating=Call(method="change_resource_record_sets"),
        reading=Call(method="list_resource_record_sets"),
        deleting=Call(method="change_resource_record_sets"),
        schema_names={
            "zoneId": "HostedZoneId",
            "aliases": "AliasTarget",
            "aliases.name": "AliasTarget/DNSName",
            "aliases.zoneId": "AliasTarget/HostedZoneId",
            "aliases.evaluateTargetHealth": "AliasTarget/EvaluateTargetHealth",
            "records": "ResourceRecords",
            "multivalueAnswerRoutingPolicy": "MultiValueAnswer",
        },
        unchecked={
            "allowOverwrite": "the official plugin's own",
            "ttl": "the schema has it as a string",
            **dict.fromkeys((*_REFUSED, *(block for block, _, _ in _POLICIES)), _ANOTHER_FORM),
        },
        replace=frozenset({"name", "type", "zoneId", "setIdentifier"}),
        sets=frozenset({"records"}),
        write_only=frozenset({"allowOverwrite"}),
        same_place=frozenset({"name", "type", "zoneId"}),
        limits={"type": {"choices": (*_TYPES, "TXT")}, "ttl": {"minimum": 0, "maximum": 2147483647}},
    ),
)
"""The entries, for `route53`."""
