"""Budgets beyond moto: changes, who is told, tags, and a beginning that a replay in another month does not move."""

import json
from typing import Any

from moto.budgets import urls
from moto.budgets.exceptions import DuplicateRecordException, NotFoundException
from moto.budgets.models import Budget, Notification
from moto.budgets.responses import BudgetsResponse
from moto.core.utils import unix_time, utcnow
from moto.utilities.tagging_service import TaggingService

_END = 3706473600  # 2087-06-15, which AWS takes when none is given


class Additions(BudgetsResponse):
    """moto's Budgets with the rest."""

    def create_budget(self) -> str:
        """As moto, with the month it is now and its tags."""
        budget = self._get_param("Budget")
        budget.setdefault("TimePeriod", {})
        beginning = utcnow().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        budget["TimePeriod"] = {"Start": unix_time(beginning), "End": _END, **budget["TimePeriod"]}
        answer = super().create_budget()
        self._tags().tag_resource(self._arn(budget["BudgetName"]), self._get_param("ResourceTags") or [])
        return answer

    def describe_budgets(self) -> str:
        """Tell the budgets of who asks, whatever account is named: nobody sees another's."""
        return json.dumps({"Budgets": self.backend.describe_budgets(self.current_account)})

    def update_budget(self) -> str:
        """Put the new budget in place of the old; who is told stays."""
        new = self._get_param("NewBudget")
        found = self._budget(new["BudgetName"])
        found.budget = {
            "TimePeriod": found.budget["TimePeriod"],
            **{key: found.budget[key] for key in ("CostTypes",) if key in found.budget},
            **new,
            "LastUpdatedTime": unix_time(),
        }
        return json.dumps({})

    def delete_budget(self) -> str:
        """As moto, with its tags."""
        answer = super().delete_budget()
        self._tags().delete_all_tags_for_resource(self._arn(self._get_param("BudgetName")))
        return answer

    def create_notification(self) -> str:
        """As moto, unless there is one already."""
        said, name = self._get_param("Notification"), self._get_param("BudgetName")
        if any(one.details == said for one in self._budget(name).notifications):
            raise DuplicateRecordException(record_type="notification", record_name=name)
        return super().create_notification()

    def describe_subscribers_for_notification(self) -> str:
        """Tell who is told of one thing."""
        said = self._get_param("Notification")
        for one in self._budget(self._get_param("BudgetName")).notifications:
            if _same(one, said):
                return json.dumps({"Subscribers": one.subscribers})
        raise NotFoundException("Unable to find notification")

    def tag_resource(self) -> str:
        """Set some tags."""
        self._tags().tag_resource(self._get_param("ResourceARN"), self._get_param("ResourceTags"))
        return json.dumps({})

    def untag_resource(self) -> str:
        """Remove some tags."""
        self._tags().untag_resource_using_names(self._get_param("ResourceARN"), self._get_param("ResourceTagKeys"))
        return json.dumps({})

    def list_tags_for_resource(self) -> str:
        """Tell the tags."""
        found = self._tags().list_tags_for_resource(self._get_param("ResourceARN"))
        return json.dumps({"ResourceTags": found["Tags"]})

    def _budget(self, name: str) -> Budget:
        account = self._get_param("AccountId")
        self.backend.describe_budget(account, name)  # which refuses one that is not there
        return self.backend.budgets[account][name]

    def _arn(self, name: str) -> str:
        return f"arn:{self.partition}:budgets::{self._get_param('AccountId')}:budget/{name}"

    def _tags(self) -> TaggingService:
        """Return the tags, which are kept in moto's backend."""
        if not hasattr(self.backend, "tenantry_tags"):
            vars(self.backend)["tenantry_tags"] = TaggingService()
        tags: TaggingService = vars(self.backend)["tenantry_tags"]
        return tags


def _same(one: Notification, said: dict[str, Any]) -> bool:
    return {**one.details, "NotificationState": None} == {**said, "NotificationState": None}


def install() -> None:
    """Let moto's Budgets answer with the additions; doing it again changes nothing."""
    urls.url_paths.update(dict.fromkeys(urls.url_paths, Additions.dispatch))
