"""The ways in and out of a network: gateways, addresses, routes and endpoints."""

from infra.sandbox.plugins.aws.kind import Kind

KINDS: tuple[Kind, ...] = ()
