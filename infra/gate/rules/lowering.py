"""Properties that must not get weaker, compared by tables.

Owns what weaker means of a switch, a number, a choice and a list, and the words of it. Leaves which properties those
are to the rules. A value that cannot be seen afterwards counts as the weakest.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from infra.gate.change import Change, Properties, Value
from infra.gate.rules.properties import at, differs, dotted, is_hidden, is_on, number, texts, told
from infra.gate.rules.rule import Found
from infra.gate.rules.view import View


@dataclass(frozen=True, slots=True)
class Order:
    """What is weaker than what.

    Args:
        weaker: says whether a value, the second, is weaker than what was before, the first; neither is hidden.
        worst: than which nothing is weaker; what a value counts as that cannot be seen.
    """

    weaker: Callable[[Value, Value], bool]
    worst: Value


def _falls(before: Value, after: Value) -> bool:
    old, new = number(before), number(after)
    return old is not None and (new is None or new < old)


def _rises(before: Value, after: Value) -> bool:
    old, new = number(before), number(after)
    return new is not None and (old is None or new > old)


SWITCHED_OFF = Order(lambda before, after: is_on(before) and not is_on(after), worst=False)
SWITCHED_ON = Order(lambda before, after: not is_on(before) and is_on(after), worst=True)
LOWERED = Order(_falls, worst=0)
RAISED = Order(_rises, worst=float("inf"))
REMOVED = Order(lambda before, after: bool(before) and not after, worst=None)
FEWER = Order(lambda before, after: bool(set(texts(before)) - set(texts(after))), worst=())


def ranked(*names: str) -> Order:
    """Return the order of a choice.

    Args:
        names: what it can be, from the weakest; anything else is weaker still.
    """
    places = {name: place for place, name in enumerate(names)}
    return Order(lambda before, after: places.get(str(before), -1) > places.get(str(after), -1), worst=None)


@dataclass(frozen=True, slots=True)
class Guard:
    """A property that must not get weaker.

    Args:
        type: the type token that it is of, or what that begins with.
        keys: where it is in the inputs.
        what: its name in a sentence, as `deletion protection`.
        order: what weaker means.
        default: what it is where the inputs do not say.
    """

    type: str
    keys: Sequence[str | int]
    what: str
    order: Order
    default: Value = None


def lowered(view: View, guards: Sequence[Guard]) -> Iterator[Found]:
    """Return what gets weaker in this update, of resources that there are before and afterwards.

    Args:
        view: the preview.
        guards: what must not.
    """
    for guard in guards:
        for change in view.changes(guard.type, "update", "replace"):
            before, after = (_value(inputs, guard) for inputs in (change.before, change.after))
            reason = weakened(change, guard, before, after)
            if reason is not None:
                yield Found(change.urn, reason, dotted(guard.keys))


def weakened(change: Change, guard: Guard, before: Value, after: Value) -> str | None:
    """Return why a property is weaker than before; None where it is not.

    Args:
        change: of its resource.
        guard: the property.
        before: as it is.
        after: as it will be.
    """
    worst = guard.order.worst
    if is_hidden(after):
        lowerable = is_hidden(before) or guard.order.weaker(before, worst)
        if not lowerable or (before == after and not differs(change, *guard.keys)):
            return None
        return f"{guard.what} cannot be seen in this preview: {told(before)} -> {told(after)}"
    # Of what was hidden before, no more can be said than whether it could still get weaker.
    weaker = not guard.order.weaker(after, worst) if is_hidden(before) else guard.order.weaker(before, after)
    return f"{guard.what}: {told(before)} -> {told(after)}" if weaker else None


def _value(inputs: Properties, guard: Guard) -> Value:
    found = at(inputs, *guard.keys)
    return guard.default if found is None else found
