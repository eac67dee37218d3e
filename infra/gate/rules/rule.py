"""What a rule is, and how a function becomes one.

Owns the words. Leaves the rules to the modules beside it, one for each subject, and their collection to `table`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from infra.gate.rules.view import View
from infra.gate.verdict import Finding, Level

_SOURCE = "Source: "


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule's function found; the rule adds its name and its level.

    Args:
        urn: of the resource; the stack's where it is about all of it.
        reason: one line in a reviewer's words, without a secret.
        path: the property it is about; empty for the whole resource.
    """

    urn: str
    reason: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that the gate looks for.

    Args:
        name: in reports, waivers and settings, as `stateful-delete`.
        level: of all its findings.
        source: who asks for it: a section of REQUIREMENTS or DESIGN, AWS, Kubernetes, or a number of CIS.
        title: one line that says what it looks for.
        find: looks.
    """

    name: str
    level: Level
    source: str
    title: str
    find: Callable[[View], Iterator[Finding]]


Search = Callable[[View], Iterator[Found]]
"""The function of a rule."""


def rule(level: Level) -> Callable[[Search], Rule]:
    """Return a decorator that makes a rule of a function.

    The function's name, with dashes, is the rule's; its docstring's first line is the title, and the line that begins
    with `Source: ` names the source.

    Args:
        level: of all its findings.
    """

    def made(search: Search) -> Rule:
        name = search.__name__.replace("_", "-")
        lines = [line.strip() for line in (search.__doc__ or "").strip().splitlines()]
        source = next((line.removeprefix(_SOURCE) for line in lines if line.startswith(_SOURCE)), "")
        assert lines[0], f"{name} has no title in its docstring"
        assert source, f"{name} has no source in its docstring"

        def find(view: View) -> Iterator[Finding]:
            for one in search(view):
                yield Finding(rule=name, level=level, urn=one.urn, reason=one.reason, path=one.path)

        return Rule(name=name, level=level, source=source, title=lines[0], find=find)

    return made
