"""A saved `pulumi preview --json` document, read in bounded memory, however many steps it has.

Owns when such a document is whole: it ends, and the engine's count of the changes is in it, which it writes there at
the end of a preview only. It tells neither policies' findings nor the stack's new outputs, nor resources that stay.
"""

from collections.abc import Iterator, Mapping
from typing import IO, Any

import ijson

from infra.gate.change import FailedPreview
from infra.gate.diagnostics import Words
from infra.gate.events import counts
from infra.gate.normalising import Told
from infra.gate.steps import flag, read_step, table
from infra.gate.values import DEPTH, Values

FIELDS = frozenset({"config", "steps", "diagnostics", "duration", "changeSummary", "maybeCorrupt"})
"""Of the document (Pulumi, pkg/display/json.go, PreviewDigest)."""

_Tokens = Iterator[tuple[str, Any]]


def read_saved(file: IO[bytes]) -> Told:
    """Read a saved document.

    Args:
        file: from its beginning; what is still printed is waited for.

    Raises:
        EngineRefused: the engine says what went wrong.
        FailedPreview: it is not a whole, succeeded preview.
        OSError: it cannot be read.
    """
    told, words, rest = Told(), Words(), dict[str, Any]()
    try:
        _read(ijson.basic_parse(file, use_float=True), told, words, rest)
    except (ijson.JSONError, ValueError, OverflowError) as error:
        words.refuse_errors()
        raise FailedPreview("it is cut off, or no JSON: it does not end as it began") from error
    except FailedPreview:
        words.refuse_errors()
        raise
    words.refuse_errors()
    if flag(rest, "maybeCorrupt", "it"):
        raise FailedPreview("the engine says that the stack's state may be corrupt")
    if rest.get("changeSummary") is None:
        raise FailedPreview("the preview did not come to its end: there is no changeSummary")
    told.counts = counts(rest["changeSummary"])
    told.warnings |= words.warnings
    return told


def _read(tokens: _Tokens, told: Told, words: Words, rest: dict[str, Any]) -> None:
    if next(tokens, ("", None))[0] != "start_map":
        raise FailedPreview("it is no document of a preview")
    values = Values()
    seen: set[str] = set()
    for kind, name in tokens:
        if kind == "end_map":
            break
        if name not in FIELDS or name in seen:
            raise FailedPreview(f"it is no document that this version of the gate knows: {name!r:.40}")
        seen.add(name)
        if name == "steps":
            for raw in _items(tokens):
                _take_step(raw, told, values)
        elif name == "diagnostics":
            for raw in _items(tokens):
                words.add(table(raw, "a diagnostic"))
        else:
            rest[name] = _value(tokens, next(tokens))
    if next(tokens, None) is not None:
        raise FailedPreview("something follows the document")


def _take_step(raw: object, told: Told, values: Values) -> None:
    fields: Mapping[str, Any] = table(raw, "a step")
    step = read_step(fields, values, fields.get("oldState"), fields.get("newState"))
    told.steps.append(step)
    if step.operation == "read" and step.new and step.new.outputs:
        told.read[step.urn] = step.new.outputs


def _items(tokens: _Tokens) -> Iterator[Any]:
    """Return the elements of a list, one at a time."""
    kind, _ = next(tokens)
    if kind == "null":
        return
    if kind != "start_array":
        raise FailedPreview("its steps or diagnostics are no list")
    for token in tokens:
        if token[0] == "end_array":
            return
        yield _value(tokens, token)


def _value(tokens: _Tokens, first: tuple[str, Any]) -> Any:
    """Build one value of its tokens."""
    kind, value = first
    if kind not in {"start_map", "start_array"}:
        return value
    root: Any = {} if kind == "start_map" else []
    containers, names = [root], [""]
    for kind, value in tokens:
        if kind == "map_key":
            names[-1] = value
            continue
        if kind in {"end_map", "end_array"}:
            containers.pop()
            names.pop()
            if not containers:
                break
            continue
        new: Any = {} if kind == "start_map" else [] if kind == "start_array" else value
        if isinstance(containers[-1], dict):
            containers[-1][names[-1]] = new
        else:
            containers[-1].append(new)
        if kind in {"start_map", "start_array"}:
            containers.append(new)
            names.append("")
            if len(containers) > DEPTH + 5:
                raise FailedPreview(f"it is nested deeper than {DEPTH} levels: the engine prints none such")
    return root
