"""Pulumi's wire protocol, without the rest of the SDK: `protocol.load("language_pb2")`.

The generated modules lie in `pulumi/runtime/proto` and import each other relatively, but an import by their full name
runs `pulumi/__init__` first, which doubles the start-up time of a plugin (0.18 s of CPU against 0.08 s). They are
therefore loaded as a package of their own name. Protobuf keeps one class per message whatever the module's name, so a
process that also imports `pulumi` sees the same classes.

Owns loading only. Which version of the protocol it is, the installed SDK decides.
"""

import importlib
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from infra.errors import TenantryError

MESSAGE_LIMIT = 400 * 1024 * 1024
"""The largest message in bytes; the engine's own limit (`maxRPCMessageSize` in its rpcutil)."""

_PACKAGE = "_pulumi_protocol"


def load(module: str) -> ModuleType:
    """Return one generated module of the installed SDK.

    Args:
        module: its name inside `pulumi.runtime.proto`, as `provider_pb2` or `provider_pb2_grpc`.

    Raises:
        TenantryError: the Pulumi SDK is not installed.
    """
    if _PACKAGE not in sys.modules:
        spec = ModuleSpec(_PACKAGE, None, is_package=True)
        spec.submodule_search_locations = [str(_directory())]
        sys.modules[_PACKAGE] = importlib.util.module_from_spec(spec)
    return importlib.import_module(f"{_PACKAGE}.{module}")


def _directory() -> Path:
    sdk = importlib.util.find_spec("pulumi")  # does not run pulumi/__init__
    if sdk is None or not sdk.submodule_search_locations:
        raise TenantryError("the Pulumi SDK is not installed", sys.prefix, "run `make up`")
    return Path(sdk.submodule_search_locations[0]) / "runtime" / "proto"
