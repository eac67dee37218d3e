"""Amazon Managed Service for Prometheus: workspaces, what collects into them, their rules and their alert managers.

The simulated service keeps all of it, collects nothing and evaluates no rule.
"""

from collections.abc import Mapping
from typing import Any

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.tagging import EKS
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_LONGEST_NAME = 64  # CreateRuleGroupsNamespace's reference
_CONFIGURATION = "scrapeConfiguration"
_OF_PLUGIN = "the official plugin's own"
_NOT_HERE = "is not in the offline plugin"


class Workspace(Kind):
    """A workspace; its id is the service's."""

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what is not here."""
        return [("loggingConfiguration", _NOT_HERE)] if inputs.get("loggingConfiguration") else []


class Scraper(Kind):
    """A collector; its id is the service's. What it is configured with is a text here and bytes there."""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it."""
        return super().create(cloud, region, _nested(inputs), tags)

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties."""
        text = _text(answer[_CONFIGURATION]["configurationBlob"])
        return super().told(cloud, region, id, {**answer, _CONFIGURATION: text})

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Change what differs."""
        super().update(cloud, region, id, _nested(old), _nested(new))

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what the service does not take, and what is not here."""
        wrong = [
            (name, "needs exactly one of its blocks") for name in ("source", "destination") if not _is_one(inputs, name)
        ]
        return [*wrong, *([("exporter", _NOT_HERE)] if inputs.get("exporter") else [])]


class RuleGroupNamespace(Kind):
    """A rules file; its id is its ARN, which names the workspace."""

    def imported(self, id: str) -> dict[str, Value]:
        """Return workspace and name of an ARN."""
        *_, workspace, name = id.split("/")
        return {"workspaceId": workspace, "name": name}

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties."""
        told = super().told(cloud, region, id, {**answer, "data": _text(answer["data"])})
        return {**told, **self.imported(id)}


class AlertManagerDefinition(Kind):
    """A workspace's alert manager; its id is the workspace's."""

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties."""
        return {"definition": _text(answer["data"]), "workspaceId": id}


def _nested(inputs: Properties) -> Properties:
    if _CONFIGURATION not in inputs:
        return inputs
    return {**inputs, _CONFIGURATION: {"configurationBlob": inputs[_CONFIGURATION]}}


def _is_one(inputs: Properties, name: str) -> bool:
    return sum(bool(block) for block in (inputs.get(name) or {}).values()) == 1


def _text(blob: Any) -> str:
    return blob.decode() if isinstance(blob, bytes) else str(blob)


_IN_PLACE = frozenset({"alias", "destination", "roleConfiguration", _CONFIGURATION})
_RULES = {"workspaceId": "workspaceId", "name": "name"}

KINDS: tuple[Kind, ...] = (
    Workspace(
        token="aws:amp/workspace:Workspace",
        noun="AMP Workspace",
        service="amp",
        schema="AWS::APS::Workspace",
        identifier="workspaceId",
        creating=Call(method="create_workspace"),
        reading=Call(method="describe_workspace", subject="workspaceId", result="workspace"),
        changing=(Call(method="update_workspace_alias", subject="workspaceId", sends=frozenset({"alias"})),),
        deleting=Call(method="delete_workspace", subject="workspaceId"),
        tagging=EKS,
    ),
    Scraper(
        token="aws:amp/scraper:Scraper",
        noun="AMP Scraper",
        service="amp",
        schema="AWS::APS::Scraper",
        identifier="scraperId",
        creating=Call(method="create_scraper"),
        reading=Call(method="describe_scraper", subject="scraperId", result="scraper"),
        changing=(Call(method="update_scraper", subject="scraperId", sends=_IN_PLACE),),
        deleting=Call(method="delete_scraper", subject="scraperId"),
        tagging=EKS,
        names={
            "destination.amp": "ampConfiguration",
            "destination.cloudwatch": "cloudWatchConfiguration",
            "exporter": "",
            "source.eks": "eksConfiguration",
            "source.vpc": "vpcConfiguration",
            "timeouts": "",
        },
        schema_names={
            "destination.amp": "Destination/AmpConfiguration",
            "destination.cloudwatch": "Destination/CloudWatchConfiguration",
            _CONFIGURATION: "ScrapeConfiguration/ConfigurationBlob",
            "source.eks": "Source/EksConfiguration",
            "source.vpc": "Source/VpcConfiguration",
        },
        unchecked={"exporter": "the schema does not have it", "timeouts": _OF_PLUGIN},
        write_only=frozenset({"timeouts"}),
    ),
    RuleGroupNamespace(
        token="aws:amp/ruleGroupNamespace:RuleGroupNamespace",
        noun="AMP Rule Group Namespace",
        service="amp",
        schema="AWS::APS::RuleGroupsNamespace",
        identifier="arn",
        creating=Call(method="create_rule_groups_namespace"),
        reading=Call(method="describe_rule_groups_namespace", also=_RULES, result="ruleGroupsNamespace"),
        changing=(Call(method="put_rule_groups_namespace", also=_RULES, sends=frozenset({"data"})),),
        deleting=Call(method="delete_rule_groups_namespace", also=_RULES),
        tagging=EKS,
        unchecked={"workspaceId": "the schema has the workspace's ARN"},
        replace=frozenset({"workspaceId"}),
        automatic={"name": _LONGEST_NAME},
        same_place=frozenset(_RULES),
    ),
    AlertManagerDefinition(
        token="aws:amp/alertManagerDefinition:AlertManagerDefinition",
        noun="AMP Alert Manager Definition",
        service="amp",
        schema="AWS::APS::Workspace",
        identifier="=workspaceId",
        creating=Call(method="create_alert_manager_definition"),
        reading=Call(
            method="describe_alert_manager_definition", subject="workspaceId", result="alertManagerDefinition"
        ),
        changing=(Call(method="put_alert_manager_definition", subject="workspaceId", sends=frozenset({"definition"})),),
        deleting=Call(method="delete_alert_manager_definition", subject="workspaceId"),
        names={"definition": "data"},
        schema_names={"definition": "AlertManagerDefinition", "workspaceId": "WorkspaceId"},
        replace=frozenset({"workspaceId"}),
        same_place=frozenset({"workspaceId"}),
    ),
)
"""The entries."""
