"""Buckets and the settings around them, each a resource of its own."""

from infra.sandbox.plugins.aws.kind import Kind

KINDS: tuple[Kind, ...] = ()
