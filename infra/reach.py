"""Whether a stack can be applied from here: the caller's account, his way into the cluster, and private endpoints.

For `tenantry doctor STACK`, in the shell that will run `pulumi`. Only reads. Leaves whether what was declared is right
to `pulumi preview`.
"""

import re
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
import botocore.config
import botocore.exceptions

from infra.findings import Finding
from infra.settings.database import DeclaredDatabase
from infra.settings.foundation import AwsSettings, DeclaredCluster
from infra.settings.models import StackSettings

_PATIENCE = 5
"""Seconds for a connection: one that is only slow answers within them, a private one that is not routed never does."""

_POSTGRESQL, _HTTPS = 5432, 443
_INSIDE = 'run this inside the network: a runner in the VPC, a VPN, or a tunnel (README, "Reaching private endpoints")'
_SESSION = re.compile(r"arn:([\w-]+):sts::(\d+):assumed-role/([^/]+)/.*")


def examine(settings: StackSettings) -> list[Finding]:
    """Look at what stands between this shell and a stack, and return one finding each.

    Args:
        settings: the stack's.
    """
    if settings.aws is None or not settings.declares_aws:
        return [Finding("AWS", True, "the stack declares nothing there")]
    caller = _caller(settings.aws)
    if not isinstance(caller, str):
        return [caller]
    return [*_who(caller, settings), *_endpoints(settings, settings.aws)]


def principal(arn: str) -> str:
    """Return who stands behind a caller's ARN, as access entries and trust policies name him: a session's role.

    Args:
        arn: as STS tells it; a role's path is not in a session's ARN, and so in no result.
    """
    return _SESSION.sub(r"arn:\1:iam::\2:role/\3", arn)


def _caller(place: AwsSettings) -> str | Finding:
    try:
        return str(_client("sts", place).get_caller_identity()["Arn"])
    except botocore.exceptions.ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        return Finding("AWS credentials", False, f"refused: {code}", "sign in again, as with `aws sso login`")
    except (botocore.exceptions.ConnectionError, botocore.exceptions.HTTPClientError) as error:
        return Finding("AWS", False, f"it does not answer ({type(error).__name__})", "check the network")
    except botocore.exceptions.BotoCoreError as error:
        detail = f"there are none that work ({type(error).__name__})"
        return Finding("AWS credentials", False, detail, "set AWS_PROFILE, or sign in, as with `aws sso login`")


def _who(caller: str, settings: StackSettings) -> Iterator[Finding]:
    assert settings.aws is not None
    account = caller.split(":")[4]
    yield Finding(
        "AWS account",
        account == settings.aws.account_id,
        f"this shell's is {account}" + ("" if account == settings.aws.account_id else ", the stack's another"),
        "use credentials of the account in aws.account_id",
    )
    if isinstance(settings.cluster, DeclaredCluster):
        names = {_without_path(arn) for arn in settings.cluster.administrators.values()}
        yield Finding(
            "cluster administrator",
            principal(caller) in names,
            principal(caller),
            "name him in cluster.administrators, or use credentials of one of them",
        )


def _without_path(arn: str) -> str:
    before, _, name = arn.rpartition("/")
    return f"{before.partition('/')[0]}/{name}" if ":role/" in arn else arn


def _endpoints(settings: StackSettings, place: AwsSettings) -> Iterator[Finding]:
    if isinstance(settings.cluster, DeclaredCluster):
        yield _endpoint(f"EKS {place.name}", lambda: _cluster_endpoint(place))
    if isinstance(settings.database, DeclaredDatabase):
        yield _endpoint(f"RDS {place.name}", lambda: _database_endpoint(place))


def _cluster_endpoint(place: AwsSettings) -> tuple[str, int] | None:
    described = _client("eks", place).describe_cluster(name=place.name)["cluster"]
    host, _, port = str(described.get("endpoint", "")).removeprefix("https://").partition(":")
    return (host, int(port or _HTTPS)) if host else None


def _database_endpoint(place: AwsSettings) -> tuple[str, int] | None:
    (instance,) = _client("rds", place).describe_db_instances(DBInstanceIdentifier=place.name)["DBInstances"]
    endpoint: Mapping[str, Any] = instance.get("Endpoint") or {}
    return (endpoint["Address"], endpoint.get("Port", _POSTGRESQL)) if "Address" in endpoint else None


def _endpoint(subject: str, find: Callable[[], tuple[str, int] | None]) -> Finding:
    """Look for an endpoint and connect to it; one that is not made yet is no fault."""
    try:
        place = find()
    except botocore.exceptions.ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        if "NotFound" in code:
            return Finding(subject, True, "not made yet")
        return Finding(subject, False, f"AWS refuses to tell: {code}", "give the caller the right to describe it")
    except botocore.exceptions.BotoCoreError as error:
        return Finding(subject, False, f"AWS does not answer ({type(error).__name__})", "check the network")
    if place is None:
        return Finding(subject, True, "is being made, and has no endpoint yet")
    host, port = place
    try:
        socket.create_connection(place, timeout=_PATIENCE).close()
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        return Finding(subject, False, f"{host}:{port} cannot be reached from here ({reason})", _INSIDE)
    return Finding(subject, True, f"{host}:{port} answers")


def _client(service: str, place: AwsSettings) -> Any:
    # Quick to give up: a shell without a way to AWS should be told so, not kept waiting for five attempts.
    config = botocore.config.Config(
        connect_timeout=_PATIENCE, read_timeout=4 * _PATIENCE, retries={"mode": "standard", "max_attempts": 2}
    )
    return boto3.Session().client(service, region_name=place.region, config=config)
