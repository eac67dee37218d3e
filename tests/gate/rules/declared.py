"""The project's own stacks as previews that make everything, from the graphs that they declare under mocks."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from infra.gate.change import Change, Preview, PropertyChange, Resource, Value
from infra.gate.rules.view import View
from infra.settings import stack_file
from infra.settings.loader import load_stack
from infra.settings.models import StackSettings
from stacks.environment import deploy
from tests import cloud_outputs
from tests.gate.previews import seen
from tests.harness import Graph, graph_of

STACKS = ("local", "staging", "production", "dr")

_LOGINS = ("tenantry_pool_app", "tenantry_pool_migrator")


@cache
def whole(stack: str, authority: str) -> View:
    """Return the view of a preview that makes everything of a stack.

    Args:
        stack: its name.
        authority: a file with certificates, as PGSSLROOTCERT names one.
    """
    raw = stack_file.read(stack_file.source_of(stack)).settings
    with patch.dict("os.environ", {"PGSSLROOTCERT": authority}):
        settings = load_stack(stack, raw, {})
        assert isinstance(settings, StackSettings)
        graph = graph_of(lambda: deploy(settings), _restored())
    return View(preview=_created(graph, settings), settings=settings, stack=stack)


def _restored() -> Mapping[str, Mapping[str, Any]]:
    """Return what a stack that restores another's backup reads of it: the logins of every tenant that it may have."""
    listed = Path("stacks/tenants/production.yaml").read_text(encoding="utf-8")
    tenants = [f"tenant_{slug.replace('-', '_')}_app" for slug in re.findall(r"slug: ([a-z0-9-]+)", listed)]
    logins = dict.fromkeys((*_LOGINS, *tenants), "password")
    return {"restored-logins": {"outputs": {"database_backups": "backups", "database_logins": logins}}}


def _created(graph: Graph, settings: StackSettings) -> Preview:
    account = settings.aws.account_id if settings.aws else cloud_outputs.ACCOUNT
    changes, resources = [], {}
    for urn, node in sorted(graph.nodes.items()):
        inputs = {name: _in(account, seen(value)) for name, value in node.inputs.items()}
        if node.type == "aws:iam/role:Role":
            inputs.setdefault("name", f"{node.name}-1a2b3c4")  # as the provider names it before a preview
        parent = "" if "::pulumi:pulumi:Stack::" in node.parent else node.parent
        added = [PropertyChange(name, "add", None, value) for name, value in sorted(inputs.items())]
        changes.append(Change(urn, node.type, "create", added, {}, inputs, parent=parent, protected_after=node.protect))
        resources[urn] = Resource(urn, node.type, inputs, parent=parent, protected=node.protect)
    return Preview(stack="mocked", project="tenantry", changes=changes, resources=resources)


def _in(account: str, value: Value) -> Value:
    """Return a value as it is in an account of its own, and not in the mocks'."""
    if isinstance(value, Mapping):
        return {key: _in(account, part) for key, part in value.items()}
    if isinstance(value, list):
        return [_in(account, part) for part in value]
    return value.replace(cloud_outputs.ACCOUNT, account) if isinstance(value, str) else value
