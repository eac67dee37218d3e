"""What tests of wrong settings share: how a value is changed, what is said then, and the words of several tables."""

import copy
from collections.abc import Iterable
from typing import Any

import pytest

from infra.settings.loader import SettingsError, load
from tests.examples import ENVIRONMENT

Change = tuple[str, object]
"""A path in settings, as `put` has it, and the value to put there."""

ROOT = "tenantry:settings"
SECTION = "must be a section: keys with values, indented below it"
QUOTES = "put it in quotes; without them YAML reads a number"
SLUG = "lower-case letters, digits and dashes; begins with a letter, ends without a dash"
AWS_NAME = "lower-case letters, digits and single dashes between them; begins with a letter"
CIDR = "an IPv4 network in CIDR notation, as `10.20.0.0/16`, without bits beyond its length"
MOMENT = "a moment in UTC, to the second, as `2026-11-01T00:00:00Z`"
LOG_DAYS = (
    "not allowed; take one of: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, "
    "2922, 3288, 3653"
)
NOWHERE = "made in AWS, where this stack declares nothing; remove it"


def put(raw: dict[str, Any], path: str, value: object) -> None:
    """Put a value into settings.

    Args:
        raw: settings as a stack file holds them.
        path: keys, and positions in lists, joined by dots.
        value: copied; `...` removes what is there.
    """
    *parents, last = path.split(".")
    target: Any = raw
    for part in parents:
        target = target[int(part) if part.isdigit() else part]
    if value is ...:
        del target[last]
    else:
        target[last] = copy.deepcopy(value)


def with_changes(raw: dict[str, Any], changes: Iterable[Change]) -> dict[str, Any]:
    """Return settings in which each of these values was put at its path, one after the other."""
    for path, value in changes:
        put(raw, path, value)
    return raw


def problems_of(raw: object, environment: dict[str, str] = ENVIRONMENT) -> tuple[str, ...]:
    """Return what the loader says of wrong settings, a line each."""
    with pytest.raises(SettingsError) as caught:
        load("example", raw, environment)
    return caught.value.problems
