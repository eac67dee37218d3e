"""Clusters, node groups, add-ons and who may enter."""

from infra.sandbox.plugins.aws.kind import Kind

KINDS: tuple[Kind, ...] = ()
