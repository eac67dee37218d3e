"""Examples of budgets."""

from tests.plugins.aws.world import ACCOUNT, Example, World


def alert(percent: int, *addresses: str) -> dict[str, object]:
    """Return a notification of what was spent."""
    return {
        "comparisonOperator": "GREATER_THAN",
        "notificationType": "ACTUAL",
        "threshold": percent,
        "thresholdType": "PERCENTAGE",
        "subscriberEmailAddresses": list(addresses),
    }


def budget(world: World) -> dict[str, object]:
    """Return the inputs of a budget."""
    return {
        "name": world.name("month"),
        "budgetType": "COST",
        "timeUnit": "MONTHLY",
        "limitAmount": "400",
        "limitUnit": "USD",
        "costFilters": [{"name": "TagKeyValue", "values": ["user:environment$production"]}],
        "notifications": [
            alert(85, "finance@example.com"),
            {
                "comparisonOperator": "GREATER_THAN",
                "notificationType": "FORECASTED",
                "threshold": 100,
                "thresholdType": "PERCENTAGE",
                "subscriberSnsTopicArns": [f"arn:aws:sns:eu-west-1:{ACCOUNT}:alarms"],
            },
        ],
        "tags": {"owner": "shop"},
    }


def _raise(world: World, it: str) -> None:
    account, _, name = it.partition(":")
    new = {
        "BudgetName": name,
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": "9000", "Unit": "USD"},
        "CostFilters": {"TagKeyValue": ["user:environment$production"]},
    }
    world.client("budgets").update_budget(AccountId=account, NewBudget=new)


EXAMPLES: tuple[Example, ...] = (
    Example(
        token="aws:budgets/budget:Budget",
        inputs=budget,
        change={
            "limitAmount": "500",
            "notifications": [alert(85, "finance@example.com", "lead@example.com"), alert(100, "lead@example.com")],
            "tags": {"owner": "platform"},
        },
        replacement={"name": "other"},
        drift=_raise,
        drifted=frozenset({"limitAmount"}),
    ),
)
