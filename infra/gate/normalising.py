"""The engine's steps, made into changes: one a resource, in one order, whatever order they were told in.

Owns which steps of one resource go together, what they mean, and whether they agree with the engine's own count. Leaves
which properties differ to `infra.gate.differences`.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from infra.gate.change import Change, FailedPreview, Kind, Preview, Properties, PropertyChange, Resource, Violation
from infra.gate.differences import between, of_step, whole
from infra.gate.digest import canonical
from infra.gate.steps import STACK, State, Step, is_default_provider, stack_and_project, type_of

_FINAL = ("replace", "create", "update", "delete", "import", "read", "discard", "same")
"""Of one resource at most one of these is told; the first alone may come with an import, as what is imported may have
to be replaced at once."""

_BEGINNINGS = frozenset({"create-replacement", "import-replacement", "read-replacement"})
_ENDINGS = frozenset({"delete-replaced", "discard-replaced"})
_UNCOUNTED = _BEGINNINGS | _ENDINGS | {"remove-pending-replace", "refresh"}
"""Half replacements and refreshes: the engine counts none of them (`Logical` of each step, pkg/resource/deploy)."""


@dataclass
class Told:
    """All that a document tells.

    Args:
        steps: in any order.
        gone: URNs of what a refresh did not find any more.
        read: URN -> what was read from the cloud.
        outputs_before: the stack's outputs in its state; None where the document cannot tell.
        outputs_after: the stack's outputs as the program leaves them.
        counts: operation -> how many, as the engine counts.
        whole: whether steps that change nothing are told as well.
        violations: of policies.
        warnings: of the engine and the program.
    """

    steps: list[Step] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    read: dict[str, Properties] = field(default_factory=dict)
    outputs_before: Properties | None = None
    outputs_after: Properties | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    whole: bool = False
    violations: set[Violation] = field(default_factory=set)
    warnings: set[str] = field(default_factory=set)


def preview_of(told: Told) -> Preview:
    """Make changes of steps.

    Args:
        told: all that a document tells.

    Raises:
        FailedPreview: the steps contradict each other or the engine's count, or belong to more than one stack.
    """
    stack, project = _origin(told.steps)
    _check_counts(told)
    by_resource: dict[str, list[Step]] = defaultdict(list)
    for step in told.steps:
        by_resource[step.urn].append(step)
    changes: list[Change] = []
    resources: dict[str, Resource] = {}
    unchanged: Counter[str] = Counter()
    for urn in sorted(by_resource):
        steps = by_resource[urn]
        change = _change(urn, steps, told)
        if change:
            changes.append(change)
        if there := _resource(urn, steps):
            resources[urn] = there
        if not is_default_provider(urn):
            unchanged[f"{_final(urn, steps)}: {change.kind if change else 'same'}"] += 1
    same = unchanged["same: same"]
    if not told.whole:
        same = told.counts.get("same", 0) - sum(unchanged[f"same: {kind}"] for kind in ("options", "replace"))
    return Preview(
        stack,
        project,
        tuple(changes),
        resources,
        same + unchanged["read: same"],
        tuple(sorted(told.violations, key=lambda one: (one.urn, one.policy, one.message))),
        tuple(sorted(told.warnings)),
        tells_outputs=told.outputs_before is not None,
    )


def _origin(steps: Sequence[Step]) -> tuple[str, str]:
    found = {stack_and_project(step.urn) for step in steps}
    if not found:
        raise FailedPreview("it tells of no resource, not even of the stack itself")
    if len(found) > 1:
        raise FailedPreview(
            f"its resources are of several stacks: {', '.join(sorted('/'.join(one) for one in found)[:3])}"
        )
    return found.pop()


def _check_counts(told: Told) -> None:
    """Hold the engine's count against the steps.

    Compared is every operation that the engine counts. It counts no half of a replacement, no refresh, no step of a
    provider that it made by itself, and of what the program reads only what has changed. A saved document tells no
    resource that stays: at most as many as are counted.
    """
    counted = Counter(
        step.operation for step in told.steps if step.operation not in _UNCOUNTED and not is_default_provider(step.urn)
    )
    for operation in sorted({*counted, *told.counts}):
        engine, here = told.counts.get(operation, 0), counted[operation]
        fits = (
            engine <= here
            if operation == "read"
            else engine >= here
            if operation == "same" and not told.whole
            else engine == here
        )
        if not fits:
            raise FailedPreview(
                f"it is not whole: the engine counts {engine} resources to {operation}, and the steps tell of {here}"
            )


def _final(urn: str, steps: Sequence[Step]) -> str:
    """Return the operation that decides, of several on one resource; empty where only halves are told.

    Raises:
        FailedPreview: they contradict each other.
    """
    told = Counter(step.operation for step in steps)
    final = [operation for operation in _FINAL if told[operation]]
    twice = any(told[operation] > 1 for operation in (*_FINAL, *_BEGINNINGS))
    if twice or (len(final) > 1 and final != ["replace", "import"]):
        raise FailedPreview(f"its steps of {urn} contradict each other: {', '.join(sorted(told.elements()))}")
    begun = [operation for operation in _BEGINNINGS if told[operation]]
    if len(begun) > 1 or (begun and "replace" not in final):
        raise FailedPreview(f"its steps of {urn} are half a replacement: {', '.join(sorted(told.elements()))}")
    return final[0] if final else ""


def _change(urn: str, steps: Sequence[Step], told: Told) -> Change | None:
    """Return what becomes of one resource; None where it stays."""
    final = _final(urn, steps)
    by_operation = {step.operation: step for step in steps}
    endings = sorted((step for step in steps if step.operation in _ENDINGS), key=_instance)
    if not final and not endings:
        return _after_refresh(steps, told)
    step = by_operation.get(final) or endings[0]
    if final == "same":
        kind = _of_what_stays(step, told)
    elif final == "read":
        kind = "read" if _reads_anew(step, told) else None
    else:
        kind = _KINDS[final]
    if endings and final != "delete":
        kind = _of_leftovers(final, endings)
    return _made(kind, step, endings, told) if kind else None


_KINDS: Mapping[str, Kind] = {
    "replace": "replace",
    "create": "create",
    "update": "update",
    "delete": "delete",
    "import": "import",
    "discard": "forget",
    "": "delete",
}


def _of_what_stays(step: Step, told: Told) -> Kind | None:
    assert step.old
    assert step.new
    if step.there.type == STACK and between(told.outputs_before or {}, told.outputs_after or {}):
        return "outputs"
    return "options" if _of_options(step.old, step.new) else None


def _of_options(old: State, new: State) -> Sequence[PropertyChange]:
    """Return what differs of what the engine itself does with a resource: whether it protects it, and who makes it.

    Another provider is no update where the resource's properties stay, as with another version of the SDK.
    """
    found = []
    if old.protected != new.protected:
        found.append(PropertyChange("protect", "update", old.protected, new.protected))
    if old.provider and new.provider and old.provider != new.provider:
        found.append(PropertyChange("provider", "update", old.provider, new.provider))
    return found


def _of_leftovers(final: str, endings: Sequence[Step]) -> Kind:
    """Return what it is that a former instance of a resource ends, which an interrupted replacement left, or a half.

    Where there is an instance afterwards, the replacement is brought to its end: as bad as one that is begun.
    """
    if final in {"replace", "create", "update", "import", "read", "same"}:
        return "replace"
    return "delete" if any(step.operation == "delete-replaced" for step in endings) else "forget"


def _reads_anew(step: Step, told: Told) -> bool:
    """Whether what the program reads is new, or not what it was."""
    if step.old is None or between(step.old.inputs, step.there.inputs):
        return True
    after = told.read.get(step.urn)
    return after is not None and bool(between(step.old.outputs, after))


def _after_refresh(steps: Sequence[Step], told: Told) -> Change | None:
    """Return what a resource that is only refreshed, or only dropped from the state, comes to."""
    dropped = [step for step in steps if step.operation == "remove-pending-replace" or step.urn in told.gone]
    return _made("forget", min(dropped, key=_instance), (), told) if dropped else None


def _instance(step: Step) -> tuple[bool, bytes]:
    """Return what orders the instances of one resource, whatever order they are told in: the one in use comes first."""
    state = step.old or step.there
    return state.condemned, canonical(state.inputs)


def _made(kind: Kind, step: Step, endings: Sequence[Step], told: Told) -> Change:
    old = (endings[0].old if endings else None) if step.operation in {"create", "same"} and endings else step.old
    new = None if kind in {"delete", "forget"} else step.new
    before, after = (old.inputs if old else {}), (new.inputs if new else {})
    if kind == "outputs":
        before, after = told.outputs_before or {}, told.outputs_after or {}
    return Change(
        urn=step.urn,
        type=type_of(step.urn),
        kind=kind,
        properties=_properties(kind, step, told),
        before=before,
        after=after,
        outputs=old.outputs if old else {},
        parent=(new or step.there).parent,
        protected_before=bool(old and old.protected),
        protected_after=bool(new and new.protected),
        provider_before=old.provider if old else "",
        provider_after=new.provider if new else "",
        retained=(old or step.there).retained,
        deletes_first=kind == "replace" and _deletes_first(step, endings),
    )


def _deletes_first(step: Step, endings: Sequence[Step]) -> bool:
    """Whether the old one ends first: the engine condemns it before, where its replacement begins before it ends."""
    if step.operation != "replace":
        return False
    return not any(one.old and one.old.condemned for one in (step, *endings))


def _properties(kind: Kind, step: Step, told: Told) -> Sequence[PropertyChange]:
    if kind == "outputs":
        return between(told.outputs_before or {}, told.outputs_after or {})
    if kind == "options":
        assert step.old
        assert step.new
        return tuple(_of_options(step.old, step.new))
    if kind in {"delete", "forget"} or step.new is None:
        return whole(step.old.inputs if step.old else {}, "delete")
    if step.old is None:
        outputs = told.outputs_after if step.new.type == STACK else None
        return whole(outputs if outputs is not None else step.new.inputs, "add")
    return of_step(step) if step.operation != "same" else ()


def _resource(urn: str, steps: Sequence[Step]) -> Resource | None:
    """Return a resource as it will be; None where it will not."""
    by_operation = {step.operation: step for step in steps}
    for operation in _FINAL:
        step = by_operation.get(operation)
        if step and step.new and operation not in {"delete", "discard"}:
            outputs = step.old.outputs if step.old else {}
            return Resource(urn, type_of(urn), step.new.inputs, outputs, step.new.parent, step.new.protected)
    return None
