"""`aws eks get-token`: what kubeconfigs for EKS run to get a bearer token."""

import argparse
import datetime
import json
import os

from infra.errors import TenantryError
from infra.sandbox.aws_cli import clients
from infra.sandbox.cloud.backing import homes
from infra.sandbox.cloud.backing import tokens as signed

_API = "client.authentication.k8s.io/v1beta1"


def run(options: argparse.Namespace) -> str:
    """Return an ExecCredential.

    Raises:
        TenantryError: no region is known, or the region has no such cluster.
        BotoCoreError: the cloud does not answer.
        ClientError: it refuses.
    """
    name = options.cluster_name
    region = clients.required_region(options, name)
    home = homes.home(options.folder, region, name)
    if not home.is_dir():
        raise TenantryError(f"no cluster of the sandbox in {region}", name, "create it, or name another region")
    token, expires = signed.issue(home, _caller(options, region))
    moment = datetime.datetime.fromtimestamp(expires, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    status = {"expirationTimestamp": moment, "token": token}
    return json.dumps({"kind": "ExecCredential", "apiVersion": _asked_version(), "spec": {}, "status": status})


def _caller(options: argparse.Namespace, region: str) -> str:
    """Return who the environment's credentials are for, or the role's session that they begin."""
    sts = clients.client(options.url, options.folder, "sts", region)
    if options.role_arn:
        return str(
            sts.assume_role(RoleArn=options.role_arn, RoleSessionName="EKSGetTokenAuth")["AssumedRoleUser"]["Arn"]
        )
    return str(sts.get_caller_identity()["Arn"])


def _asked_version() -> str:
    """Return the version of ExecCredential that the caller asks for; kubectl says it in an environment variable."""
    try:
        asked = json.loads(os.environ.get("KUBERNETES_EXEC_INFO", "{}"))["apiVersion"]
    except (ValueError, KeyError, TypeError):
        return _API
    return str(asked)
