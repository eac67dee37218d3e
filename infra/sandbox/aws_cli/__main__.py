"""The command line: `aws eks get-token`, `aws eks update-kubeconfig` and `aws sts get-caller-identity`.

Run as `python -I -m infra.sandbox.aws_cli URL FOLDER eks get-token --cluster-name NAME --region REGION`, where URL is
the cloud's and FOLDER its data's. Every other command of the AWS CLI is refused by name.
"""

import argparse
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from infra.errors import TenantryError
from infra.sandbox.aws_cli import identity, tokens, update_kubeconfig


def main(arguments: list[str]) -> int:
    """Print what the command answers; return 1 when it fails, and 2 for another command of the AWS CLI.

    Args:
        arguments: the cloud's URL, its folder, and those of the AWS CLI.
    """
    options = _parser().parse_args(arguments)
    try:
        answer: str = options.run(options)
    except (TenantryError, BotoCoreError, ClientError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a command's output
        return 1
    print(answer)  # noqa: T201 - a command's output
    return 0


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--region", default=argparse.SUPPRESS)
    common.add_argument("--output", choices=["json", "text"], default=argparse.SUPPRESS)
    common.add_argument("--query", default=argparse.SUPPRESS, help="a JMESPath expression; for sts only")
    common.add_argument("--profile", default=argparse.SUPPRESS, help="ignored: the sandbox has one account")
    what = "The sandbox's aws: eks get-token, eks update-kubeconfig and sts get-caller-identity."
    parser = argparse.ArgumentParser(prog="aws", description=what, parents=[common])
    parser.add_argument("url", help=argparse.SUPPRESS)
    parser.add_argument("folder", type=Path, help=argparse.SUPPRESS)
    services = parser.add_subparsers(required=True, metavar="SERVICE")
    eks = services.add_parser("eks", parents=[common]).add_subparsers(required=True, metavar="COMMAND")
    _get_token(eks.add_parser("get-token", parents=[common]))
    _update_kubeconfig(eks.add_parser("update-kubeconfig", parents=[common]))
    sts = services.add_parser("sts", parents=[common]).add_subparsers(required=True, metavar="COMMAND")
    sts.add_parser("get-caller-identity", parents=[common]).set_defaults(run=identity.run)
    return parser


def _get_token(command: argparse.ArgumentParser) -> None:
    command.add_argument("--cluster-name", required=True)
    command.add_argument("--role-arn", help="the role to be, as an assumed one")
    command.set_defaults(run=tokens.run)


def _update_kubeconfig(command: argparse.ArgumentParser) -> None:
    command.add_argument("--name", required=True, help="the cluster's")
    command.add_argument("--kubeconfig", type=Path, help="the file; by default what KUBECONFIG says, or ~/.kube/config")
    command.add_argument("--role-arn", help="the role to be for tokens")
    command.add_argument("--alias", help="the context's name; by default the cluster's ARN")
    command.add_argument("--user-alias", help="the user's name; by default the cluster's ARN")
    command.add_argument("--dry-run", action="store_true", help="print the file instead of writing it")
    command.set_defaults(run=update_kubeconfig.run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
