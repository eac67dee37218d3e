"""The stack files of this project: valid, and what they say of defaults is true."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from infra.settings import SETTINGS_KEY, checking
from infra.settings.loader import load, validate
from infra.settings.section import Section
from infra.settings.stack_file import StackFile, read, source_of, stacks

Place = tuple[str | int, ...]


def lines(file: StackFile) -> Iterator[tuple[str, Place]]:
    """Return each line that ends with a value, and the place of that value."""
    text = file.path.read_text(encoding="utf-8").splitlines()
    last = {file.line(("config", SETTINGS_KEY, *place)): place for place in leaves(file.settings)}
    return ((text[number - 1], place) for number, place in sorted(last.items()))


def leaves(node: object, place: Place = ()) -> Iterator[Place]:
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else None
    if children is None:
        yield place
    for part, child in children or ():
        yield from leaves(child, (*place, part))


def default_of(file: StackFile, place: Place) -> object:
    """Return the default of the setting at a place; `...` when it has none."""
    section: Any = validate(file.stack, file.settings)
    for part in place[:-1]:
        section = getattr(section, str(part)) if isinstance(section, Section) else section[part]
    if not isinstance(section, Section):
        return ...
    field = type(section).model_fields[str(place[-1])]
    return ... if field.is_required() else field.get_default(call_default_factory=True)


def written(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_every_stack_file_is_valid_and_goes_with_the_others() -> None:
    assert {str(fault) for faults in checking.check().values() for fault in faults} == set()


@pytest.mark.parametrize("stack", stacks())
def test_a_stack_declares_everything_itself(stack: str) -> None:
    settings = load(stack, read(source_of(stack)).settings, {})
    assert settings.declares_aws
    assert settings.redis.cache is not None


@pytest.mark.parametrize("stack", stacks())
@pytest.mark.parametrize("state", ["suspended", "offboarding"])
def test_each_stack_has_what_answers_for_tenants_that_are_closed(stack: str, state: str) -> None:
    closed = {"slug": "acme", "plan": "pro", "lifecycle": {"state": state}}
    settings = load(stack, {**read(source_of(stack)).settings, "tenants": [closed]}, {})
    assert settings.tenants[0].is_closed


def test_what_stack_files_call_a_default_is_one() -> None:
    told = 0
    for file in (read(source_of(stack)) for stack in stacks()):
        for line, place in lines(file):
            said = re.search(r" # ([\w-]+) by default", line)
            if said:
                told += 1
                assert said[1] == written(default_of(file, place)), (file.path.name, place)
    assert told >= 20
