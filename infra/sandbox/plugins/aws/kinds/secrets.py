"""Secrets and their versions."""

from infra.sandbox.plugins.aws.kind import Kind

KINDS: tuple[Kind, ...] = ()
