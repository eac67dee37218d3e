"""Static assets, delivered from places near those who ask.

Owns the CloudFront distribution, its right to read one bucket, what it keeps for how long, the headers of its answers
and its host's records. Leaves the bucket's side of that right to the bucket, certificate and firewall to their owners.
Answers of the API say themselves how long they may be kept (`s-maxage`, REQUIREMENTS, Caching at the edge), and come
from the gateway. Requests are on record in the firewall's log: CloudFront's own needs a bucket with access lists.
"""

from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudfront, route53

from infra.tags import tags

_ORIGIN = "assets"
_YEAR, _DAY, _WEEK = 31_536_000, 86_400, 604_800  # seconds
_STATIC = f"public, max-age={_YEAR}, immutable"
_IMAGES = f"public, max-age={_DAY}, stale-while-revalidate={_WEEK}"
_IMAGE_PATHS = "/images/*"
_READING = ["GET", "HEAD"]
_TLS = "TLSv1.3_2025"  # REQUIREMENTS, Security: TLS 1.3; CloudFront's only policy without 1.2


@dataclass(frozen=True, kw_only=True)
class CdnArgs:
    """Arguments of `Cdn`.

    Args:
        host: what browsers ask; one label below the zone.
        zone_id: the hosted zone.
        bucket_domain: where the bucket of the assets answers, as `NAME.s3.REGION.amazonaws.com`.
        certificate_arn: of the host, in us-east-1.
        web_acl_arn: of the scope `CLOUDFRONT`.
        price_class: where it answers from, as `PriceClass_100`.
    """

    host: str
    zone_id: pulumi.Input[str]
    bucket_domain: pulumi.Input[str]
    certificate_arn: pulumi.Input[str]
    web_acl_arn: pulumi.Input[str]
    price_class: str = "PriceClass_100"


class Cdn(pulumi.ComponentResource):
    """Reads the bucket and nothing else; nobody gets an answer below TLS 1.3, and no page frames or mistypes one.

    What is under `/images/` may be replaced and is asked for again after a day, the rest never: its names must change
    with its content. An object that says itself how long it may be kept is believed.
    """

    arn: pulumi.Output[str]
    """The distribution, which the bucket must let read."""

    domain: pulumi.Output[str]
    """CloudFront's own name of it."""

    def __init__(self, name: str, args: CdnArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:edge:Cdn", name, None, opts)
        self._name = name
        self._args = args
        distribution = self._distribution(self._access())
        self._records(distribution)
        self.arn = distribution.arn
        self.domain = distribution.domain_name
        self.register_outputs({"arn": self.arn, "domain": self.domain})

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _access(self) -> cloudfront.OriginAccessControl:
        return cloudfront.OriginAccessControl(
            f"{self._name}-access",
            description=f"reads the assets of {self._args.host}",
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=self._child(),
        )

    def _distribution(self, access: cloudfront.OriginAccessControl) -> cloudfront.Distribution:
        args = self._args
        return cloudfront.Distribution(
            f"{self._name}-distribution",
            comment=f"static assets at {args.host}",
            enabled=True,
            aliases=[args.host],
            http_version="http2and3",
            is_ipv6_enabled=True,
            price_class=args.price_class,
            origins=[{"origin_id": _ORIGIN, "domain_name": args.bucket_domain, "origin_access_control_id": access.id}],
            default_cache_behavior=self._behaviour("static", _YEAR, _STATIC),
            ordered_cache_behaviors=[
                {"path_pattern": _IMAGE_PATHS, **self._behaviour("images", _DAY, _IMAGES)},
            ],
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            viewer_certificate={
                "acm_certificate_arn": args.certificate_arn,
                "ssl_support_method": "sni-only",
                "minimum_protocol_version": _TLS,
            },
            web_acl_id=args.web_acl_arn,
            tags=tags(f"{self._name}-distribution", "edge"),
            opts=self._child(),
        )

    def _behaviour(
        self, what: str, seconds: int, cache_control: str
    ) -> cloudfront.DistributionDefaultCacheBehaviorArgsDict:
        return {
            "target_origin_id": _ORIGIN,
            "viewer_protocol_policy": "redirect-to-https",
            "allowed_methods": _READING,
            "cached_methods": _READING,
            "compress": True,
            "cache_policy_id": self._kept(what, seconds).id,
            "response_headers_policy_id": self._headers(what, cache_control).id,
        }

    def _kept(self, what: str, seconds: int) -> cloudfront.CachePolicy:
        # The path alone tells assets apart: what else a browser sends would only make more copies.
        return cloudfront.CachePolicy(
            f"{self._name}-{what}-kept",
            comment=f"{what} of {self._args.host}",
            default_ttl=seconds,
            max_ttl=_YEAR,
            min_ttl=0,
            parameters_in_cache_key_and_forwarded_to_origin={
                "cookies_config": {"cookie_behavior": "none"},
                "headers_config": {"header_behavior": "none"},
                "query_strings_config": {"query_string_behavior": "none"},
                "enable_accept_encoding_brotli": True,
                "enable_accept_encoding_gzip": True,
            },
            opts=self._child(),
        )

    def _headers(self, what: str, cache_control: str) -> cloudfront.ResponseHeadersPolicy:
        """Declare the headers of REQUIREMENTS, Workloads, and how long browsers may keep an answer."""
        return cloudfront.ResponseHeadersPolicy(
            f"{self._name}-{what}-headers",
            comment=f"{what} of {self._args.host}",
            security_headers_config={
                "content_type_options": {"override": True},
                "frame_options": {"frame_option": "DENY", "override": True},
                "referrer_policy": {"referrer_policy": "strict-origin-when-cross-origin", "override": True},
                "strict_transport_security": {
                    "access_control_max_age_sec": _YEAR,
                    "include_subdomains": True,
                    "override": True,
                },
            },
            custom_headers_config={
                "items": [{"header": "Cache-Control", "value": cache_control, "override": False}],
            },
            opts=self._child(),
        )

    def _records(self, distribution: cloudfront.Distribution) -> None:
        target: route53.RecordAliasArgsDict = {
            "name": distribution.domain_name,
            "zone_id": distribution.hosted_zone_id,
            "evaluate_target_health": False,  # CloudFront has none to tell
        }
        for kind in ("A", "AAAA"):
            route53.Record(
                f"{self._name}-{kind.lower()}",
                zone_id=self._args.zone_id,
                name=self._args.host,
                type=kind,
                aliases=[target],
                opts=self._child(),
            )
