"""What a case of the corpus is: what is changed of what there is, and what must be said of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.gate.corpus.declaring import Program

Change = Callable[[Program], None]
Settings = dict[str, Any]


NEWER = "4.99.0"
"""A version of the plugin of random values that is newer than the one that is installed."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One preview.

    Args:
        name: of its recording.
        change: makes of the base what is declared now.
        fires: all rules that find something, of whatever level.
        silent: rules that this is a near miss of.
        settings: makes of the settings that there are those of the stack.
        saved: whether the document that the CLI saves is recorded as well.
        fails: whether the engine refuses, so that there is nothing to judge.
        real: whether it is of the real program, the settings of whose stack `local` are changed, and not of the base.
        policed: whether the policies of `analyzer` are asked.
    """

    name: str
    change: Change
    fires: Sequence[str] = ()
    silent: Sequence[str] = ()
    settings: Callable[[Settings], None] | None = None
    saved: bool = False
    fails: bool = False
    real: bool = False
    policed: bool = False


def put(name: str, *path: str | int, to: Any) -> Change:
    """Return the change of one property; it is taken out where that is None."""
    return lambda program: program.set(name, *path, to=to)


def without(*names: str) -> Change:
    """Return the change that declares some resources no longer."""
    return lambda program: program.remove(*names)


def optional(name: str, **options: Any) -> Change:
    """Return the change of a resource's options."""
    return lambda program: program.option(name, **options)


def added(token: str, name: str, inputs: Mapping[str, Any], **options: Any) -> Change:
    """Return the change that declares one more resource."""
    return lambda program: program.add(token, name, dict(inputs), **options)


def together(*changes: Change) -> Change:
    """Return several changes as one."""

    def change(program: Program) -> None:
        for one in changes:
            one(program)

    return change
