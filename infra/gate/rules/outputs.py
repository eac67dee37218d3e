"""What other stacks and people read of a stack.

Owns the stack's outputs. A document that cannot tell them (`Preview.tells_outputs`) has none that change.
"""

from collections.abc import Iterator

from infra.gate.rules.desired_secrets import form
from infra.gate.rules.properties import is_top, leaves, listed
from infra.gate.rules.rule import Found, rule
from infra.gate.rules.view import View

_STACK = "pulumi:pulumi:Stack"


@rule("dangerous")
def output_removed(view: View) -> Iterator[Found]:
    """An output of the stack is gone, which cells and restored stacks may read.

    Source: DESIGN 1 (a cell reads its environment through a StackReference)
    """
    for change in view.changes(_STACK, "outputs"):
        gone = [one.path for one in change.properties if one.kind == "delete" and is_top(one.path)]
        if gone:
            yield Found(change.urn, f"no longer told to other stacks: {listed(gone)}", gone[0])


@rule("forbidden")
def output_in_plain_text(view: View) -> Iterator[Found]:
    """An output has a secret in plain text, which everybody reads who may read the stack.

    Source: REQUIREMENTS, Secrets; Pulumi, Secrets
    """
    for change in view.changes(_STACK, "outputs", "create"):
        for one in change.properties:
            what = next((found for value in leaves(one.after) if (found := form(value))), "")
            if what:
                yield Found(change.urn, f"output {listed([one.path])} has {what}", one.path)


RULES = (output_removed, output_in_plain_text)
