"""CloudFront beyond moto: a distribution keeps all that it is told, names what exists, and is deleted when it is off.

moto forgets much of a distribution, as its origin access control. Simulated: it is deployed at once, and answers
nothing. Policies are in `cloudfront_policies`.
"""

from collections.abc import Iterator
from typing import Any

from moto.acm.models import acm_backends
from moto.cloudfront import urls
from moto.cloudfront.exceptions import (
    CloudFrontException,
    DistributionAlreadyExists,
    NoSuchDistribution,
    NoSuchOriginAccessControl,
)
from moto.cloudfront.models import random_id
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.wafv2.models import GLOBAL_REGION, wafv2_backends

from infra.sandbox.cloud.additions.cloudfront_policies import SORTS, Policies

_REGION = "us-east-1"  # where CloudFront looks for certificates
_OWN = "658327ea-f89d-4fab-a63d-7e88639e58f6"  # CachingOptimized, one of the managed policies, whose ids look so
_API = "{0}/2020-05-31"


class Distribution:
    """One distribution, as it was told.

    Args:
        account: its owner.
        config: in CloudFront's words.
    """

    def __init__(self, account: str, config: dict[str, Any]) -> None:
        self.id = random_id()
        self.distribution_id = self.id  # as moto's invalidations call it
        self.arn = f"arn:aws:cloudfront::{account}:distribution/{self.id}"
        self.domain_name = f"{random_id(uppercase=False)}.cloudfront.net"
        self.location = f"https://cloudfront.amazonaws.com/2020-05-31/distribution/{self.id}"
        self.put(config)

    def put(self, config: dict[str, Any]) -> None:
        """Take another configuration."""
        self.config = config
        self.etag = random_id()
        self.changed = utcnow()

    def told(self) -> dict[str, Any]:
        """Return what CloudFront tells of it."""
        return {
            "Id": self.id,
            "ARN": self.arn,
            "Status": "Deployed",
            "LastModifiedTime": self.changed,
            "InProgressInvalidationBatches": 0,
            "DomainName": self.domain_name,
            "DistributionConfig": self.config,
        }


class Additions(Policies):
    """moto's CloudFront with the rest."""

    def create_distribution(self) -> ActionResult:
        """Make a distribution without tags."""
        return self._create(self._get_param("DistributionConfig"), [])

    def create_distribution_with_tags(self) -> ActionResult:
        """Make a distribution with tags."""
        said = self._get_param("DistributionConfigWithTags")
        return self._create(said["DistributionConfig"], (said.get("Tags") or {}).get("Items") or [])

    def get_distribution(self) -> ActionResult:
        """Tell of a distribution."""
        return self._answer(self._distribution())

    def get_distribution_config(self) -> ActionResult:
        """Tell what a distribution was told."""
        found = self._distribution()
        return ActionResult({"DistributionConfig": found.config, "ETag": found.etag})

    def list_distributions(self) -> ActionResult:
        """List them."""
        items = [{**found.told(), **found.config} for found in self.backend.distributions.values()]
        return ActionResult({"DistributionList": {"MaxItems": 100, "Quantity": len(items), "Items": items}})

    def update_distribution(self) -> ActionResult:
        """Change a distribution."""
        found, config = self._distribution(), self._get_param("DistributionConfig")
        self.insist_on_version(found.etag)
        self._insist(config, found.id)
        found.put(config)
        return self._answer(found)

    def delete_distribution(self) -> ActionResult:
        """Delete a distribution that is off."""
        found = self._distribution()
        self.insist_on_version(found.etag)
        if found.config["Enabled"]:
            raise CloudFrontException("DistributionNotDisabled", "The distribution is enabled; turn it off first.")
        del self.backend.distributions[found.id]
        return EmptyResult()

    def delete_origin_access_control(self) -> ActionResult:
        """As moto, unless a distribution uses it."""
        for found in self.backend.distributions.values():
            if self._get_param("Id") in str(found.config):
                raise CloudFrontException("OriginAccessControlInUse", f"it is used by the distribution {found.id}")
        return super().delete_origin_access_control()

    def _distribution(self) -> Any:
        found = self.backend.distributions.get(self._get_param("Id"))
        if found is None:
            raise NoSuchDistribution
        return found

    def _create(self, config: dict[str, Any], tags: list[dict[str, str]]) -> ActionResult:
        for other in self.backend.distributions.values():
            if other.config["CallerReference"] == config["CallerReference"]:
                raise DistributionAlreadyExists(other.id)
        self._insist(config, "")
        made = Distribution(self.current_account, config)
        self.backend.distributions[made.id] = made  # type: ignore[assignment]  # in place of moto's
        self.backend.tagger.tag_resource(made.arn, tags)
        return self._answer(made)

    def _answer(self, found: Distribution) -> ActionResult:
        return ActionResult({"Distribution": found.told(), "ETag": found.etag, "Location": found.location})

    def _insist(self, config: dict[str, Any], own: str) -> None:
        """Refuse what does not exist, and a host that another distribution has."""
        hosts = set(_items(config.get("Aliases")))
        for other in self.backend.distributions.values():
            if other.id != own and hosts & set(_items(other.config.get("Aliases"))):
                raise CloudFrontException("CNAMEAlreadyExists", "One or more of the CNAMEs you provided are in use.")
        self._insist_on_certificate(config.get("ViewerCertificate") or {}, hosts)
        self._insist_on_firewall(str(config.get("WebACLId") or ""))
        for origin in _items(config.get("Origins")):
            control = origin.get("OriginAccessControlId")
            if control and control not in self.backend.origin_access_controls:
                raise NoSuchOriginAccessControl
        for behaviour in (config["DefaultCacheBehavior"], *_items(config.get("CacheBehaviors"))):
            for sort in SORTS:
                named = behaviour.get(sort.reference)
                if named and named not in self.policies(sort) and len(named) != len(_OWN):
                    raise CloudFrontException(f"NoSuch{sort.noun}", "The policy does not exist.")

    def _insist_on_certificate(self, viewers: dict[str, Any], hosts: set[str]) -> None:
        arn = viewers.get("ACMCertificateArn")
        if arn is None and hosts:
            raise CloudFrontException("InvalidViewerCertificate", "An alternate domain name needs a certificate.")
        if arn is None:
            return
        found = acm_backends[self.current_account][_REGION]._certificates.get(arn)
        if found is not None:
            found.check()  # nobody may have looked at it since its records are there
        if found is None or found.status != "ISSUED":
            what = f"The specified SSL certificate doesn't exist, isn't in {_REGION} region, or isn't valid."
            raise CloudFrontException("InvalidViewerCertificate", what)

    def _insist_on_firewall(self, arn: str) -> None:
        if arn and arn not in wafv2_backends[self.current_account][GLOBAL_REGION].wacls:
            raise CloudFrontException("InvalidWebACLId", "Web ACL is not accessible by the requester.")


def _items(listed: Any) -> Iterator[Any]:
    yield from (listed or {}).get("Items") or ()


def install() -> None:
    """Let moto's CloudFront answer with the additions."""
    urls.url_paths.update(dict.fromkeys(urls.url_paths, Additions.dispatch))
    for sort in SORTS:
        for path in (sort.path, f"{sort.path}/(?P<policy_id>[^/]+)", f"{sort.path}/(?P<policy_id>[^/]+)/config"):
            urls.url_paths[f"{_API}/{path}$"] = Additions.dispatch
