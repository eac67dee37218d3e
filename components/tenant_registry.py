"""The cell's registry: which tenants there are and where their data is, as services read it.

Owns ConfigMaps with one key per tenant. They are changed in place (the provider's `enableConfigMapMutable`), so that
onboarding a tenant of isolation `pool` changes one key and no resource.

How many there are follows from the tenants alone: the least power of two with which each is small enough. Which one a
tenant is in follows from its slug and that number, so that twice as many move half of the keys, each from one ConfigMap
to one new one. Pods have them as one folder with a file per tenant, which follows within about a minute
(`FeatureFlags` says why); whoever may ask Kubernetes finds them by their label
`app.kubernetes.io/component: tenant-registry`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap

from infra.naming import labels

SHARD_BYTES = 512 * 1024
"""What one ConfigMap holds at most: half of what Kubernetes takes."""


MOUNTED_SHARDS = 16
"""How many ConfigMaps pods mount at least, there or not: 8 MiB, 20,000 tenants. So more of them roll no pods."""


@dataclass(frozen=True, kw_only=True)
class RegistryEntry:
    """What services must know of one tenant; nothing secret, and nothing that a preview does not know.

    What is empty or None is left out of the JSON.

    Args:
        plan: `free`, `pro` or `enterprise`.
        isolation: `pool`, `schema` or `database`.
        database: the PostgreSQL database of its data.
        schema: the schema in it.
        credentials: the Kubernetes Secret with its connection URL.
        state: of its lifecycle, as `active`.
        ends: when its trial ends, as ISO 8601; None for never.
        configuration: the file of its configuration; None where it has the services' own.
        domains: hosts of its own, beside its slug below the zone.
        maintenance_window: when its data may be worked on, as `sun:04:00-sun:05:00`.
    """

    plan: str
    isolation: str
    database: str
    schema: str
    credentials: str
    state: str = "active"
    ends: str | None = None
    configuration: str | None = None
    domains: Sequence[str] = ()
    maintenance_window: str | None = None

    def serialised(self) -> str:
        """Return the entry as JSON, its keys in order."""
        return json.dumps({key: value for key, value in asdict(self).items() if value}, sort_keys=True)


@dataclass(frozen=True, kw_only=True)
class TenantRegistryArgs:
    """Arguments of `TenantRegistry`.

    Args:
        namespace: the Kubernetes namespace of the services that read it.
        tenants: slug -> entry.
        after: slug -> what must be there before the entry is; none for tenants that are served by `shared`.
        shared: what must be there before any entry is. Resources and no components: those would not be waited for.
        config_map: the name of the first ConfigMap, and what those of the others begin with.
    """

    namespace: pulumi.Input[str]
    tenants: Mapping[str, RegistryEntry]
    after: Mapping[str, Sequence[pulumi.Resource]]
    shared: Sequence[pulumi.Resource] = ()
    config_map: str = "tenants"


class TenantRegistry(pulumi.ComponentResource):
    """Every tenant that it names can be served: an entry waits for its schema's privileges and its credentials."""

    config_maps: Sequence[str]
    """The ConfigMaps' names."""

    resources: Sequence[pulumi.Resource]
    """The ConfigMaps."""

    mountable: Sequence[str]
    """The same, and the names of those that there will be with more tenants."""

    def __init__(self, name: str, args: TenantRegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:tenant:TenantRegistry", name, None, opts)
        self._name = name
        self._args = args
        contents = shards({slug: entry.serialised() for slug, entry in args.tenants.items()})
        self.config_maps = [_config_map(args.config_map, position) for position in range(len(contents))]
        self.mountable = mountable(args.config_map, len(contents))
        made: dict[int, ConfigMap] = {}
        for position in reversed(range(len(contents))):
            # The upper half is new when there are twice as many: a key is there before it leaves where it was.
            source = position + len(contents) // 2
            before = [made[source]] if source in made else []
            made[position] = self._shard(position, contents[position], before)
        self.resources = [made[position] for position in range(len(contents))]
        self.register_outputs({"config_maps": self.config_maps})

    def _shard(self, position: int, content: Mapping[str, str], before: Sequence[pulumi.Resource]) -> ConfigMap:
        after = [resource for slug in content for resource in self._args.after.get(slug, ())]
        return ConfigMap(
            f"{self._name}-{_config_map(self._args.config_map, position)}",
            metadata={
                "name": _config_map(self._args.config_map, position),
                "namespace": self._args.namespace,
                "labels": labels(self._name, "tenant-registry"),
            },
            data=dict(content),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*self._args.shared, *after, *before]),
        )


def shards(entries: Mapping[str, str], limit: int = SHARD_BYTES) -> Sequence[Mapping[str, str]]:
    """Return entries by ConfigMap, sorted; one empty where there are none.

    Args:
        entries: slug -> text.
        limit: bytes of one ConfigMap's content.
    """
    count = 1
    while True:
        found: list[dict[str, str]] = [{} for _ in range(count)]
        sizes = [0] * count
        for slug, text in sorted(entries.items()):
            shard = _hash(slug) % count
            found[shard][slug] = text
            sizes[shard] += len(slug.encode()) + len(text.encode())
        if max(sizes) <= limit or count >= len(entries):
            return found
        count *= 2


def _hash(slug: str) -> int:
    return int.from_bytes(hashlib.sha256(slug.encode()).digest()[:8])


def mountable(config_map: str, shards: int = 0, least: int = MOUNTED_SHARDS) -> Sequence[str]:
    """Return the ConfigMaps of a registry that pods mount, there or not.

    Args:
        config_map: the name of the first.
        shards: how many there are, where that is known.
        least: how many are mounted at least.
    """
    return [_config_map(config_map, position) for position in range(max(least, shards))]


def _config_map(first: str, position: int) -> str:
    return first if position == 0 else f"{first}-{position}"
