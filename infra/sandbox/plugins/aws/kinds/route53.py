"""Names in Route 53: hosted zones and health checks. The records of a zone are in `route53_records`."""

import uuid
from collections.abc import Mapping
from typing import Any

from infra.sandbox.plugins.aws import translation
from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.kinds import route53_records
from infra.sandbox.plugins.aws.tagging import Tagging, Tags, changes
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_OWN = frozenset({"NS", "SOA"})  # records that a zone has by itself
_WATCHED_BY_NAME = frozenset({"HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP"})
_SEARCHING = frozenset({"HTTP_STR_MATCH", "HTTPS_STR_MATCH"})
_FIXED = frozenset({"Type", "RequestInterval", "MeasureLatency"})  # a change of them needs another health check
_CONFIG = "HealthCheckConfig"
_FORGOTTEN = ("regions", "childHealthchecks")  # by the simulated Route 53, when an update does not repeat them


class Route53Tagging(Tagging):
    """Tags by a resource's sort and id, added and removed by one call."""

    def update(self, client: Any, subject: str, old: Tags, new: Tags) -> None:
        """Make the tags `new` where they were `old`."""
        gone, changed = changes(old, new)
        said = {**({"AddTags": self._written(changed)} if changed else {}), **({"RemoveTagKeys": gone} if gone else {})}
        if said:
            client.change_tags_for_resource(**self._subject(subject), **said)


def _tagging(sort: str) -> Route53Tagging:
    return Route53Tagging(
        parameter="",
        listing="list_tags_for_resource",
        found="ResourceTagSet.Tags",
        subject="ResourceId",
        by="id",
        extra={"ResourceType": sort},
    )


class Zone(Kind):
    """A hosted zone, public or of VPCs; its id is that of the zone.

    The simulated Route 53 gives every zone the same name servers, and answers no queries.
    """

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it."""
        client = cloud.client(self.service, region)
        vpcs = inputs.get("vpcs") or ()
        said: dict[str, Any] = {"HostedZoneConfig": {"Comment": inputs["comment"], "PrivateZone": bool(vpcs)}}
        if vpcs:
            said["VPC"] = _vpc(vpcs[0], region)
        if inputs.get("delegationSetId"):
            said["DelegationSetId"] = inputs["delegationSetId"]
        made = client.create_hosted_zone(Name=inputs["name"], CallerReference=uuid.uuid4().hex, **said)
        identity = _bare(made["HostedZone"]["Id"])
        for vpc in vpcs[1:]:
            client.associate_vpc_with_hosted_zone(HostedZoneId=identity, VPC=_vpc(vpc, region))
        _tagging("hostedzone").update(client, identity, {}, tags)
        return identity

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties."""
        del cloud, region
        zone = answer["HostedZone"]
        servers = sorted(answer.get("DelegationSet", {}).get("NameServers") or ())
        vpcs = [{"vpcId": vpc["VPCId"], "vpcRegion": vpc["VPCRegion"]} for vpc in answer.get("VPCs") or ()]
        return {
            "arn": f"arn:aws:route53:::hostedzone/{id}",
            "name": zone["Name"].removesuffix("."),
            "comment": zone["Config"].get("Comment", ""),
            "nameServers": servers,
            "primaryNameServer": servers[0] if servers else "",
            "zoneId": id,
            **({"vpcs": vpcs} if vpcs else {}),
        }

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Change its comment and the VPCs that use it."""
        client = cloud.client(self.service, region)
        if old.get("comment") != new.get("comment"):
            client.update_hosted_zone_comment(Id=id, Comment=new["comment"])
        before, after = _vpcs(old, region), _vpcs(new, region)
        for vpc in sorted(after - before):
            client.associate_vpc_with_hosted_zone(HostedZoneId=id, VPC={"VPCId": vpc[0], "VPCRegion": vpc[1]})
        for vpc in sorted(before - after):
            client.disassociate_vpc_from_hosted_zone(HostedZoneId=id, VPC={"VPCId": vpc[0], "VPCRegion": vpc[1]})

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it, with the records in it when the program says so; else Route 53 refuses one that is not empty."""
        if known.get("forceDestroy"):
            client = cloud.client(self.service, region)
            try:
                pages = client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=id)
                records = [record for page in pages for record in page["ResourceRecordSets"]]
            except client.exceptions.NoSuchHostedZone:
                return
            changes = [
                {"Action": "DELETE", "ResourceRecordSet": record} for record in records if record["Type"] not in _OWN
            ]
            if changes:
                client.change_resource_record_sets(HostedZoneId=id, ChangeBatch={"Changes": changes})
        super().delete(cloud, region, id, known)


def _bare(id: str) -> str:
    return id.rpartition("/")[2]


def _vpc(vpc: Mapping[str, Any], region: str) -> dict[str, str]:
    return {"VPCId": str(vpc["vpcId"]), "VPCRegion": str(vpc.get("vpcRegion") or region)}


def _vpcs(inputs: Properties, region: str) -> set[tuple[str, str]]:
    return {(str(vpc["vpcId"]), str(vpc.get("vpcRegion") or region)) for vpc in inputs.get("vpcs") or ()}


class HealthCheck(Kind):
    """A health check; its id is Route 53's.

    The simulated Route 53 asks nobody, and its metric does not move; it knows neither alarms nor routing controls.
    """

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it."""
        client = cloud.client(self.service, region)
        shape = self.creating.shape(client)
        assert shape is not None
        config = translation.request(shape.members[_CONFIG], _without(inputs), self.names)
        reference = str(inputs.get("referenceName") or "")[:27] + uuid.uuid4().hex
        made = client.create_health_check(CallerReference=reference, **{_CONFIG: config})
        identity = str(made["HealthCheck"]["Id"])
        _tagging("healthcheck").update(client, identity, {}, tags)
        return identity

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Do nothing: the creation says everything."""
        del cloud, region, id, inputs

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties."""
        told = super().told(cloud, region, id, answer[_CONFIG])
        return {**told, "arn": f"arn:aws:route53:::healthcheck/{id}"}

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Say what it watches anew."""
        client = cloud.client(self.service, region)
        changed = {name: value for name, value in _without(new).items() if old.get(name) != value or name in _FORGOTTEN}
        said = translation.request(self.changing[0].shape(client), changed, self.names)
        if said:
            client.update_health_check(HealthCheckId=id, **{key: said[key] for key in said if key not in _FIXED})

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what Route 53 cannot watch, or this one does not."""
        sort = inputs["type"]
        if sort not in _WATCHED_BY_NAME | {"CALCULATED"}:
            return [("type", "is not simulated; take an HTTP, TCP or CALCULATED one")]
        if sort in _WATCHED_BY_NAME and not (inputs.get("fqdn") or inputs.get("ipAddress")):
            return [("fqdn", "must be given, or else ipAddress")]
        if (sort in _SEARCHING) != bool(inputs.get("searchString")):
            return [("searchString", "belongs to a type that ends in _STR_MATCH, and only to it")]
        if inputs.get("requestInterval") not in (None, 10, 30):
            return [("requestInterval", "must be 10 or 30")]
        return []

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it; the simulated Route 53 does not say when it is gone already."""
        if self.read(cloud, region, id, known) is not None:
            super().delete(cloud, region, id, known)


def _without(inputs: Properties) -> dict[str, Value]:
    return {
        name: value for name, value in inputs.items() if name not in ("tags", "region", "triggers", "referenceName")
    }


_IN_CONFIG = {
    "childHealthchecks": "ChildHealthChecks",
    "enableSni": "EnableSNI",
    "fqdn": "FullyQualifiedDomainName",
    "invertHealthcheck": "Inverted",
    "ipAddress": "IPAddress",
    "childHealthThreshold": "HealthThreshold",
}

KINDS: tuple[Kind, ...] = (
    Zone(
        token="aws:route53/zone:Zone",
        noun="Route 53 Hosted Zone",
        service="route53",
        schema="AWS::Route53::HostedZone",
        identifier="HostedZone.Id",
        creating=Call(method="create_hosted_zone"),
        reading=Call(method="get_hosted_zone", subject="Id"),
        deleting=Call(method="delete_hosted_zone", subject="Id"),
        tagging=_tagging("hostedzone"),
        schema_names={
            "comment": "HostedZoneConfig/Comment",
            "enableAcceleratedRecovery": "HostedZoneFeatures/EnableAcceleratedRecovery",
        },
        unchecked={"forceDestroy": "the official plugin's own"},
        defaults={"comment": "Managed by Pulumi"},
        replace=frozenset({"name", "delegationSetId"}),
        sets=frozenset({"vpcs"}),
        write_only=frozenset({"enableAcceleratedRecovery"}),
        automatic={"name": 255},
    ),
    HealthCheck(
        token="aws:route53/healthCheck:HealthCheck",
        noun="Route 53 Health Check",
        service="route53",
        schema="AWS::Route53::HealthCheck",
        identifier="HealthCheck.Id",
        creating=Call(method="create_health_check"),
        reading=Call(method="get_health_check", subject="HealthCheckId", result="HealthCheck"),
        changing=(Call(method="update_health_check", subject="HealthCheckId"),),
        deleting=Call(method="delete_health_check", subject="HealthCheckId"),
        tagging=_tagging("healthcheck"),
        names=_IN_CONFIG,
        schema_names={
            "": _CONFIG,
            **{name: f"{_CONFIG}/{said}" for name, said in _IN_CONFIG.items()},
            "cloudwatchAlarmName": f"{_CONFIG}/AlarmIdentifier/Name",
            "cloudwatchAlarmRegion": f"{_CONFIG}/AlarmIdentifier/Region",
        },
        unchecked={"referenceName": "the call's own", "triggers": "the official plugin's own"},
        computed=frozenset({"enableSni"}),
        replace=frozenset({"type", "measureLatency", "requestInterval", "referenceName", "routingControlArn"}),
        sets=frozenset({"regions", "childHealthchecks"}),
        write_only=frozenset({"triggers", "referenceName"}),
    ),
    *route53_records.KINDS,
)
