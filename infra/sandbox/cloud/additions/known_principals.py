"""The IAM users and roles that are known to the account before any program, and the sessions of such roles.

Programs may grant them access to a cluster; they are no part of what a program has created. What moto draws for one
follows from its ARN, so that it is the same whenever it becomes known.
"""

import json

from moto.iam.models import AccessKey, IAMBackend, iam_backends
from moto.sts.models import AssumedRole, STSBackend

from infra.sandbox.cloud.account import SESSION, Identity, Principal
from infra.sandbox.cloud.reproducible import pinned

_PARTITION = "aws"
_BEGAN = 1577836800.0  # 2020-01-01: when they were made, long before any program
_initialize = IAMBackend.initialize_service_roles
_session_of = STSBackend.get_assumed_role_from_access_key


def install(identity: Identity) -> None:
    """Let the account begin with those who are known to it; doing it again replaces them.

    Args:
        identity: the account.
    """

    def begin(backend: IAMBackend) -> None:
        _initialize(backend)
        if (backend.account_id, backend.region_name) == (identity.account, _PARTITION):
            for principal in identity.known():
                _make(backend, principal)

    def find(backend: STSBackend, access_key_id: str) -> AssumedRole | None:
        roles = (one for one in identity.known() if one.kind == "role" and one.key == access_key_id)
        role = next(roles, None)
        return _session(backend, role) if role else _session_of(backend, access_key_id)

    IAMBackend.initialize_service_roles = begin  # type: ignore[assignment, method-assign]  # moto's own place for this
    # moto has no hook for this one
    STSBackend.get_assumed_role_from_access_key = find  # type: ignore[assignment, method-assign]


def add(identity: Identity, more: Identity) -> Identity:
    """Make more users and roles known, and return the account with all who are.

    Args:
        identity: the account.
        more: those that are to be known to it; the ones that are already change nothing.

    Raises:
        ValueError: a program has made one of the same name.
    """
    backend = iam_backends[identity.account][_PARTITION]
    before = {one.arn for one in identity.known()}
    missing = [one for one in more.known() if one.arn not in before]
    for one in missing:
        if one.name in (backend.users if one.kind == "user" else {role.name for role in backend.get_roles()}):
            raise ValueError(f"there is a {one.kind} {one.name} already, made by a program")
    for one in missing:
        _make(backend, one)
    whole = Identity(identity.account, tuple(one.arn for one in (*identity.known(), *missing)))
    install(whole)
    return whole


def _make(backend: IAMBackend, principal: Principal) -> None:
    with pinned(f"known {principal.arn}", _BEGAN):
        if principal.kind == "role":
            trust = {"Effect": "Allow", "Principal": {"AWS": backend.account_id}, "Action": "sts:AssumeRole"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
            backend.create_role(principal.name, document, principal.path, None, "", [], None)
            return
        backend.create_user(_PARTITION, principal.name, principal.path)
        key = backend.create_access_key(principal.name)
        del backend.access_keys[key.physical_resource_id]
        key.access_key_id = key.secret_access_key = principal.key
        backend.access_keys[key.physical_resource_id] = key


def _session(backend: STSBackend, role: Principal) -> AssumedRole:
    with pinned(f"session {role.arn}", _BEGAN):
        return AssumedRole(
            account_id=backend.account_id,
            region_name=_PARTITION,
            access_key=AccessKey(None, "ASIA", backend.account_id),  # type: ignore[abstract]  # moto does so itself
            role_session_name=SESSION,
            role_arn=role.arn,
            policy="",
            duration=0,  # nobody asks for its end
            external_id="",
        )
