"""A pack of two policies, served to the engine as Pulumi's SDK for policies would, which is a package more.

What is enforced: nothing belongs to `nobody`. What is advised: nothing belongs to `everybody`. Who owns a resource is
its tag `owner`.
"""

import signal
import sys
import threading
from concurrent import futures
from typing import Any

import grpc
from google.protobuf import empty_pb2

from infra.sandbox.plugins import protocol

analyzer_pb2: Any = protocol.load("analyzer_pb2")
analyzer_pb2_grpc: Any = protocol.load("analyzer_pb2_grpc")
plugin_pb2: Any = protocol.load("plugin_pb2")

PACK = "owners"
_VERSION = "1.0.0"
_POLICIES = {
    "nobody": ("somebody-owns-it", analyzer_pb2.MANDATORY, "it belongs to nobody"),
    "everybody": ("one-team-owns-it", analyzer_pb2.ADVISORY, "it belongs to everybody"),
}
"""Owner -> the policy that is broken, how it is enforced, and what it says."""


class _Policies(analyzer_pb2_grpc.AnalyzerServicer):  # type: ignore[misc]  # loaded at run time
    def Handshake(self, *_: Any) -> Any:
        return analyzer_pb2.AnalyzerHandshakeResponse()

    def GetAnalyzerInfo(self, *_: Any) -> Any:
        policies = [
            analyzer_pb2.PolicyInfo(name=name, enforcementLevel=level, message=message)
            for name, level, message in _POLICIES.values()
        ]
        return analyzer_pb2.AnalyzerInfo(name=PACK, version=_VERSION, policies=policies)

    def GetPluginInfo(self, *_: Any) -> Any:
        return plugin_pb2.PluginInfo(version=_VERSION)

    def Configure(self, *_: Any) -> Any:
        return empty_pb2.Empty()

    def ConfigureStack(self, *_: Any) -> Any:
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    def Analyze(self, request: Any, _: Any) -> Any:
        tags = request.properties.fields["tags"].struct_value.fields if "tags" in request.properties.fields else {}
        found = _POLICIES.get(tags["owner"].string_value) if "owner" in tags else None
        if found is None:
            return analyzer_pb2.AnalyzeResponse()
        name, level, message = found
        told = analyzer_pb2.AnalyzeDiagnostic(
            policyName=name,
            policyPackName=PACK,
            policyPackVersion=_VERSION,
            message=message,
            enforcementLevel=level,
            urn=request.urn,
        )
        return analyzer_pb2.AnalyzeResponse(diagnostics=[told])

    def AnalyzeStack(self, *_: Any) -> Any:
        return analyzer_pb2.AnalyzeResponse()

    def Remediate(self, *_: Any) -> Any:
        return analyzer_pb2.RemediateResponse()

    def Cancel(self, *_: Any) -> Any:
        return empty_pb2.Empty()


def main() -> None:
    """Serve until the engine ends it."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(_Policies(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    stop.wait()
    server.stop(1.0).wait()


if __name__ == "__main__":
    main()
