"""Clusters, node groups, add-ons and who may enter."""

from infra.sandbox.plugins.aws.kind import Kind
from infra.sandbox.plugins.aws.kinds import eks_access, eks_addons, eks_clusters, eks_node_groups

KINDS: tuple[Kind, ...] = (*eks_clusters.KINDS, *eks_node_groups.KINDS, *eks_addons.KINDS, *eks_access.KINDS)
