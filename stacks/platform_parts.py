"""What an environment has in AWS beside what it stands on: storage, images, names, secrets, queues, watch and limits.

Owns which parts there are and what they are given of each other. Leaves each part to the module of its name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from components.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.queue import Queue
from infra.settings.models import StackSettings
from stacks import governance
from stacks.dns import Names
from stacks.global_alarms import GlobalAlarms
from stacks.governance import Governance
from stacks.region import Region
from stacks.secrets import Secrets
from stacks.storage import Storage, registry, registry_outputs
from stacks.tenants import SecretPlace

if TYPE_CHECKING:
    # The SDK of WAF is most of a second of every run, which a stack without an edge need not wait for.
    from stacks.edge import Edge


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the rest of the environment is given of the parts.

    Args:
        secrets: what services may read.
        tenant_secrets: where tenants' credentials are kept.
        storage: the buckets by purpose.
        queues: name -> queue.
        region: where all this is.
        storage_blocks: the addresses at which pods reach buckets, in CIDR notation.
        names: the zone of all hosts and their certificate; None where the stack has none.
        edge: the firewall before the gateway; None where the stack has none.
        outputs: the stack's outputs about all parts.
    """

    secrets: Secrets
    tenant_secrets: SecretPlace
    storage: Storage
    queues: Mapping[str, Queue]
    region: str
    storage_blocks: pulumi.Output[Sequence[str]]
    names: Names | None
    edge: "Edge | None"
    outputs: Mapping[str, pulumi.Input[object]]


def declare(settings: StackSettings, region: Region) -> Parts:
    """Declare the parts that are asked for.

    Args:
        settings: the stack's settings.
        region: where they are made.

    Returns:
        Those that others need, and the stack's outputs about all.
    """
    alarms = governance.alarms(settings.alarms, region)  # first: `alarms.topic_arn` is where the others' alarms go
    secrets = Secrets(settings.secrets, region, alarms.topic_arn)
    distributed = settings.edge is not None and settings.edge.cdn is not None
    storage = Storage(settings.storage, region, distributed=distributed)
    governed = Governance(settings, alarms.topic_arn, storage.buckets, region)
    images = registry(settings.registry, settings.services, region)
    told = GlobalAlarms(alarms.topic_arn, settings.alarms.emails, region)
    names = None if settings.dns is None else Names(settings.dns, region, told)
    edge = _edge(settings, region, storage, names, told)
    outside = {**(names.outputs() if names else {}), **(edge.outputs() if edge else {})}
    outputs = {
        "alarms": alarms.topic_arn,
        **governed.outputs,
        **secrets.outputs,
        **storage.outputs,
        **registry_outputs(images),
        **outside,
    }
    return Parts(
        secrets=secrets,
        tenant_secrets=_tenant_secrets(region),
        storage=storage,
        queues=governed.queues,
        region=region.place.region,
        storage_blocks=region.network.endpoints.storage_blocks,
        names=names,
        edge=edge,
        outputs=outputs,
    )


def _tenant_secrets(region: Region) -> SecretPlace:
    description = f"credentials of tenants of {region.place.name}"
    # What it encrypts is in the state as well; with another key the next update would write it again.
    args = EncryptionKeyArgs(description=description, protect=False)
    key = EncryptionKey("tenants-encryption", args, region.opts)
    return SecretPlace(environment=region.place.name, key_arn=key.arn, provider=region.provider)


def _edge(
    settings: StackSettings, region: Region, storage: Storage, names: Names | None, alarms: GlobalAlarms
) -> "Edge | None":
    if settings.edge is None:
        return None
    from stacks.edge import Edge  # noqa: PLC0415 - see above

    edge = Edge(settings.edge, region)
    if settings.edge.cdn is not None:
        assert names is not None  # the model refuses a CDN without a zone for its host
        edge.deliver(settings.edge.cdn, storage.buckets["assets"], names, alarms)
    return edge
