"""Log groups, alarms, and the topics that alarms go to."""

from collections.abc import Mapping
from typing import Any

from infra.sandbox.plugins.aws import translation
from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.kinds import sns
from infra.sandbox.plugins.aws.kinds.log_groups import LOG_GROUP
from infra.sandbox.plugins.aws.kinds.metric_filters import METRIC_FILTER
from infra.sandbox.plugins.aws.tagging import Tagging
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_LONGEST_NAME = 255  # PutMetricAlarm's reference
_OF_A_QUERY = ("period", "stat", "unit")  # what Pulumi has in a query's metric and AWS beside it


class MetricAlarm(Kind):
    """An alarm, which is put as a whole; its id is its name."""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Put it; like CloudWatch and the official plugin, in place of one that is there."""
        return super().create(cloud, region, _nested(inputs), tags)

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties."""
        queries = [{**query, **_flat(query.get("MetricStat"))} for query in answer.get("Metrics", ())]
        return super().told(cloud, region, id, {**answer, "Metrics": queries})

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Put the new alarm in place of the old."""
        del id, old
        client = cloud.client(self.service, region)
        said = {name: value for name, value in _nested(new).items() if name not in ("tags", "region")}
        self.creating.make(client, new, translation.request(self.creating.shape(client), said, self.names))

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what CloudWatch cannot watch."""
        if not any(name in inputs for name in ("metricName", "metricQueries", "evaluationCriteria")):
            return [("metricName", "is required unless metricQueries or evaluationCriteria is given")]
        if "metricName" in inputs and "metricQueries" in inputs:
            return [("metricName", "cannot be given together with metricQueries")]
        if "metricName" in inputs and ("statistic" in inputs) == ("extendedStatistic" in inputs):
            return [("statistic", "must be given, or else extendedStatistic, and not both")]
        return []


def _nested(inputs: Properties) -> Properties:
    """Return inputs whose queries are nested as AWS has them."""
    if not inputs.get("metricQueries"):
        return inputs
    queries = []
    for query in inputs["metricQueries"]:
        metric = query.get("metric")
        beside = {name: metric[name] for name in _OF_A_QUERY if name in metric} if metric else {}
        queries.append({**query, "metric": {**beside, "metric": metric}} if metric else query)
    return {**inputs, "metricQueries": queries}


def _flat(stat: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the metric of a query as Pulumi has it, under AWS's name."""
    return {"MetricStat": {**stat["Metric"], **stat}} if stat else {}


KINDS: tuple[Kind, ...] = (
    LOG_GROUP,
    METRIC_FILTER,
    MetricAlarm(
        token="aws:cloudwatch/metricAlarm:MetricAlarm",
        noun="CloudWatch Alarm",
        service="cloudwatch",
        schema="AWS::CloudWatch::Alarm",
        identifier="=name",
        creating=Call(method="put_metric_alarm"),
        reading=Call(method="describe_alarms", subject="AlarmNames[]", result="MetricAlarms[0]"),
        deleting=Call(method="delete_alarms", subject="AlarmNames[]"),
        tagging=Tagging(
            listing="list_tags_for_resource", tag="tag_resource", untag="untag_resource", subject="ResourceARN"
        ),
        names={
            "name": "AlarmName",
            "arn": "AlarmArn",
            "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
            "metricQueries": "Metrics",
            "metricQueries.metric": "MetricStat",
        },
        schema_names={
            "name": "AlarmName",
            "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
            "metricQueries": "Metrics",
            "metricQueries.metric": "Metrics/MetricStat",
            "metricQueries.metric.dimensions": "Metrics/MetricStat/Metric/Dimensions",
            "metricQueries.metric.metricName": "Metrics/MetricStat/Metric/MetricName",
            "metricQueries.metric.namespace": "Metrics/MetricStat/Metric/Namespace",
        },
        defaults={"actionsEnabled": True, "treatMissingData": "missing"},
        computed=frozenset({"evaluateLowSampleCountPercentiles"}),
        automatic={"name": _LONGEST_NAME},
        same_place=frozenset({"name"}),
    ),
    *sns.KINDS,
)
