"""What each function of the AWS provider takes, as its SDK says, and the values that AWS allows."""

from collections.abc import Mapping
from typing import Final

from infra.sandbox.plugins import checking
from infra.sandbox.plugins.properties import DEFAULTS, Property, Shape, Table
from infra.sandbox.plugins.provider import Properties, ProviderError, Resource
from infra.sandbox.plugins.values import Value

_TEXT: Final = Property(shape=Shape.STRING)
_TEXTS: Final = Property(shape=Shape.LIST, item=_TEXT)
_FLAG: Final = Property(shape=Shape.BOOLEAN)
_REGION: Final = Property(shape=Shape.STRING, pattern=r"^[a-z]{2}(-[a-z]+)+-\d{1,2}$")


def _choice(*allowed: str, required: bool = False) -> Property:
    return Property(shape=Shape.STRING, choices=allowed, required=required)


def _objects(**fields: Property) -> Property:
    return Property(shape=Shape.LIST, item=Property(shape=Shape.OBJECT, fields=fields))


_NEEDED: Final = Property(shape=Shape.STRING, required=True)
_NEEDED_LIST: Final = Property(shape=Shape.LIST, item=_TEXT, required=True)
_PRINCIPALS: Final = _objects(
    type=_choice("*", "AWS", "CanonicalUser", "Federated", "Service", required=True), identifiers=_NEEDED_LIST
)

ARGUMENTS: Mapping[str, Table] = {
    "aws:index/getCallerIdentity:getCallerIdentity": {"id": _TEXT},
    "aws:index/getRegion:getRegion": {"endpoint": _TEXT, "id": _TEXT, "name": _REGION, "region": _REGION},
    "aws:index/getPartition:getPartition": {"id": _TEXT, "region": _REGION},
    "aws:index/getAvailabilityZones:getAvailabilityZones": {
        "allAvailabilityZones": _FLAG,
        "excludeNames": _TEXTS,
        "excludeZoneIds": _TEXTS,
        "filters": _objects(name=_NEEDED, values=_NEEDED_LIST),
        "region": _REGION,
        "state": _choice("available", "impaired", "information", "unavailable"),
    },
    "aws:iam/getPolicyDocument:getPolicyDocument": {
        "overrideJson": _TEXT,
        "overridePolicyDocuments": _TEXTS,
        "policyId": _TEXT,
        "sourceJson": _TEXT,
        "sourcePolicyDocuments": _TEXTS,
        "statements": _objects(
            sid=_TEXT,
            effect=_choice("Allow", "Deny"),
            actions=_TEXTS,
            notActions=_TEXTS,
            resources=_TEXTS,
            notResources=_TEXTS,
            principals=_PRINCIPALS,
            notPrincipals=_PRINCIPALS,
            conditions=_objects(test=_NEEDED, variable=_NEEDED, values=_NEEDED_LIST),
        ),
        "version": _choice("2008-10-17", "2012-10-17"),
    },
}
"""Function -> what it takes."""


def checked(token: str, arguments: Properties) -> dict[str, Value]:
    """Return the arguments as the function takes them.

    Args:
        token: the function.
        arguments: the program's, revealed.

    Raises:
        ProviderError: an argument is unknown, missing or not allowed; says which one, and what is allowed.
    """
    function = Resource(urn="", type=token, name=token)
    found, failures = checking.check(ARGUMENTS[token], function, {}, arguments, b"")
    if failures:
        raise ProviderError("; ".join(f"{failure.property} {failure.reason}" for failure in failures))
    return {name: value for name, value in found.items() if name != DEFAULTS}
