"""Budgets of an account.

AWS measures what was spent; the simulated Budgets spends nothing and alerts nobody.
"""

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from infra.sandbox.plugins.aws import translation
from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.tagging import Tagging
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_LONGEST_NAME = 100  # the API reference, Budget
_MOST_NOTIFICATIONS = 10  # the API reference, CreateBudget
_MOST_ADDRESSES = 10  # of e-mail, the API reference, Subscriber
_MOMENT = "%Y-%m-%d_%H:%M"  # as the official plugin writes it
_NOT_HERE = ("autoAdjustData", "billingViewArn", "filterExpression", "metrics", "plannedLimits")
_SAID = ("comparisonOperator", "notificationType", "threshold", "thresholdType")
_EMAIL, _SNS = "subscriberEmailAddresses", "subscriberSnsTopicArns"


class Budget(Kind):
    """A budget with its notifications; its id is `ACCOUNT:NAME`."""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it with its notifications."""
        account = str(inputs.get("accountId") or cloud.client("sts", region).get_caller_identity()["Account"])
        cloud.client(self.service, region).create_budget(
            AccountId=account,
            Budget=self._budget(cloud, region, inputs),
            NotificationsWithSubscribers=[
                {"Notification": said, "Subscribers": told} for said, told in _notifications(inputs)
            ],
            **(self.tagging.creation(tags) if self.tagging else {}),
        )
        return f"{account}:{inputs['name']}"

    def read(self, cloud: Cloud, region: str, id: str, known: Properties) -> dict[str, Value] | None:
        """Return its properties, or None when it is gone."""
        return super().read(cloud, region, id, {**known, **self.imported(id)})

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties, with who is told of what."""
        told = super().told(cloud, region, id, answer)
        account, _, name = id.partition(":")
        limit, period = answer.get("BudgetLimit") or {}, answer.get("TimePeriod") or {}
        filters = answer.get("CostFilters") or {}
        return {
            **told,
            **self.imported(id),
            "arn": f"arn:aws:budgets::{account}:budget/{name}",
            "limitAmount": limit.get("Amount"),
            "limitUnit": limit.get("Unit"),
            "timePeriodStart": _written(period.get("Start")),
            "timePeriodEnd": _written(period.get("End")),
            "costFilters": [{"name": key, "values": list(values)} for key, values in sorted(filters.items())],
            "notifications": list(_told(cloud.client(self.service, region), account, name)),
        }

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Put the new budget in place of the old, and change who is told of what."""
        budgets = cloud.client(self.service, region)
        account, _, name = id.partition(":")
        budgets.update_budget(AccountId=account, NewBudget=self._budget(cloud, region, new))
        before, after = list(_notifications(old)), list(_notifications(new))
        for said, told in before:
            if (said, told) not in after:
                budgets.delete_notification(AccountId=account, BudgetName=name, Notification=said)
        for said, told in after:
            if (said, told) not in before:
                budgets.create_notification(AccountId=account, BudgetName=name, Notification=said, Subscribers=told)

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it; does nothing when it is gone."""
        super().delete(cloud, region, id, {**known, **self.imported(id)})

    def imported(self, id: str) -> dict[str, Value]:
        """Return the account and the name that the id tells."""
        account, _, name = id.partition(":")
        return {"accountId": account, "name": name}

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what Budgets refuses, and what is not here."""
        wrong = [(name, "is not in the offline plugin; use limitAmount and costFilters") for name in inputs]
        wrong = [(name, text) for name, text in wrong if name in _NOT_HERE]
        if "limitAmount" not in inputs and "plannedLimits" not in inputs:
            wrong.append(("limitAmount", "is required"))
        notifications = inputs.get("notifications") or ()
        if len(notifications) > _MOST_NOTIFICATIONS:
            wrong.append(("notifications", f"must be {_MOST_NOTIFICATIONS} or fewer"))
        for number, one in enumerate(notifications):
            addresses, topics = one.get(_EMAIL) or (), one.get(_SNS) or ()
            if not addresses and not topics:
                wrong.append((f"notifications[{number}]", f"needs somebody to tell: {_EMAIL} or {_SNS}"))
            if len(addresses) > _MOST_ADDRESSES or len(topics) > 1:
                wrong.append((f"notifications[{number}]", f"has {_MOST_ADDRESSES} addresses and one topic at most"))
        return wrong

    def _budget(self, cloud: Cloud, region: str, inputs: Properties) -> dict[str, Any]:
        shape = self.creating.shape(cloud.client(self.service, region))
        said = {name: value for name, value in inputs.items() if name in ("budgetType", "costTypes", "timeUnit")}
        period = {"Start": inputs.get("timePeriodStart"), "End": inputs.get("timePeriodEnd")}
        moments = {name: _read(str(text)) for name, text in period.items() if text}
        filters = {one["name"]: list(one["values"]) for one in inputs.get("costFilters") or ()}
        return {
            **translation.request(shape.members["Budget"], said, self.names),  # type: ignore[union-attr]  # takes one
            "BudgetName": inputs["name"],
            "BudgetLimit": {"Amount": str(inputs["limitAmount"]), "Unit": str(inputs.get("limitUnit") or "USD")},
            **({"CostFilters": filters} if filters else {}),
            **({"TimePeriod": moments} if moments else {}),
        }


def _notifications(inputs: Properties) -> Iterator[tuple[dict[str, Any], list[dict[str, str]]]]:
    """Yield what is told, and to whom."""
    for one in inputs.get("notifications") or ():
        said = {name[0].upper() + name[1:]: one[name] for name in _SAID if name in one}
        told = [{"SubscriptionType": "EMAIL", "Address": address} for address in one.get(_EMAIL) or ()]
        told += [{"SubscriptionType": "SNS", "Address": topic} for topic in one.get(_SNS) or ()]
        yield {**said, "Threshold": float(said["Threshold"])}, told


def _told(budgets: Any, account: str, name: str) -> Iterator[dict[str, Value]]:
    named = {"AccountId": account, "BudgetName": name}
    for found in budgets.describe_notifications_for_budget(**named).get("Notifications") or ():
        said = {key: value for key, value in found.items() if key != "NotificationState"}
        answer = budgets.describe_subscribers_for_notification(**named, Notification=said)
        by_type: dict[str, list[Value]] = {"EMAIL": [], "SNS": []}
        for subscriber in answer["Subscribers"]:
            by_type[subscriber["SubscriptionType"]].append(subscriber["Address"])
        told = {_EMAIL: by_type["EMAIL"], _SNS: by_type["SNS"]}
        yield {
            **{key[0].lower() + key[1:]: value for key, value in said.items()},
            **{key: addresses for key, addresses in told.items() if addresses},
        }


def _read(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, _MOMENT).replace(tzinfo=datetime.UTC)


def _written(moment: datetime.datetime | None) -> str | None:
    return moment.astimezone(datetime.UTC).strftime(_MOMENT) if moment else None


KINDS: tuple[Kind, ...] = (
    Budget(
        token="aws:budgets/budget:Budget",
        noun="Budget",
        service="budgets",
        schema="AWS::Budgets::Budget",
        identifier="=name",
        creating=Call(method="create_budget"),
        reading=Call(method="describe_budget", also={"AccountId": "accountId", "BudgetName": "name"}, result="Budget"),
        deleting=Call(method="delete_budget", also={"AccountId": "accountId", "BudgetName": "name"}),
        tagging=Tagging(
            parameter="ResourceTags",
            listing="list_tags_for_resource",
            found="ResourceTags",
            tag="tag_resource",
            untag="untag_resource",
            tags="ResourceTags",
            keys="ResourceTagKeys",
            subject="ResourceARN",
        ),
        schema_names={
            "": "Budget",
            "name": "Budget/BudgetName",
            "limitUnit": "Budget/BudgetLimit/Unit",
            "notifications": "NotificationsWithSubscribers",
            **{
                f"notifications.{name}": f"NotificationsWithSubscribers/Notification/{name[0].upper()}{name[1:]}"
                for name in _SAID
            },
        },
        unchecked={
            "accountId": "the schema does not have it",
            "costFilters": "the schema has a map",
            "limitAmount": "the schema has it as a number",
            "namePrefix": "the official plugin's own",
            f"notifications.{_EMAIL}": "the schema has a list of subscribers",
            f"notifications.{_SNS}": "the schema has a list of subscribers",
            "timePeriodEnd": "the schema has it in seconds",
            "timePeriodStart": "the schema has it in seconds",
            **dict.fromkeys(_NOT_HERE, "refused: not in the offline plugin"),
        },
        defaults={"timePeriodEnd": "2087-06-15_00:00"},
        computed=frozenset({"accountId", "costFilters", "costTypes", "limitUnit", "timePeriodStart"}),
        replace=frozenset({"accountId", "name"}),
        in_place=frozenset({"notifications"}),
        automatic={"name": _LONGEST_NAME},
        sets=frozenset({"costFilters", "notifications"}),
        same_place=frozenset({"accountId", "name"}),
    ),
)
"""The entries."""
