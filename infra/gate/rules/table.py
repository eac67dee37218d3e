"""The table of all rules.

Owns their collection, which is this list of modules and nothing else. Leaves levels that a stack's settings change, and
what comes of findings, to the verdict.
"""

from collections.abc import Mapping
from types import MappingProxyType

from infra.gate.rules import (
    capacity,
    desired_aws,
    desired_pods,
    desired_secrets,
    edge,
    encryption,
    iam,
    names,
    network,
    network_policies,
    outputs,
    protection,
    providers,
    releases,
    retention,
    rights,
    scaling,
    spending,
    stateful,
    tenants,
)
from infra.gate.rules.rule import Rule, rule

__all__ = ["RULES", "Rule", "rule"]

_ALL = (
    *capacity.RULES,
    *desired_aws.RULES,
    *desired_pods.RULES,
    *desired_secrets.RULES,
    *edge.RULES,
    *encryption.RULES,
    *iam.RULES,
    *names.RULES,
    *network.RULES,
    *network_policies.RULES,
    *outputs.RULES,
    *protection.RULES,
    *providers.RULES,
    *releases.RULES,
    *retention.RULES,
    *rights.RULES,
    *scaling.RULES,
    *spending.RULES,
    *stateful.RULES,
    *tenants.RULES,
)

RULES: Mapping[str, Rule] = MappingProxyType({one.name: one for one in sorted(_ALL, key=lambda one: one.name)})
"""Name -> rule, sorted by name."""
