"""Settings of the gate: which of its rules a stack takes how seriously, and how many people approve a change.

Leaves what a rule finds to `infra.gate.rules`, and the monthly budget to `governance`. No I/O, no secrets.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from infra.settings.section import Contradiction, Section

RuleName = Literal[
    "active-slot-ends",
    "alarm-removed",
    "backup-retention-lowered",
    "backups-short",
    "both-slots-changed",
    "bucket-not-private",
    "bucket-public",
    "budget",
    "budget-missing",
    "cache-emptied",
    "certificate-replaced",
    "cluster-access-widened",
    "cluster-administrator",
    "cluster-role-widened",
    "connections-exceeded",
    "copies-removed",
    "database-alone",
    "database-rights-widened",
    "deletion-less-reversible",
    "deletion-protection-lowered",
    "disruption-allowed",
    "dns-changed",
    "dns-replaced",
    "encryption-lowered",
    "endpoint-public",
    "entrance-replaced",
    "firewall-lowered",
    "foundation-delete",
    "gateway-plain",
    "host-unanswered",
    "iam-administrator",
    "iam-federated-unbound",
    "iam-refusal-removed",
    "iam-resource-public",
    "iam-trusts-anyone",
    "iam-trusts-outside",
    "iam-widened",
    "iam-wildcard",
    "image-by-tag",
    "image-expiry-shortened",
    "key-changed",
    "key-not-rotated",
    "key-of-aws",
    "log-retention-lowered",
    "message-retention-lowered",
    "migration-left-out",
    "migration-without-phase",
    "namespace-admits-all",
    "namespace-open",
    "network-egress-opened",
    "network-opened",
    "network-policy-opened",
    "network-policy-removed",
    "network-policy-widened",
    "network-source-added",
    "node-credentials-open",
    "nodes-exceeded",
    "nodes-lowered",
    "object-expiry-shortened",
    "object-lock-lowered",
    "origin-opened",
    "output-in-plain-text",
    "output-removed",
    "password-rotated",
    "pod-as-root",
    "pod-privileged",
    "pod-security-lowered",
    "pod-without-resources",
    "policy-advisory",
    "policy-mandatory",
    "protection-lowered",
    "provider-changed",
    "provider-moved",
    "quota-exceeded",
    "record-lowered",
    "redundancy-lowered",
    "region-changed",
    "replicas-below-floor",
    "replicas-lowered",
    "root-writable",
    "route-to-internet",
    "secret-in-plain-text",
    "secret-unmarked",
    "stateful-delete",
    "stateful-left",
    "store-open-to-world",
    "tags-missing",
    "tenant-closed",
    "tenant-deleted",
    "tenant-moved",
    "tenant-removed",
    "tenants-hidden",
    "tls-lowered",
    "tls-not-required",
    "traffic-to-unready-slot",
    "unencrypted-at-rest",
    "versioning-lowered",
]
"""The rules that `tenantry gate --rules` lists; a test holds them against the gate's own table."""

Strictness = Literal["error", "warn", "off"]
"""`error`: as bad as the rule itself says; `warn`: shown, and nothing is blocked; `off`: not looked for."""


class ApprovalSettings(Section):
    """How many people approve a change, by whom it touches."""

    usual: Annotated[int, Field(ge=1, le=10)] = 1
    """Of a change that stays within one cell and touches few tenants."""

    wide: Annotated[int, Field(ge=1, le=10)] = 2
    """Of any other. Ours: four eyes for what many depend on."""

    tenants_percent: Annotated[int, Field(ge=0, le=100)] = 5
    """A change is wide that touches a larger share of the tenants of the environment and its cells."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return fewer people for the larger change."""
        if self.wide < self.usual:
            yield ("wide",), "less than usual; a change that touches more takes as many people at least"


class GateSettings(Section):
    """What the gate lets pass."""

    rules: dict[RuleName, Strictness] = Field(default_factory=dict)
    """Rule -> how seriously it is taken; `error` unless given. The gate tells of each that is less."""

    approvals: ApprovalSettings = ApprovalSettings()
    """How many people approve a change."""
