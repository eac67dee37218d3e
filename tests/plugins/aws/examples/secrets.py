"""Examples of secrets and their content."""

from tests.plugins.aws.examples.iam import allow
from tests.plugins.aws.world import Example, World


def secret_arn(world: World) -> str:
    """Return the ARN of a new secret."""
    return str(world.client("secretsmanager").create_secret(Name=world.name("secret"))["ARN"])


def _rotate(world: World, identity: str) -> None:
    world.client("secretsmanager").put_secret_value(SecretId=identity.partition("|")[0], SecretString="other")


EXAMPLES: tuple[Example, ...] = (
    Example(
        token="aws:secretsmanager/secret:Secret",
        inputs=lambda world: {
            "name": world.name("shop/database"),
            "description": "database",
            "recoveryWindowInDays": 7,
            "policy": allow("secretsmanager:GetSecretValue"),
            "tags": {"owner": "shop"},
        },
        change={
            "description": "other",
            "policy": allow("secretsmanager:DescribeSecret"),
            "tags": {"owner": "platform"},
        },
        replacement={"name": "other"},
        drift=lambda world, it: world.client("secretsmanager").update_secret(SecretId=it, Description="drifted"),
        drifted=frozenset({"description"}),
        unimported=frozenset({"recoveryWindowInDays"}),
    ),
    Example(
        token="aws:secretsmanager/secretVersion:SecretVersion",
        inputs=lambda world: {
            "secretId": secret_arn(world),
            "secretString": "what nobody reads",
            "versionStages": ["AWSCURRENT"],
        },
        replacement={"secretString": "what nobody reads either"},
        drift=_rotate,
        drifted=frozenset({"versionStages"}),
        stays=True,
    ),
)
