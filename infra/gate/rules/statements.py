"""Policies of IAM as sets of rights, so that two of them can be compared.

Owns reading them, and whether one right is within another. Leaves which of them are too many to `iam`. A right is what
one principal may do with one action on one resource under a condition; wildcards are IAM's own (its user guide, "IAM
JSON policy elements").
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from infra.gate.change import Hidden, Properties, Value
from infra.gate.rules.properties import at, items, objects, parsed, text

ITSELF = ""
"""The principal of a policy that names none: whoever it is attached to."""

_ALL_BUT = "all but "
_NARROWING = re.compile(r"^(ForAllValues:|ForAnyValue:)?(String(Equals|Like)(IgnoreCase)?|Arn(Equals|Like)|IpAddress)")


@dataclass(frozen=True, slots=True)
class Right:
    """What one principal may do, or may not.

    Args:
        principal: who, as `AWS:arn:aws:iam::123456789012:root`, `Service:s3.amazonaws.com` or `*`; see `ITSELF`.
        action: what, in lower case; may have wildcards.
        resource: on what; may have wildcards.
        condition: under which, as JSON with sorted keys; `{}` for none.
    """

    principal: str
    action: str
    resource: str
    condition: str = "{}"

    @property
    def account(self) -> str | None:
        """The account that the principal is of; None for a service, everybody, or whom it is attached to."""
        found = re.search(r"^AWS:(?:arn:[^:]*:[^:]*:[^:]*:)?(\d{12})(?::|$)", self.principal)
        return found[1] if found else None


@dataclass(frozen=True, slots=True)
class Document:
    """A policy.

    Args:
        allowed: what it allows.
        denied: what it refuses whatever others allow.
        hidden: whether it, or a part of it, cannot be seen.
    """

    allowed: frozenset[Right] = frozenset()
    denied: frozenset[Right] = frozenset()
    hidden: bool = False


def document(value: Value) -> Document:
    """Return a policy of its JSON, or of what that says; an empty one of anything else.

    Args:
        value: as an input has it.
    """
    if isinstance(value, Hidden):
        return Document(hidden=True)
    return _document(value) if isinstance(value, str) else _read(value)


@lru_cache(maxsize=4096)
def _document(words: str) -> Document:
    return _read(parsed(words))


def _read(content: Value) -> Document:
    listed = at(content, "Statement")
    allowed: set[Right] = set()
    denied: set[Right] = set()
    for statement in objects(listed):
        (denied if statement.get("Effect") == "Deny" else allowed).update(_rights(statement))
    return Document(frozenset(allowed), frozenset(denied), hidden=isinstance(listed, Hidden))


def _rights(statement: Mapping[str, Value]) -> Iterator[Right]:
    condition = json.dumps(statement.get("Condition") or {}, sort_keys=True, default=str)
    for principal in _principals(statement):
        for action in _named(statement, "Action"):
            for resource in _named(statement, "Resource"):
                yield Right(principal, action.lower(), resource, condition)


def _named(statement: Mapping[str, Value], element: str) -> list[str]:
    """Return actions or resources; of a trust policy, which names no resource, all."""
    if f"Not{element}" in statement:
        return [_ALL_BUT + ", ".join(sorted(_texts(statement[f"Not{element}"])))]
    return sorted(_texts(statement.get(element))) or ["*"]


def _principals(statement: Mapping[str, Value]) -> list[str]:
    if "NotPrincipal" in statement:
        return ["*"]
    given = statement.get("Principal")
    if given is None:
        return [ITSELF]
    if not isinstance(given, Mapping):
        return ["*" if given == "*" else str(given)]
    found = []
    for kind, names in sorted(given.items()):
        found += ["*" if (kind, name) == ("AWS", "*") else f"{kind}:{name}" for name in sorted(_texts(names))]
    return found


def _texts(value: Value) -> list[str]:
    if value is None:
        return []
    return [one.value if isinstance(one, Hidden) else text(one) for one in (items(value) or [value])]


def widened(before: Document, after: Document) -> list[Right]:
    """Return the rights that a policy gives which it did not give before, sorted.

    Args:
        before: as it is.
        after: as it will be.
    """
    return sorted((right for right in after.allowed if not within(right, before.allowed)), key=_order)


def released(before: Document, after: Document) -> list[Right]:
    """Return what a policy refused and no longer does, sorted.

    Args:
        before: as it is.
        after: as it will be.
    """
    return sorted((right for right in before.denied if not within(right, after.denied)), key=_order)


def _order(right: Right) -> tuple[str, str, str, str]:
    return right.principal, right.action, right.resource, right.condition


def within(right: Right, others: frozenset[Right]) -> bool:
    """Whether one of other rights holds all that a right does.

    Args:
        right: the narrower.
        others: the wider.
    """
    return right in others or any(
        _matches(other.principal, right.principal)
        and _matches(other.action, right.action)
        and _matches(other.resource, right.resource)
        and _conditions(other.condition, right.condition)
        for other in others
    )


def _matches(pattern: str, name: str) -> bool:
    if ITSELF in (pattern, name):
        return pattern == name
    return pattern == name or bool(_pattern(pattern).fullmatch(name))


@lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(".*" if part == "*" else "." if part == "?" else re.escape(part) for part in pattern))


def _conditions(wide: str, narrow: str) -> bool:
    """Whether a condition holds only where another does: it has all of that one's, with no more values."""
    if wide in ("{}", narrow):
        return True
    mine, others = _flat(wide), _flat(narrow)
    if mine is None or others is None:
        return False
    for (operator, key), values in mine.items():
        kept = others.get((operator, key))
        narrower = kept is not None and bool(_NARROWING.match(operator)) and kept <= values
        if kept is None or not (kept == values or narrower):
            return False
    return True


@lru_cache(maxsize=4096)
def _flat(condition: str) -> Mapping[tuple[str, str], frozenset[str]] | None:
    """Return (operator, key) -> values of a condition; None of one that IAM would refuse."""
    content: Value = json.loads(condition)
    if not isinstance(content, Mapping):
        return None
    found = {}
    for operator, keys in content.items():
        if not isinstance(keys, Mapping):
            return None
        for key, values in keys.items():
            found[operator, key] = frozenset(json.dumps(value, sort_keys=True) for value in items(values) or [values])
    return found


def told(rights: list[Right]) -> str:
    """Return rights in a sentence: the actions, on what, and who where it is told.

    Args:
        rights: one at least.
    """
    actions = sorted({right.action for right in rights})
    resources = sorted({right.resource for right in rights})
    principals = sorted({right.principal for right in rights if right.principal != ITSELF})
    words = f"{_some(actions)} on {_some(resources)}"
    return f"{words} for {_some(principals)}" if principals else words


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


DOCUMENTS: Mapping[str, tuple[str, str]] = {
    "aws:iam/policy:Policy": ("policy", "rights"),
    "aws:iam/rolePolicy:RolePolicy": ("policy", "rights"),
    "aws:iam/userPolicy:UserPolicy": ("policy", "rights"),
    "aws:iam/groupPolicy:GroupPolicy": ("policy", "rights"),
    "aws:iam/role:Role": ("assumeRolePolicy", "trust"),
    "aws:kms/key:Key": ("policy", "resource"),
    "aws:s3/bucketPolicy:BucketPolicy": ("policy", "resource"),
    "aws:sqs/queuePolicy:QueuePolicy": ("policy", "resource"),
    "aws:sqs/queue:Queue": ("policy", "resource"),
    "aws:sns/topicPolicy:TopicPolicy": ("policy", "resource"),
    "aws:secretsmanager/secretPolicy:SecretPolicy": ("policy", "resource"),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": ("policy", "resource"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("policy", "resource"),
    "aws:backup/vaultPolicy:VaultPolicy": ("policy", "resource"),
}
"""Type token -> the input with a policy, and whether it gives rights, says who is trusted, or is of a resource."""


def of(token: str, inputs: Properties) -> Document:
    """Return the policy of a resource; an empty one where it has none.

    Args:
        token: its type token.
        inputs: of it.
    """
    place = DOCUMENTS.get(token)
    return Document() if place is None else document(inputs.get(place[0]))
