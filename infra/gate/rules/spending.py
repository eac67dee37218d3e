"""What a stack may cost.

Owns how bad more than that is. Leaves the estimate to `infra.gate.cost`, and the budget to the settings.
"""

from collections.abc import Iterator

from infra.gate.rules.rule import Found, rule
from infra.gate.rules.view import View


@rule("dangerous")
def budget(view: View) -> Iterator[Found]:
    """A change makes the stack cost more, and more than its budget, by the estimate from the dated price table.

    What is over its budget already is not kept from any other change: reports say what it costs.

    Source: REQUIREMENTS, costs; `budget.monthly_usd` of the stack
    """
    cost = view.cost
    if cost is not None and cost.budget is not None and cost.after > max(cost.before, cost.budget):
        over = f"{cost.after - cost.budget:,.2f} USD over the budget of {cost.budget:,.2f} USD"
        yield Found(view.stack_urn, f"{cost.after:,.2f} USD a month, estimated: {over}")


RULES = (budget,)
