"""Keys and their aliases."""

from infra.sandbox.plugins.aws.kind import Kind

KINDS: tuple[Kind, ...] = ()
