"""Rights in AWS that get more, and policies that only change."""

import json
from typing import Any

import pytest

from infra.gate.change import Hidden, Properties, Resource
from infra.gate.rules import iam, statements
from tests.examples import declared_settings
from tests.gate.rules.cases import created, deleted, found, there, updated, urn

UNKNOWN, SECRET = Hidden.UNKNOWN, Hidden.SECRET
POLICY = "aws:iam/policy:Policy"
ROLE = "aws:iam/role:Role"
INLINE = "aws:iam/rolePolicy:RolePolicy"
ATTACHED = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
BUCKET = "aws:s3/bucket:Bucket"
KEY = "aws:kms/key:Key"
OWN, OTHER = "123456789012", "999988887777"
UPLOADS = "arn:aws:s3:::uploads"


def policy(*statements: dict[str, Any], **more: Any) -> Properties:
    return {"policy": json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), **more}


def allow(actions: Any, resources: Any = UPLOADS, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(**more: Any) -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": [f"{UPLOADS}/*", UPLOADS],
        **more,
    }


def trust(principal: Any, **more: Any) -> Properties:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}
    return {"assumeRolePolicy": json.dumps({"Statement": [statement]})}


READS = policy(allow(["s3:GetObject"]))
PLAIN = {"Bool": {"aws:SecureTransport": "false"}}
VIA = {"StringEquals": {"kms:ViaService": ["s3.eu-central-1.amazonaws.com"]}}

WIDER = {
    "another action": (READS, policy(allow(["s3:GetObject", "s3:PutObject"]))),
    "another resource": (READS, policy(allow("s3:GetObject", [UPLOADS, "arn:aws:s3:::exports"]))),
    "a wildcard of actions": (READS, policy(allow("s3:Get*"))),
    "a wildcard of resources": (READS, policy(allow("s3:GetObject", "*"))),
    "all actions but some": (READS, policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": UPLOADS})),
    "no condition any more": (policy(allow("kms:Decrypt", Condition=VIA)), policy(allow("kms:Decrypt"))),
    "another value of a condition": (
        policy(allow("kms:Decrypt", Condition=VIA)),
        policy(
            allow("kms:Decrypt", Condition={"StringEquals": {"kms:ViaService": ["s3.eu-central-1.amazonaws.com", "b"]}})
        ),
    ),
    "a value fewer that is refused": (
        policy(allow("s3:GetObject", Condition={"StringNotEquals": {"a": ["x", "y"]}})),
        policy(allow("s3:GetObject", Condition={"StringNotEquals": {"a": ["x"]}})),
    ),
    "what cannot be seen": (READS, {"policy": UNKNOWN}),
    "what is secret": (READS, {"policy": SECRET}),
    "a first statement": (policy(), READS),
}

NARROWER = {
    "an action less": (policy(allow(["s3:GetObject", "s3:PutObject"])), READS),
    "an action within a wildcard": (policy(allow("s3:*", "*")), policy(allow("s3:PutObject"))),
    "an action in other letters": (READS, policy(allow("S3:getobject"))),
    "the same in two statements": (
        policy(allow(["s3:GetObject", "s3:PutObject"])),
        policy(allow("s3:PutObject"), allow("s3:GetObject")),
    ),
    "a name in other words": (READS, policy(allow("s3:GetObject", Sid="Reads"))),
    "a condition more": (policy(allow("kms:Decrypt")), policy(allow("kms:Decrypt", Condition=VIA))),
    "a value of a condition less": (
        policy(allow("s3:GetObject", Condition={"StringEquals": {"a": ["x", "y"]}})),
        policy(allow("s3:GetObject", Condition={"StringEquals": {"a": "x"}})),
    ),
    "a refusal more": (READS, policy(allow("s3:GetObject"), deny())),
}


@pytest.mark.parametrize(("before", "after"), WIDER.values(), ids=WIDER)
def test_a_policy_does_not_allow_more(before: Properties, after: Properties) -> None:
    (finding,) = found(iam.iam_widened, updated(POLICY, before, after))
    assert finding.level == "dangerous"


@pytest.mark.parametrize(("before", "after"), NARROWER.values(), ids=NARROWER)
def test_a_policy_may_allow_less(before: Properties, after: Properties) -> None:
    assert not found(iam.iam_widened, updated(POLICY, before, after))


def test_a_reason_names_the_rights() -> None:
    (finding,) = found(iam.iam_widened, updated(POLICY, *WIDER["another action"]))
    assert finding.reason == "allows more: s3:putobject on arn:aws:s3:::uploads"


def test_trust_and_policies_of_resources_are_read_too() -> None:
    service, another = {"Service": "ec2.amazonaws.com"}, {"Service": ["ec2.amazonaws.com", "ecs.amazonaws.com"]}
    assert found(iam.iam_widened, updated(ROLE, trust(service), trust(another)))
    assert not found(iam.iam_widened, updated(ROLE, trust(another), trust(service)))
    mine = policy(allow("s3:GetObject", Principal={"AWS": f"arn:aws:iam::{OWN}:role/a"}))
    ours = policy(allow("s3:GetObject", Principal={"AWS": f"arn:aws:iam::{OWN}:role/*"}))
    assert found(iam.iam_widened, updated(BUCKET_POLICY, mine, ours))
    assert not found(iam.iam_widened, updated(BUCKET_POLICY, ours, mine))
    assert not found(iam.iam_widened, updated(KEY, {**mine, "description": "a"}, {**mine, "description": "b"}))


def test_a_role_that_is_there_gets_no_more_rights() -> None:
    parent = urn("tenantry:access:RoleGrant", "uploads-api-reads")
    document = created(POLICY, READS, parent=parent)
    attached = created(ATTACHED, {"role": "api-1234567", "policyArn": UNKNOWN}, parent=parent)
    (finding,) = found(iam.iam_widened, document, attached)
    assert finding.urn == attached.urn
    assert finding.reason == "api-1234567 gets s3:getobject on arn:aws:s3:::uploads"
    inline = created(INLINE, {**READS, "role": "api-1234567"})
    assert found(iam.iam_widened, inline)


@pytest.mark.parametrize(
    ("role", "inputs"),
    [("api-1234567", {}), ("own-name", {"name": "own-name"}), (UNKNOWN, {}), ("api-1234567", {"name": "api-1234567"})],
)
def test_a_new_role_may_have_rights(role: Any, inputs: Properties) -> None:
    new = created(ROLE, {**trust({"Service": "pods.eks.amazonaws.com"}), **inputs}, name="api")
    attached = created(ATTACHED, {"role": role, "policyArn": UNKNOWN})
    inline = created(INLINE, {**READS, "role": role})
    assert not found(iam.iam_widened, new, attached, inline)


def test_what_is_attached_does_not_change() -> None:
    before = {"role": "api-1234567", "policyArn": "arn:aws:iam::aws:policy/A"}
    assert found(iam.iam_widened, updated(ATTACHED, before, {**before, "policyArn": "arn:aws:iam::aws:policy/B"}))
    assert not found(iam.iam_widened, deleted(ATTACHED, before))
    assert found(iam.iam_widened, updated(ROLE, {}, {"managedPolicyArns": ["arn:aws:iam::aws:policy/A"]}))


def test_a_policy_of_a_new_bucket_may_allow_what_it_says() -> None:
    parent = urn("tenantry:storage:ClosedBucket", "records")
    says = created(
        BUCKET_POLICY, policy(allow("s3:PutObject", Principal={"Service": "logging.s3.amazonaws.com"})), parent=parent
    )
    assert not found(iam.iam_widened, says, created(BUCKET, {}, parent=parent))
    assert found(iam.iam_widened, says, there(BUCKET, {}, parent=parent))


def test_what_is_refused_stays_so() -> None:
    refusing, allowing = policy(deny(Condition=PLAIN), allow("s3:GetObject")), policy(allow("s3:GetObject"))
    (finding,) = found(iam.iam_refusal_removed, updated(BUCKET_POLICY, refusing, allowing))
    assert "no longer refuses s3:*" in finding.reason
    wider = policy(deny(), allow("s3:GetObject"))
    assert not found(iam.iam_refusal_removed, updated(BUCKET_POLICY, refusing, wider)), "it refuses more"
    assert not found(iam.iam_refusal_removed, updated(BUCKET_POLICY, allowing, refusing))
    assert not found(iam.iam_refusal_removed, updated(BUCKET_POLICY, refusing, {"policy": UNKNOWN})), (
        "iam-widened says it"
    )
    assert found(iam.iam_refusal_removed, updated(ROLE, {"permissionsBoundary": "arn"}, {}))


def test_a_refusal_goes_with_its_bucket_alone() -> None:
    parent = urn("tenantry:storage:ClosedBucket", "records")
    gone = deleted(BUCKET_POLICY, policy(deny(Condition=PLAIN)), parent=parent)
    assert found(iam.iam_refusal_removed, gone, there(BUCKET, {}, parent=parent))
    assert not found(iam.iam_refusal_removed, gone, deleted(BUCKET, {}, parent=parent))


@pytest.mark.parametrize("principal", [f"arn:aws:iam::{OTHER}:root", f"arn:aws:iam::{OTHER}:role/a", OTHER])
def test_another_account_is_told(principal: str) -> None:
    settings = declared_settings()
    change = created(ROLE, trust({"AWS": principal}))
    assert found(iam.iam_trusts_outside, change, settings=settings)
    provider = Resource(urn("pulumi:providers:aws", "aws"), "pulumi:providers:aws", {"allowedAccountIds": f'["{OWN}"]'})
    assert found(iam.iam_trusts_outside, change, provider), "the provider tells the account as well"
    assert not found(iam.iam_trusts_outside, change), "nobody knows which account is ours"
    own = created(ROLE, trust({"AWS": principal.replace(OTHER, OWN)}))
    assert not found(iam.iam_trusts_outside, own, settings=settings)
    before = trust({"AWS": principal})
    assert not found(iam.iam_trusts_outside, updated(ROLE, before, {**before, "description": "a"}), settings=settings)


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["*", f"arn:aws:iam::{OWN}:root"]}])
def test_nobody_may_wave_through_that_anybody_takes_on_a_role(principal: Any) -> None:
    (finding,) = found(iam.iam_trusts_anyone, there(ROLE, trust(principal)))
    assert finding.level == "forbidden"
    assert not found(iam.iam_trusts_anyone, there(ROLE, trust({"AWS": f"arn:aws:iam::{OWN}:root"})))
    assert not found(iam.iam_trusts_anyone, there(KEY, policy(allow("kms:Decrypt", Principal=principal))))


def test_who_of_an_identity_provider_is_named() -> None:
    provider = {"Federated": f"arn:aws:iam::{OWN}:oidc-provider/token.example.com"}
    audience = {"StringEquals": {"token.example.com:aud": "sts.amazonaws.com"}}
    assert found(iam.iam_federated_unbound, there(ROLE, trust(provider, Condition=audience)))
    subject = {"StringLike": {"token.example.com:sub": "repo:shop/*"}}
    assert not found(iam.iam_federated_unbound, there(ROLE, trust(provider, Condition={**audience, **subject})))


@pytest.mark.parametrize(
    ("action", "resource", "wild"),
    [
        ("*", "*", True),
        ("s3:*", "*", True),
        ("s3:*", UPLOADS, False),
        ("s3:Get*", "*", False),
        ("s3:GetObject", "*", False),
    ],
)
def test_no_policy_allows_everything(action: str, resource: str, wild: bool) -> None:
    assert bool(found(iam.iam_wildcard, there(POLICY, policy(allow(action, resource))))) is wild
    assert not found(iam.iam_wildcard, there(KEY, policy(allow(action, resource)))), "a key's own is of the key alone"


def test_nobody_is_administrator_of_everything() -> None:
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    assert found(iam.iam_administrator, there(ATTACHED, {"policyArn": arn}))
    assert found(iam.iam_administrator, there(ROLE, {"managedPolicyArns": [arn]}))
    assert not found(iam.iam_administrator, there(ATTACHED, {"policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}))


def test_no_resource_is_everybodys() -> None:
    anybody = {"AWS": "*"}
    assert found(iam.iam_resource_public, there(BUCKET_POLICY, policy(allow("s3:GetObject", Principal=anybody))))
    bound = allow("s3:GetObject", Principal=anybody, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})
    assert not found(iam.iam_resource_public, there(BUCKET_POLICY, policy(bound)))
    assert not found(iam.iam_resource_public, there(BUCKET_POLICY, policy(deny())))


def test_nonsense_is_an_empty_policy() -> None:
    for value in ("{", "[]", "{}", None, 7, {"Statement": "x"}):
        assert statements.document(value) == statements.Document()  # type: ignore[arg-type]
