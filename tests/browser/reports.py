"""What is looked at: a report that is blocked, one that passes, one of 2,000 changes, and one full of attacks."""

import itertools
from collections.abc import Mapping
from dataclasses import replace

from infra.gate import wording
from infra.gate.change import Hidden, Kind, PropertyChange
from infra.gate.verdict import LEVELS, Judged, Level, Verdict
from tests.gate import verdicts

LONG = "a-name-without-end" * 60
UNBROKEN = "x" * 1_000
RIGHT_TO_LEFT = "\u202eevil\u202c \u2067\u05e9\u05dc\u05d5\u05dd\u2069 مرحبا 漢字漢字漢字"
SCRIPT = "<script>alert(1)</script>"
IMAGE = "<img src=x onerror=alert(1)>"


def hostile() -> Verdict:
    """Return every attack of the reports' own tests, and names that are to break a layout."""
    verdict = verdicts.hostile()
    names = itertools.product((LONG, UNBROKEN, RIGHT_TO_LEFT, SCRIPT, IMAGE), LEVELS)
    judged = [_named(*name, kind) for name, kind in zip(names, itertools.cycle(wording.KINDS), strict=False)]
    blocked = [f"{SCRIPT}: {UNBROKEN}", RIGHT_TO_LEFT, *verdict.blocked]
    return replace(verdict, stack=f"{SCRIPT}{IMAGE}", blocked=blocked, judged=[*judged, *verdict.judged])


def _named(text: str, level: Level, kind: Kind) -> Judged:
    differs = [
        PropertyChange(text, "update", text, {text: [text, Hidden.SECRET]}),
        PropertyChange(f"{text}.gone", "delete", text, None, replaces=True),
    ]
    judged = verdicts.update(f"{text}-{level}", *differs, level=level, rule=text)
    return replace(judged, change=replace(judged.change, kind=kind))


REPORTS: Mapping[str, Verdict] = {
    "blocked": verdicts.small(),
    "passed": verdicts.passing(),
    "crowded": verdicts.large(2_000, 100),
    "hostile": hostile(),
}
