"""Creations of networks that no engine lived to record."""

import pytest

from tests.plugins.aws.examples import launch_templates, routing, security_groups
from tests.plugins.aws.world import Example, World


@pytest.mark.parametrize(
    "example",
    [*routing.EXAMPLES, *security_groups.EXAMPLES, *launch_templates.EXAMPLES],
    ids=lambda example: example.token.rpartition(":")[2],
)
def test_a_creation_that_no_engine_recorded_is_found_again(world: World, example: Example) -> None:
    inputs, name = example.inputs(world), world.name("lost")
    lost = world.object(example.token, name).create(**inputs)
    found = world.object(example.token, name).create(**inputs)
    assert found.id == lost.id
    assert found.refresh() == set()
    assert found.changes(**inputs) == {}
    found.delete()
    assert (found.refresh() == {"gone"}) is not example.stays
