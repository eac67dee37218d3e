"""Runs the program against Pulumi's mocks and returns the graph that it declared.

Tests assert over the returned graph in plain Python: an assertion inside `apply` would pass silently, and "absent" is
true before registrations land, so the graph is only built once every registration has been answered.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import source_pb2

from infra.sandbox.plugins.values import Value, decode_properties, encode_properties, reveal
from tests import cloud_outputs

PROJECT = "tenantry"
STACK = "mocked"


@dataclass(frozen=True)
class Node:
    """One registered resource.

    `inputs` keeps secret marks and unknowns (see `values`); `outputs` is what a component registered, else None;
    `former_parents` are those that its aliases give it; `hooks` are those that the engine asks before it updates it.
    """

    urn: str
    type: str
    name: str
    custom: bool
    parent: str
    provider: str
    inputs: Mapping[str, Value]
    dependencies: frozenset[str]
    aliases: tuple[str, ...]
    former_parents: tuple[str, ...] = ()
    protect: bool = False
    ignore_changes: frozenset[str] = frozenset()
    hooks: tuple[str, ...] = ()
    outputs: Mapping[str, Value] | None = None

    def plain(self, *path: str | int) -> Value:
        """Return the input at `path`, without secret marks."""
        value: Any = reveal(self.inputs)
        for part in path:
            value = value[part]
        return value


@dataclass(frozen=True)
class Graph:
    """Everything that a program registered, by URN, and its outputs, shown; `secret_exports` names the secret ones."""

    nodes: Mapping[str, Node] = field(default_factory=dict)
    exports: Mapping[str, Value] = field(default_factory=dict)
    secret_exports: frozenset[str] = frozenset()

    def of_type(self, suffix: str) -> list[Node]:
        """Return the resources whose type token ends in `suffix`, by name."""
        found = [node for node in self.nodes.values() if node.type.endswith(suffix)]
        return sorted(found, key=lambda node: node.name)

    def named(self, name: str) -> Node:
        """Return the one resource with this logical name."""
        found = [node for node in self.nodes.values() if node.name == name]
        assert len(found) == 1, (
            f"{len(found)} resources are named {name}: {sorted(n.name for n in self.nodes.values())}"
        )
        return found[0]

    def reaches(self, start: Node, goal: Node) -> bool:
        """Whether `start` waits for `goal`, directly or through others: inputs, `depends_on`, its provider.

        Waiting for a component is waiting for its children.
        """
        seen: set[str] = set()
        waiting = [start.urn]
        while waiting:
            urn = waiting.pop()
            if urn == goal.urn:
                return True
            if urn in seen or urn not in self.nodes:
                continue
            seen.add(urn)
            waiting.extend(self.nodes[urn].dependencies)
            waiting.append(self.nodes[urn].provider.rpartition("::")[0])  # a reference is URN::ID
            if urn != start.urn and not self.nodes[urn].custom:
                waiting.extend(node.urn for node in self.nodes.values() if node.parent == urn)
        return False


class _Answers(mocks.Mocks):
    """Answers each registration with its inputs, and the outputs that providers add."""

    def __init__(self, reported: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__()
        self._reported = reported

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        answer = cloud_outputs.function(args.token)
        if answer is not None:
            return dict(answer)
        raise AssertionError(f"the program calls {args.token}, which no test expects")

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        state = dict(args.inputs)
        if args.typ == "pulumi:pulumi:StackReference":
            # A stack that has every output that is asked for here.
            roles = ("tenantry_pool_app", "tenant_book_store_app", "tenant_department_store_app")
            state["outputs"] = {
                "database_backups": f"database_backups of {args.name}",
                "database_logins": {role: f"password of {role}" for role in roles},
            }
        if args.typ == "random:index/randomPassword:RandomPassword":
            state["result"] = f"password-of-{args.name}"
        if args.typ == "random:index/randomString:RandomString":
            state["result"] = f"text-of-{args.name}"
        if args.typ.startswith("kubernetes:"):
            state["metadata"] = {"name": f"{args.name}-1a2b3c4d", **state.get("metadata", {})}
        if args.typ.startswith("postgresql:"):
            state.setdefault("name", args.name)
        if args.typ.startswith("aws:"):
            state = cloud_outputs.outputs(args.typ, args.name, state)
        state |= self._reported.get(args.name, {})
        return f"{cloud_outputs.MOCKED_ID}{args.name}", state


class _Monitor(mocks.MockMonitor):
    """Keeps what the SDK sent, as it sent it."""

    def __init__(self, reported: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__(_Answers(reported))
        self.nodes: dict[str, Node] = {}
        self.outputs: dict[str, Mapping[str, Value]] = {}

    def RegisterResource(self, request: Any) -> Any:
        response = super().RegisterResource(request)
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type != "pulumi:pulumi:Stack":
            assert urn not in self.nodes, f"{urn} is registered twice"
            self.nodes[urn] = Node(
                urn=urn,
                type=request.type,
                name=request.name,
                custom=request.custom,
                parent=request.parent,
                provider=request.provider,
                inputs=MappingProxyType(decode_properties(request.object)),
                dependencies=frozenset(request.dependencies),
                aliases=tuple(alias.spec.name for alias in request.aliases if alias.spec.name),
                former_parents=tuple(alias.spec.parentUrn for alias in request.aliases if alias.spec.parentUrn),
                protect=request.protect,
                ignore_changes=frozenset(request.ignoreChanges),
                hooks=tuple(request.hooks.before_update),
            )
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:
        self.outputs[request.urn] = decode_properties(request.outputs)
        return empty_pb2.Empty()


async def _resolved(value: Any) -> tuple[Any, bool]:
    """Return what is known in the end, and whether any of it is secret; `from_input` makes tasks of every part."""
    if isinstance(value, pulumi.Output):
        known, is_secret = await _resolved(await value.future(with_unknowns=True))
        return known, is_secret or await value.is_secret()
    if isinstance(value, Mapping):
        parts = {key: await _resolved(part) for key, part in value.items()}
        return {key: known for key, (known, _) in parts.items()}, any(secret for _, secret in parts.values())
    if isinstance(value, list | tuple):
        items = [await _resolved(item) for item in value]
        return [known for known, _ in items], any(secret for _, secret in items)
    return value, False


@contextlib.contextmanager
def _event_loop() -> Iterator[None]:
    """Give the SDK a loop of its own: it expects a current one, which an `asyncio.run` elsewhere takes away."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def graph_of(
    program: Callable[[], Mapping[str, Any] | None],
    reported: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Graph:
    """Run `program` to its end and return what it declared.

    Args:
        program: declares resources; what it returns are the stack's outputs.
        reported: logical name of a resource -> outputs that its provider adds, as a status.
    """
    monitor = _Monitor(reported)
    exports: dict[str, Value] = {}
    secret_exports: list[str] = []

    async def look(outputs: Mapping[str, Any]) -> None:
        for key, value in outputs.items():
            exports[key], is_secret = await _resolved(value)
            if is_secret:
                secret_exports.append(key)

    @pulumi.runtime.test
    def run() -> pulumi.Output[Any]:
        return pulumi.Output.from_input(look(dict(program() or {})))

    # Where each resource stands in the program is for an engine, which there is none of: a quarter of the time.
    with _event_loop(), patch("pulumi.runtime.resource._get_stack_trace", source_pb2.StackTrace):
        mocks.set_mocks(
            _Answers(reported),
            project=PROJECT,
            stack=STACK,
            preview=False,
            monitor=monitor,
            organization="organization",
        )
        run()
    nodes = {urn: Node(**{**vars(node), "outputs": monitor.outputs.get(urn)}) for urn, node in monitor.nodes.items()}
    shown = MappingProxyType(decode_properties(encode_properties(exports)))
    return Graph(MappingProxyType(nodes), shown, frozenset(secret_exports))
