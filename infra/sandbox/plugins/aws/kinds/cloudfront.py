"""CloudFront: distributions, and what they name: access controls of origins, cache and response headers policies.

Each has one configuration, which is put as a whole and names the version that it is a change of.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.sandbox.plugins.aws import translation
from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.tagging import Tagging, Tags, changes
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_ZONE = "Z2FDTNDATAQYW2"  # of every distribution's domain (Route 53's reference, AliasTarget)
_LONGEST_NAME = 64  # CreateOriginAccessControl's reference; policies may have 128
_FORGOTTEN = ("retainOnDelete", "waitForDeployment")
_EMPTY = {"OriginAccessIdentity": ""}  # what CloudFront wants of an S3 origin with an access control
_BEHAVIOURS = ("defaultCacheBehavior", "orderedCacheBehaviors")


@dataclass(frozen=True, kw_only=True)
class Configured(Kind):
    """Something with a configuration and a version.

    Args:
        thing: what answers call it, as `CachePolicy`; its configuration is `CachePolicyConfig`.
    """

    thing: str

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it."""
        del tags
        client = cloud.client(self.service, region)
        made = self.creating.make(client, inputs, {f"{self.thing}Config": self.config(client, inputs)})
        return str(made[self.thing]["Id"])

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Do nothing: one call says everything."""
        del cloud, region, id, inputs

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties."""
        told = super().told(cloud, region, id, answer[self.thing][f"{self.thing}Config"])
        path = "".join(f"-{part.lower()}" if part.isupper() else part for part in self.thing).lstrip("-").lower()
        account = cloud.client("sts", region).get_caller_identity()["Account"]
        return {**told, "arn": f"arn:aws:cloudfront::{account}:{path}/{id}", "etag": answer["ETag"]}

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Put the new configuration in place of the old."""
        client = cloud.client(self.service, region)
        known = {**old, **new, "id": id}
        etag = self.reading.make(client, known, {})["ETag"]
        (changing,) = self.changing
        changing.make(client, known, {f"{self.thing}Config": self.config(client, new), "IfMatch": etag})

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it; does nothing when it is gone."""
        found = self.read(cloud, region, id, known)
        if found is not None:
            client = cloud.client(self.service, region)
            self.deleting.make(client, {**known, "id": id}, {"IfMatch": found["etag"]})

    def config(self, client: Any, inputs: Properties) -> dict[str, Any]:
        """Return the configuration that `inputs` say."""
        shape = self.creating.shape(client)
        said = {name: value for name, value in inputs.items() if name not in ("tags", "region")}
        members: Mapping[str, Any] = getattr(shape, "members", {})
        config: dict[str, Any] = counted(translation.request(members[f"{self.thing}Config"], said, self.names))
        return config


def counted(said: Any) -> Any:
    """Return parameters in which every list of items has its length beside it, as CloudFront wants it."""
    if isinstance(said, list):
        return [counted(item) for item in said]
    if not isinstance(said, dict):
        return said
    whole = {key: counted(value) for key, value in said.items()}
    return {"Quantity": len(whole["Items"]), **whole} if "Items" in whole else whole


class DistributionTagging(Tagging):
    """Tags are lists with their lengths."""

    def update(self, client: Any, subject: str, old: Tags, new: Tags) -> None:
        """Make the tags `new` where they were `old`."""
        gone, changed = changes(old, new)
        if gone:
            client.untag_resource(**self._subject(subject), TagKeys={"Items": gone})
        if changed:
            client.tag_resource(**self._subject(subject), Tags={"Items": self._written(changed)})


class Distribution(Configured):
    """A distribution, which is turned off before it is deleted. The simulated CloudFront deploys it at once."""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it with its tags."""
        client = cloud.client(self.service, region)
        config = {**self.config(client, inputs), "CallerReference": uuid.uuid4().hex}
        items = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
        said = {"DistributionConfig": config, "Tags": {"Items": items}}
        made = client.create_distribution_with_tags(DistributionConfigWithTags=said)
        return str(made["Distribution"]["Id"])

    def config(self, client: Any, inputs: Properties) -> dict[str, Any]:
        """Return the configuration, with what CloudFront has in other places."""
        config = super().config(client, {**inputs, "comment": inputs.get("comment") or ""})
        behaviours = [config["DefaultCacheBehavior"], *config.get("CacheBehaviors", {}).get("Items", ())]
        stated = [inputs["defaultCacheBehavior"], *(inputs.get("orderedCacheBehaviors") or ())]
        for behaviour, said in zip(behaviours, stated, strict=True):
            cached = list(said["cachedMethods"])
            behaviour["AllowedMethods"]["CachedMethods"] = {"Quantity": len(cached), "Items": cached}
        for origin in config["Origins"]["Items"]:
            if not any(key in origin for key in ("S3OriginConfig", "CustomOriginConfig", "VpcOriginConfig")):
                origin["S3OriginConfig"] = dict(_EMPTY)
        config["Restrictions"]["GeoRestriction"].setdefault("Quantity", 0)
        if "Logging" in config:
            config["Logging"] = {"IncludeCookies": False, "Prefix": "", **config["Logging"], "Enabled": True}
        return config

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties."""
        found = answer["Distribution"]
        config = found["DistributionConfig"]
        origins = [
            {key: value for key, value in origin.items() if value != _EMPTY} for origin in config["Origins"]["Items"]
        ]
        default = _with_cached(config["DefaultCacheBehavior"])
        others = [_with_cached(behaviour) for behaviour in config.get("CacheBehaviors", {}).get("Items") or ()]
        said = {**config, "Origins": origins, "DefaultCacheBehavior": default, "CacheBehaviors": others}
        if not others:
            del said["CacheBehaviors"]
        if not config.get("Logging", {}).get("Enabled"):
            said.pop("Logging", None)
        told = super().told(cloud, region, id, {**answer, "Distribution": {"DistributionConfig": said}})
        return {
            **told,
            "arn": found["ARN"],
            "domainName": found["DomainName"],
            "hostedZoneId": _ZONE,
            "status": found["Status"],
            "lastModifiedTime": found["LastModifiedTime"].isoformat(),
            "inProgressValidationBatches": 0,
            "loggingV1Enabled": "Logging" in said,
            "trustedKeyGroups": [],
            "trustedSigners": [],
        }

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Put the new configuration in place of the old."""
        client = cloud.client(self.service, region)
        found = client.get_distribution_config(Id=id)
        reference = found["DistributionConfig"]["CallerReference"]
        config = {**self.config(client, new), "CallerReference": reference}
        client.update_distribution(Id=id, IfMatch=found["ETag"], DistributionConfig=config)

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Turn it off and delete it; only turn it off where the program says so."""
        client = cloud.client(self.service, region)
        if self.read(cloud, region, id, known) is None:
            return
        found = client.get_distribution_config(Id=id)
        config = {**found["DistributionConfig"], "Enabled": False}
        etag = client.update_distribution(Id=id, IfMatch=found["ETag"], DistributionConfig=config)["ETag"]
        if not known.get("retainOnDelete"):
            client.delete_distribution(Id=id, IfMatch=etag)


def _with_cached(behaviour: Mapping[str, Any]) -> dict[str, Any]:
    cached = behaviour["AllowedMethods"].get("CachedMethods", {}).get("Items") or []
    return {**behaviour, "CachedMethods": {"Quantity": len(cached), "Items": cached}}


def _configured(thing: str, name: str, noun: str, **more: Any) -> Configured:
    """Return an entry of what has no tags.

    Args:
        thing: as `CachePolicy`.
        name: in boto3's methods, as `cache_policy`.
        noun: what messages call it.
        more: further arguments.
    """
    return Configured(
        token=f"aws:cloudfront/{thing[0].lower()}{thing[1:]}:{thing}",
        noun=noun,
        thing=thing,
        service="cloudfront",
        schema=f"AWS::CloudFront::{thing}",
        identifier=f"{thing}.Id",
        creating=Call(method=f"create_{name}"),
        reading=Call(method=f"get_{name}", subject="Id"),
        changing=(Call(method=f"update_{name}", subject="Id"),),
        deleting=Call(method=f"delete_{name}", subject="Id"),
        automatic={"name": _LONGEST_NAME},
        same_place=frozenset({"name"}),
        **more,
    )


_KEY = "parametersInCacheKeyAndForwardedToOrigin"
_ITEMS = "the schema has the list without an object around it"
_OLD = "an older way, for which the schema has other names"

KINDS: tuple[Kind, ...] = (
    _configured(
        "OriginAccessControl",
        "origin_access_control",
        "CloudFront Origin Access Control",
        schema_names={"": "OriginAccessControlConfig"},
        defaults={"description": "Managed by Pulumi"},
    ),
    _configured(
        "ResponseHeadersPolicy",
        "response_headers_policy",
        "CloudFront Response Headers Policy",
        schema_names={"": "ResponseHeadersPolicyConfig"},
    ),
    _configured(
        "CachePolicy",
        "cache_policy",
        "CloudFront Cache Policy",
        schema_names={"": "CachePolicyConfig"},
        unchecked={
            f"{_KEY}.cookiesConfig.cookies": _ITEMS,
            f"{_KEY}.headersConfig.headers": _ITEMS,
            f"{_KEY}.queryStringsConfig.queryStrings": _ITEMS,
        },
        defaults={"defaultTtl": 86400, "maxTtl": 31536000, "minTtl": 0},
    ),
    Distribution(
        token="aws:cloudfront/distribution:Distribution",
        noun="CloudFront Distribution",
        thing="Distribution",
        service="cloudfront",
        schema="AWS::CloudFront::Distribution",
        identifier="Distribution.Id",
        creating=Call(method="create_distribution"),
        reading=Call(method="get_distribution", subject="Id"),
        changing=(Call(method="update_distribution", subject="Id"),),
        deleting=Call(method="delete_distribution", subject="Id"),
        tagging=DistributionTagging(listing="list_tags_for_resource", found="Tags.Items", subject="Resource"),
        names={
            "orderedCacheBehaviors": "CacheBehaviors",
            "loggingConfig": "Logging",
            "origins.originId": "Id",
            "origins.customHeaders.name": "HeaderName",
            "origins.customHeaders.value": "HeaderValue",
            "originGroups.originId": "Id",
            "restrictions.geoRestriction.locations": "Items",
            **dict.fromkeys((f"{name}.cachedMethods" for name in _BEHAVIOURS), "CachedMethods"),
        },
        schema_names={
            "": "DistributionConfig",
            "orderedCacheBehaviors": "DistributionConfig/CacheBehaviors",
            "isIpv6Enabled": "DistributionConfig/IPV6Enabled",
            "loggingConfig": "DistributionConfig/Logging",
            "origins.originId": "DistributionConfig/Origins/Id",
            "origins.customHeaders": "DistributionConfig/Origins/OriginCustomHeaders",
            "origins.customHeaders.name": "DistributionConfig/Origins/OriginCustomHeaders/HeaderName",
            "origins.customHeaders.value": "DistributionConfig/Origins/OriginCustomHeaders/HeaderValue",
        },
        unchecked={
            "defaultCacheBehavior.lambdaFunctionAssociations": _OLD,
            "orderedCacheBehaviors.lambdaFunctionAssociations": _OLD,
            "originGroups": "the schema has its lists in objects",
            "retainOnDelete": "the official plugin's own",
            "waitForDeployment": "the official plugin's own",
        },
        defaults={
            "httpVersion": "http2",
            "priceClass": "PriceClass_All",
            "retainOnDelete": False,
            "staging": False,
            "waitForDeployment": True,
        },
        sets=frozenset({"aliases", "origins"}),
        replace=frozenset({"staging"}),
        write_only=frozenset(_FORGOTTEN),
    ),
)
