"""The policies that a graph declares: whose they are, and what they are on."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.sandbox.plugins.values import reveal
from tests.cloud_outputs import ACCOUNT
from tests.effects.iam import Document, statements
from tests.harness import Graph, Node

ROLE = "aws:iam/role:Role"
_OF_IDENTITIES = ("iam/policy:Policy", "iam/rolePolicy:RolePolicy")


@dataclass(frozen=True)
class ResourcePolicy:
    """A policy on a resource: who may do what with it.

    Args:
        node: what declares it: a key, a role, a bucket's policy.
        document: its statements, each with a principal.
    """

    node: Node
    document: Document

    @property
    def is_trust(self) -> bool:
        """Whether it says who may be a role."""
        return self.node.type == ROLE

    @property
    def consents(self) -> bool:
        """Whether it decides alone, or has to agree, as the policies of keys and roles."""
        return self.is_trust or self.node.type == "aws:kms/key:Key"


def resource_policies(graph: Graph) -> list[ResourcePolicy]:
    """Return every policy on a resource: whatever in AWS has an input that is a document with principals."""
    return [
        ResourcePolicy(node, document)
        for node in sorted(graph.nodes.values(), key=lambda node: node.urn)
        if node.type.startswith("aws:")
        for document in _documents(node)
        if any("Principal" in statement for statement in statements(document))
    ]


def role_arn(node: Node) -> str:
    """Return the ARN of a role that the mocks made."""
    return f"arn:aws:iam::{ACCOUNT}:role/{node.name}"


def role_name(node: Node) -> str:
    """Return the name of a role that the mocks made."""
    return str(node.plain().get("name", f"{node.name}-1a2b3c4"))


def own_policies(graph: Graph, role: Node) -> list[Document]:
    """Return a role's own policies that the program writes; those that AWS maintains are `managed`."""
    attached = [str(node.plain("policyArn")) for node in graph.of_type(":RolePolicyAttachment") if _is_on(node, role)]
    named = [
        node for node in graph.of_type("iam/policy:Policy") if f"arn:aws:iam::{ACCOUNT}:policy/{node.name}" in attached
    ]
    inline = [node for node in graph.of_type("iam/rolePolicy:RolePolicy") if _is_on(node, role)]
    return [json.loads(str(node.plain("policy"))) for node in (*named, *inline)]


def managed(graph: Graph, role: Node) -> set[str]:
    """Return the names of the policies that AWS maintains and a role has."""
    arns = [str(node.plain("policyArn")) for node in graph.of_type(":RolePolicyAttachment") if _is_on(node, role)]
    return {arn.rpartition("/")[2] for arn in arns if ":iam::aws:policy/" in arn}


def _is_on(node: Node, role: Node) -> bool:
    return node.plain("role") in (role_name(role), f"id-of-{role.name}")


def _documents(node: Node) -> Iterator[Document]:
    if node.type.endswith(_OF_IDENTITIES):
        return
    values: Mapping[str, Any] = reveal(dict(node.inputs))
    for value in values.values():
        if isinstance(value, str) and value.lstrip().startswith("{") and '"Statement"' in value:
            yield json.loads(value)
