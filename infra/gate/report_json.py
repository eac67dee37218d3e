"""A verdict as plain JSON: everything that was found and every property that differs, for programs.

Owns the document's shape and its version. What stays the same of a changed resource is not in it, nor what the state
has beside its inputs; nor is a secret, which no verdict has.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from infra.gate import wording
from infra.gate.change import Change, Hidden, PropertyChange, Value
from infra.gate.verdict import Blast, Cost, Finding, Judged, Rename, Verdict, Waived

VERSION = 1
"""Grows when a key is renamed, dropped or means something else; not when one is added."""

_HIDDEN = {Hidden.UNKNOWN: "unknown", Hidden.SECRET: "secret"}
_MARKS = ({"hidden"}, {"literal"})

Document = dict[str, Any]


def document(verdict: Verdict) -> Document:
    """Return a verdict as JSON's own types; the same verdict gives the same document, key by key.

    A value that is not there to be read is `{"hidden": "unknown"}` or `{"hidden": "secret"}`. An object of a user's
    that looks like that is wrapped: `{"literal": {"hidden": ...}}`.

    Args:
        verdict: the gate's.
    """
    changes = [one for level in wording.by_level(verdict).values() for one in level]
    return {
        "version": VERSION,
        "stack": verdict.stack,
        "passes": verdict.passes,
        "headline": wording.headline(verdict),
        "blocked": list(verdict.blocked),
        "digest": verdict.digest,
        "totals": {level: dict(kinds) for level, kinds in wording.totals(verdict).items()},
        "same": verdict.same,
        "blast": _blast(verdict.blast),
        "changes": [_judged(one) for one in changes],
        "desired": [_finding(one) for one in wording.findings(verdict.desired)],
        "waived": [_waived(one) for one in wording.waived(verdict)],
        "stale": sorted(verdict.stale),
        "renames": [_rename(one) for one in sorted(verdict.renames, key=lambda one: (one.deleted, one.created))],
        "cost": None if verdict.cost is None else _cost(verdict.cost),
        "warnings": sorted(verdict.warnings),
    }


def plain(value: Value) -> Any:
    """Return a value as JSON's own types, its objects sorted by key.

    Args:
        value: the value; a number that JSON has no word for becomes a text.
    """
    if isinstance(value, Hidden):
        return {"hidden": _HIDDEN[value]}
    if isinstance(value, Mapping):
        told = {key: plain(value[key]) for key in sorted(value)}
        return {"literal": told} if set(told) in _MARKS else told
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(one) for one in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _judged(one: Judged) -> Document:
    change = one.change
    return {
        "urn": change.urn,
        "name": change.name,
        "type": change.type,
        "kind": change.kind,
        "level": one.level,
        "digest": one.digest,
        "findings": [_finding(finding) for finding in wording.findings(one.findings)],
        "parent": change.parent or None,
        **_options(change),
        "properties": [_property(each) for each in sorted(change.properties, key=lambda each: each.path)],
    }


def _options(change: Change) -> Document:
    return {
        "protected": {"before": change.protected_before, "after": change.protected_after},
        "provider": {"before": change.provider_before or None, "after": change.provider_after or None},
        "retained": change.retained,
        "deletes_first": change.deletes_first,
    }


def _property(one: PropertyChange) -> Document:
    told: Document = {"path": one.path, "kind": one.kind, "replaces": one.replaces}
    if one.kind != "add":
        told["before"] = plain(one.before)
    if one.kind != "delete":
        told["after"] = plain(one.after)
    return told


def _finding(one: Finding) -> Document:
    return {"rule": one.rule, "level": one.level, "urn": one.urn, "path": one.path or None, "reason": one.reason}


def _waived(one: Waived) -> Document:
    return {"finding": _finding(one.finding), "owner": one.owner, "reason": one.reason, "until": one.until}


def _blast(blast: Blast) -> Document:
    return {
        "environment": blast.environment,
        "cells": sorted(blast.cells),
        "tenants": {plan: sorted(blast.tenants[plan]) for plan in sorted(blast.tenants)},
        "services": sorted(blast.services),
        "all_tenants": blast.all_tenants,
        "approvals": blast.approvals,
    }


def _rename(one: Rename) -> Document:
    return {"deleted": one.deleted, "created": one.created, "alias": one.alias}


def _cost(cost: Cost) -> Document:
    return {
        "estimate": True,
        "currency": "USD",
        "per": "month",
        "before": round(cost.before, 2),
        "after": round(cost.after, 2),
        "difference": round(cost.after - cost.before, 2),
        "budget": cost.budget,
        "priced": cost.priced,
        "unpriced": sorted(cost.unpriced),
    }
