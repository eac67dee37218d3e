"""Trails of CloudTrail. The simulated one records nothing: no file ever comes to its bucket."""

from typing import Any

from infra.sandbox.plugins.aws import translation
from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.tagging import Tagging, Tags, changes
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_LONGEST_NAME = 128  # CreateTrail's reference
_OF_A_TRAIL = frozenset(
    {
        "cloudWatchLogsGroupArn",
        "cloudWatchLogsRoleArn",
        "enableLogFileValidation",
        "includeGlobalServiceEvents",
        "isMultiRegionTrail",
        "isOrganizationTrail",
        "kmsKeyId",
        "name",
        "s3BucketName",
        "s3KeyPrefix",
        "snsTopicName",
    }
)
_COMPARED = ("endsWiths", "notEndsWiths", "notStartsWiths", "startsWiths")


class TrailTagging(Tagging):
    """A trail's tags are listed as those of one resource among several, and removed with their values."""

    def update(self, client: Any, subject: str, old: Tags, new: Tags) -> None:
        """Make the tags `new` where they were `old`."""
        gone, changed = changes(old, new)
        if gone:
            client.remove_tags(ResourceId=subject, TagsList=self._written({key: old[key] for key in gone}))
        if changed:
            client.add_tags(ResourceId=subject, TagsList=self._written(changed))


class Trail(Kind):
    """A trail; its id is its ARN. What it records and whether it does are said by calls of their own."""

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Say what it records, and begin."""
        self._select(cloud, region, id, inputs)
        if inputs.get("enableLogging", True):
            cloud.client(self.service, region).start_logging(Name=id)

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties, with what it records and whether it does."""
        trails = cloud.client(self.service, region)
        selected = trails.get_event_selectors(TrailName=id)
        told = super().told(cloud, region, id, {**selected, **answer})
        told.pop("insightSelectors", None)
        return {
            **{name: value for name, value in told.items() if value not in ("", [])},
            "arn": id,
            "enableLogging": trails.get_trail_status(Name=id)["IsLogging"],
            "homeRegion": id.split(":")[3],
            "snsTopicArn": answer.get("SnsTopicARN") or "",
        }

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Change what differs; what is left out is taken away."""
        trails = cloud.client(self.service, region)
        changed = {
            name: "" if new.get(name) is None else new[name]
            for name in _OF_A_TRAIL - {"name"}
            if old.get(name) != new.get(name)
        }
        if changed:
            shape = trails.meta.service_model.operation_model("UpdateTrail").input_shape
            trails.update_trail(**translation.request(shape, changed, self.names), Name=id)
        if any(old.get(name) != new.get(name) for name in ("advancedEventSelectors", "eventSelectors")):
            self._select(cloud, region, id, new)
        if old.get("enableLogging", True) != new.get("enableLogging", True):
            switch = trails.start_logging if new.get("enableLogging", True) else trails.stop_logging
            switch(Name=id)

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what CloudTrail refuses, and what is not here."""
        if inputs.get("insightSelectors"):
            return [("insightSelectors", "is not in the offline plugin")]
        if inputs.get("isMultiRegionTrail") and not inputs.get("includeGlobalServiceEvents", True):
            return [("includeGlobalServiceEvents", "must be true for a trail of all regions")]
        if bool(inputs.get("cloudWatchLogsGroupArn")) != bool(inputs.get("cloudWatchLogsRoleArn")):
            return [("cloudWatchLogsRoleArn", "and cloudWatchLogsGroupArn must be given together")]
        if inputs.get("eventSelectors") and inputs.get("advancedEventSelectors"):
            return [("eventSelectors", "cannot be given together with advancedEventSelectors")]
        return []

    def _select(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        trails = cloud.client(self.service, region)
        said = {name: inputs[name] for name in ("advancedEventSelectors", "eventSelectors") if inputs.get(name)}
        if said:
            shape = trails.meta.service_model.operation_model("PutEventSelectors").input_shape
            trails.put_event_selectors(TrailName=id, **translation.request(shape, said, self.names))


_COMPARISONS = {f"advancedEventSelectors.fieldSelectors.{name}": name.removesuffix("s") for name in _COMPARED}

KINDS: tuple[Kind, ...] = (
    Trail(
        token="aws:cloudtrail/trail:Trail",
        noun="CloudTrail Trail",
        service="cloudtrail",
        schema="AWS::CloudTrail::Trail",
        identifier="TrailARN",
        creating=Call(method="create_trail", sends=_OF_A_TRAIL),
        reading=Call(method="get_trail", subject="Name", result="Trail"),
        deleting=Call(method="delete_trail", subject="Name"),
        tagging=TrailTagging(
            parameter="TagsList",
            listing="list_tags",
            found="ResourceTagList[0].TagsList",
            subject="ResourceIdList",
            by="id",
            plural=True,
        ),
        names={
            "cloudWatchLogsGroupArn": "CloudWatchLogsLogGroupArn",
            "enableLogFileValidation": "EnableLogFileValidation",
            **_COMPARISONS,
        },
        schema_names={
            "name": "TrailName",
            "enableLogging": "IsLogging",
            "cloudWatchLogsGroupArn": "CloudWatchLogsLogGroupArn",
            **{
                path: f"AdvancedEventSelectors/FieldSelectors/{name[0].upper()}{name[1:]}"
                for path, name in _COMPARISONS.items()
            },
        },
        defaults={
            "enableLogFileValidation": False,
            "enableLogging": True,
            "includeGlobalServiceEvents": True,
            "isMultiRegionTrail": False,
            "isOrganizationTrail": False,
        },
        automatic={"name": _LONGEST_NAME},
        limits={"name": {"pattern": "^[A-Za-z0-9]([._-]?[A-Za-z0-9])*$"}},  # the API reference of CreateTrail
        same_place=frozenset({"name"}),
    ),
)
"""The entries."""
