"""CloudWatch's metric filters: what is counted in a log group."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_LONGEST_NAME = 512  # PutMetricFilter's reference
_NAMES = {
    "defaultValue": "defaultValue",
    "dimensions": "dimensions",
    "name": "metricName",
    "namespace": "metricNamespace",
    "unit": "unit",
    "value": "metricValue",
}


@dataclass(frozen=True, kw_only=True)
class _OfThisName(Call):
    """A call that lists by the beginning of a name."""

    def make(self, client: Any, known: Properties, parameters: Mapping[str, Any]) -> Any:
        """Return the filter of exactly that name, or None."""
        found = super().make(client, known, parameters)
        return next((one for one in found if one["filterName"] == known["name"]), None)


class MetricFilter(Kind):
    """A metric filter, which is put as a whole; its id is its name, for an import `LOG_GROUP:NAME`.

    The simulated CloudWatch counts nothing.
    """

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: object) -> str:
        """Put it; like CloudWatch, in place of one that is there."""
        del tags
        self._put(cloud, region, inputs)
        return str(inputs["name"])

    def read(self, cloud: Cloud, region: str, id: str, known: Properties) -> dict[str, Value] | None:
        """Return its properties, or None when it is gone."""
        return super().read(cloud, region, id, {"name": id, **known, **self.imported(id)})

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties."""
        del cloud, region, id
        (transformation,) = answer["metricTransformations"]
        told = {name: transformation[aws] for name, aws in _NAMES.items() if transformation.get(aws) is not None}
        if "defaultValue" in told:
            told["defaultValue"] = f"{float(told['defaultValue']):g}"
        return {
            "name": answer["filterName"],
            "pattern": answer.get("filterPattern", ""),
            "logGroupName": answer["logGroupName"],
            "metricTransformation": told,
        }

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Put the new filter in place of the old."""
        del id, old
        self._put(cloud, region, new)

    def imported(self, id: str) -> dict[str, Value]:
        """Return the log group and the name that the id of an import tells."""
        group, separator, name = id.rpartition(":")
        return {"logGroupName": group, "name": name} if separator else {}

    def lasting_id(self, id: str, properties: Properties) -> str:
        """Return its name."""
        del id
        return str(properties["name"])

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what CloudWatch does not take together."""
        transformation = inputs["metricTransformation"]
        if "defaultValue" in transformation and transformation.get("dimensions"):
            return [("metricTransformation.defaultValue", "cannot be given together with dimensions")]
        return []

    def _put(self, cloud: Cloud, region: str, inputs: Properties) -> None:
        said = inputs["metricTransformation"]
        sent = {aws: said[name] for name, aws in _NAMES.items() if said.get(name) is not None}
        if "defaultValue" in sent:
            sent["defaultValue"] = float(sent["defaultValue"])
        cloud.client(self.service, region).put_metric_filter(
            logGroupName=inputs["logGroupName"],
            filterName=inputs["name"],
            filterPattern=inputs["pattern"],
            metricTransformations=[sent],
        )


METRIC_FILTER = MetricFilter(
    token="aws:cloudwatch/logMetricFilter:LogMetricFilter",
    noun="CloudWatch Log Metric Filter",
    service="logs",
    schema="AWS::Logs::MetricFilter",
    identifier="=name",
    creating=Call(method="put_metric_filter"),
    reading=_OfThisName(
        method="describe_metric_filters",
        also={"logGroupName": "logGroupName", "filterNamePrefix": "name"},
        result="metricFilters",
    ),
    deleting=Call(method="delete_metric_filter", also={"logGroupName": "logGroupName", "filterName": "name"}),
    schema_names={
        "name": "FilterName",
        "pattern": "FilterPattern",
        "metricTransformation": "MetricTransformations",
        "metricTransformation.name": "MetricTransformations/MetricName",
        "metricTransformation.namespace": "MetricTransformations/MetricNamespace",
        "metricTransformation.value": "MetricTransformations/MetricValue",
    },
    unchecked={
        "metricTransformation.defaultValue": "the schema has it as a number",
        "metricTransformation.dimensions": "the schema has a list of pairs",
    },
    computed=frozenset({"applyOnTransformedLogs"}),
    automatic={"name": _LONGEST_NAME},
    same_place=frozenset({"logGroupName", "name"}),
)
"""The entry, for `observability`."""
