"""The postgresql plugin itself: one flow for all kinds.

Owns what kinds have in common: checks against their tables, secret marks, previews, the notes that outputs carry, and
how failures are told. The notes (`__meta`) are the object's incarnation, and a digest of every property that the
server spells otherwise than the program (`int` and `integer`, `ALL` and the list of all): while the server's spelling
stays the same, nothing has changed.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import psycopg

from infra.sandbox.plugins import checking, properties
from infra.sandbox.plugins.postgresql import settings
from infra.sandbox.plugins.postgresql.database import Database
from infra.sandbox.plugins.postgresql.default_privileges import DefaultPrivileges
from infra.sandbox.plugins.postgresql.extension import Extension
from infra.sandbox.plugins.postgresql.function import Function
from infra.sandbox.plugins.postgresql.grant import Grant
from infra.sandbox.plugins.postgresql.grant_role import GrantRole
from infra.sandbox.plugins.postgresql.kind import Kind
from infra.sandbox.plugins.postgresql.role import Role
from infra.sandbox.plugins.postgresql.schema import Schema
from infra.sandbox.plugins.postgresql.server import Server, explain
from infra.sandbox.plugins.postgresql.tags import Tag, meta
from infra.sandbox.plugins.properties import META
from infra.sandbox.plugins.provider import (
    Difference,
    Failure,
    PartialFailure,
    Properties,
    Provider,
    ProviderError,
    Resource,
    State,
)
from infra.sandbox.plugins.values import Value, has_unknown, mark_like, masked, reveal

_KINDS: Final[Mapping[str, Kind]] = {
    kind.type_name: kind
    for kind in (Database(), Role(), Schema(), Grant(), GrantRole(), DefaultPrivileges(), Extension(), Function())
}
_OLD_TOKENS: Final = {"postgresql:index/defaultPrivileg:DefaultPrivileg": DefaultPrivileges.type_name}


class PostgreSQLProvider(Provider):
    """Databases, roles, schemas, privileges, extensions and functions of one server."""

    name = "postgresql"

    def __init__(self) -> None:
        self._configured: Server | None = None
        self._predecessors: dict[str, str] = {}

    def check_config(self, inputs: Properties) -> list[Failure]:
        """Judge the settings; nothing is contacted."""
        return settings.check(inputs)

    def configure(self, config: Properties) -> None:
        """Take the settings; the first request that needs the server connects."""
        self._configured = Server(settings.read(config))

    def check(
        self, resource: Resource, old: Properties, new: Properties, seed: bytes
    ) -> tuple[Properties, list[Failure]]:
        """Judge the inputs by the kind's table and its rules; nothing is contacted.

        An automatic name follows from the URN instead of chance, so that a creation which the engine's death cut short
        asks for the same name again and finds its object. A replacement's follows from the name of what it replaces:
        the engine checks it a second time, without old inputs, so that name is remembered in between.
        """
        kind = _kind(resource)
        if isinstance(old.get("name"), str):
            self._predecessors[resource.urn] = old["name"]
        predecessor = self._predecessors.get(resource.urn, "")
        inputs, failures = checking.check(kind.table, resource, old, new, predecessor.encode())
        if not failures and not has_unknown(inputs):
            failures = kind.contradictions(reveal(inputs))
        return inputs, failures

    def diff(
        self, resource: Resource, id: str, old_inputs: Properties, outputs: Properties, new: Properties
    ) -> Difference:
        """Compare by the kind's table."""
        kind = _kind(resource)
        automatic = properties.is_automatic(new, "name")
        same_place = not automatic and not has_unknown(new) and self._is_same_place(kind, old_inputs, outputs, new)
        return properties.diff(
            kind.table, old_inputs, outputs, new, same_place=same_place or kind.type_name == Grant.type_name
        )

    def create(self, resource: Resource, inputs: Properties, *, preview: bool) -> tuple[str, Properties]:
        """Make the object and read it back."""
        kind, server, wanted = _kind(resource), self._server, reveal(inputs)
        if preview:
            return "", properties.preview_outputs(kind.table, inputs)
        tag = Tag.new(resource.urn)
        with _explained(kind, resource, inputs):
            kind.create(server, wanted, tag)
        identifier = kind.identifier(wanted, server.main)
        outputs = {**_stated(kind, inputs), META: json.dumps({"incarnation": tag.incarnation})}
        try:
            with _explained(kind, resource, inputs):
                actual = kind.read(server, wanted)
        except ProviderError as error:
            raise PartialFailure(
                str(error), id=identifier, outputs=outputs, inputs=inputs, reasons=[str(error)]
            ) from error
        if actual is None:
            raise ProviderError(f"{_subject(kind, resource)}: it vanished right after it was created")
        return identifier, _outputs(kind, inputs, actual, tag.incarnation)

    def read(self, resource: Resource, id: str, inputs: Properties, outputs: Properties) -> State | None:
        """Look at the object; what the server spells as it did after the last update has not changed."""
        kind, server = _kind(resource), self._server
        known = reveal(outputs) or kind.described_by(id, server.main)
        with _explained(kind, resource, inputs):
            actual = kind.read(server, known)
        if actual is None:
            return None
        found = _compared(kind, outputs, actual) if outputs else _outputs(kind, {}, actual, "")
        identifier = id if outputs else kind.identifier(reveal(found), server.main)
        return State(id=identifier, outputs=found, inputs=properties.inputs_of(kind.table, found, inputs))

    def update(
        self,
        resource: Resource,
        id: str,
        old_inputs: Properties,
        outputs: Properties,
        new: Properties,
        *,
        preview: bool,
    ) -> Properties:
        """Change the object and read it back."""
        kind, server = _kind(resource), self._server
        if preview:
            kept = {name: value for name, value in outputs.items() if name in new or _is_kept(kind, name)}
            return properties.preview_outputs(kind.table, new, kept)
        before = {**reveal(outputs), **_write_only(kind, reveal(old_inputs))}
        with _explained(kind, resource, new):
            kind.update(server, before, reveal(new))
            actual = kind.read(server, reveal(new))
        if actual is None:
            raise ProviderError(f"{_subject(kind, resource)}: it is gone; run `pulumi refresh`")
        return _outputs(kind, new, actual, meta(outputs).get("incarnation", ""))

    def delete(self, resource: Resource, id: str, inputs: Properties, outputs: Properties) -> None:
        """Remove the object, unless it is gone or has become that of this resource's replacement."""
        kind = _kind(resource)
        known = {**reveal(inputs), **reveal(outputs)}
        with _explained(kind, resource, inputs):
            kind.delete(self._server, known, Tag.of_state(resource.urn, outputs))

    def cancel(self) -> None:
        """End all statements under way."""
        if self._configured is not None:
            self._configured.cancel()

    @property
    def _server(self) -> Server:
        if self._configured is None:
            raise ProviderError("the postgresql plugin has not been configured")
        return self._configured

    def _is_same_place(self, kind: Kind, old_inputs: Properties, outputs: Properties, new: Properties) -> bool:
        before = reveal({**old_inputs, **outputs})
        after = reveal({**{name: before[name] for name in ("database", "schema") if name in before}, **new})
        return bool(kind.place(before, self._server.main) == kind.place(after, self._server.main))


def _kind(resource: Resource) -> Kind:
    token = _OLD_TOKENS.get(resource.type, resource.type)
    if token not in _KINDS:
        known = ", ".join(sorted(name.rpartition(":")[2] for name in _KINDS))
        raise ProviderError(f"the offline postgresql plugin has no resource type {resource.type}; it has {known}")
    return _KINDS[token]


def _subject(kind: Kind, resource: Resource) -> str:
    return f"{kind.noun} {resource.name}" if resource.name else kind.noun


def _stated(kind: Kind, inputs: Properties) -> dict[str, Value]:
    """Return the inputs that outputs repeat."""
    return {name: value for name, value in inputs.items() if name in kind.table and not kind.table[name].write_only}


def _write_only(kind: Kind, inputs: Properties) -> dict[str, Value]:
    return {name: value for name, value in inputs.items() if name in kind.table and kind.table[name].write_only}


def _is_kept(kind: Kind, name: str) -> bool:
    return name == META or (name in kind.table and kind.table[name].computed)


def _outputs(kind: Kind, inputs: Properties, actual: Properties, incarnation: str) -> dict[str, Value]:
    """Return the outputs after a change: what the program said, else what the server has; and the notes."""
    notes: dict[str, Value] = {"incarnation": incarnation} if incarnation else {}
    spellings = {
        name: _digest(actual[name])
        for name, value in inputs.items()
        if name in kind.table and name in actual and not properties.equal(kind.table[name], value, actual[name])
    }
    if spellings:
        notes["spellings"] = spellings
    outputs = _stated(kind, inputs)
    for name, value in actual.items():
        silent = name in kind.table and kind.table[name].shared and bool(inputs)
        if name in kind.table and name not in outputs and value is not None and not silent:
            outputs[name] = value
    if notes:
        outputs[META] = json.dumps(notes, sort_keys=True)
    return outputs


def _compared(kind: Kind, outputs: Properties, actual: Properties) -> dict[str, Value]:
    """Return the outputs with every property that has really changed as the server has it now."""
    spellings = meta(outputs).get("spellings") or {}
    found = dict(outputs)
    for name, value in actual.items():
        prop = kind.table.get(name)
        if prop is None or (prop.shared and name not in outputs):
            continue
        before = outputs.get(name)
        same = properties.equal(prop, before, value) if name not in spellings else spellings[name] == _digest(value)
        if not same:
            found[name] = mark_like(value, before)
    return found


def _digest(value: Value) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


@contextmanager
def _explained(kind: Kind, resource: Resource, inputs: Properties) -> Iterator[None]:
    """Tell failures in one line, with the resource's name and without any secret."""
    try:
        yield
    except psycopg.Error as error:
        text = explain(error)
        cause: Exception = error
    except ProviderError as error:
        text, cause = str(error), error
    else:
        return
    raise ProviderError(f"{_subject(kind, resource)}: {masked(text, inputs)}") from cause
