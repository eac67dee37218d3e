"""What is built, for `tenantry doctor`: one row for Go, one per tool."""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.sandbox.engine.recipe import PROJECT, Workshop, is_current, pinned_version, read_stamp, required_go
from infra.sandbox.engine.toolchain import find_go
from infra.sandbox.engine.tools import TOOLS, Tool

_BUILD = "tenantry sandbox build"


@dataclass(frozen=True)
class Part:
    """One part of the engine.

    Args:
        name: what it is called.
        ok: whether it is as it should be.
        detail: its version and state.
        remedy: the command or act that mends it; empty when it is well.
    """

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def status(*, tools: Sequence[Tool] = TOOLS, workshop: Workshop = PROJECT) -> list[Part]:
    """Return one row for Go and one for each tool: built, outdated or missing.

    Args:
        tools: what to look at.
        workshop: where to look.
    """
    return [_go(required_go(tools, workshop)), *(_tool(tool, workshop) for tool in tools)]


def _go(required: str) -> Part:
    go = find_go(required)
    remedy = f"install Go {required} or newer"
    if go is None:
        return Part("go", False, "missing", remedy)
    enough = go.is_enough(required)
    detail = f"{go.version}, {go.program}" + ("" if enough else f", older than {required}")
    return Part("go", enough, detail, "" if enough else remedy)


def _tool(tool: Tool, workshop: Workshop) -> Part:
    version = pinned_version(tool, workshop)
    if is_current(tool, workshop):
        return Part(tool.name, True, f"{version}, built")
    state = "outdated or incomplete" if read_stamp(workshop.stamp(tool)) else "missing"
    return Part(tool.name, False, f"{version}, {state}", _BUILD)
