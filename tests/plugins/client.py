"""The engine's side of a resource plugin: starts it as the engine does and speaks gRPC with it."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from infra.paths import PROJECT_ROOT
from infra.sandbox.plugins.values import decode_properties, encode_properties

_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Refused(Exception):
    """The plugin answered with an error."""

    def __init__(self, error: grpc.RpcError) -> None:
        super().__init__(error.details())
        self.code = error.code()
        self.partial = _partial(error)


def _partial(error: grpc.RpcError) -> provider_pb2.ErrorResourceInitFailed | None:
    metadata = dict(error.trailing_metadata() or ())
    if "grpc-status-details-bin" not in metadata:
        return None
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    detail = provider_pb2.ErrorResourceInitFailed()
    return detail if status.details[0].Unpack(detail) else None


@dataclass
class Plugin:
    """One running plugin."""

    process: subprocess.Popen[str]
    stub: Any
    environment: Mapping[str, str] = field(default_factory=dict)

    def call(self, method: str, request: Any) -> Any:
        try:
            return getattr(self.stub, method)(request, timeout=120)
        except grpc.RpcError as error:
            raise Refused(error) from error

    def configure(self, **config: Any) -> None:
        self.call("Configure", provider_pb2.ConfigureRequest(args=encode_properties(config), acceptSecrets=True))

    def check_config(self, **config: Any) -> dict[str, str]:
        answer = self.call("CheckConfig", provider_pb2.CheckRequest(news=encode_properties(config)))
        return {failure.property: failure.reason for failure in answer.failures}

    def stop(self, number: int = signal.SIGTERM, timeout: float = 20) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=timeout)
        return self.process.returncode, out, err


def _told(failure: Any) -> tuple[str, str]:
    """Return the property of a failure and its reason, which names it where the engine's own text would mislead."""
    if failure.property or not failure.reason.startswith("property "):
        return failure.property, failure.reason
    _, name, reason = failure.reason.split(" ", 2)
    return name, reason


@dataclass
class Object:
    """One resource of one plugin, with the state that the engine would keep of it."""

    plugin: Plugin
    type: str
    name: str
    id: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    stack: str = "test"

    @property
    def who(self) -> dict[str, Any]:
        urn = f"urn:pulumi:{self.stack}::tests::{self.type}::{self.name}"
        return {"urn": urn, "type": self.type, "name": self.name}

    def check(
        self, *, fresh: bool = False, entropy: bytes = b"seed", **news: Any
    ) -> tuple[dict[str, Any], dict[str, str]]:
        request = provider_pb2.CheckRequest(
            **self.who,
            olds=encode_properties({} if fresh else self.inputs),
            news=encode_properties(news),
            randomSeed=entropy,
        )
        answer = self.plugin.call("Check", request)
        return decode_properties(answer.inputs), dict(map(_told, answer.failures))

    def inputs_for(self, **news: Any) -> dict[str, Any]:
        inputs, failures = self.check(**news)
        assert failures == {}
        return inputs

    def diff(self, ignore_changes: Sequence[str] = (), **news: Any) -> provider_pb2.DiffResponse:
        request = provider_pb2.DiffRequest(
            **self.who,
            id=self.id,
            olds=encode_properties(self.outputs),
            old_inputs=encode_properties(self.inputs),
            news=encode_properties(self.inputs_for(**news)),
            ignoreChanges=ignore_changes,
        )
        return self.plugin.call("Diff", request)

    def changes(self, **news: Any) -> dict[str, str]:
        answer = self.diff(**news)
        kinds = {path: provider_pb2.PropertyDiff.Kind.Name(change.kind) for path, change in answer.detailedDiff.items()}
        assert (answer.changes == provider_pb2.DiffResponse.DIFF_NONE) == (not kinds)
        return kinds

    def preview(self, **news: Any) -> dict[str, Any]:
        inputs = self.inputs_for(**news)
        request = provider_pb2.CreateRequest(**self.who, properties=encode_properties(inputs), preview=True)
        return decode_properties(self.plugin.call("Create", request).properties)

    def create(self, **news: Any) -> "Object":
        self.inputs = self.inputs_for(**news)
        request = provider_pb2.CreateRequest(**self.who, properties=encode_properties(self.inputs))
        answer = self.plugin.call("Create", request)
        self.id, self.outputs = answer.id, decode_properties(answer.properties)
        return self

    def update(self, *, preview: bool = False, **news: Any) -> dict[str, Any]:
        inputs = self.inputs_for(**news)
        request = provider_pb2.UpdateRequest(
            **self.who,
            id=self.id,
            olds=encode_properties(self.outputs),
            old_inputs=encode_properties(self.inputs),
            news=encode_properties(inputs),
            preview=preview,
        )
        outputs = decode_properties(self.plugin.call("Update", request).properties)
        if not preview:
            self.inputs, self.outputs = inputs, outputs
        return outputs

    def read(self) -> tuple[str, dict[str, Any], dict[str, Any]]:
        request = provider_pb2.ReadRequest(
            **self.who,
            id=self.id,
            properties=encode_properties(self.outputs),
            inputs=encode_properties(self.inputs),
        )
        answer = self.plugin.call("Read", request)
        return answer.id, decode_properties(answer.inputs), decode_properties(answer.properties)

    def refresh(self) -> set[str]:
        """Take over what is there, and return the names of the inputs and outputs that changed."""
        identity, inputs, outputs = self.read()
        if not identity:
            return {"gone"}
        changed = {
            name
            for before, after in ((self.inputs, inputs), (self.outputs, outputs))
            for name in before.keys() | after.keys()
            if before.get(name) != after.get(name)
        }
        self.id, self.inputs, self.outputs = identity, inputs, outputs
        return changed

    def take(self, identity: str) -> "Object":
        """Import."""
        self.id, self.inputs, self.outputs = identity, {}, {}
        self.id, self.inputs, self.outputs = self.read()
        return self

    def delete(self) -> None:
        request = provider_pb2.DeleteRequest(
            **self.who,
            id=self.id,
            properties=encode_properties(self.outputs),
            old_inputs=encode_properties(self.inputs),
        )
        self.plugin.call("Delete", request)


@contextmanager
def running(module: str, environment: Mapping[str, str] | None = None) -> Iterator[Plugin]:
    """Run `python -m MODULE` and end it with its own signal."""
    command = [sys.executable, "-m", module, "127.0.0.1:1"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=PROJECT_ROOT, env=environment
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.strip().isdigit(), f"no port: {line!r} {process.stderr and process.stderr.read()}"
        with grpc.insecure_channel(f"127.0.0.1:{line.strip()}", options=_OPTIONS) as channel:
            yield Plugin(process, provider_pb2_grpc.ResourceProviderStub(channel), environment or {})
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                out, err = process.communicate(timeout=20)
                assert (process.returncode, out, err) == (0, "", "")
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def cancel(plugin: Plugin) -> None:
    """Press Ctrl-C, as far as the plugin is told."""
    plugin.stub.Cancel(empty_pb2.Empty(), timeout=20)


def without_pg(environment: Mapping[str, str], **more: str) -> dict[str, str]:
    """Return an environment in which nothing is known of a server but what the test says."""
    return {name: value for name, value in environment.items() if not name.startswith("PG")} | more
