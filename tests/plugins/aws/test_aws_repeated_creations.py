"""Creations asked for again, because the engine died before it could write down what it had made."""

import pytest

from tests.plugins.aws.examples import EXAMPLES
from tests.plugins.aws.world import Example, World


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.token.rpartition(":")[2])
def test_what_was_made_and_not_written_down_is_found_and_made_as_wanted_now(world: World, example: Example) -> None:
    inputs = example.inputs(world)
    name = world.name("again")
    made = world.object(example.token, name).create(**inputs)
    assert world.object(example.token, name).create(**inputs).id == made.id
    now = {**inputs, **example.change}
    found = world.object(example.token, name).create(**now)
    assert found.id == made.id
    assert found.refresh() == set(), "it is what the program says now"
    assert found.changes(**now) == {}
    found.delete()
    assert (found.refresh() == {"gone"}) is not example.stays
