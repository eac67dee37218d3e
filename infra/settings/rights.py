"""Settings of what services do with the buckets and queues of their stack, and the variables that tell them where.

Leaves buckets to `storage`, queues to `governance`, and the rights themselves to those who own what they are on.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal, get_args

from infra.settings.section import Contradiction
from infra.settings.storage import StorageSettings

if TYPE_CHECKING:
    from infra.settings.foundation import NetworkSettings
    from infra.settings.services import ServiceSettings

BucketPurpose = Literal["uploads", "exports", "assets", "backups"]
"""A bucket, by the key that it has in `storage`."""

BucketRight = Literal["read", "write", "read_write"]
"""What is done with objects. Who writes also deletes and lists them, but reads none."""

QueueRight = Literal["send", "consume", "both"]
"""What is done with messages. Dead letters are nobody's but people's."""

REGION_VARIABLE = "AWS_REGION"
"""Where buckets and queues are, as AWS's SDKs look for it."""

QUEUE_ENDPOINT = "sqs"
"""The interface endpoint by which pods reach queues."""

_TWICE = ("read_write", "both")  # two policies, one for each direction
_MOST = 16
"""Rights of a service: each is a policy within its role, which holds 10,240 characters of them (IAM user guide, "IAM
and AWS STS quotas"). With the longest names one takes less than 600."""


def bucket_variable(purpose: BucketPurpose) -> str:
    """Return the environment variable that holds the name of a bucket."""
    return f"BUCKET_{purpose.upper()}"


def queue_variable(name: str) -> str:
    """Return the environment variable that holds the URL of a queue; a slug has no underscore, so each has its own."""
    return f"QUEUE_{name.upper().replace('-', '_')}_URL"


def variables(buckets: Iterable[BucketPurpose], queues: Iterable[str]) -> tuple[str, ...]:
    """Return the variables that the platform sets in pods that use these; none where they use nothing.

    Args:
        buckets: by purpose.
        queues: by name.
    """
    names = (*map(bucket_variable, buckets), *map(queue_variable, queues))
    return (*names, REGION_VARIABLE) if names else ()


def uses_queues(services: "Mapping[str, ServiceSettings]") -> bool:
    """Whether any service sends to a queue or consumes one."""
    return any(service.queues for service in services.values())


def excessive(
    buckets: Mapping[BucketPurpose, BucketRight], queues: Mapping[str, QueueRight]
) -> Iterator[Contradiction]:
    """Return, below a service, more rights than its role has room for.

    Args:
        buckets: purpose -> what the service does there.
        queues: name -> the same.
    """
    rights = [*buckets.values(), *queues.values()]
    if sum(2 if right in _TWICE else 1 for right in rights) > _MOST:
        yield (
            ("queues",),
            f"too many rights for one role of AWS, with those on buckets: {_MOST} at most, and read_write and both "
            "are two each; remove some",
        )


def ungranted(
    services: "Mapping[str, ServiceSettings]",
    storage: StorageSettings | None,
    queues: Iterable[str],
    network: "NetworkSettings | None",
    *,
    in_cluster: bool,
) -> Iterator[Contradiction]:
    """Return, below the settings' root, rights on what is not there, of nobody, or out of reach.

    Args:
        services: the stack's.
        storage: its buckets.
        queues: its queues by name.
        network: the one that it declares.
        in_cluster: whether its cluster is declared.
    """
    kept = [purpose for purpose in get_args(BucketPurpose) if storage is not None and getattr(storage, purpose)]
    for name, service in services.items():
        for field, used, there, remedy in (
            ("buckets", service.buckets, kept, "no such bucket; add it to storage, or remove it here"),
            ("queues", service.queues, tuple(queues), "no such queue; add it to queues, or remove it here"),
        ):
            if used and not in_cluster:
                yield (
                    ("services", name, field),
                    "asks for a declared cluster: pods of a brought one have no AWS identity to use them with; declare "
                    f"cluster, or remove {field}",
                )
                continue
            yield from ((("services", name, field, one), remedy) for one in used if one not in there)
    endpoints = None if network is None else network.interface_endpoints
    if in_cluster and endpoints is not None and QUEUE_ENDPOINT not in endpoints and uses_queues(services):
        yield (
            ("network", "interface_endpoints"),
            f"without {QUEUE_ENDPOINT}, by which services reach their queues; add it, or remove their queues",
        )
