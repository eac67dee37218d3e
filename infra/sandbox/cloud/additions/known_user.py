"""The IAM user that the sandbox's access key belongs to.

Nobody applies a program to an AWS account in which he is not known yet: somebody made a user or a role for it before.
In the simulated account that is this user; programs may grant it access to a cluster. It is no part of what a program
has created.
"""

from moto.iam.models import IAMBackend

from infra.sandbox.cloud.account import ACCOUNT, KEY, USER

_PARTITION = "aws"
_initialize = IAMBackend.initialize_service_roles


def install() -> None:
    """Let the account begin with the user; doing it again changes nothing."""
    IAMBackend.initialize_service_roles = _begin  # type: ignore[assignment, method-assign]  # moto's own place for this


def _begin(backend: IAMBackend) -> None:
    _initialize(backend)
    if (backend.account_id, backend.region_name) != (ACCOUNT, _PARTITION):
        return
    backend.create_user(_PARTITION, USER)
    key = backend.create_access_key(USER)
    del backend.access_keys[key.physical_resource_id]
    key.access_key_id = key.secret_access_key = KEY
    backend.access_keys[key.physical_resource_id] = key
