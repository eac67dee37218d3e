"""WAF beyond moto: a set that a rule names exists and is not deleted while it does, and neither is a web ACL that a
distribution uses; a web ACL's log goes where there is something.
"""

import json
from typing import Any

from moto.cloudfront.models import cloudfront_backends
from moto.core.common_types import TYPE_RESPONSE
from moto.logs.models import logs_backends
from moto.wafv2 import urls
from moto.wafv2.exceptions import WAFNonexistentItemException, WAFv2ClientError
from moto.wafv2.models import GLOBAL_REGION, wafv2_backends
from moto.wafv2.responses import WAFV2Response

_PARTITION = "aws"  # where moto keeps what has no region
_IN_USE = "AWS WAF couldn't perform the operation because your resource is being used by another resource: {}"
_SET = "IPSetReferenceStatement"


class Additions(WAFV2Response):
    """moto's WAF with the rest."""

    def create_web_acl(self) -> TYPE_RESPONSE:
        """As moto, unless a rule names a set that does not exist."""
        self._insist_on_sets()
        return super().create_web_acl()

    def update_web_acl(self) -> TYPE_RESPONSE:
        """As moto, unless a rule names a set that does not exist; no rules are none."""
        self._insist_on_sets()
        answer = super().update_web_acl()
        body = json.loads(self.body)
        if not body.get("Rules"):
            self.wafv2_backend.get_web_acl(None, body["Name"], body["Id"]).rules = []
        return answer

    def delete_web_acl(self) -> TYPE_RESPONSE:
        """As moto, unless something uses it."""
        body = json.loads(self.body)
        backend = self._backend(body["Scope"])
        acl = backend.get_web_acl(None, body["Name"], body["Id"])
        users = list(acl.associated_resources)
        for distribution in cloudfront_backends[self.current_account][_PARTITION].distributions.values():
            if acl.arn in str(vars(distribution)):
                users.append(distribution.arn)
        if users:
            raise WAFv2ClientError("WAFAssociatedItemException", _IN_USE.format(", ".join(users)))
        backend.logging_configurations.pop(acl.arn, None)
        return super().delete_web_acl()

    def delete_ip_set(self) -> TYPE_RESPONSE:
        """As moto, unless a web ACL names it."""
        body = json.loads(self.body)
        backend = self._backend(body["Scope"])
        for acl in backend.wacls.values():
            if any(body["Id"] in arn for rule in acl.rules for arn in _sets(rule.statement)):
                raise WAFv2ClientError("WAFAssociatedItemException", _IN_USE.format(acl.arn))
        return super().delete_ip_set()

    def put_logging_configuration(self) -> TYPE_RESPONSE:
        """As moto, unless the web ACL or the log group does not exist."""
        said = json.loads(self.body)["LoggingConfiguration"]
        scope = "CLOUDFRONT" if ":global/" in said["ResourceArn"] else "REGIONAL"
        self._backend(scope).get_web_acl(said["ResourceArn"], None, None)
        groups = {group.arn.removesuffix(":*") for group in self._groups()}
        for destination in said["LogDestinationConfigs"]:
            if ":logs:" in destination and destination.removesuffix(":*") not in groups:
                what = "AWS WAF couldn't find the log destination; it must be a log group of the same region."
                raise WAFv2ClientError("WAFLogDestinationPermissionIssueException", what)
        return super().put_logging_configuration()

    def _backend(self, scope: str) -> Any:
        return wafv2_backends[self.current_account][GLOBAL_REGION if scope == "CLOUDFRONT" else self.region]

    def _groups(self) -> Any:
        return logs_backends[self.current_account][self.region].groups.values()

    def _insist_on_sets(self) -> None:
        body = json.loads(self.body)
        known = self._backend(body["Scope"]).ip_sets
        for rule in body.get("Rules") or ():
            if any(arn not in known for arn in _sets(rule["Statement"])):
                raise WAFNonexistentItemException


def _sets(statement: Any) -> list[str]:
    """Return the ARNs of the sets that a statement names, in statements within it too."""
    if isinstance(statement, list):
        return [arn for part in statement for arn in _sets(part)]
    if not isinstance(statement, dict):
        return []
    own = [statement[_SET]["ARN"]] if _SET in statement else []
    return own + [arn for part in statement.values() for arn in _sets(part)]


def install() -> None:
    """Let moto's WAF answer with the additions."""
    urls.url_paths.update(dict.fromkeys(urls.url_paths, Additions.dispatch))
