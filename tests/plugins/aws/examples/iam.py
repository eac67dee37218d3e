"""Examples of roles, policies and what attaches them."""

import json

from tests.plugins.aws.world import Example, World


def trust(service: str) -> str:
    """Return a trust policy."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(action: str) -> str:
    """Return a policy, with lists where IAM would write single values."""
    statement = {"Effect": "Allow", "Action": [action], "Resource": ["*"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


def role_name(world: World) -> str:
    """Return the name of a new role."""
    name = world.name("role")
    world.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
    return name


def policy_arn(world: World) -> str:
    """Return the ARN of a new policy."""
    made = world.client("iam").create_policy(PolicyName=world.name("policy"), PolicyDocument=allow("s3:GetObject"))
    return str(made["Policy"]["Arn"])


def _distrust(world: World, role: str) -> None:
    world.client("iam").update_assume_role_policy(RoleName=role, PolicyDocument=trust("lambda.amazonaws.com"))


def _widen(world: World, policy: str) -> None:
    world.client("iam").create_policy_version(PolicyArn=policy, PolicyDocument=allow("*"), SetAsDefault=True)


def _widen_inline(world: World, identity: str) -> None:
    role, _, name = identity.partition(":")
    world.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=allow("*"))


EXAMPLES: tuple[Example, ...] = (
    Example(
        token="aws:iam/role:Role",
        inputs=lambda world: {
            "name": world.name("reader"),
            "assumeRolePolicy": trust("ec2.amazonaws.com"),
            "description": "reads",
            "permissionsBoundary": policy_arn(world),
            "tags": {"owner": "shop"},
        },
        change={
            "assumeRolePolicy": trust("pods.eks.amazonaws.com"),
            "maxSessionDuration": 7200,
            "description": "writes",
            "tags": {"owner": "platform"},
        },
        replacement={"path": "/shop/"},
        drift=_distrust,
        drifted=frozenset({"assumeRolePolicy"}),
    ),
    Example(
        token="aws:iam/policy:Policy",
        inputs=lambda world: {
            "name": world.name("policy"),
            "policy": allow("s3:GetObject"),
            "description": "reads",
            "tags": {"owner": "shop"},
        },
        change={"policy": allow("s3:PutObject"), "tags": {}},
        replacement={"description": "writes"},
        drift=_widen,
        drifted=frozenset({"policy"}),
    ),
    Example(
        token="aws:iam/rolePolicy:RolePolicy",
        inputs=lambda world: {"role": role_name(world), "name": "own", "policy": allow("s3:GetObject")},
        change={"policy": allow("s3:PutObject")},
        replacement={"name": "other"},
        drift=_widen_inline,
        drifted=frozenset({"policy"}),
    ),
    Example(
        token="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        inputs=lambda world: {"role": role_name(world), "policyArn": policy_arn(world)},
        replacement={"policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
    ),
    Example(
        token="aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        inputs=lambda world: {
            "url": f"https://{world.name('oidc')}.example.com",
            "clientIdLists": ["sts.amazonaws.com"],
            "thumbprintLists": ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"],
            "tags": {"owner": "shop"},
        },
        change={"thumbprintLists": ["0e99a48a9960b14926bb7f3b02e22da2b0ab7280"], "tags": {"owner": "platform"}},
        replacement={"url": "https://elsewhere.example.com"},
        drift=lambda world, it: world.client("iam").update_open_id_connect_provider_thumbprint(
            OpenIDConnectProviderArn=it, ThumbprintList=["1e99a48a9960b14926bb7f3b02e22da2b0ab7280"]
        ),
        drifted=frozenset({"thumbprintLists"}),
    ),
)
