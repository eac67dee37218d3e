"""Parameter groups, which RDS and ElastiCache have alike: parameters are set and reset by calls of their own."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Kind
from infra.sandbox.plugins.properties import Table
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_AT_ONCE = 20  # parameters a call, the limit of both services
_METHOD = "immediate"  # Terraform's default; RDS tells it for every parameter


class _Calls(NamedTuple):
    group: str
    parameters: str
    describe: str
    modify: str
    reset: str


_CALLS = {
    "rds": _Calls(
        "DBParameterGroupName",
        "Parameters",
        "describe_db_parameters",
        "modify_db_parameter_group",
        "reset_db_parameter_group",
    ),
    "elasticache": _Calls(
        "CacheParameterGroupName",
        "ParameterNameValues",
        "describe_cache_parameters",
        "modify_cache_parameter_group",
        "reset_cache_parameter_group",
    ),
}


class ParameterGroup(Kind):
    """Only parameters that somebody set are told; the engines' own values are not known offline."""

    @cached_property
    def table(self) -> Table:
        """Its inputs; RDS has a way to apply each parameter."""
        inputs = super().table
        if self.service != "rds":
            return inputs
        parameters, item = inputs["parameters"], inputs["parameters"].item
        assert item is not None
        method = replace(item.fields["applyMethod"], default=_METHOD)
        item = replace(item, fields={**item.fields, "applyMethod": method})
        return {**inputs, "parameters": replace(parameters, item=item)}

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Set the parameters."""
        self._set(cloud, region, id, _by_name({}), _by_name(inputs))

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Set the parameters that differ, and give those that are gone their engine's values again."""
        self._set(cloud, region, id, _by_name(old), _by_name(new))

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Add the parameters that were set."""
        calls, client = _CALLS[self.service], cloud.client(self.service, region)
        pages = client.get_paginator(calls.describe).paginate(**{calls.group: id, "Source": "user"})
        parameters = [_told(said) for page in pages for said in page.get("Parameters", []) if "ParameterValue" in said]
        return {**super().told(cloud, region, id, answer), "parameters": parameters}

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it, unless the program wants it kept."""
        if not known.get("skipDestroy"):
            super().delete(cloud, region, id, known)

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """A parameter is given once."""
        names = [said["name"] for said in inputs.get("parameters") or []]
        twice = sorted({name for name in names if names.count(name) > 1})
        return [("parameters", f"gives {', '.join(twice)} more than once")] if twice else []

    def _set(
        self, cloud: Cloud, region: str, id: str, old: Mapping[str, Properties], new: Mapping[str, Properties]
    ) -> None:
        calls, client = _CALLS[self.service], cloud.client(self.service, region)
        wanted = [self._written(said) for name, said in new.items() if old.get(name) != said]
        gone = [self._written({**said, "value": None}) for name, said in old.items() if name not in new]
        for method, listed in ((calls.reset, gone), (calls.modify, wanted)):
            for start in range(0, len(listed), _AT_ONCE):
                getattr(client, method)(**{calls.group: id, calls.parameters: listed[start : start + _AT_ONCE]})

    def _written(self, said: Properties) -> dict[str, Any]:
        value = {} if said["value"] is None else {"ParameterValue": str(said["value"])}
        method = {"ApplyMethod": said.get("applyMethod") or _METHOD} if self.service == "rds" else {}
        return {"ParameterName": said["name"], **value, **method}


def _by_name(inputs: Properties) -> dict[str, Properties]:
    return {said["name"]: said for said in inputs.get("parameters") or []}


def _told(said: Mapping[str, Any]) -> dict[str, Value]:
    told = {"name": said["ParameterName"], "value": said["ParameterValue"]}
    return {**told, "applyMethod": said["ApplyMethod"]} if "ApplyMethod" in said else told
