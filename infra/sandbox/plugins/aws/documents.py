"""JSON documents such as policies, which mean the same however they are written.

AWS gives policies back with other spacing, other order and lists of one as single values; none of that is a change.
"""

import json
from typing import Any

from infra.sandbox.plugins.values import Value

_UNORDERED = frozenset(
    {"Action", "NotAction", "Resource", "NotResource", "AWS", "Service", "Federated", "CanonicalUser"}
)
_SINGLE_OR_LIST = _UNORDERED | {"Statement"}


def is_json(text: Value) -> bool:
    """Whether `text` is a JSON object."""
    try:
        return isinstance(json.loads(text), dict)
    except (TypeError, ValueError):
        return False


def same(left: Value, right: Value) -> bool:
    """Whether two documents mean the same; what is no JSON only equals itself."""
    if left == right:
        return True
    if not isinstance(left, str) or not isinstance(right, str):
        return False
    try:
        return bool(_canonical("", json.loads(left)) == _canonical("", json.loads(right)))
    except ValueError:
        return False


def _canonical(key: str, value: Any) -> Any:
    if key in _SINGLE_OR_LIST and not isinstance(value, list):
        value = [value]
    if isinstance(value, dict):
        return {name: _canonical(name, item) for name, item in value.items()}
    if isinstance(value, list):
        items = [_canonical("", item) for item in value]
        return sorted(items, key=repr) if key in _UNORDERED or all(isinstance(item, str) for item in items) else items
    return str(value).lower() if isinstance(value, bool) else value
