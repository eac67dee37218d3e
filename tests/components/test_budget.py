"""The budget: what it counts, and who is told when."""

from typing import Any

from components.budget import Budget, BudgetAlert, BudgetArgs
from tests.harness import Graph, graph_of

TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"


def budget(**changes: Any) -> Graph:
    args = BudgetArgs(budget_name="shop", monthly_usd=1500, environment="production", alarm_topic_arn=TOPIC, **changes)

    def declare() -> dict[str, Any]:
        return {"name": Budget("budget", args).budget_name}

    return graph_of(declare)


def test_it_counts_what_the_environment_costs_in_a_month() -> None:
    graph = budget()
    found = graph.named("budget-month")
    assert (found.plain("budgetType"), found.plain("timeUnit")) == ("COST", "MONTHLY")
    assert (found.plain("limitAmount"), found.plain("limitUnit")) == ("1500", "USD")
    assert found.plain("costFilters") == [{"name": "TagKeyValue", "values": ["user:environment$production"]}]
    assert graph.exports["name"] == "shop"


def test_the_topic_is_told_at_85_and_100_percent_and_when_100_are_expected() -> None:
    told = budget().named("budget-month").plain("notifications")
    assert [(one["notificationType"], one["threshold"]) for one in told] == [
        ("ACTUAL", 85),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]
    for one in told:
        assert (one["comparisonOperator"], one["thresholdType"]) == ("GREATER_THAN", "PERCENTAGE")
        assert one["subscriberSnsTopicArns"] == [TOPIC]
        assert "subscriberEmailAddresses" not in one


def test_other_alerts_and_addresses_can_be_given() -> None:
    graph = budget(alerts=[BudgetAlert(percent=50)], emails=["finance@example.com"])
    (told,) = graph.named("budget-month").plain("notifications")
    assert told["threshold"] == 50
    assert told["subscriberEmailAddresses"] == ["finance@example.com"]
