"""Secrets: marks on what the API server answers, and messages without their values.

The data of a Secret is secret whatever the program says; so is every copy of it.
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping

from infra.sandbox.plugins.kubernetes.kinds import Kind
from infra.sandbox.plugins.kubernetes.manifests import LAST_APPLIED, bare, peek, with_metadata
from infra.sandbox.plugins.values import Secret, Unknown, Value, has_secret, mark_like, reveal

_SHORTEST = 6  # characters; a shorter value, as "true" or "5432", would blot out innocent text

_FIELDS = ("data", "stringData")


def mark_inputs(inputs: Mapping[str, Value], kind: Kind) -> dict[str, Value]:
    """Return the inputs with the data of a Secret marked."""
    marked = dict(inputs)
    if kind.is_secret:
        for name in _FIELDS:
            if name in marked and not isinstance(marked[name], Unknown):
                marked[name] = Secret(reveal(marked[name]))
    return marked


def mark_live(live: Mapping[str, Value], inputs: Mapping[str, Value], kind: Kind) -> dict[str, Value]:
    """Return a live object with everything marked that is secret in the inputs, or a copy of what is."""
    marked: dict[str, Value] = mark_inputs(mark_like(live, inputs), kind)
    secret = has_secret(inputs)
    if secret:
        marked = _mark_copies(marked, frozenset(values(inputs)))
    if (kind.is_secret or secret) and peek(marked, "metadata", "annotations", LAST_APPLIED):
        annotations = {**peek(marked, "metadata", "annotations")}
        annotations[LAST_APPLIED] = Secret(bare(annotations[LAST_APPLIED]))
        marked = with_metadata(marked, {"annotations": annotations})
    return marked


def scrub(text: str, *properties: Value) -> str:
    """Return a message with every secret value of the properties replaced."""
    found = {form for value in properties for secret in values(value) for form in _forms(secret)}
    for form in sorted(found, key=len, reverse=True):
        text = text.replace(form, "[secret]")
    return text


def values(properties: Value) -> Iterator[str]:
    """Yield the texts below the secret marks of `properties`, short ones left out."""
    if isinstance(properties, Secret):
        yield from _texts(properties.value)
    elif isinstance(properties, Mapping):
        for item in properties.values():
            yield from values(item)
    elif isinstance(properties, list):
        for item in properties:
            yield from values(item)


def _texts(value: Value) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _texts(bare(item))
    elif isinstance(value, str) and len(value) >= _SHORTEST:
        yield value


def _forms(secret: str) -> Iterator[str]:
    """Yield how a server's message may quote a value: as it is, escaped, encoded, decoded."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield base64.b64encode(secret.encode()).decode()
    try:
        decoded = base64.b64decode(secret, validate=True).decode()
    except (binascii.Error, ValueError):
        return
    if len(decoded) >= _SHORTEST:
        yield decoded


def _mark_copies(value: Value, secrets: frozenset[str]) -> Value:
    if isinstance(value, str):
        return Secret(value) if value in secrets else value
    if isinstance(value, Mapping):
        return {key: _mark_copies(item, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_mark_copies(item, secrets) for item in value]
    return value
