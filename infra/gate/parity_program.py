"""The process that runs the program of one stack and writes down what it declares.

Owns a resource monitor that answers as the engine does on a first preview: an id and every output that only a cloud
knows are unknown, and the rest is as declared. Nothing is asked of a cloud or a state. Leaves what the graph means to
`parity_graph`, whose order it reads from standard input and to which it answers on standard output, both as JSON.
"""

import asyncio
import json
import logging
import os
import runpy
import sys
from collections.abc import Mapping
from typing import Any

import pulumi
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2

Message = Any  # the generated modules have no types at run time

_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # the protocol's (sdk go/common/resource/plugin/rpc.go)

_PARALLEL = 16  # calls of the SDK under way at once, as the engine has it by default

_KUBERNETES = ("metadata", ("name", "namespace", "uid"))

_ADDED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "aws:eks/cluster:Cluster": ("vpcConfig", ("clusterSecurityGroupId", "vpcId")),
}
"""Type -> the property that has inputs, and what a cloud adds in it."""


class _Answers(mocks.Mocks):
    """What functions of the cloud and of the engine answer."""

    def __init__(self, cloud: Mapping[str, str]) -> None:
        """Keep what they tell.

        Args:
            cloud: `account_id` and `region`; empty texts where the stack is in no cloud.
        """
        account, region = cloud["account_id"], cloud["region"]
        self._answers: Mapping[str, dict[str, Any]] = {
            "pulumi:pulumi:readStackResourceOutputs": {"outputs": {}},  # nothing has been applied
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": account, "id": account},
            "aws:index/getPartition:getPartition": {"partition": "aws", "id": "aws", "dnsSuffix": "amazonaws.com"},
            "aws:index/getRegion:getRegion": {"region": region, "id": region},
        }

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        if args.token not in self._answers:
            raise pulumi.RunError(f"the program calls {args.token}, which has no answer without a cloud")
        return self._answers[args.token], []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        raise AssertionError(f"{args.name}: the monitor answers by itself")


class _Monitor(mocks.MockMonitor):
    """Writes down every registration."""

    def __init__(self, cloud: Mapping[str, str]) -> None:
        super().__init__(_Answers(cloud))
        self.resources_declared: list[dict[str, Any]] = []

    def ReadResource(self, request: Message) -> Message:
        return resource_pb2.ReadResourceResponse(urn=self.make_urn(request.parent, request.type, request.name))

    def RegisterResource(self, request: Message) -> Message:
        urn = self.make_urn(request.parent, request.type, request.name)
        self.resources_declared.append(
            {
                "urn": urn,
                "inputs": json_format.MessageToDict(request.object),
                "protect": request.protect,
                "retainOnDelete": request.retainOnDelete,
                "ignoreChanges": sorted(request.ignoreChanges),
                "provider": request.provider.rpartition("::")[0].rpartition("::")[2],  # a reference is URN::ID
            }
        )
        return resource_pb2.RegisterResourceResponse(urn=urn, id="", object=_first_outputs(request))

    def RegisterResourceOutputs(self, _request: Message) -> Message:
        return empty_pb2.Empty()


def _first_outputs(request: Message) -> Message | None:
    """Return what a provider knows of a resource before there is one; of a component nothing, as the engine has it."""
    if not request.custom:
        return None
    outputs = struct_pb2.Struct()
    outputs.CopyFrom(request.object)
    whole, parts = _KUBERNETES if request.type.startswith("kubernetes:") else _ADDED.get(request.type, ("", ()))
    for part in parts:
        inside = outputs.fields[whole].struct_value
        if part not in inside.fields:
            inside.fields[part].string_value = _UNKNOWN
    return outputs


async def _declare(program: str) -> None:
    await pulumi.runtime.run_in_stack(lambda: _run(program))


def _run(program: str) -> None:
    runpy.run_path(program, run_name="__main__")


def main() -> None:
    """Read which stack it is, run its program, and write what it declared or why it refused to."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the program prints is no part of the answer
    order = json.load(sys.stdin)
    monitor = _Monitor(order["cloud"])
    pulumi.runtime.set_all_config(order["config"], [])
    settings = pulumi.runtime.Settings(
        project=order["project"],
        stack=order["stack"],
        monitor=monitor,
        engine=mocks.MockEngine(None),
        parallel=_PARALLEL,
        dry_run=True,
        organization="organization",
        root_directory=order["root"],
    )
    pulumi.runtime.configure(settings)
    # As the official executor does: a program that fails leaves futures that nobody looks at.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    refused = None
    try:
        asyncio.run(_declare(order["program"]))
    except pulumi.RunError as error:
        refused = str(error)
    json.dump({"refused": refused, "resources": monitor.resources_declared}, answer)
    answer.close()


if __name__ == "__main__":
    main()
