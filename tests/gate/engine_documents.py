"""Previews as the engine prints them, in both forms, made of few words (after Pulumi's Go source, v3.246).

`steps` are dicts as `update("a", {"size": 1}, {"size": 2})`; `events` and `saved` print them.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

STACK = "urn:pulumi:local::shop::pulumi:pulumi:Stack::shop-local"
PROVIDER = "urn:pulumi:local::shop::pulumi:providers:aws::aws"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
BUCKET = "aws:s3/bucket:Bucket"

HALVES = {
    "create-replacement",
    "delete-replaced",
    "read-replacement",
    "discard-replaced",
    "import-replacement",
    "refresh",
}

Json = dict[str, Any]


def urn(name: str, kind: str = BUCKET) -> str:
    return f"urn:pulumi:local::shop::{kind}::{name}"


def state(of: str, inputs: Mapping[str, Any], **more: Any) -> Json:
    kind = of.split("::")[2]
    plain: Json = {
        "type": kind,
        "urn": of,
        "custom": True,
        "id": "i-1",
        "parent": STACK,
        "inputs": dict(inputs),
        "outputs": {},
    }
    return {**plain, "provider": f"{PROVIDER}::p-1", **more}


def step(operation: str, of: str, old: Json | None, new: Json | None, **more: Any) -> Json:
    told: Json = {"op": operation, "urn": of, "type": of.split("::")[2], "old": old, "new": new, "detailedDiff": None}
    return {**told, "logical": operation not in HALVES, "provider": f"{PROVIDER}::p-1", **more}


def same(name: str, inputs: Mapping[str, Any], **new: Any) -> Json:
    return step("same", urn(name), state(urn(name), inputs), state(urn(name), inputs, **new))


def create(name: str, inputs: Mapping[str, Any], kind: str = BUCKET) -> Json:
    return step("create", urn(name, kind), None, state(urn(name, kind), inputs))


def delete(name: str, inputs: Mapping[str, Any], **old: Any) -> Json:
    return step("delete", urn(name), state(urn(name), inputs, **old), None)


def update(
    name: str, before: Mapping[str, Any], after: Mapping[str, Any], diff: Mapping[str, str] | None = None, **more: Any
) -> Json:
    detailed = None if diff is None else {path: {"diffKind": kind, "inputDiff": True} for path, kind in diff.items()}
    return step("update", urn(name), state(urn(name), before), state(urn(name), after), detailedDiff=detailed, **more)


def replacement(
    name: str, before: Mapping[str, Any], after: Mapping[str, Any], *, deletes_first: bool, **more: Any
) -> list[Json]:
    of = urn(name)
    first, new = state(of, before), state(of, after)
    condemned = first if deletes_first else {**first, "delete": True}
    create = step("create-replacement", of, first, new, **more)
    replace = step("replace", of, condemned, new, **more)
    end = step("delete-replaced", of, condemned, None)
    return [end, replace, create] if deletes_first else [create, replace, end]


def stack(
    before: Mapping[str, Any] | None = None, after: Mapping[str, Any] | None = None, operation: str = "same"
) -> Json:
    plain = {"type": "pulumi:pulumi:Stack", "urn": STACK, "id": "", "parent": "", "provider": "", "inputs": {}}
    old = {**plain, "outputs": dict(before or {})} if operation != "create" else None
    told = step(operation, STACK, old, {**plain, "outputs": dict(before or {})})
    return {**told, "later": {**plain, "outputs": dict((before if after is None else after) or {})}}


def counted(steps: Sequence[Json]) -> dict[str, int]:
    return dict(Counter(one["op"] for one in steps if one["logical"] and one["op"] != "read"))


def events(
    steps: Sequence[Json], *, others: Sequence[Json] = (), summary: Mapping[str, Any] | None = None
) -> list[Json]:
    """The events of a stream; `others` come before the summary."""
    told: list[Json] = [{"preludeEvent": {"config": {}}}]
    for one in steps:
        plain = {name: value for name, value in one.items() if name != "later"}
        told += [{"resourcePreEvent": {"metadata": plain, "planning": True}}]
        told += [{"resOutputsEvent": {"metadata": plain, "planning": True}}]
        if "later" in one:
            told += [{"resOutputsEvent": {"metadata": {**plain, "new": one["later"]}, "planning": True}}]
    ended: Json = {"maybeCorrupt": False, "durationSeconds": 2, "resourceChanges": counted(steps), "PolicyPacks": {}}
    told += [*others, {"summaryEvent": {**ended, "isPreview": True, "result": "succeeded", **(summary or {})}}]
    told += [{"cancelEvent": {}}]
    return [dict(sequence=number, timestamp=1, **one) for number, one in enumerate(told)]


def lines(told: Sequence[Mapping[str, Any]]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in told)


def saved(told: Sequence[Json], *, show_all: bool = False, **fields: Any) -> bytes:
    """The one document; it tells no resource that stays, unless its protection does not, and no half replacement."""
    shown = [one for one in told if show_all or _is_shown(one)]
    printed = [
        {"op": one["op"], "urn": one["urn"], "provider": one["provider"], "oldState": _masked(one["old"])}
        | {"newState": _masked(one["new"]), "detailedDiff": _renamed(one["detailedDiff"])}
        for one in shown
    ]
    document = {"config": {}, "steps": printed, "duration": 5, "changeSummary": counted(told)} | fields
    return json.dumps({name: one for name, one in document.items() if one is not None}, indent=4).encode() + b"\n"


def _is_shown(one: Json) -> bool:
    if one["op"] == "same":
        return one["urn"] == STACK or one["old"].get("protect", False) != one["new"].get("protect", False)
    return one["op"] not in HALVES


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return "[secret]" if value.get(SIGNATURE) == SECRET[SIGNATURE] else {k: _masked(v) for k, v in value.items()}
    return [_masked(one) for one in value] if isinstance(value, list) else value


def _renamed(detailed: Mapping[str, Json] | None) -> Json | None:
    if detailed is None:
        return None
    return {path: {"kind": one["diffKind"], "inputDiff": one["inputDiff"]} for path, one in detailed.items()}


def written(folder: Path, content: bytes) -> Path:
    path = folder / "preview.json"
    path.write_bytes(content)
    return path
