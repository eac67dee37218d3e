"""ARNs of network resources, which most answers of EC2 leave out."""

import weakref

from infra.sandbox.plugins.aws.clients import Cloud

_accounts: "weakref.WeakKeyDictionary[Cloud, str]" = weakref.WeakKeyDictionary()


def ec2_arn(cloud: Cloud, region: str, resource: str) -> str:
    """Return the ARN of a resource of EC2 in the account of the credentials.

    Args:
        cloud: whose account; it is asked for once.
        region: the region of the resource.
        resource: its type and id, as `elastic-ip/eipalloc-1`.
    """
    if cloud not in _accounts:
        _accounts[cloud] = str(cloud.client("sts").get_caller_identity()["Account"])
    return f"arn:aws:ec2:{region}:{_accounts[cloud]}:{resource}"
