"""Cache policies and response headers policies of CloudFront, of which moto has none.

Each keeps what it is told and tells it again; what exists, has its name already or is in use is refused as by AWS. What
a policy does to answers is not simulated, for no distribution answers.
"""

from typing import Any, NamedTuple

from moto.cloudfront.exceptions import CloudFrontException
from moto.cloudfront.models import random_id
from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow

_STORE = "tenantry_policies"


class Sort(NamedTuple):
    """A sort of policies, in CloudFront's words.

    Args:
        noun: of one, as `CachePolicy`.
        path: in its URL.
        reference: what a distribution names one by.
    """

    noun: str
    path: str
    reference: str


CACHE = Sort("CachePolicy", "cache-policy", "CachePolicyId")
HEADERS = Sort("ResponseHeadersPolicy", "response-headers-policy", "ResponseHeadersPolicyId")
SORTS = (CACHE, HEADERS)


class Policies(CloudFrontResponse):
    """moto's CloudFront with policies."""

    def create_cache_policy(self) -> ActionResult:
        """Make a cache policy."""
        return self._create_policy(CACHE)

    def get_cache_policy(self) -> ActionResult:
        """Tell of a cache policy."""
        return self._policy_answer(CACHE, self._found(CACHE))

    def update_cache_policy(self) -> ActionResult:
        """Change a cache policy."""
        return self._update_policy(CACHE)

    def delete_cache_policy(self) -> ActionResult:
        """Delete a cache policy."""
        return self._delete_policy(CACHE)

    def list_cache_policies(self) -> ActionResult:
        """List the account's own cache policies."""
        return self._list(CACHE)

    def create_response_headers_policy(self) -> ActionResult:
        """Make a response headers policy."""
        return self._create_policy(HEADERS)

    def get_response_headers_policy(self) -> ActionResult:
        """Tell of a response headers policy."""
        return self._policy_answer(HEADERS, self._found(HEADERS))

    def update_response_headers_policy(self) -> ActionResult:
        """Change a response headers policy."""
        return self._update_policy(HEADERS)

    def delete_response_headers_policy(self) -> ActionResult:
        """Delete a response headers policy."""
        return self._delete_policy(HEADERS)

    def list_response_headers_policies(self) -> ActionResult:
        """List the account's own response headers policies."""
        return self._list(HEADERS)

    def policies(self, sort: Sort) -> dict[str, dict[str, Any]]:
        """Return id -> policy."""
        stores: dict[str, dict[str, dict[str, Any]]] = vars(self.backend).setdefault(_STORE, {})
        return stores.setdefault(sort.noun, {})

    def _found(self, sort: Sort) -> dict[str, Any]:
        found = self.policies(sort).get(str(self._get_param("Id")))
        if found is None:
            raise CloudFrontException(f"NoSuch{sort.noun}", "The policy does not exist.")
        return found

    def _create_policy(self, sort: Sort) -> ActionResult:
        config = self._get_param(f"{sort.noun}Config")
        if any(policy["config"]["Name"] == config["Name"] for policy in self.policies(sort).values()):
            raise CloudFrontException(f"{sort.noun}AlreadyExists", f"{config['Name']} already exists.")
        policy = {"id": random_id(), "etag": random_id(), "config": config, "changed": utcnow()}
        self.policies(sort)[policy["id"]] = policy
        return self._policy_answer(sort, policy)

    def _update_policy(self, sort: Sort) -> ActionResult:
        policy = self._found(sort)
        self.insist_on_version(policy["etag"])
        policy.update(config=self._get_param(f"{sort.noun}Config"), etag=random_id(), changed=utcnow())
        return self._policy_answer(sort, policy)

    def _delete_policy(self, sort: Sort) -> ActionResult:
        policy = self._found(sort)
        self.insist_on_version(policy["etag"])
        for distribution in self.backend.distributions.values():
            if policy["id"] in str(vars(distribution)):
                raise CloudFrontException(f"{sort.noun}InUse", f"it is used by the distribution {distribution.id}")
        del self.policies(sort)[policy["id"]]
        return EmptyResult()

    def _list(self, sort: Sort) -> ActionResult:
        items = [{"Type": "custom", sort.noun: self._told(sort, policy)} for policy in self.policies(sort).values()]
        return ActionResult({f"{sort.noun}List": {"MaxItems": 100, "Quantity": len(items), "Items": items}})

    def insist_on_version(self, etag: str) -> None:
        """Refuse a change of something that has been changed since it was read."""
        if self._get_param("IfMatch") != etag:
            raise CloudFrontException("PreconditionFailed", "The If-Match version is not that of the resource.")

    @staticmethod
    def _told(sort: Sort, policy: dict[str, Any]) -> dict[str, Any]:
        return {"Id": policy["id"], "LastModifiedTime": policy["changed"], f"{sort.noun}Config": policy["config"]}

    def _policy_answer(self, sort: Sort, policy: dict[str, Any]) -> ActionResult:
        return ActionResult({sort.noun: self._told(sort, policy), "ETag": policy["etag"]})
