"""What an environment may cost in a month, and who is told when.

Owns the budget and its alerts. Leaves spending less to people: nothing is switched off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_aws import budgets

from infra.tags import tags

_KINDS = {"actual": "ACTUAL", "forecast": "FORECASTED"}


@dataclass(frozen=True, kw_only=True)
class BudgetAlert:
    """When a budget tells of itself.

    Args:
        percent: of the monthly limit.
        of: what was spent so far, or what AWS expects to the month's end.
    """

    percent: int
    of: Literal["actual", "forecast"] = "actual"


# Those of AWS's own template "Monthly cost budget" (AWS Budgets user guide).
DEFAULT_ALERTS = (BudgetAlert(percent=85), BudgetAlert(percent=100), BudgetAlert(percent=100, of="forecast"))


@dataclass(frozen=True, kw_only=True)
class BudgetArgs:
    """Arguments of `Budget`.

    Args:
        budget_name: unique in the account.
        monthly_usd: US dollars in a month (REQUIREMENTS, Cost tiers).
        environment: the value of the tag `environment` of what is counted.
        alarm_topic_arn: where alerts go.
        alerts: when; AWS allows ten.
        emails: who is told beside the topic; AWS allows ten.
    """

    budget_name: str
    monthly_usd: int
    environment: str
    alarm_topic_arn: pulumi.Input[str]
    alerts: Sequence[BudgetAlert] = DEFAULT_ALERTS
    emails: Sequence[str] = ()


class Budget(pulumi.ComponentResource):
    """Somebody is told before the month costs more than it may.

    AWS counts what carries the tag `environment` once that is activated as a cost allocation tag, in the account that
    pays: Billing, "Cost allocation tags". Until a day after, the budget counts nothing.
    """

    budget_name: pulumi.Output[str]
    """The budget's name."""

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:budget:Budget", name, None, opts)
        budget = budgets.Budget(
            f"{name}-month",
            name=args.budget_name,
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(args.monthly_usd),
            limit_unit="USD",
            cost_filters=[{"name": "TagKeyValue", "values": [f"user:environment${args.environment}"]}],
            notifications=[_notification(alert, args) for alert in args.alerts],
            tags=tags(f"{name}-month", "budget"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.budget_name = budget.name
        self.register_outputs({"budget_name": self.budget_name})


def _notification(alert: BudgetAlert, args: BudgetArgs) -> budgets.BudgetNotificationArgsDict:
    notification: budgets.BudgetNotificationArgsDict = {
        "comparison_operator": "GREATER_THAN",
        "notification_type": _KINDS[alert.of],
        "threshold": alert.percent,
        "threshold_type": "PERCENTAGE",
        "subscriber_sns_topic_arns": [args.alarm_topic_arn],
    }
    if args.emails:
        notification["subscriber_email_addresses"] = list(args.emails)
    return notification
