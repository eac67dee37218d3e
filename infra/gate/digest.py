"""Digests of changes: what a waiver and an approval name, so that they hold for exactly this and nothing else.

Owns which bytes are digested. Leaves the program's and the state's hash, which an approval covers as well, to the
approval.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring_ascii as _text

from infra.gate.change import Change, Hidden, Preview, Properties, Value

_FORM = "tenantry change 1"
"""Digested as well, so that another form gives other digests."""

_CONSTANTS = {None: "null", True: "true", False: "false"}


def canonical(value: Value) -> bytes:
    """Return a value as bytes: the same for equal values, and others for any other.

    JSON with sorted names and no spaces; a hidden value is a word without quotes, which no text is.

    Args:
        value: any property.

    Raises:
        ValueError: a float that is no number.
    """
    return _canonical(value).encode()


def change_digest(change: Change) -> str:
    """Return the digest of one change, over all that decides it, as 64 hexadecimal digits.

    Args:
        change: which.
    """
    return _sha256(_decisive(change))


def changes_digest(preview: Preview, known: Mapping[str, str] | None = None) -> str:
    """Return the digest of all changes of a preview and all that policies found, as 64 hexadecimal digits.

    Args:
        preview: in whatever order its steps were told.
        known: URN -> digest of each of its changes, where somebody has made them already.
    """
    digests = known.values() if known is not None else map(change_digest, preview.changes)
    violations = sorted([one.urn, one.policy, str(one.mandatory), one.message] for one in preview.violations)
    return _sha256(
        {
            "stack": preview.stack,
            "project": preview.project,
            "changes": sorted(digests),
            "violations": [list[Value](one) for one in violations],
        }
    )


def _decisive(change: Change) -> Properties:
    return {
        "form": _FORM,
        "urn": change.urn,
        "type": change.type,
        "kind": change.kind,
        "properties": [
            [one.path, one.kind, one.before, one.after, one.replaces]
            for one in sorted(change.properties, key=lambda one: one.path)
        ],
        "protection": [change.protected_before, change.protected_after],
        "provider": [change.provider_before, change.provider_after],
        "retained": change.retained,
        "deletes first": change.deletes_first,
    }


def _sha256(value: Value) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()


def _canonical(value: Value) -> str:
    # By itself and not by `json.dumps`, which makes an encoder for each value: a preview has some 50,000.
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{" + ",".join([f"{_text(name)}:{_canonical(value[name])}" for name in sorted(value)]) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join([_canonical(one) for one in value]) + "]"
    if isinstance(value, Hidden):
        return value.name
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))  # the engine knows floats only, and prints this one so
    return _CONSTANTS[value] if value is None or isinstance(value, bool) else json.dumps(value, allow_nan=False)
