"""`aws eks get-token` on the sandbox's `PATH`: what kubeconfigs for EKS run to get a bearer token.

Only this one command, for the sandbox's cloud and its clusters, with the real CLI's options. Run as
`python -I -m infra.sandbox.aws_cli URL FOLDER eks get-token --cluster-name NAME --region REGION`, where URL is the
cloud's and FOLDER its data's.
"""

import argparse
import datetime
import json
import os
import sys
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.errors import TenantryError
from infra.sandbox.cloud.account import KEY
from infra.sandbox.cloud.backing import control_planes, tokens

_API = "client.authentication.k8s.io/v1beta1"


def main(arguments: list[str]) -> int:
    """Print an ExecCredential; return 1 when there is none, and 2 for another command of the AWS CLI.

    Args:
        arguments: the cloud's URL, its folder, and those of the AWS CLI.
    """
    options = _parser().parse_args(arguments)
    try:
        token, expires = _token(options)
    except (TenantryError, BotoCoreError, ClientError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a command's output
        return 1
    moment = datetime.datetime.fromtimestamp(expires, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    status = {"expirationTimestamp": moment, "token": token}
    document = {"kind": "ExecCredential", "apiVersion": _asked_version(), "spec": {}, "status": status}
    print(json.dumps(document))  # noqa: T201 - a command's output
    return 0


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--region", default=argparse.SUPPRESS)
    common.add_argument("--output", choices=["json"], default=argparse.SUPPRESS)
    common.add_argument("--profile", default=argparse.SUPPRESS, help="ignored: the sandbox has one account")
    what = "The sandbox's aws: only `aws eks get-token`."
    parser = argparse.ArgumentParser(prog="aws", description=what, parents=[common])
    parser.add_argument("url", help=argparse.SUPPRESS)
    parser.add_argument("folder", type=Path, help=argparse.SUPPRESS)
    services = parser.add_subparsers(required=True, metavar="SERVICE")
    eks = services.add_parser("eks", parents=[common]).add_subparsers(required=True, metavar="COMMAND")
    command = eks.add_parser("get-token", parents=[common])
    command.add_argument("--cluster-name", required=True)
    command.add_argument("--role-arn", help="the role to be, as an assumed one")
    return parser


def _token(options: argparse.Namespace) -> tuple[str, float]:
    """Return a token and when it expires.

    Raises:
        TenantryError: no region is known, or the region has no such cluster.
        BotoCoreError: the cloud does not answer.
        ClientError: it refuses.
    """
    name = options.cluster_name
    region = vars(options).get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise TenantryError("no region is known", name, "say --region or set AWS_REGION")
    home = control_planes.home(options.folder, region, name)
    if not home.is_dir():
        raise TenantryError(f"no cluster of the sandbox in {region}", name, "create it, or name another region")
    return tokens.issue(home, _caller(options.url, region, options.role_arn))


def _caller(url: str, region: str, role: str | None) -> str:
    """Return who the environment's credentials are for; the sandbox's own where it has none."""
    settings = Config(proxies={}, retries={"total_max_attempts": 2}, connect_timeout=5, read_timeout=20)
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID") or KEY, os.environ.get("AWS_SECRET_ACCESS_KEY") or KEY
    session = boto3.Session(key, secret, region_name=region)
    sts = session.client("sts", endpoint_url=url, config=settings)
    if role:
        return str(sts.assume_role(RoleArn=role, RoleSessionName="EKSGetTokenAuth")["AssumedRoleUser"]["Arn"])
    return str(sts.get_caller_identity()["Arn"])


def _asked_version() -> str:
    """Return the version of ExecCredential that the caller asks for; kubectl says it in an environment variable."""
    try:
        asked = json.loads(os.environ.get("KUBERNETES_EXEC_INFO", "{}"))["apiVersion"]
    except (ValueError, KeyError, TypeError):
        return _API
    return str(asked)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
