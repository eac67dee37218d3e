"""What others say of a preview: policy packs of the user's, and the price table.

Owns how bad it is. Leaves their words to them, and the estimate to `infra.gate.cost`.
"""

from collections.abc import Iterator

from infra.gate.rules.properties import shortened
from infra.gate.rules.rule import Found, rule
from infra.gate.rules.view import View


@rule("dangerous")
def policy_enforced(view: View) -> Iterator[Found]:
    """A policy pack enforces a policy that a resource, or the stack, violates.

    `pulumi preview --json` does not tell of it; the engine's events do.

    Source: Pulumi's documentation, policy as code, enforcement level `mandatory`.
    """
    yield from _violations(view, mandatory=True)


@rule("notable")
def policy_advised(view: View) -> Iterator[Found]:
    """A policy pack advises against a resource, or the stack, as it is.

    Source: Pulumi's documentation, policy as code, enforcement level `advisory`.
    """
    yield from _violations(view, mandatory=False)


@rule("dangerous")
def budget(view: View) -> Iterator[Found]:
    """The stack would cost more than its budget allows, by the estimate from the dated price table.

    Source: REQUIREMENTS, costs; `budget.monthly_usd` of the stack.
    """
    cost = view.cost
    if cost is not None and cost.budget is not None and cost.after > cost.budget:
        over = f"{cost.after - cost.budget:,.2f} USD over the budget of {cost.budget:,.2f} USD"
        yield Found(view.stack_urn, f"{cost.after:,.2f} USD a month, estimated: {over}")


def _violations(view: View, *, mandatory: bool) -> Iterator[Found]:
    for one in view.preview.violations:
        if one.mandatory == mandatory:
            yield Found(one.urn or view.stack_urn, f"{shortened(one.policy)}: {shortened(one.message)}")


RULES = (policy_enforced, policy_advised, budget)
