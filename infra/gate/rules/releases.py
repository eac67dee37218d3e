"""Releases: slots that change, traffic that moves, and migrations.

Owns what happens to the slots of a service in one update. Leaves how many pods they have to `scaling`, and images that
are no digest to `desired_pods`.
"""

from collections.abc import Iterator, Mapping

from infra.gate.change import Change, Properties
from infra.gate.rules.properties import at, is_hidden, objects, text, told
from infra.gate.rules.rule import Found, rule
from infra.gate.rules.view import View
from infra.gate.rules.workloads import COMPONENT_LABEL, JOB, NAME_LABEL, Slot, containers, labels, pods, slots

_PHASE = "MIGRATION_PHASE"
_PHASES = ("expand", "contract")
_SERVING = ("active", "canary")


@rule("dangerous")
def both_slots_changed(view: View) -> Iterator[Found]:
    """Both slots of a service get other pods in one update, so that there is nothing to go back to.

    Source: DESIGN 6 (Blue/green); REQUIREMENTS, Releases (rollback)
    """
    for (_, service), found in slots(view).items():
        rolled = [slot for slot in found if slot.is_rolled and not view.leaves(slot.urn)]
        if len(rolled) > 1:
            words = " and ".join(f"{slot.slot} {_becomes(slot)}" for slot in sorted(rolled, key=lambda one: one.slot))
            yield Found(rolled[0].urn, f"{service}: {words}", "spec.template")


@rule("dangerous")
def active_slot_ends(view: View) -> Iterator[Found]:
    """The slot that takes a service's traffic is deleted or replaced.

    Source: DESIGN 6 (Blue/green); REQUIREMENTS, Releases (keep the old one for rollback)
    """
    for (_, service), found in slots(view).items():
        for slot in found:
            if slot.role_before == "active" and view.ends(slot.urn) and not view.leaves(slot.urn):
                yield Found(slot.urn, f"{service}: {slot.slot}, which takes its traffic, {_becomes(slot)}")


@rule("dangerous")
def traffic_to_unready_slot(view: View) -> Iterator[Found]:
    """Traffic moves to a slot that is not ready, has fewer pods than it takes over from, or changes in the same update.

    Source: DESIGN 6 (HPA and replicas); REQUIREMENTS, Releases (deploy, check, switch)
    """
    for (_, service), found in slots(view).items():
        serving = [slot for slot in found if slot.role_before in _SERVING]
        for slot in found:
            moves = slot.role_after in _SERVING and slot.role_before not in _SERVING
            promoted = slot.role_after == "active" and slot.role_before == "canary"
            others = [other for other in serving if other.slot != slot.slot]
            if (moves or promoted) and others:
                for why in _unready(slot, others, active=slot.role_after == "active"):
                    yield Found(slot.urn, f"{service}: traffic moves to {slot.slot}, {why}", "metadata.annotations")


@rule("dangerous")
def migration_without_phase(view: View) -> Iterator[Found]:
    """A migration does not say which phase it is, leaves out `expand`, or removes what an old slot still uses.

    Source: REQUIREMENTS, Releases (expand/contract)
    """
    for change in view.changes(JOB, "create", "replace"):
        if text(at(labels(JOB, change.after), COMPONENT_LABEL)) != "migration":
            continue
        phase, image = _phase(change.after)
        if phase not in _PHASES:
            yield Found(change.urn, f"the phase of the migration is {phase or 'not told'}", "spec.template")
        if phase == "contract":
            yield from _contracts(view, change, image)


@rule("notable")
def migration_left_out(view: View) -> Iterator[Found]:
    """A service with migrations gets another image, and none of them runs.

    Source: REQUIREMENTS, Releases (migrate, then deploy)
    """
    migrated: Mapping[str, object] = getattr(view.settings, "services", {})
    running = {
        text(at(labels(JOB, change.after), NAME_LABEL))
        for change in view.changes(JOB, "create", "replace")
        if text(at(labels(JOB, change.after), COMPONENT_LABEL)) == "migration"
    }
    for (_, service), found in slots(view).items():
        if service in running or getattr(migrated.get(service), "migration", None) is None:
            continue
        for slot in found:
            images = [_images(inputs) for inputs in (slot.before, slot.after)]
            if slot.change is not None and slot.after and images[0] != images[1]:
                yield Found(slot.urn, f"{service}: {slot.slot} gets another image, and no migration runs")


def _becomes(slot: Slot) -> str:
    kind = slot.change.kind if slot.change is not None else ""
    return {"delete": "is deleted", "replace": "is replaced"}.get(kind, "gets other pods")


def _unready(slot: Slot, others: list[Slot], *, active: bool) -> Iterator[str]:
    if slot.change is not None and slot.change.kind == "create":
        yield "which is made in this very update"
        return
    if slot.is_rolled:
        yield f"which {_becomes(slot)} in the same update"
    if slot.ready is None:
        yield "of whose pods none is known to be ready"
        return
    wanted = at(slot.before, "spec", "replicas")
    serving = max((other.ready or 0 for other in others), default=0)
    if slot.ready == 0:
        yield "of whose pods none is ready"
    elif active and slot.ready < serving:
        yield f"which has {slot.ready} pods ready, where {serving} serve now"
    elif isinstance(wanted, int | float) and slot.ready < wanted and serving == 0:
        yield f"of whose {told(wanted)} pods {slot.ready} are ready"


def _phase(inputs: Properties) -> tuple[str, str]:
    """Return the phase and the image of a migration; what cannot be seen as the words for it."""
    for container in containers(pods(JOB, inputs)):
        for variable in objects(container.get("env")):
            if variable.get("name") == _PHASE:
                value = variable.get("value")
                return told(value) if is_hidden(value) else text(value), told(container.get("image"))
        return "", told(container.get("image"))
    return "", ""


def _contracts(view: View, change: Change, image: str) -> Iterator[Found]:
    service = text(at(labels(JOB, change.after), NAME_LABEL))
    found = [slot for (_, name), one in slots(view).items() if name == service for slot in one]
    expanded = _phase(change.before) in (("expand", image), ("contract", image))
    if not expanded and any(slot.before for slot in found):
        yield Found(change.urn, "contracts for an image that nothing tells to have expanded", "spec.template")
    if len(found) > 1 or any(slot.is_rolled for slot in found):
        reason = f"contracts while {service} has another slot, or its pods change in the same update"
        yield Found(change.urn, reason, "spec.template")


def _images(inputs: Properties) -> list[str]:
    return [told(container.get("image")) for container in containers(at(inputs, "spec", "template", "spec"))]


RULES = (both_slots_changed, active_slot_ends, traffic_to_unready_slot, migration_without_phase, migration_left_out)
