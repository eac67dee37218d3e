"""Refuses a switch that would leave fewer pods to the traffic than it has.

Owns the comparison, which the engine asks for just before it changes the stable Service. Leaves to the release command
to raise the new slot's number first. A slot that leaves the settings in the update that switches is not compared with:
none of its objects is declared any more, so the engine knows nothing of its pods.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pulumi

from components.slot import SLOT_LABEL, Slot


class FewerPods(Exception):
    """A slot has fewer pods ready than the one that it would take over from; the text says how many."""


Comparison = Callable[[pulumi.ResourceHookArgs], Awaitable[None]]
"""Looks at what an update is about to do to a Service."""


def guard(service: str, pods: Mapping[Slot, pulumi.Input[int | None]]) -> pulumi.ResourceHook:
    """Return the hook for a stable Service that does the comparison, in previews too.

    Args:
        service: whose stable Service it is.
        pods: slot -> how many it has ready; None for what is not known.
    """
    options = pulumi.ResourceHookOptions(on_dry_run=True)
    return pulumi.ResourceHook(f"{service}-keeps-its-pods", comparison(service, pods), options)


def comparison(service: str, pods: Mapping[Slot, pulumi.Input[int | None]]) -> Comparison:
    """Return what raises `FewerPods` when the stable Service would move to a slot with fewer pods.

    The settings alone cannot tell: they do not say which slot serves now. The Service's own old inputs do, and the
    engine has them in a preview as in an update. A number that it does not know then refuses nothing.

    Args:
        service: whose stable Service it is.
        pods: slot -> how many it has ready; None for what is not known.
    """

    async def compare(args: pulumi.ResourceHookArgs) -> None:
        serving, coming = _selected(args.old_inputs), _selected(args.new_inputs)
        if serving == coming or serving not in pods or coming not in pods:
            return
        had, has = [await pulumi.Output.from_input(pods[slot]).future() for slot in (serving, coming)]
        if had is not None and has is not None and has < had:
            raise FewerPods(
                f"{service}-{coming} has fewer pods ready than {service}-{serving}, which serves ({has}, not {had}); "
                f"raise services.{service}.slots.{coming} (its floor, or replicas without autoscaling), and switch "
                "with --refresh once it has them"
            )

    return compare


def _selected(inputs: Mapping[str, Any] | None) -> Any:
    """Return the slot that a Service's inputs point to; None when they do to none."""
    spec = (inputs or {}).get("spec") or {}
    return (spec.get("selector") or {}).get(SLOT_LABEL)
