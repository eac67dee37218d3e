"""What IAM policies allow, computed as IAM does: a small evaluator for tests.

It knows identity and resource policies, trust policies among them, principals, wildcards, the conditions that the
program uses, and that a Deny wins. It leaves out permission boundaries, session and organisation policies, which the
program has none of: those can only take rights away.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ACCOUNT_DECIDES = re.compile(r"arn:aws:iam::(\d{12}):root|\d{12}")
"""A principal that stands for an account: its own identity policies decide who of it may."""

_NEGATED = {"StringNotEquals": "StringEquals", "StringNotLike": "StringLike", "ArnNotLike": "ArnLike"}
_NEGATED |= {"ArnNotEquals": "ArnEquals"}

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Args:
        arn: of a role; empty for services and for those who are nobody.
        account: the number of its account; empty likewise.
        service: as `sns.amazonaws.com`; empty for others.
    """

    arn: str = ""
    account: str = ""
    service: str = ""


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Args:
        caller: who asks.
        action: as `s3:GetObject`, without wildcards.
        resource: an ARN without wildcards.
        context: condition keys and their values; keys are compared without case.
    """

    caller: Caller
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def is_allowed(
    request: Request,
    identity: Sequence[Document],
    resource: Sequence[Document] = (),
    *,
    owner: str,
    consents: bool = False,
) -> bool:
    """Whether IAM allows the request.

    Args:
        request: who asks for what.
        identity: the caller's own policies.
        resource: the policies of what it is about.
        owner: the account that the resource belongs to.
        consents: whether the resource's own policy has to agree, as a KMS key's and a role's trust.
    """
    if _says("Deny", identity, request, of_resource=False) or _says("Deny", resource, request, of_resource=True):
        return False
    own = _says("Allow", identity, request, of_resource=False)
    named = _says("Allow", resource, request, of_resource=True, delegated=False)
    delegated = _says("Allow", resource, request, of_resource=True, delegated=True)
    if request.caller.account != owner or not request.caller.arn:
        is_identified = bool(request.caller.arn)
        return (named or delegated) and (own or not is_identified)
    return named or (own and (delegated or not consents))


def statements(document: Document) -> list[Document]:
    """Return the statements of a policy, which may hold a single one without a list."""
    found = document["Statement"]
    return [found] if isinstance(found, Mapping) else list(found)


def texts(value: Any) -> list[str]:
    """Return a text or a list of texts as a list."""
    return [str(value)] if isinstance(value, (str, bool, int)) else [str(item) for item in value or ()]


def fits(pattern: str, text: str, *, ignoring_case: bool = False) -> bool:
    """Whether `text` fits a pattern of IAM, where `*` is any text and `?` any character."""
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return bool(re.fullmatch("".join(parts), text, re.IGNORECASE | re.DOTALL if ignoring_case else re.DOTALL))


def _says(
    effect: str, documents: Iterable[Document], request: Request, *, of_resource: bool, delegated: bool | None = None
) -> bool:
    return any(
        statement["Effect"] == effect
        and _names_action(statement, request.action)
        and _names_resource(statement, request.resource)
        and (not of_resource or _names_caller(statement, request.caller, delegated))
        and _holds(statement.get("Condition", {}), request.context)
        for document in documents
        for statement in statements(document)
    )


def _names_action(statement: Document, action: str) -> bool:
    if "NotAction" in statement:
        return not any(fits(pattern, action, ignoring_case=True) for pattern in texts(statement["NotAction"]))
    return any(fits(pattern, action, ignoring_case=True) for pattern in texts(statement["Action"]))


def _names_resource(statement: Document, resource: str) -> bool:
    if "NotResource" in statement:
        return not any(fits(pattern, resource) for pattern in texts(statement["NotResource"]))
    patterns = texts(statement.get("Resource", "*"))  # a trust policy and a repository's have none
    return any(fits(pattern, resource) for pattern in patterns)


def _names_caller(statement: Document, caller: Caller, delegated: bool | None) -> bool:
    assert "NotPrincipal" not in statement, "the evaluator does not know NotPrincipal, which nobody should use"
    principal = statement["Principal"]
    if principal == "*":
        return not delegated
    if caller.service:
        return any(fits(name, caller.service) for name in texts(principal.get("Service", ()))) and not delegated
    for name in texts(principal.get("AWS", ())):
        account = ACCOUNT_DECIDES.fullmatch(name)
        if account:
            if delegated is not False and caller.account and caller.account in name:
                return True
        elif not delegated and name in ("*", caller.arn):
            return True
    return False


def _holds(conditions: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    known = {key.lower(): value for key, value in context.items()}
    return all(
        _condition(operator, texts(wanted), known.get(key.lower()))
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _condition(operator: str, wanted: list[str], actual: str | None) -> bool:
    bare = operator.rpartition(":")[2].removesuffix("IfExists")
    if bare == "Null":
        return (actual is None) == (wanted == ["true"])
    if bare in _NEGATED:
        return actual is None or not _compare(_NEGATED[bare], wanted, actual)
    if actual is None:
        return operator.endswith("IfExists") or operator.startswith("ForAllValues:")
    return _compare(bare, wanted, actual)


def _compare(operator: str, wanted: list[str], actual: str) -> bool:
    if operator in ("StringLike", "ArnLike", "ArnEquals"):
        return any(fits(pattern, actual) for pattern in wanted)
    if operator == "Bool":
        return actual.lower() in [value.lower() for value in wanted]
    assert operator in ("StringEquals", "NumericLessThan", "NumericLessThanEquals"), (
        f"the evaluator does not know the operator {operator}; add it"
    )
    if operator == "StringEquals":
        return actual in wanted
    return all(float(actual) < float(limit) or (operator[-6:] == "Equals" and actual == limit) for limit in wanted)
