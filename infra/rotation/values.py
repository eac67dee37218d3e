"""The new value of an external secret, as an operator gives it: by JSON on stdin, or by prompts without echo."""

import json
from collections.abc import Callable, Mapping, Sequence

from infra.errors import TenantryError

Ask = Callable[[str], str]
"""Shows a question, and returns the answer without having shown it."""


def from_json(content: bytes, keys: Sequence[str]) -> dict[str, str]:
    """Return the value of each key.

    Args:
        content: a JSON object, in UTF-8.
        keys: those that it must have, and no others.

    Raises:
        TenantryError: it is none, or its keys or values are not as they must be; nothing of it is told but keys that
            are asked for.
    """
    try:
        given = json.loads(content, object_pairs_hook=_distinct)
    except _RepeatedError:
        raise _wrong("with a key that is there twice", keys) from None
    except (ValueError, RecursionError):
        raise _wrong("not JSON", keys) from None
    if not isinstance(given, dict):
        raise _wrong("not a JSON object", keys)
    missing = [key for key in keys if key not in given]
    if missing:
        raise _wrong(f"without {', '.join(missing)}", keys)
    if len(given) > len(keys):  # which ones is not told: a value may stand in a key's place
        raise _wrong("with keys that the secret does not have", keys)
    return _checked(given, keys)


def from_prompts(ask: Ask, keys: Sequence[str]) -> dict[str, str]:
    """Return the value of each key, asked for one by one.

    Args:
        ask: how.
        keys: in which order.

    Raises:
        TenantryError: a value is empty, or begins or ends with white space, or the terminal does not send UTF-8.
    """
    try:
        given = {key: ask(key) for key in keys}
    except UnicodeDecodeError:
        raise _wrong("not UTF-8 text", keys) from None
    return _checked(given, keys)


class _RepeatedError(Exception):
    """An object has a key twice, and nobody knows which value is meant."""


def _distinct(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _RepeatedError
    return found


def _checked(given: Mapping[str, object], keys: Sequence[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for key in keys:
        value = given[key]
        if not isinstance(value, str) or not value:
            raise _wrong(f"{key} is empty or no text", keys)
        if any(0xD800 <= ord(character) <= 0xDFFF for character in value):  # JSON's halves of characters
            raise _wrong(f"{key} is no text that UTF-8 can hold", keys)
        if value != value.strip():
            raise _wrong(f"{key} begins or ends with white space", keys)
        values[key] = value
    return values


def _wrong(what: str, keys: Sequence[str]) -> TenantryError:
    example = json.dumps(dict.fromkeys(keys, "..."))
    return TenantryError(f"no value of the secret: {what}", "what was given", f"give all of {example}")
