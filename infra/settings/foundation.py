"""Settings of what an environment stands on: AWS account, network and cluster.

A cluster is either declared here, or brought (`existing`). Defaults are production-safe. No I/O, no secrets.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from infra.cidr import MOST_ZONES
from infra.settings.kinds import (
    AwsAccountId,
    AwsName,
    AwsRegion,
    AwsService,
    AwsZone,
    Ec2Type,
    InternetBlock,
    KubernetesVersion,
    LabelKey,
    LabelValue,
    LogRetentionDays,
    PoolName,
    PrincipalArn,
    SecurityGroupId,
    Slug,
    VpcBlock,
)
from infra.settings.section import DECLARED, EXISTING, Contradiction, Section, repeated, variant
from infra.settings.versions import IN_EXTENDED_SUPPORT, IN_STANDARD_SUPPORT

_GRAVITON = re.compile(r"(a1|[a-z]+[0-9]+g[a-z]*)\.")
"""Types with processors of Graviton have a `g` behind the generation (EC2 naming conventions); a1 came before."""

_RESERVED = ("kubernetes.io", "k8s.io", "eks.amazonaws.com")
_REFUSING = ("NO_SCHEDULE", "NO_EXECUTE")


class TagSettings(Section):
    """What every resource in AWS says of itself; cost reports and owners are found by them."""

    owner: Slug
    """The team that is called."""

    cost_centre: Slug
    """Who pays."""

    environment: Slug
    """Which environment it belongs to."""

    data_class: Literal["public", "internal", "confidential", "restricted"] = "confidential"
    """How its data must be handled."""


class AwsSettings(Section):
    """Where in AWS the stack's resources are."""

    account_id: AwsAccountId
    """The only account that the stack may be applied to."""

    region: AwsRegion
    """The region of everything that the stack declares."""

    recovery_region: AwsRegion | None = None
    """Where backups, secrets, images and buckets are copied to; none: they are lost with the region."""

    tags: TagSettings
    """What every resource carries."""

    name: AwsName
    """What names begin with that are unique in account and region, such as the cluster's and the database's."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return a recovery region that is lost with the region itself."""
        if self.recovery_region == self.region:
            yield ("recovery_region",), "the same as region, and lost with it; name another"


class NetworkSettings(Section):
    """The VPC of the environment."""

    block: VpcBlock
    """Its addresses, /16 to /20."""

    zones: Annotated[tuple[AwsZone, ...], Field(min_length=2, max_length=MOST_ZONES)]
    """Availability zones; append only, since a position is a share of the block."""

    minimum_zones: Annotated[int, Field(ge=2, le=MOST_ZONES)] = 3
    """Zones that there must be at least; of three, two thirds of everything outlive the loss of one."""

    nat_gateways: Literal["single", "per-zone"] = "per-zone"
    """Ways out of the private subnets: one outlives no loss of its zone."""

    interface_endpoints: tuple[AwsService, ...] | None = None
    """AWS services reached without the internet, as `ecr.api`; by default what the platform calls all the time."""

    flow_log_retention_days: LogRetentionDays = 90
    """How long flow logs are kept."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return too few zones, and zones and endpoints that are named twice."""
        if len(self.zones) < self.minimum_zones:
            yield ("zones",), "fewer than minimum_zones; name more, or lower that"
        yield from repeated("zones", self.zones)
        yield from repeated("interface_endpoints", self.interface_endpoints or ())


class TaintSettings(Section):
    """What keeps pods off the nodes of a pool that do not tolerate it."""

    key: LabelKey
    """As `dedicated`."""

    value: LabelValue = ""
    """What the nodes are kept for."""

    effect: Literal["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"] = "NO_SCHEDULE"
    """By EKS's names; NO_EXECUTE evicts as well."""


class NodePoolSettings(Section):
    """Nodes of one kind, in each zone of the network."""

    instance_types: Annotated[tuple[Ec2Type, ...], Field(min_length=1)]
    """The first that has capacity."""

    minimum: Annotated[int, Field(ge=1, le=450)]
    """Nodes in each zone at least, and at the start; EKS allows 450 in a group."""

    maximum: Annotated[int, Field(ge=1, le=450)]
    """Nodes in each zone at most."""

    disk_gib: Annotated[int, Field(ge=20, le=16384)] = 50
    """Root disk, for images and logs; 20 GiB at least are AL2023's own."""

    architecture: Literal["x86_64", "arm64"] = "x86_64"
    """Of the processors; arm64 for Graviton, where every image must be built for it."""

    labels: Annotated[dict[LabelKey, LabelValue], Field(max_length=50)] = Field(default_factory=dict)
    """Labels of the nodes, for pods that choose them."""

    taints: Annotated[tuple[TaintSettings, ...], Field(max_length=50)] = ()
    """Taints of the nodes, for pods that do not; 50 are EKS's limit."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return bounds with no number between them, types of the other architecture, and what is EKS's to say."""
        if self.minimum > self.maximum:
            yield ("minimum",), "more than maximum; lower one or raise the other"
        yield from repeated("instance_types", self.instance_types)
        for position, kind in enumerate(self.instance_types):
            if bool(_GRAVITON.match(kind)) != (self.architecture == "arm64"):
                yield ("instance_types", position), f"not {self.architecture}; change it, or architecture"
        for key in self.labels:
            if key.partition("/")[0].endswith(_RESERVED):
                yield ("labels", key), "reserved for Kubernetes and EKS; choose a prefix of yours"
        kept = [(taint.key, taint.effect) for taint in self.taints]
        for position, taint in enumerate(kept):
            if taint in kept[:position]:
                yield ("taints", position), "the same key and effect as one before; keep one of them"


class ExistingCluster(Section):
    """A Kubernetes cluster that is there already."""

    context: Annotated[str, Field(min_length=1, max_length=253)] | None = None
    """The kubeconfig's context; it may be left out where kubeconfig names a file, whose current one is taken."""

    kubeconfig: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """The path of a kubeconfig, from the project's folder (the loader completes it); by default `KUBECONFIG`."""

    security_group_id: SecurityGroupId | None = None
    """The group of its nodes and pods, which reach the database and Redis that the stack declares."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return a cluster that is whichever the caller has chosen last."""
        if self.context is None and self.kubeconfig is None:
            yield ("context",), "missing; name a context, or a file by kubeconfig: never whichever is current"


class BroughtCluster(Section):
    """The cluster that services run on, brought."""

    existing: ExistingCluster
    """Bring your own cluster."""


class DeclaredCluster(Section):
    """The cluster that services run on: EKS, made by the stack."""

    version: KubernetesVersion
    """Of control plane and nodes."""

    node_pools: Annotated[dict[PoolName, NodePoolSettings], Field(min_length=1)]
    """Pool name -> what its nodes are."""

    administrators: Annotated[dict[Slug, PrincipalArn], Field(min_length=1)]
    """Name -> who may do everything in the cluster; who applies the stack must be among them."""

    public_access: Annotated[tuple[InternetBlock, ...], Field(max_length=40)] = ()
    """Networks that reach the API from the internet, 40 at most; none: it answers inside the network only."""

    log_retention_days: LogRetentionDays = 90
    """How long the control plane's logs are kept."""

    extended_support: bool = False
    """Keep a version for 12 months more at six times the price; false: EKS upgrades a version that is too old."""

    identity_provider: bool = True
    """IAM trusts the cluster's tokens (OIDC), for software that knows no pod identities."""

    protect: bool = True
    """AWS and the engine both refuse to delete it."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return names given twice, pools that leave no place for add-ons, and a version that ends by itself."""
        if self.version in IN_EXTENDED_SUPPORT and not self.extended_support:
            wrong = f"in extended support only; take {IN_STANDARD_SUPPORT[0]} or newer, or set extended_support to true"
            yield ("version",), wrong
        yield from repeated("public_access", self.public_access)
        seen: dict[str, str] = {}
        for name, principal in self.administrators.items():
            if seen.setdefault(principal, name) != name:
                yield ("administrators", name), "named twice; EKS keeps one access entry for each; remove one"
        if all(any(taint.effect in _REFUSING for taint in pool.taints) for pool in self.node_pools.values()):
            yield ("node_pools",), "all have taints; leave one without, for the add-ons"


ClusterSettings = Annotated[
    Annotated[BroughtCluster, Tag(EXISTING)] | Annotated[DeclaredCluster, Tag(DECLARED)], Discriminator(variant)
]
