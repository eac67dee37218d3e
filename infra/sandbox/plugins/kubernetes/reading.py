"""Reading back: which inputs a live object stands for.

Drift is what applying the old inputs again would change, as the API server itself answers in a dry run: so defaults,
normalised quantities and other controllers' fields are never drift, and whatever differs is exactly that.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from infra.sandbox.plugins.kubernetes.client import Object
from infra.sandbox.plugins.kubernetes.manifests import bare
from infra.sandbox.plugins.values import Secret, Value

_KEYS = ("name", "mountPath", "devicePath", "containerPort", "port", "ip", "key", "type", "uid", "topologyKey")
"""What tells the items of a Kubernetes list apart, most telling first."""


def observed(inputs: Mapping[str, Value], live: Object, applied: Object) -> dict[str, Value]:
    """Return the inputs as the cluster has them now.

    Args:
        inputs: the old inputs.
        live: the object as it is.
        applied: the object as it would be, were the inputs applied again.
    """
    current: dict[str, Value] = _observe(inputs, live, applied)
    text = inputs.get("stringData")
    if text is not None:  # write-only: the server keeps it as data
        current["stringData"] = _string_data(text, live.get("data") or {}, applied.get("data") or {})
    return current


def _observe(inputs: Value, live: Any, applied: Any) -> Value:
    if isinstance(inputs, Secret):
        return Secret(_observe(inputs.value, live, applied))
    if live == applied:
        return inputs
    if isinstance(inputs, Mapping) and isinstance(live, Mapping) and isinstance(applied, Mapping):
        return {
            key: _observe(value, live.get(key), applied.get(key))
            for key, value in inputs.items()
            if key in live or key not in applied
        }
    if isinstance(inputs, list) and isinstance(live, list) and isinstance(applied, list):
        return _observe_list(inputs, live, applied)
    return live


def _observe_list(inputs: list[Value], live: list[Any], applied: list[Any]) -> list[Value]:
    key = _key(inputs)
    if key is not None:
        found, wanted = _index(live, key), _index(applied, key)
        return [
            _observe(item, found[bare(item)[key]], wanted.get(bare(item)[key]))
            for item in inputs
            if bare(item)[key] in found
        ]
    if len(inputs) == len(live) == len(applied) and all(isinstance(bare(item), Mapping) for item in inputs):
        return [_observe(*items) for items in zip(inputs, live, applied, strict=True)]
    return live


def _key(items: list[Value]) -> str | None:
    if not items or not all(isinstance(bare(item), Mapping) for item in items):
        return None
    for key in _KEYS:
        names = [bare(item).get(key) for item in items]
        if all(isinstance(name, str | int) for name in names) and len(set(names)) == len(names):
            return key
    return None


def _index(items: list[Any], key: str) -> dict[Any, Any]:
    return {item[key]: item for item in items if isinstance(item, Mapping) and key in item}


def _string_data(text: Value, live: Mapping[str, str], applied: Mapping[str, str]) -> Value:
    if isinstance(text, Secret):
        return Secret(_string_data(text.value, live, applied))
    if not isinstance(text, Mapping):
        return text
    return {
        key: value if live.get(key) == applied.get(key) else _decoded(live[key])
        for key, value in text.items()
        if key in live
    }


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value).decode(errors="replace")
    except binascii.Error:
        return value
