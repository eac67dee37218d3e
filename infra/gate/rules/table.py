"""The table of all rules.

Owns their collection, which is this list of modules and nothing else. Leaves levels that a stack's settings change, and
what comes of findings, to the verdict.
"""

from collections.abc import Mapping
from types import MappingProxyType

from infra.gate.rules import (
    edge,
    encryption,
    iam,
    network,
    network_policies,
    protection,
    retention,
    rights,
    stateful,
)
from infra.gate.rules.rule import Rule, rule

__all__ = ["RULES", "Rule", "rule"]

_ALL = (
    *edge.RULES,
    *encryption.RULES,
    *iam.RULES,
    *network.RULES,
    *network_policies.RULES,
    *protection.RULES,
    *retention.RULES,
    *rights.RULES,
    *stateful.RULES,
)

RULES: Mapping[str, Rule] = MappingProxyType({one.name: one for one in sorted(_ALL, key=lambda one: one.name)})
"""Name -> rule, sorted by name."""
