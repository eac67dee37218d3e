"""The gRPC server of a resource plugin: the engine's protocol on one side, a `Provider` on the other.

Owns the handshake (one line with the port on standard output), 64 and more requests at once, error details, clean
ends: on SIGTERM, SIGINT, and when the engine that started it is gone.
"""

import functools
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent import futures
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2

from infra.collector import settle
from infra.sandbox.plugins import protocol
from infra.sandbox.plugins.differences import Change
from infra.sandbox.plugins.provider import (
    Difference,
    Failure,
    PartialFailure,
    Properties,
    Provider,
    ProviderError,
    Resource,
)
from infra.sandbox.plugins.schema import schema_of
from infra.sandbox.plugins.values import decode_properties, encode_properties, has_secret, reveal

plugin_pb2: Any = protocol.load("plugin_pb2")
provider_pb2: Any = protocol.load("provider_pb2")
provider_pb2_grpc: Any = protocol.load("provider_pb2_grpc")
status_pb2: Any = protocol.load("status_pb2")

_WORKERS = 128  # `pulumi up --parallel 64` sends that many, and reads beside them
_MESSAGE_BYTES = 400 * 1024 * 1024  # the engine's own limit
_IN_PLACE = {
    Change.ADD: provider_pb2.PropertyDiff.ADD,
    Change.DELETE: provider_pb2.PropertyDiff.DELETE,
    Change.UPDATE: provider_pb2.PropertyDiff.UPDATE,
}
_REPLACING = {
    Change.ADD: provider_pb2.PropertyDiff.ADD_REPLACE,
    Change.DELETE: provider_pb2.PropertyDiff.DELETE_REPLACE,
    Change.UPDATE: provider_pb2.PropertyDiff.UPDATE_REPLACE,
}
_GRACE = 2.0  # seconds for requests under way when the process is told to stop

Request = Any  # grpc has no types for the messages' classes
Context = Any
Reply = TypeVar("Reply")


def _reporting(method: Callable[[Any, Request, Context], Reply]) -> Callable[[Any, Request, Context], Reply]:
    """Turn a provider's failures into the statuses that the engine understands; anything else is a bug and says so."""

    @functools.wraps(method)
    def wrapper(self: Any, request: Request, context: Context) -> Reply:
        try:
            return method(self, request, context)
        except PartialFailure as failure:
            context.abort_with_status(_partial(failure))
        except ProviderError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        raise AssertionError("abort always raises")

    return wrapper


class _Servicer(provider_pb2_grpc.ResourceProviderServicer):  # type: ignore[misc]  # loaded at run time
    """Translates each request, and each failure, for one provider."""

    def __init__(self, provider: Provider, version: str) -> None:
        self._provider = provider
        self._version = version

    def Handshake(self, request: Request, context: Context) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True, accept_outputs=False)

    def GetPluginInfo(self, request: Request, context: Context) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=self._version)

    def GetSchema(self, request: Request, context: Context) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(
            schema=schema_of(self._provider.name, self._version, self._provider.types())
        )

    def GetMapping(self, request: Request, context: Context) -> provider_pb2.GetMappingResponse:
        return provider_pb2.GetMappingResponse()

    def GetMappings(self, request: Request, context: Context) -> provider_pb2.GetMappingsResponse:
        return provider_pb2.GetMappingsResponse()

    @_reporting
    def CheckConfig(self, request: Request, context: Context) -> provider_pb2.CheckResponse:
        failures = self._provider.check_config(decode_properties(request.news))
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(failures))

    @_reporting
    def DiffConfig(self, request: Request, context: Context) -> provider_pb2.DiffResponse:
        old = decode_properties(request.old_inputs or request.olds)
        return _difference(self._provider.diff_config(old, decode_properties(request.news)))

    @_reporting
    def Configure(self, request: Request, context: Context) -> provider_pb2.ConfigureResponse:
        self._provider.configure(reveal(decode_properties(request.args)))
        return provider_pb2.ConfigureResponse(acceptSecrets=True, acceptResources=True, supportsPreview=True)

    @_reporting
    def Invoke(self, request: Request, context: Context) -> provider_pb2.InvokeResponse:
        result = self._provider.invoke(request.tok, decode_properties(request.args))
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(encode_properties(result))  # the field's name is a Python keyword
        return response

    @_reporting
    def Check(self, request: Request, context: Context) -> provider_pb2.CheckResponse:
        old, new = decode_properties(request.olds), decode_properties(request.news)
        inputs, failures = self._provider.check(_resource(request), old, new, request.randomSeed)
        told = [_discreet(failure, {**new, **inputs}) for failure in failures]
        return provider_pb2.CheckResponse(inputs=encode_properties(inputs), failures=_failures(told))

    @_reporting
    def Diff(self, request: Request, context: Context) -> provider_pb2.DiffResponse:
        old, new = decode_properties(request.old_inputs), decode_properties(request.news)
        outputs = decode_properties(request.olds)
        return _difference(self._provider.diff(_resource(request), request.id, old, outputs, new))

    @_reporting
    def Create(self, request: Request, context: Context) -> provider_pb2.CreateResponse:
        inputs = decode_properties(request.properties)
        identity, outputs = self._provider.create(_resource(request), inputs, preview=request.preview)
        return provider_pb2.CreateResponse(id=identity, properties=encode_properties(outputs))

    @_reporting
    def Read(self, request: Request, context: Context) -> provider_pb2.ReadResponse:
        inputs, outputs = decode_properties(request.inputs), decode_properties(request.properties)
        state = self._provider.read(_resource(request), request.id, inputs, outputs)
        if state is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=state.id, properties=encode_properties(state.outputs), inputs=encode_properties(state.inputs)
        )

    @_reporting
    def Update(self, request: Request, context: Context) -> provider_pb2.UpdateResponse:
        old, new = decode_properties(request.old_inputs), decode_properties(request.news)
        outputs = decode_properties(request.olds)
        resource = _resource(request)
        result = self._provider.update(resource, request.id, old, outputs, new, preview=request.preview)
        return provider_pb2.UpdateResponse(properties=encode_properties(result))

    @_reporting
    def Delete(self, request: Request, context: Context) -> empty_pb2.Empty:
        inputs, outputs = decode_properties(request.old_inputs), decode_properties(request.properties)
        self._provider.delete(_resource(request), request.id, inputs, outputs)
        return empty_pb2.Empty()

    def Cancel(self, request: Request, context: Context) -> empty_pb2.Empty:
        self._provider.cancel()
        return empty_pb2.Empty()


@dataclass(frozen=True)
class _AbortStatus(grpc.Status):
    """A status with details; grpc wants a class of its own for it."""

    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, bytes], ...]


def _partial(failure: PartialFailure) -> _AbortStatus:
    detail = provider_pb2.ErrorResourceInitFailed(
        id=failure.id,
        properties=encode_properties(failure.outputs),
        inputs=encode_properties(failure.inputs),
        reasons=failure.reasons,
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(failure))
    status.details.add().Pack(detail)
    metadata = (("grpc-status-details-bin", status.SerializeToString()),)
    return _AbortStatus(grpc.StatusCode.UNKNOWN, str(failure), metadata)


def _resource(request: Request) -> Resource:
    return Resource(
        urn=request.urn,
        type=request.type,
        name=request.name,
        timeout=getattr(request, "timeout", 0) or None,
        ignore_changes=tuple(getattr(request, "ignoreChanges", ())),
    )


def _discreet(failure: Failure, inputs: Properties) -> Failure:
    """Let the text name the property where the engine would add what misleads or is secret.

    The engine prints the value of the input of that name: `{<nil>}` for a path into it, `{&{{...}}}` for a secret.
    """
    if not failure.property or (failure.property in inputs and not has_secret(inputs[failure.property])):
        return failure
    return Failure("", f"property {failure.property} {failure.reason}")


def _failures(failures: Sequence[Failure]) -> list[provider_pb2.CheckFailure]:
    return [provider_pb2.CheckFailure(property=failure.property, reason=failure.reason) for failure in failures]


def _difference(difference: Difference) -> provider_pb2.DiffResponse:
    detailed = {
        path: provider_pb2.PropertyDiff(
            kind=(_REPLACING if path in difference.replace else _IN_PLACE)[change], inputDiff=True
        )
        for path, change in difference.changes.items()
    }
    some = provider_pb2.DiffResponse.DIFF_SOME if detailed else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=some,
        replaces=sorted(difference.replace),
        diffs=sorted({re.split(r"[.\[]", path, maxsplit=1)[0] for path in detailed}),
        deleteBeforeReplace=difference.delete_before_replace,
        detailedDiff=detailed,
        hasDetailedDiff=True,
    )


def serve(provider: Provider, version: str) -> None:
    """Serve `provider` until the engine, or a signal, ends it.

    Args:
        provider: what to serve.
        version: the plugin's version, as the SDK of the package asks for.
    """
    parent = os.getppid()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=_WORKERS),
        options=[
            ("grpc.max_receive_message_length", _MESSAGE_BYTES),
            ("grpc.max_send_message_length", _MESSAGE_BYTES),
            ("grpc.so_reuseport", 0),
        ],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(_Servicer(provider, version), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    settle()
    try:
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os._exit(0)  # the engine was killed while its plugin started
    while not stop.wait(1.0) and os.getppid() == parent:
        continue  # an engine that was killed leaves its plugins to another parent
    provider.cancel()
    server.stop(_GRACE).wait()
    provider.close()
    os._exit(0)  # a request that does not heed its end would keep the interpreter waiting for its thread
