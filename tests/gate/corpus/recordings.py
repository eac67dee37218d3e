"""Recorded previews as files: what the engine printed, small, and the same wherever it was made.

Normalised are the moment of each event and how long the preview took, which become 0, and this machine's own folders,
which become `/work-tree` or, in traces of the program, nothing; nothing else. A recording of events tells of every
resource, most of which stay as they are: an event that the preview of the same state without any change has as well is
written as its number there. So each file holds one JSON list a line, either `[SEQUENCE, NUMBER]` or
`[SEQUENCE, {event}]`. Ids that an instance draws are in every event; so files stay small where all are of one instance:
delete the folder before all are made anew.
"""

import json
import lzma
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from infra.paths import PROJECT_ROOT

FOLDER = Path(__file__).parent / "recordings"
"""Where they are: `CASE.jsonl.xz`, and `CASE.json.xz` for a saved document."""

UNCHANGED = "unchanged"
"""Ends the names of the recordings in which nothing changes: one of each state that cases begin with."""

_WORK_TREE = "/work-tree"
_TRACED = re.compile(r"(?<=project:///)[^\"#\s]*/")  # where Python is, and how far from there the project is
_DURATION = re.compile(r'^(    "duration": )\d+', re.MULTILINE)
_VOLATILE = re.compile(
    r"(?!04da6b54)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # ids of all kinds
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[0-9.Z+:]*"  # when a server made something
    r"|\b[a-z]{2,8}-[0-9a-f]{8,32}(?:(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?\b|\b[A-Z0-9]{13,32}(?![A-Z0-9])"  # ids of AWS
    r"|\b(?:a|sg)-[a-z0-9]{17}\b|\bLS0tLS1CRUdJTi[A-Za-z0-9+/=]+"  # ids of EKS, and certificates
    r"|:secret:[\w/-]+-\w{6}\b|\b[a-z0-9]{13,14}(?=\.cloudfront\.net)"
    r"|(?<=[\"-])(?:[0-9a-f]{16}|[0-9a-f]{32})(?=[\"\\])"
    r"|\b(?:127|10)(?:[.-]\d{1,3}){3}(?=[\".\\: ])"  # addresses, but no ranges of them
    r"|resourceVersion\D{1,4}\d+|checksum\W{1,6}[0-9a-f]{64}|BEGIN CERTIFICATE-----[^-]+"
)

Event = dict[str, Any]


def events_of(case: str) -> bytes:
    """Return a recording of events as the engine printed it.

    Args:
        case: its name.
    """
    content = lzma.decompress((FOLDER / f"{case}.jsonl.xz").read_bytes())
    lines = [json.loads(line) for line in content.splitlines()]
    known: Sequence[str] = []
    if any(isinstance(told, int) for _, told in lines):
        known = _known_as_printed(_unchanged(case))
    events = ((sequence, known[told] if isinstance(told, int) else json.dumps(told)) for sequence, told in lines)
    return "".join(f'{{"sequence": {sequence}, "timestamp": 0, {event[1:]}\n' for sequence, event in events).encode()


def document_of(case: str) -> bytes:
    """Return a recorded document as the engine printed it.

    Args:
        case: its name.
    """
    return lzma.decompress((FOLDER / f"{case}.json.xz").read_bytes())


def recorded() -> Sequence[str]:
    """Return the names of all recordings of events, sorted."""
    return sorted(file.name.removesuffix(".jsonl.xz") for file in FOLDER.glob("*.jsonl.xz"))


def saved() -> Sequence[str]:
    """Return the names of all recorded documents, sorted."""
    return sorted(file.name.removesuffix(".json.xz") for file in FOLDER.glob("*.json.xz"))


def keep_events(case: str, printed: bytes) -> bool:
    """Write a recording of events, unless the one that is there says the same but for ids and times.

    Args:
        case: its name.
        printed: what the engine printed.

    Returns:
        Whether it was written.
    """
    plain = list(_events(_normalised(line) for line in printed.splitlines()))
    if (FOLDER / f"{case}.jsonl.xz").exists() and _meaning(plain) == _meaning(_plain(case)):
        return False
    if case != _unchanged(case):
        _write_events(case, plain)
        return True
    others = {other: list(_plain(other)) for other in recorded() if _unchanged(other) == case != other}
    _write_events(case, plain)
    for other, events in others.items():  # their numbers are of another file now
        _write_events(other, events)
    return True


def _write_events(case: str, events: Sequence[tuple[int, Event]]) -> None:
    reference = _unchanged(case)
    places: dict[str, int] = {}
    if case != reference:
        places = {_text(event): number for number, event in enumerate(_known(reference))}
    told = [(sequence, places.get(_text(event), event)) for sequence, event in events]
    _write(f"{case}.jsonl.xz", "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in told))


def keep_document(case: str, printed: bytes) -> bool:
    """Write a recorded document, unless the one that is there says the same but for ids and times.

    Args:
        case: its name.
        printed: what the engine printed.

    Returns:
        Whether it was written.
    """
    content = _DURATION.sub(r"\g<1>0", _normalised(printed))
    if (FOLDER / f"{case}.json.xz").exists() and _masked(content) == _masked(document_of(case).decode()):
        return False
    _write(f"{case}.json.xz", content)
    return True


def _write(name: str, content: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    packed = lzma.compress(content.encode(), check=lzma.CHECK_CRC32, preset=9 | lzma.PRESET_EXTREME)
    (FOLDER / name).write_bytes(packed)
    _known.cache_clear()
    _known_as_printed.cache_clear()


@cache
def _known(reference: str) -> Sequence[Event]:
    """Return the events that others are written with."""
    return [event for _, event in _plain(reference)]


@cache
def _known_as_printed(reference: str) -> Sequence[str]:
    return [json.dumps(event) for event in _known(reference)]


def _unchanged(case: str) -> str:
    """Return the recording that one is written with; the case's name begins with what it is of, or with nothing."""
    prefix = "local-" if case.startswith("local-") else ""
    return f"{prefix}{UNCHANGED}"


def _plain(case: str) -> Iterator[tuple[int, Event]]:
    """Return the events of a recording with their sequence, as they are written."""
    yield from _events(line.decode() for line in events_of(case).splitlines())


def _events(lines: Iterable[str]) -> Iterator[tuple[int, Event]]:
    for line in lines:
        event = json.loads(line)
        sequence = event.pop("sequence")
        event.pop("timestamp")
        if "durationSeconds" in event.get("summaryEvent", {}):
            event["summaryEvent"]["durationSeconds"] = 0
        yield sequence, event


def _normalised(printed: bytes) -> str:
    return _TRACED.sub("", printed.decode().replace(str(PROJECT_ROOT), _WORK_TREE))


def _meaning(events: Iterable[tuple[int, Event]]) -> Sequence[str]:
    """Return what events say, whatever their order, without what every instance draws anew."""
    return sorted(_masked(_text(event)) for _, event in events)


def _masked(content: str) -> str:
    return _VOLATILE.sub("*", content)


def _text(event: Mapping[str, Any]) -> str:
    return json.dumps(event, sort_keys=True)
