"""What the engine says, without the values of secrets.

The engine's complaint that an update leaves its plan quotes both values of a property, secret or not
(`resource/deploy/plan.go`, `PlanDiff.MakeError`), so of such a line only the names of properties are kept. All
the rest is searched for the secrets that the state has.
"""

import json
import re
from collections.abc import Iterable, Iterator

SCRUBBED = "[secret]"

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - what marks a secret, not one (SDK, `resource/sig.go`)
_SHORTEST = 6
"""A shorter value is in too many words to be told from them, and is no secret to speak of."""

_SHORTEST_LINE = 12
"""Of a secret of several lines; shorter ones are the words around it."""

_OUT_OF_PLAN = re.compile(r"(violates plan: properties changed:)(.*)", re.DOTALL)


class Scrubber:
    """Takes secrets out of texts."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Take the secrets in.

        Args:
            secrets: values; those of fewer than six characters are not looked for.
        """
        known = {one for secret in secrets for one in _spellings(secret) if len(one) >= _SHORTEST}
        longest_first = sorted(known, key=lambda one: (-len(one), one))  # or a part of one would spoil the whole
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def scrub(self, text: str, properties: Iterable[str] = ()) -> str:
        """Return a text without secrets.

        Args:
            text: a whole message, of any number of lines: a value may have several.
            properties: names that the resource's properties may have, for a complaint about a plan.
        """
        told = _OUT_OF_PLAN.sub(lambda found: f"{found[1]} {_named(found[2], properties)}", text)
        return self._known.sub(SCRUBBED, told) if self._known else told


def secrets_of(exported: str) -> Iterator[str]:
    """Yield every text that is secret in a state, the parts of structured ones each.

    Args:
        exported: what `pulumi stack export --show-secrets` printed.

    Raises:
        ValueError: it is no JSON.
    """
    yield from _secrets(json.loads(exported), is_secret=False)


def _secrets(value: object, *, is_secret: bool) -> Iterator[str]:
    pending = [(value, is_secret)]
    while pending:
        one, hidden = pending.pop()
        if isinstance(one, dict):
            if one.get(_SIGNATURE) == _SECRET:
                pending.append((_opened(one.get("plaintext")), True))
            else:
                pending.extend((part, hidden) for part in one.values())
        elif isinstance(one, list):
            pending.extend((part, hidden) for part in one)
        elif hidden and isinstance(one, str):
            yield one


def _opened(plain: object) -> object:
    """Return a secret's value; the state has it as JSON in a text."""
    try:
        return json.loads(plain) if isinstance(plain, str) else plain
    except ValueError:
        return plain


def _spellings(secret: str) -> Iterator[str]:
    """Yield a secret as it is, as JSON spells it, and its lines: a message may be any of these."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield from (line for line in map(str.strip, secret.splitlines()) if len(line) >= _SHORTEST_LINE)


def _named(told: str, properties: Iterable[str]) -> str:
    """Return the properties that a complaint names, without their values."""
    wanted = {"+": "added", "~": "changed", "-": "removed", "=": "as it was"}
    names = []
    for name in sorted(properties):
        found = re.search(rf"(?:^|[ ,])([+~=-])([+~=-]){re.escape(name)}(?=\[|,|\s*$)", told)
        if found:
            names.append(f"{name} (planned: {wanted[found[1]]}; now: {wanted[found[2]]})")
    return ", ".join(names) or "of properties that are not told here, as their values may be secret"
