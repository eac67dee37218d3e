"""Examples of what CloudFront has."""

from typing import Any

from tests.plugins.aws.world import Example, World

_KEY = "parametersInCacheKeyAndForwardedToOrigin"


def cache_key() -> dict[str, Any]:
    """Return the shortest key: the path alone."""
    return {
        "cookiesConfig": {"cookieBehavior": "none"},
        "headersConfig": {"headerBehavior": "whitelist", "headers": {"items": ["Origin"]}},
        "queryStringsConfig": {"queryStringBehavior": "none"},
        "enableAcceptEncodingBrotli": True,
        "enableAcceptEncodingGzip": True,
    }


def behaviour() -> dict[str, Any]:
    """Return a behaviour with a managed cache policy."""
    return {
        "targetOriginId": "assets",
        "viewerProtocolPolicy": "redirect-to-https",
        "allowedMethods": ["GET", "HEAD"],
        "cachedMethods": ["GET", "HEAD"],
        "cachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        "compress": True,
    }


def distribution() -> dict[str, Any]:
    """Return the inputs of a distribution."""
    return {
        "enabled": True,
        "comment": "static assets",
        "isIpv6Enabled": True,
        "priceClass": "PriceClass_100",
        "origins": [{"originId": "assets", "domainName": "assets.s3.eu-west-1.amazonaws.com"}],
        "defaultCacheBehavior": behaviour(),
        "orderedCacheBehaviors": [{**behaviour(), "pathPattern": "/images/*"}],
        "restrictions": {"geoRestriction": {"restrictionType": "none"}},
        "viewerCertificate": {"cloudfrontDefaultCertificate": True},
        "tags": {"owner": "shop"},
    }


def _headers(world: World, frame: str = "DENY") -> dict[str, Any]:
    return {
        "name": world.name("headers"),
        "securityHeadersConfig": {
            "contentTypeOptions": {"override": True},
            "frameOptions": {"frameOption": frame, "override": True},
            "strictTransportSecurity": {"accessControlMaxAgeSec": 31536000, "override": True},
        },
        "customHeadersConfig": {"items": [{"header": "Cache-Control", "value": "immutable", "override": False}]},
    }


def _turn_off(world: World, it: str) -> None:
    cloudfront = world.client("cloudfront")
    found = cloudfront.get_distribution_config(Id=it)
    config = {**found["DistributionConfig"], "Enabled": False}
    cloudfront.update_distribution(Id=it, IfMatch=found["ETag"], DistributionConfig=config)


def _stop_signing(world: World, it: str) -> None:
    cloudfront = world.client("cloudfront")
    found = cloudfront.get_origin_access_control(Id=it)
    config = {**found["OriginAccessControl"]["OriginAccessControlConfig"], "SigningBehavior": "never"}
    cloudfront.update_origin_access_control(Id=it, IfMatch=found["ETag"], OriginAccessControlConfig=config)


def _frame(world: World, it: str) -> None:
    cloudfront = world.client("cloudfront")
    found = cloudfront.get_response_headers_policy(Id=it)
    config = found["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"]
    config["SecurityHeadersConfig"]["FrameOptions"]["FrameOption"] = "SAMEORIGIN"
    cloudfront.update_response_headers_policy(Id=it, IfMatch=found["ETag"], ResponseHeadersPolicyConfig=config)


def _shorten(world: World, it: str) -> None:
    cloudfront = world.client("cloudfront")
    found = cloudfront.get_cache_policy(Id=it)
    config = {**found["CachePolicy"]["CachePolicyConfig"], "MaxTTL": 60, "DefaultTTL": 60}
    cloudfront.update_cache_policy(Id=it, IfMatch=found["ETag"], CachePolicyConfig=config)


EXAMPLES: tuple[Example, ...] = (
    Example(
        token="aws:cloudfront/originAccessControl:OriginAccessControl",
        inputs=lambda world: {
            "name": world.name("assets"),
            "description": "assets",
            "originAccessControlOriginType": "s3",
            "signingBehavior": "always",
            "signingProtocol": "sigv4",
        },
        change={"description": "static assets"},
        drift=_stop_signing,
        drifted=frozenset({"signingBehavior"}),
    ),
    Example(
        token="aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy",
        inputs=_headers,
        change={"comment": "as browsers like it"},
        drift=_frame,
        drifted=frozenset({"securityHeadersConfig"}),
    ),
    Example(
        token="aws:cloudfront/cachePolicy:CachePolicy",
        inputs=lambda world: {"name": world.name("static"), "minTtl": 1, "maxTtl": 86400, _KEY: cache_key()},
        change={"maxTtl": 31536000},
        drift=_shorten,
        drifted=frozenset({"maxTtl"}),
    ),
    Example(
        token="aws:cloudfront/distribution:Distribution",
        inputs=lambda world: distribution(),
        change={
            "restrictions": {"geoRestriction": {"restrictionType": "blacklist", "locations": ["AQ"]}},
            "comment": "assets",
            "priceClass": "PriceClass_All",
            "tags": {"owner": "platform"},
        },
        replacement={"staging": True},
        drift=_turn_off,
        drifted=frozenset({"enabled"}),
    ),
)
