"""Killing the engine, or a plugin, in mid-update: the next update completes, with nothing lost and nothing twice."""

from tests.engine.change import larger, other, small_again, switched
from tests.engine.consistency import assert_consistent
from tests.engine.interruption import assert_nothing_survives, plugin, update
from tests.engine.stack import Stack


def kill(stack: Stack, events: int) -> None:
    """Start an update, kill -9 its engine when `events` operations have started or finished, and unlock the stack.

    Nothing waits for the engine's plugins: what they still do is a part of what the next update must cope with.
    """
    with update(stack) as killed:
        killed.reach(events).kill()
    stack.pulumi("cancel", "--yes")


def test_a_first_update_that_is_killed_four_times_is_completed_by_the_next(battered: Stack) -> None:
    if battered.resources():
        battered.pulumi("destroy", "--yes", "--skip-preview")
    for events in (3, 16, 24, 32):
        kill(battered, events)
    battered.up()
    assert_nothing_survives(battered)
    assert_consistent(battered)


def test_updates_that_are_killed_while_they_create_update_and_delete_are_completed_by_the_next(applied: Stack) -> None:
    applied.configure(larger)
    kill(applied, 20)
    applied.configure(switched)
    for events in (15, 1):
        kill(applied, events)
    applied.up()
    assert_nothing_survives(applied)
    assert_consistent(applied)

    applied.configure(small_again)
    for events in (10, 20):
        kill(applied, events)
    applied.up()
    assert_nothing_survives(applied)
    assert_consistent(applied)


def test_updates_that_lose_a_plugin_or_are_interrupted_say_so_once_and_the_next_completes(applied: Stack) -> None:
    for package, change in (("kubernetes", other), ("postgresql", larger)):
        applied.configure(change)
        with update(applied) as broken:
            broken.reach(4)
            plugin(applied, package).kill()
            result = broken.result()
        assert result.code != 0
        assert f"pulumi-resource-{package} exited prematurely" in result.text
        assert "Traceback" not in result.text

    with update(applied) as interrupted:  # and without `cancel`: none of them leaves the stack locked
        result = interrupted.reach(6).interrupt()
    assert result.code != 0
    assert "^C received; cancelling" in result.text
    assert "Traceback" not in result.text
    assert_nothing_survives(applied)
    applied.up()
    assert_consistent(applied)
