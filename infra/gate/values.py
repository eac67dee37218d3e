"""Values as the engine prints them, made plain: what is unknown or secret becomes `Hidden`, files become hashes.

Owns the engine's markers. A form of a secret never leaves here as text, whatever it carries beside. Leaves what the
values belong to, to `infra.gate.steps`.
"""

import hashlib
import marshal
import math
import struct
from typing import Any

from infra.gate.change import FailedPreview, Hidden, Value

DEPTH = 100
"""How deep a value may be nested; Kubernetes' own schemas, the deepest there are, stay below 30."""

LARGEST = 2**1023
"""Of whole numbers: beyond it no float holds one, and every number of Pulumi's is a float."""

UNKNOWN = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
"""What stands for an unknown value of each kind (Pulumi, sdk/go/common/resource/plugin/rpc.go)."""

SECRET = "[secret]"  # noqa: S105 - what the engine writes in a secret's place
KEY = "4dabf18193072939515e22adb298388d"
"""The key by which an object says that it is none (Pulumi, sdk/go/common/resource/sig/sig.go; so are the next)."""
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a signature
_REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_FILES = {"c44067f5952c0a294b673a41bacd8c17": "asset", "0def7320c3a5731c473e5ecbe6d01bc7": "archive"}
_FLOAT = "8ad145fe-0d11-4827-bfd7-1abcbf086f5c"

_DROPPED = frozenset({"__defaults"})
"""Bridged providers' notes of which inputs they filled in: no property, and its changes are none."""

_KEPT = 20_000
"""Values remembered at once, so that equal ones are kept once: those of the last few hundred resources. The states of
one resource are much alike, and so are those of one type; without it, many resources take three times the memory."""


class Values:
    """Makes values plain, and keeps equal ones of resources close to each other once."""

    def __init__(self) -> None:
        self._texts: dict[str, str | Hidden] = {}
        self._containers: dict[tuple[str | int | None, ...], Value] = {}

    def plain(self, raw: object, depth: int = 0) -> Value:
        """Return a value as the gate compares it.

        Args:
            raw: what a JSON parser made of it.
            depth: how deep it is nested.

        Raises:
            FailedPreview: nested too deep, or nothing that the engine prints.
        """
        if isinstance(raw, str):
            return self._texts.get(raw) or self._new_text(raw)
        if raw is None or isinstance(raw, bool):
            return raw
        if isinstance(raw, int | float):
            return _number(raw)
        if depth >= DEPTH:
            raise FailedPreview(f"a value is nested deeper than {DEPTH} levels: the engine prints none such")
        if isinstance(raw, list):
            made = [self.plain(one, depth + 1) for one in raw]
            return self._once((None, *map(id, made)), made)
        if isinstance(raw, dict):
            return self._special(raw, depth + 1) if KEY in raw else self._object(raw, depth + 1)
        raise FailedPreview(f"a value is no JSON: {type(raw).__name__}")

    def _object(self, raw: dict[str, object], depth: int) -> Value:
        texts = self._texts
        made: dict[str, Value] = {}
        for name, one in raw.items():
            known = texts.get(name)
            # Most values are texts, and a call for each would take most of the time
            made[known if type(known) is str else self.shared(name)] = (
                (texts.get(one) or self._new_text(one)) if type(one) is str else self.plain(one, depth)
            )
        for name in _DROPPED & made.keys():
            del made[name]
        return self._once((*made, *map(id, made.values())), made)

    def alike(self, raw: object, former: object, made: Value, depth: int = 0) -> Value:
        """Return a value as the gate compares it; what is the same as in another is not made again.

        The states of a resource differ in little, so this is most of the speed.

        Args:
            raw: what a JSON parser made of it.
            former: the other, likewise.
            made: what became of the other.
            depth: how deep it is nested.

        Raises:
            FailedPreview: as for `plain`.
        """
        if isinstance(raw, dict) and isinstance(former, dict) and isinstance(made, dict) and KEY not in raw:
            if _is_same(raw, former):
                return made
            return {
                self.shared(name): self.alike(one, former.get(name), made.get(name), depth + 1)
                for name, one in raw.items()
                if name not in _DROPPED
            }
        if isinstance(raw, list) and isinstance(former, list) and isinstance(made, list):
            if _is_same(raw, former):
                return made
            known = min(len(raw), len(made))
            return [
                self.alike(one, former[index], made[index], depth + 1) if index < known else self.plain(one, depth + 1)
                for index, one in enumerate(raw)
            ]
        return self.plain(raw, depth)

    def shared(self, raw: str) -> str:
        """Return a text that is no value, as a name.

        Raises:
            FailedPreview: half a character, which JSON can write and nothing can print.
        """
        found = self._texts.get(raw) or self._new_text(raw)
        return found if isinstance(found, str) else raw

    def _new_text(self, raw: str) -> str | Hidden:
        if not raw.isascii():
            try:
                raw.encode()
            except UnicodeEncodeError as error:
                raise FailedPreview("a text is no Unicode: half a surrogate pair") from error
        if len(self._texts) >= _KEPT:
            self._texts.clear()
        value = Hidden.SECRET if raw == SECRET else Hidden.UNKNOWN if raw in UNKNOWN else raw
        self._texts[raw] = value
        return value

    def _once(self, key: tuple[str | int | None, ...], made: Value) -> Value:
        """Return what was made, or the same that was made before.

        Two are surely the same when they have the same parts: what is remembered keeps its own, so nothing else gets
        their ids.

        Args:
            key: its names and the ids of its parts; None first where it is a list.
            made: an object or a list.
        """
        if len(self._containers) >= _KEPT:
            self._containers.clear()
        return self._containers.setdefault(key, made)

    def _special(self, raw: dict[str, object], depth: int) -> Value:
        kind = raw[KEY]
        if kind == _SECRET:
            return Hidden.SECRET
        if kind == _OUTPUT:
            if raw.get("secret", False) is not False:
                return Hidden.SECRET
            return self.plain(raw["value"], depth) if "value" in raw else Hidden.UNKNOWN
        if kind == _REFERENCE:
            return {name: self.plain(raw[name], depth) for name in ("urn", "id") if name in raw}
        if isinstance(kind, str) and kind in _FILES:
            return {_FILES[kind]: _content(raw)}
        if kind == _FLOAT:
            return _odd_number(raw.get("value"))
        raise FailedPreview("a value is of a kind that this version of the gate does not know")


def _is_same(one: dict[str, Any] | list[Any], other: dict[str, Any] | list[Any]) -> bool:
    """Whether two values are the same; to `==` alone, true is 1."""
    return one == other and marshal.dumps(one, 2) == marshal.dumps(other, 2)


def _number(raw: float) -> Value:
    if isinstance(raw, int):
        if abs(raw) > LARGEST:
            raise FailedPreview("a number is larger than the engine's own can be")
        return raw
    if not math.isfinite(raw):
        raise FailedPreview("a number is larger than the engine's own can be")
    return int(raw) if raw.is_integer() and abs(raw) < 2**53 else raw


def _odd_number(raw: object) -> Value:
    """Return what JSON has no number for, as text: its bits are printed in hexadecimal."""
    try:
        return str(struct.unpack(">d", bytes.fromhex(str(raw)))[0])
    except (ValueError, struct.error) as error:
        raise FailedPreview("a number that is none has no bits") from error


def _content(raw: dict[str, object]) -> str:
    """Return what tells one file from another: its hash, which the engine has of every file it could read."""
    if isinstance(found := raw.get("hash"), str) and found:
        return found
    if isinstance(text := raw.get("text"), str):
        return hashlib.sha256(text.encode(errors="replace")).hexdigest()
    return next((place for name in ("path", "uri") if isinstance(place := raw.get(name), str)), "")
