"""What the services of an environment may do with its buckets and queues: settings -> grants, and how pods know them.

Owns which right is which grant. Leaves what a grant allows to the components that own what it is on, and who reaches
AWS's addresses to `policies`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pulumi

from infra.settings.rights import REGION_VARIABLE, BucketRight, QueueRight, bucket_variable, queue_variable
from infra.settings.services import ServiceSettings

if TYPE_CHECKING:
    # pulumi_aws: only where something is declared there.
    from components.bucket import Bucket
    from components.pod_identity import PodIdentity
    from components.queue import Queue
    from components.role_grant import RoleGrant
    from stacks.platform_parts import Parts

Variables = Mapping[str, pulumi.Output[str]]


def grant(service: str, settings: ServiceSettings, identity: "PodIdentity | None", parts: "Parts | None") -> Variables:
    """Let the pods of a service use its buckets and queues, and return what they know them by.

    Args:
        service: which one.
        settings: its own.
        identity: what its pods are to AWS.
        parts: what the environment has there.

    Returns:
        Variable of the pods' environment -> its value, known once they have the rights: none starts without them.
    """
    if identity is None or parts is None or not (settings.buckets or settings.queues):
        return {}
    role = identity.role
    buckets = {
        bucket_variable(purpose): _bucket(service, parts.storage.buckets[purpose], right, role)
        for purpose, right in settings.buckets.items()
    }
    queues = {
        queue_variable(name): _queue(service, parts.queues[name], right, role)
        for name, right in settings.queues.items()
    }
    return {**buckets, **queues, REGION_VARIABLE: pulumi.Output.from_input(parts.region)}


def _bucket(service: str, bucket: "Bucket", right: BucketRight, role: pulumi.Output[str]) -> pulumi.Output[str]:
    read, write = bucket.grant_read, bucket.grant_write
    granted = {"read": (read,), "write": (write,), "read_write": (read, write)}[right]
    return _once(bucket.bucket, [allow(service, role) for allow in granted])


def _queue(service: str, queue: "Queue", right: QueueRight, role: pulumi.Output[str]) -> pulumi.Output[str]:
    send, consume = queue.grant_send, queue.grant_consume
    granted = {"send": (send,), "consume": (consume,), "both": (send, consume)}[right]
    return _once(queue.url, [allow(service, role) for allow in granted])


def _once(value: pulumi.Output[str], grants: "Sequence[RoleGrant]") -> pulumi.Output[str]:
    """Return a value that is known once the rights are there."""
    return pulumi.Output.all(value, *(one.role for one in grants)).apply(lambda known: str(known[0]))
