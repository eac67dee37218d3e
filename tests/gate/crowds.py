"""Many changes at once: an environment many times over, and what the engine streams of thousands of updates."""

import datetime
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from infra.gate.change import Change, Hidden, Kind, Preview, Value
from tests.gate import engine_documents as engine
from tests.gate.previews import changed, changing, environment
from tests.harness import PROJECT, STACK

DAY = datetime.date(2026, 11, 22)


def crowd(count: int) -> Preview:
    """Return an environment many times over, every resource of which changes."""
    there = {}
    for number in range(count // len(environment().resources) + 1):
        for one in environment().resources.values():
            parent = f"{one.parent}-{number}" if one.parent else ""
            there[f"{one.urn}-{number}"] = replace(one, urn=f"{one.urn}-{number}", parent=parent)
    chosen = dict(list(there.items())[:count])
    kinds: list[Kind] = ["update", "update", "update", "create", "delete", "replace"]
    changes = [changed(one, kinds[number % 6], "backupRetentionPeriod") for number, one in enumerate(chosen.values())]
    return changing(replace(environment(), resources=chosen), changes)


def write_crowd(path: Path, count: int) -> int:
    """Write what the engine streams of a crowd, none of it replaced, and return how many lines that is."""
    steps = [engine.stack(), *map(_step, crowd(count).changes)]
    own, others = f"urn:pulumi:{STACK}::{PROJECT}::", "::".join([*engine.STACK.split("::")[:2], ""])
    told = [line.replace(own.encode(), others.encode()) for line in engine.lines(engine.events(steps)).splitlines(True)]
    path.write_bytes(b"".join(told))
    return len(told)


def _step(change: Change) -> engine.Json:
    """Return the engine's step of a change; a replacement becomes an update."""
    operation = "update" if change.kind == "replace" else change.kind
    more = {"type": change.type, "parent": change.parent or engine.STACK}
    old, new = (engine.state(change.urn, _raw(one), **more) for one in (change.before, change.after))
    detailed = {one.path: {"diffKind": one.kind, "inputDiff": True} for one in change.properties}
    return engine.step(
        operation,
        change.urn,
        None if operation == "create" else old,
        None if operation == "delete" else new,
        detailedDiff=detailed if operation == "update" else None,
    )


def _raw(value: Value) -> Any:
    """Return a value as the engine prints it."""
    if isinstance(value, Hidden):
        return engine.SECRET if value is Hidden.SECRET else engine.UNKNOWN
    if isinstance(value, Mapping):
        return {key: _raw(one) for key, one in value.items()}
    return [_raw(one) for one in value] if isinstance(value, list) else value


def update() -> engine.Json:
    """An update of a resource that has as much to say as a Kubernetes Service or an AWS bucket."""
    ports = [{"name": f"port-{one}", "port": 8000 + one, "targetPort": "http"} for one in range(4)]
    labels = {"app.kubernetes.io/name": "NAME", "tenantry.io/tenant": "NAME"}
    before = {"metadata": {"name": "NAME", "labels": labels}, "spec": {"ports": ports, "selector": labels}}
    after = {**before, "metadata": {"name": "NAME", "labels": {**labels, "version": "2"}}}
    step = engine.update("NAME", before, after, {"metadata.labels.version": "add"})
    step["old"]["outputs"] = {**before, "status": {"address": "NAME", "uid": "NAME"}}
    return step


def write_events(path: Path, count: int) -> None:
    """Write what the engine streams of so many updates."""
    counts = {"resourceChanges": {"update": count, "same": 1}}
    beginning, *told, ended, last = engine.events([engine.stack()], summary=counts)
    step = engine.lines(engine.events([update()])[1:-2])
    with path.open("wb") as file:
        file.write(engine.lines([beginning, *told]))
        for number in range(count):
            file.write(step.replace(b"NAME", b"resource-%d" % number))
        file.write(engine.lines([ended, last]))


def write_saved(path: Path, count: int) -> None:
    """Write the one document of so many updates."""
    stack, step = (json.loads(engine.saved([one]))["steps"][0] for one in (engine.stack(), update()))
    text = json.dumps(step, indent=4)
    with path.open("w") as file:
        file.write(f'{{"steps": [{json.dumps(stack)}')
        for number in range(count):
            file.write(f",\n{text.replace('NAME', f'resource-{number}')}")
        file.write(f'], "changeSummary": {{"update": {count}, "same": 1}}}}\n')
