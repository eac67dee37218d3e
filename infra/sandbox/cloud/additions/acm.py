"""ACM beyond moto: a certificate is issued when its validation's records are in a public hosted zone of the account,
and not because a minute has gone by; one that a distribution uses is not deleted; its options can be changed.

Simplified: zones of other accounts, and whether anybody delegates to the zone, do not count.
"""

from collections.abc import Iterator
from typing import Any

from moto.acm import urls
from moto.acm.models import CertBundle
from moto.acm.responses import AWSCertificateManagerResponse
from moto.cloudfront.models import cloudfront_backends
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult, EmptyResult
from moto.route53.models import route53_backends

_PARTITION = "aws"  # where moto keeps what has no region
_PENDING, _ISSUED = "PENDING_VALIDATION", "ISSUED"


class Additions(AWSCertificateManagerResponse):
    """moto's ACM with the rest."""

    def delete_certificate(self) -> ActionResult:
        """As moto, unless a distribution uses it."""
        arn = self._get_param("CertificateArn")
        for user in _distributions(self.current_account, arn):
            raise JsonRESTError("ResourceInUseException", f"Certificate {arn} is in use: {user}")
        return super().delete_certificate()

    def update_certificate_options(self) -> ActionResult:
        """Change whether it is logged in public."""
        certificate = self.acm_backend.get_certificate(self._get_param("CertificateArn"))
        certificate.cert_options = {**certificate.cert_options, **self._get_param("Options", {})}
        return EmptyResult()


def _distributions(account: str, arn: str) -> Iterator[str]:
    for distribution in cloudfront_backends[account][_PARTITION].distributions.values():
        if arn in str(vars(distribution)):
            yield f"CloudFront distribution {distribution.id}"


def _check(self: Any) -> None:
    """Issue a certificate whose records are there."""
    if self.type != "AMAZON_ISSUED" or self.status != _PENDING:
        return
    options = self.describe()["Certificate"].get("DomainValidationOptions") or []
    account = self.arn.split(":")[4]
    if options and all(_is_published(account, option["ResourceRecord"]) for option in options):
        self.status = _ISSUED


def _is_published(account: str, wanted: dict[str, str]) -> bool:
    name = wanted["Name"].strip(".").lower()
    return any(
        record.name.strip(".").lower() == name
        and record.type == wanted["Type"]
        and wanted["Value"].strip(".") in {str(value).strip(".") for value in record.records or ()}
        for zone in route53_backends[account][_PARTITION].zones.values()
        if not zone.private_zone
        for record in zone.rrsets
    )


def install() -> None:
    """Let moto's ACM answer with the additions."""
    CertBundle.check = _check  # type: ignore[method-assign]  # what an addition is
    urls.url_paths.update(dict.fromkeys(urls.url_paths, Additions.dispatch))
