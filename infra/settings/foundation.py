"""Settings of what an environment stands on: AWS account, network and cluster.

A cluster is either declared here, or brought (`existing`). Defaults are production-safe. No I/O, no secrets.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from infra.cidr import MOST_ZONES
from infra.settings.kinds import (
    AwsAccountId,
    AwsRegion,
    AwsZone,
    Cidr,
    Ec2Type,
    KubernetesVersion,
    LogRetentionDays,
    PrincipalArn,
    SecurityGroupId,
    Slug,
    VpcBlock,
)
from infra.settings.section import DECLARED, EXISTING, Contradiction, Section, repeated, variant


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

    name: Annotated[Slug, Field(max_length=30)]
    """What names begin with that are unique in account and region, such as the cluster's; ElastiCache's are short."""

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

    nat_gateways: Literal["single", "per-zone"] = "per-zone"
    """Ways out of the private subnets: one outlives no loss of its zone."""

    interface_endpoints: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] | None = None
    """AWS services reached without the internet, as `ecr.api`; by default what the platform calls all the time."""

    flow_log_retention_days: LogRetentionDays = 90
    """How long flow logs are kept."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return zones and endpoints that are named twice."""
        yield from repeated("zones", self.zones)
        yield from repeated("interface_endpoints", self.interface_endpoints or ())


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

    def contradictions(self) -> Iterator[Contradiction]:
        """Return bounds that leave no number between them."""
        if self.minimum > self.maximum:
            yield ("minimum",), "more than maximum; lower one or raise the other"


class ExistingCluster(Section):
    """A Kubernetes cluster that is there already; its kubeconfig is the caller's (`KUBECONFIG`)."""

    context: Annotated[str, Field(min_length=1, max_length=253)]
    """The kubeconfig's context. Required, so that a stack is never applied to whichever cluster is current."""

    security_group_id: SecurityGroupId | None = None
    """The group of its nodes and pods, which reach the database and Redis that the stack declares."""


class BroughtCluster(Section):
    """The cluster that services run on, brought."""

    existing: ExistingCluster
    """Bring your own cluster."""


class DeclaredCluster(Section):
    """The cluster that services run on: EKS, made by the stack."""

    version: KubernetesVersion
    """Of control plane and nodes."""

    node_pools: Annotated[dict[Slug, NodePoolSettings], Field(min_length=1)]
    """Pool name -> what its nodes are."""

    administrators: Annotated[dict[Slug, PrincipalArn], Field(min_length=1)]
    """Name -> who may do everything in the cluster; who applies the stack must be among them."""

    public_access: tuple[Cidr, ...] = ()
    """Networks that reach the API from the internet; none: it answers inside the network only."""

    log_retention_days: LogRetentionDays = 90
    """How long the control plane's logs are kept."""

    protect: bool = True
    """AWS and the engine both refuse to delete it."""


ClusterSettings = Annotated[
    Annotated[BroughtCluster, Tag(EXISTING)] | Annotated[DeclaredCluster, Tag(DECLARED)], Discriminator(variant)
]
