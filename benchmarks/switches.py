"""Twenty switches of a service in a row, watched from outside: `python -m benchmarks.switches`.

The promises are those of issue 6: traffic never meets fewer ready endpoints than the active slot has, nor both slots at
once, and a switch to pods that are ready adds 3 s at most to an update that has nothing to do. It runs on a control
plane of its own, whose pods are simulated, and which is deleted at the end. The seconds are those of the sandbox, whose
plugin compares endpoints with pods; the official one waits 10 s and more for each Service's endpoints to settle.
"""

import os
import statistics

from benchmarks.rows import Row, timed
from infra.sandbox import lifecycle
from infra.sandbox.control_plane.control_plane import ControlPlane
from tests.engine.conftest import make_stack
from tests.engine.endpoints import EndpointWatch
from tests.engine.stack import Settings, Stack

_SWITCHES = 20
_UNCHANGED = 3  # updates with nothing to do; their median counts
_ADDED = 3.0  # seconds
_REPLICAS = 3  # of each slot
_SERVICE = "storefront"
_COMMAND = "python -m benchmarks.switches"
_IMAGE = "registry.tenantry.invalid/storefront@sha256:"


def measure(switches: int = _SWITCHES) -> list[Row]:
    """Return what was seen of endpoints, and how long a switch took.

    Args:
        switches: how many in a row.
    """
    name = f"bench-switches-{os.getpid()}"
    try:
        return _measure(make_stack(name), switches)
    finally:
        lifecycle.down(name, lambda _line: None, delete=True)


def _measure(stack: Stack, switches: int) -> list[Row]:
    stack.configure(_both_slots)
    stack.up()
    unchanged = statistics.median(timed(stack.up)[0] for _ in range(_UNCHANGED))
    api = ControlPlane(stack.workspace.instance).api()
    try:
        with EndpointWatch(api, _SERVICE) as watch:
            times = [_switched(stack, number) for number in range(switches)]
    finally:
        api.close()
    assert len({slot for state in watch.states for slot in state}) == 2, "both slots had traffic"
    switched = statistics.median(times)
    added = switched - unchanged
    what = f"{switches} switches of a service in a row"
    return [
        Row(
            f"{what}: its ready endpoints, at the fewest",
            str(watch.fewest),
            f"{_REPLICAS}",
            _COMMAND,
            kept=watch.fewest >= _REPLICAS,
        ),
        Row(f"{what}: times that both slots had traffic", str(watch.mixed), "0", _COMMAND, kept=watch.mixed == 0),
        Row(
            f"a switch to ready pods in the sandbox, median of {switches}, beside an update with nothing to do",
            f"{switched:.1f} s, {added:+.1f} s",
            f"+{_ADDED:.0f} s",
            _COMMAND,
            kept=added <= _ADDED,
        ),
    ]


def _both_slots(settings: Settings) -> None:
    service = settings["services"][_SERVICE]
    service["active"] = "blue"
    service["slots"] = {
        slot: {"image": _IMAGE + digit * 64, "replicas": _REPLICAS} for slot, digit in (("blue", "1"), ("green", "2"))
    }


def _switched(stack: Stack, number: int) -> float:
    """Return how long the update took, in seconds, that moved traffic to the other slot."""
    active = ("green", "blue")[number % 2]

    def activate(settings: Settings) -> None:
        settings["services"][_SERVICE]["active"] = active

    stack.configure(activate)
    return timed(stack.up)[0]


if __name__ == "__main__":
    for row in measure():
        print(*row.cells(), sep="\t")  # noqa: T201
