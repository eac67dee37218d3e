"""Every resource type from its creation to its end, as the engine asks for it."""

import pytest

from infra.sandbox.plugins.aws.kinds import KINDS
from infra.sandbox.plugins.properties import DEFAULTS
from infra.sandbox.plugins.values import reveal
from tests.plugins.aws.examples import EXAMPLES
from tests.plugins.aws.world import Example, World
from tests.plugins.client import Object


def test_every_type_has_an_example() -> None:
    assert {example.token for example in EXAMPLES} == set(KINDS)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.token.rpartition(":")[2])
def test_a_resource_lives_from_creation_to_deletion(world: World, example: Example) -> None:
    inputs = example.inputs(world)
    thing = world.object(example.token)
    assert thing.preview(**inputs), "a preview promises outputs"
    thing.create(**inputs)
    assert thing.id
    assert thing.changes(**inputs) == {}, "what has just been made is as wanted"
    assert thing.refresh() == set(), "AWS's own words for it are no drift"
    assert thing.changes(**inputs) == {}
    if example.change:
        inputs = {**inputs, **example.change}
        assert not thing.diff(**inputs).replaces
        assert thing.changes(**inputs)
        thing.update(**inputs)
        assert thing.refresh() == set(), "a change in place really happens"
        assert thing.changes(**inputs) == {}
    if example.replacement:
        assert thing.diff(**{**inputs, **example.replacement}).replaces
    if example.drift:
        example.drift(world, thing.id)
        assert example.drifted <= thing.refresh()
        assert thing.changes(**inputs)
        thing.update(**inputs)
        assert thing.refresh() == set()
    _import(world, example, thing, inputs)
    thing.delete()
    assert (thing.refresh() == {"gone"}) is not example.stays
    thing.delete()


def _import(world: World, example: Example, thing: Object, inputs: dict[str, object]) -> None:
    """What an import finds is what the program says, as far as AWS tells it, under the id that its creation gave."""
    taken = world.object(example.token).take(thing.id if example.import_id is None else example.import_id(thing))
    assert (taken.id == thing.id) is not example.moves
    imported = taken.id
    assert taken.refresh() == set()
    assert taken.id == imported
    told = {name for name in inputs if name not in example.unimported and name != DEFAULTS}
    found = {name: reveal(taken.inputs).get(name) for name in told}
    assert found.keys() == told
    assert not {path.partition("[")[0].partition(".")[0] for path in taken.changes(**inputs)} & told
