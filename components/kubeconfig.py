"""The kubeconfig of an EKS cluster, for kubectl and the Kubernetes provider.

Owns its text, which holds no secret: whoever uses it has to be somebody to AWS, and the `aws` program.
"""

import pulumi
from pulumi_aws import eks

_TOKEN_API = "client.authentication.k8s.io/v1beta1"  # noqa: S105  # what `aws eks get-token` answers in


def kubeconfig(name: str, cluster: eks.Cluster, region: pulumi.Input[str]) -> pulumi.Output[str]:
    """Return the kubeconfig, in which everything has the cluster's name.

    Args:
        name: the EKS name.
        cluster: it.
        region: where it is.
    """
    command = ["eks", "get-token", "--cluster-name", cluster.name, "--region", region, "--output", "json"]
    authority = cluster.certificate_authority.apply(lambda authority: authority.data or "")
    user = {"exec": {"apiVersion": _TOKEN_API, "command": "aws", "args": command, "interactiveMode": "Never"}}
    return pulumi.Output.json_dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": name, "cluster": {"server": cluster.endpoint, "certificate-authority-data": authority}}
            ],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        },
        sort_keys=True,
    )
