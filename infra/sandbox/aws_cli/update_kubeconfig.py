"""`aws eks update-kubeconfig`: lets kubectl reach a cluster, as the real CLI does it.

Adds cluster, user and context to a kubeconfig, or brings them up to date there, and makes the context current.
Everything else in the file stays.
"""

import argparse
from typing import Any

from infra.errors import TenantryError
from infra.sandbox.aws_cli import clients, kubeconfig

_USABLE = {"ACTIVE", "UPDATING"}


def run(options: argparse.Namespace) -> str:
    """Write the kubeconfig; return what the real CLI says then, or the file's text for a dry run.

    Raises:
        TenantryError: no region is known, the cluster does not run, or the file is no kubeconfig.
        BotoCoreError: the cloud does not answer.
        ClientError: there is no such cluster.
        OSError: the file cannot be written.
    """
    region = clients.required_region(options, options.name)
    cluster = clients.client(options.url, options.folder, "eks", region).describe_cluster(name=options.name)["cluster"]
    if cluster["status"] not in _USABLE:
        raise TenantryError(f"the cluster is {cluster['status']}", options.name, "wait until it is ACTIVE")
    arn = cluster["arn"]
    path = kubeconfig.chosen(options.kubeconfig, arn)
    config = kubeconfig.read(path)
    is_known = kubeconfig.has(config, "clusters", arn)
    context = options.alias or arn
    user = options.user_alias or arn
    kubeconfig.put(config, "clusters", arn, {"cluster": _place(cluster)})
    kubeconfig.put(config, "contexts", context, {"context": {"cluster": arn, "user": user}})
    kubeconfig.put(config, "users", user, {"user": {"exec": _token_command(options, region)}})
    config["current-context"] = context
    if options.dry_run:
        return kubeconfig.text(config).rstrip()
    kubeconfig.write(path, config)
    return f"Updated context {context} in {path}" if is_known else f"Added new context {context} to {path}"


def _place(cluster: dict[str, Any]) -> dict[str, str]:
    return {"certificate-authority-data": cluster["certificateAuthority"]["data"], "server": cluster["endpoint"]}


def _token_command(options: argparse.Namespace, region: str) -> dict[str, Any]:
    role = ["--role", options.role_arn] if options.role_arn else []
    return {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "args": ["--region", region, "eks", "get-token", "--cluster-name", options.name, "--output", "json", *role],
        "command": "aws",
    }
