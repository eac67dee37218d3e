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
    for events in (9, 20):
        kill(applied, events)
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


def test_a_plugin_that_is_killed_gives_one_clear_error_and_the_next_update_completes(applied: Stack) -> None:
    for package in ("kubernetes", "postgresql"):
        applied.configure(other)
        with update(applied) as broken:
            broken.reach(4)
            plugin(applied, package).kill()
            result = broken.result()
        assert result.code != 0
        assert f"pulumi-resource-{package} exited prematurely" in result.text
        assert "Traceback" not in result.text
        applied.up()
    assert_nothing_survives(applied)
    assert_consistent(applied)


def test_an_update_that_is_interrupted_ends_in_order_and_the_next_completes_without_cancel(applied: Stack) -> None:
    applied.configure(other)
    with update(applied) as interrupted:
        result = interrupted.reach(6).interrupt()
    assert result.code != 0
    assert "^C received; cancelling" in result.text
    assert "Traceback" not in result.text
    assert_nothing_survives(applied)
    applied.up()
    assert_consistent(applied)
