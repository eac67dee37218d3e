"""Who may enter a cluster: tokens of `aws eks get-token`, and what the API server is told about one.

A token says which caller it is for and is signed with a secret in the cluster's folder, which only the user can read:
the cloud's access key is public, and must open no cluster. As in EKS, the API server asks for each token it does not
know, and access entries decide: user name, groups, and access policies, which `grants` turns into groups.
"""

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.sandbox.cloud.backing.homes import token_secret
from infra.sandbox.servers.passwords import password

LIFETIME = 14 * 60
"""Seconds that a token is good for: what `aws eks get-token` says of its own."""

_PREFIX = "k8s-aws-v1."
_ROLE_ARN = re.compile(r"arn:[\w-]+:(?:iam|sts)::(\d+):(?:role/(?:.*/)?|assumed-role/)([^/]+)(?:/[^/]*)?")


def issue(home: Path, arn: str) -> tuple[str, float]:
    """Return a token, and when it expires, in seconds since 1970.

    Args:
        home: the cluster's folder.
        arn: who the caller is, as STS says.

    Raises:
        OSError: there is no such cluster, or its files are another user's.
    """
    expires = time.time() + LIFETIME
    content = _encoded(json.dumps({"arn": arn, "expires": expires}).encode())
    return f"{_PREFIX}{content}.{_signature(home, content)}", expires


def caller(home: Path, token: str) -> str | None:
    """Return who a token is for; None for one that is not this cluster's, was changed, or has expired.

    Args:
        home: the cluster's folder.
        token: what a client sent.
    """
    content, _, signature = token.removeprefix(_PREFIX).partition(".")
    if not token.startswith(_PREFIX) or not hmac.compare_digest(signature, _signature(home, content)):
        return None
    stated = json.loads(base64.urlsafe_b64decode(content))
    return str(stated["arn"]) if stated["expires"] > time.time() else None


def user(arn: str, *, creator: str, access: Mapping[str, Any], entries: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the Kubernetes user of a caller, as a TokenReview says it; None when no entry lets it in.

    Args:
        arn: who the caller is.
        creator: who created the cluster.
        access: the cluster's `accessConfig`.
        entries: its access entries by principal.
    """
    from infra.sandbox.cloud.backing import grants  # noqa: PLC0415 - httpx would slow every `aws eks get-token` down

    name, groups = "", set[str]()
    if _principal(arn) == _principal(creator) and access.get("bootstrapClusterCreatorAdminPermissions", True):
        name, groups = arn, {grants.everywhere(grants.CREATOR)}
    for principal, entry in entries.items():
        if _principal(principal) == _principal(arn):
            name, groups = entry["username"], groups | {*entry["kubernetesGroups"], *grants.groups(entry)}
    return {"username": name, "groups": sorted(groups)} if name else None


def _principal(arn: str) -> str:
    """Return a form that is the same for a role and its sessions."""
    found = _ROLE_ARN.fullmatch(arn)
    return f"{found[1]} role {found[2]}" if found else arn


def _signature(home: Path, content: str) -> str:
    secret = password(token_secret(home))
    return _encoded(hmac.digest(secret.encode(), content.encode(), hashlib.sha256))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()
