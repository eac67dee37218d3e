"""Who has no business with a resource, and what each of them tries.

A stranger fulfils every condition that does not name the account: he chooses the region, the service that he goes
through, the encryption context. He cannot be of another account than he is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.cloud_outputs import ACCOUNT
from tests.effects.iam import Caller, Document, Request, is_allowed, statements, texts
from tests.effects.policies import ResourcePolicy, role_arn

OTHER_ACCOUNT = "999999999999"
EVERYTHING: Document = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}


@dataclass(frozen=True)
class Stranger:
    """Somebody without business.

    Args:
        name: who he is.
        caller: how IAM sees him; of services, each that a policy names is tried.
        account: whose numbers his requests carry.
        own: his own policies.
        chooses: whether he chooses what else his requests carry.
    """

    name: str
    caller: Caller
    account: str
    own: tuple[Document, ...] = field(default=())
    chooses: bool = True


ANONYMOUS = Stranger("anybody", Caller(), OTHER_ACCOUNT)
FOREIGNER = Stranger(
    "an administrator of another account",
    Caller(arn=f"arn:aws:iam::{OTHER_ACCOUNT}:role/administrator", account=OTHER_ACCOUNT),
    OTHER_ACCOUNT,
    own=(EVERYTHING,),
)
COLLEAGUE = Stranger(
    "a role of this account without rights",
    Caller(arn=f"arn:aws:iam::{ACCOUNT}:role/newcomer", account=ACCOUNT),
    ACCOUNT,
    chooses=False,  # a condition as `kms:ViaService` is fulfilled by a service that he has rights on
)


def services(policy: ResourcePolicy) -> list[Stranger]:
    """Return the services that a policy names, each at work for another account."""
    named = {
        name
        for statement in statements(policy.document)
        if isinstance(statement["Principal"], Mapping)
        for name in texts(statement["Principal"].get("Service", ()))
    }
    return [Stranger(f"{name} for another account", Caller(service=name), OTHER_ACCOUNT) for name in sorted(named)]


def succeeds(stranger: Stranger, policy: ResourcePolicy) -> list[str]:
    """Return the actions of a policy that a stranger is allowed, and should not be."""
    return sorted(
        {
            request.action
            for request in _requests(stranger, policy)
            if is_allowed(request, stranger.own, [policy.document], owner=ACCOUNT, consents=policy.consents)
        }
    )


def _requests(stranger: Stranger, policy: ResourcePolicy) -> Iterator[Request]:
    context = _context(stranger, policy.document)
    for statement in statements(policy.document):
        for action in texts(statement["Action"]):
            for resource in texts(statement.get("Resource", role_arn(policy.node))):
                yield Request(stranger.caller, action.replace("*", "Any"), resource.replace("*", "any"), context)


def _context(stranger: Stranger, document: Document) -> dict[str, str]:
    """Return what his requests carry: as each Allow wants it, but for the account's number."""
    known = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}
    own = dict.fromkeys(("aws:PrincipalAccount", "aws:SourceAccount", "kms:CallerAccount"), stranger.account)
    chosen = {
        key: texts(values)[0].replace("*", "any").replace(ACCOUNT, stranger.account)
        for statement in statements(document)
        if statement["Effect"] == "Allow"
        for keys in statement.get("Condition", {}).values()
        for key, values in keys.items()
    }
    return {**known, **(chosen if stranger.chooses else {}), **(own if stranger.caller.arn else {})}
