"""The program asks the engine what the stack has before it declares anything; `tests/engine` has a real one answer."""

import asyncio
from typing import Any

import pulumi
import pytest

from infra.settings.tenants import TenantSettings
from stacks import applied

FILE = "stacks/tenants/example.yaml"
STACK = {
    "type": "pulumi:pulumi:Stack",
    "outputs": {"tenants": {"acme": {"isolation": "schema", "state": "active", "plan": "pro"}}},
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, object]]:
    """What the engine is asked; it answers with a stack of one tenant."""
    calls: list[tuple[str, object]] = []

    async def answer(token: str, arguments: object) -> dict[str, Any]:
        calls.append((token, arguments))
        return {"outputs": {"urn:pulumi:example::tenantry::pulumi:pulumi:Stack::tenantry-example": STACK}}

    monkeypatch.setattr(pulumi.runtime, "invoke_async", answer)
    for name in ("organization", "project", "stack"):
        monkeypatch.setattr(pulumi, f"get_{name}", lambda name=name: f"the-{name}")
    return calls


def test_it_asks_for_its_own_stack_by_its_whole_name(asked: list[tuple[str, object]]) -> None:
    asyncio.run(applied.check([TenantSettings(slug="acme", plan="pro")], FILE))
    name = {"stackName": "the-organization/the-project/the-stack"}
    assert asked == [("pulumi:pulumi:readStackResourceOutputs", name)]


@pytest.mark.usefixtures("asked")
def test_wishes_that_would_delete_a_tenant_by_accident_end_the_program_with_every_reason() -> None:
    with pytest.raises(pulumi.RunError) as refused:
        asyncio.run(applied.check([], FILE))
    lost, hint = str(refused.value).splitlines()
    assert lost.endswith("write it back: - { slug: acme, plan: pro, lifecycle: { state: offboarding } }")
    assert "nothing was changed" in hint


@pytest.mark.usefixtures("asked")
def test_a_cell_with_tenants_keeps_the_database_that_they_are_in() -> None:
    wanted = [TenantSettings(slug="acme", plan="pro")]
    asyncio.run(applied.check(wanted, FILE, own_database=False))
    with pytest.raises(pulumi.RunError) as refused:
        asyncio.run(applied.check(wanted, FILE, own_database=True))
    assert str(refused.value).startswith(
        "Pulumi.the-stack.yaml: database: its tenants' data is in its environment's database; remove this"
    )


def test_a_stack_that_was_never_applied_refuses_nobody(
    asked: list[tuple[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_token: str, _arguments: object) -> dict[str, Any]:
        return {"outputs": {}}

    monkeypatch.setattr(pulumi.runtime, "invoke_async", nothing)
    asyncio.run(applied.check([TenantSettings(slug="acme", plan="pro")], FILE))
    assert asked == []
