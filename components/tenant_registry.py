"""The cell's registry: which tenants there are and where their data is, as services read it.

Owns one ConfigMap with one key per tenant. It is changed in place (the provider's `enableConfigMapMutable`), so that
onboarding a tenant of isolation `pool` changes one key and no resource.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap

from infra.naming import labels


@dataclass(frozen=True, kw_only=True)
class RegistryEntry:
    """What services must know of one tenant; nothing secret.

    Args:
        plan: `free`, `pro` or `enterprise`.
        isolation: `pool`, `schema` or `database`.
        database: the PostgreSQL database of its data.
        schema: the schema in it.
        credentials: the Kubernetes Secret with its connection URL.
    """

    plan: str
    isolation: str
    database: pulumi.Input[str]
    schema: pulumi.Input[str]
    credentials: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class TenantRegistryArgs:
    """Arguments of `TenantRegistry`.

    Args:
        namespace: the Kubernetes namespace of the services that read it.
        tenants: slug -> entry.
    """

    namespace: pulumi.Input[str]
    tenants: Mapping[str, RegistryEntry]


class TenantRegistry(pulumi.ComponentResource):
    """Every tenant that it names can be served: an entry waits for its schema's privileges and its credentials."""

    config_map: pulumi.Output[str]
    """The ConfigMap's name."""

    def __init__(self, name: str, args: TenantRegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:tenant:TenantRegistry", name, None, opts)
        config_map = ConfigMap(
            f"{name}-tenants",
            metadata={"name": "tenants", "namespace": args.namespace, "labels": labels(name, "tenant-registry")},
            data={slug: _serialise(entry) for slug, entry in sorted(args.tenants.items())},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.config_map = config_map.metadata.apply(lambda metadata: metadata.name or "")
        self.register_outputs({"config_map": self.config_map})


def _serialise(entry: RegistryEntry) -> pulumi.Output[str]:
    fields = {
        "plan": entry.plan,
        "isolation": entry.isolation,
        "database": entry.database,
        "schema": entry.schema,
        "credentials": entry.credentials,
    }
    return pulumi.Output.all(**fields).apply(lambda known: json.dumps(known, sort_keys=True))
