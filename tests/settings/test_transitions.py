"""What may follow what in a tenant's life: what the program refuses before it declares anything."""

from collections.abc import Mapping
from typing import Any

import pytest

from infra.settings.tenants import TenantSettings
from infra.settings.transitions import Applied, applied_tenants, faults

FILE = "stacks/tenants/example.yaml"
MOMENT = "2026-12-01T00:00:00Z"
EXPORT = "5" * 64
WRITTEN: Mapping[str, dict[str, Any]] = {
    "trial": {"state": "trial", "ends": MOMENT},
    "active": {"state": "active"},
    "suspended": {"state": "suspended"},
    "offboarding": {"state": "offboarding"},
    "deleted": {"state": "deleted", "export": EXPORT},
}


def applied(state: str | None = "active", isolation: str = "schema", plan: str | None = "pro") -> Applied:
    return Applied(isolation=isolation, state=state, plan=plan)  # type: ignore[arg-type] # as the engine tells it


def wanted(slug: str = "acme", state: str = "active", **fields: Any) -> TenantSettings:
    return TenantSettings.model_validate({"slug": slug, "plan": "pro", "lifecycle": WRITTEN[state], **fields})


@pytest.mark.parametrize("before", ["trial", "active", "suspended", "offboarding"])
@pytest.mark.parametrize("after", ["trial", "active", "suspended", "offboarding"])
def test_a_tenant_that_is_there_goes_from_any_state_to_any_other_that_keeps_its_data(before: str, after: str) -> None:
    assert faults({"acme": applied(before)}, [wanted(state=after)], FILE) == []


@pytest.mark.parametrize("before", ["trial", "active", "suspended"])
def test_a_tenant_is_deleted_only_after_it_was_offboarding(before: str) -> None:
    (fault,) = faults({"acme": applied(before)}, [wanted(state="deleted")], FILE)
    assert fault.startswith(
        f"{FILE}: acme: deleted, but {before} in the stack; write lifecycle: {{ state: offboarding }}"
    )
    assert faults({"acme": applied("offboarding")}, [wanted(state="deleted")], FILE) == []


def test_what_was_deleted_stays_so_or_loses_its_line_and_comes_back_as_a_new_tenant_alone() -> None:
    gone = {"acme": applied("deleted")}
    assert faults(gone, [wanted(state="deleted")], FILE) == []
    assert faults(gone, [], FILE) == []
    (fault,) = faults(gone, [wanted()], FILE)
    assert "its data is gone; take another slug, or remove its line, apply, and add it again" in fault
    assert faults({}, [wanted()], FILE) == []


def test_a_tenant_that_never_was_may_be_written_in_any_state() -> None:
    assert faults({}, [wanted(state, state=state) for state in WRITTEN], FILE) == []


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (applied(), "- { slug: acme, plan: pro, lifecycle: { state: offboarding } }"),
        (applied("suspended"), "- { slug: acme, plan: pro, lifecycle: { state: offboarding } }"),
        (applied(isolation="pool"), "- { slug: acme, plan: pro, isolation: pool, lifecycle: { state: offboarding } }"),
        (applied(isolation="pool", plan=None), "- { slug: acme, plan: free, lifecycle: { state: offboarding } }"),
    ],
)
def test_a_line_that_is_gone_is_told_as_it_is_to_be_written_back(before: Applied, expected: str) -> None:
    lost, hint = faults({"acme": before}, [], FILE)
    assert lost == f"{FILE}: acme: in the stack, but not in the file; write it back: {expected}"
    assert "nothing was changed" in hint
    assert "`tenantry tenants export`, apply `state: deleted`" in hint


def test_a_tenant_that_an_update_left_half_made_is_not_deleted_by_accident_either() -> None:
    (fault,) = faults({"acme": applied(None)}, [], FILE)
    assert fault.endswith("pulumi destroy --target '**::tenant-acme' --target-dependents")
    assert faults({"acme": applied(None)}, [wanted()], FILE) == []
    (fault,) = faults({"acme": applied(None)}, [wanted(state="deleted")], FILE)
    assert "deleted, but not even applied to the end in the stack" in fault


def test_data_is_never_left_behind_in_another_isolation() -> None:
    (fault,) = faults({"acme": applied()}, [wanted(plan="enterprise")], FILE)
    assert "its data is in isolation schema, and database would begin empty; add isolation: schema to keep it" in fault
    assert faults({"acme": applied()}, [wanted(plan="enterprise", isolation="schema")], FILE) == []
    assert faults({"acme": applied("offboarding")}, [wanted(state="deleted", plan="free")], FILE) == []


def test_every_fault_is_told_at_once_and_a_lost_file_is_not_told_line_by_line() -> None:
    many = {f"shop-{number:05}": applied(isolation="pool", plan="free") for number in range(10_000)}
    told = faults(
        {**many, "acme": applied(), "bakery": applied()}, [wanted(plan="free"), wanted("bakery", "deleted")], FILE
    )
    assert [line.split(": ")[1] for line in told[:3]] == ["acme", "bakery", "shop-00000"]
    assert len(told) == 2 + 20 + 2
    assert told[-2] == f"{FILE}: 9,980 more are not in the file; bring it back from version control"


def test_the_stack_tells_its_tenants_and_components_tell_those_of_an_update_that_did_not_end() -> None:
    acme = {"isolation": "schema", "state": "suspended", "plan": "pro", "schema": "tenant_acme"}
    tenants = {"acme": acme, "bakery": {"isolation": "pool"}}
    urn = "urn:pulumi:example::tenantry::"
    resources: dict[str, Mapping[str, object]] = {
        f"{urn}pulumi:pulumi:Stack::tenantry-example": {"type": "pulumi:pulumi:Stack", "outputs": {"tenants": tenants}},
        f"{urn}tenantry:tenant:SchemaTenant::tenant-acme": {"type": "tenantry:tenant:SchemaTenant", "outputs": {}},
        f"{urn}tenantry:tenant:DatabaseTenant::tenant-tea-house": {"type": "tenantry:tenant:DatabaseTenant"},
        f"{urn}tenantry:tenant:TenantRegistry::registry": {"type": "tenantry:tenant:TenantRegistry", "outputs": {}},
    }
    expected = {
        "acme": applied("suspended"),
        "bakery": applied("active", "pool", None),  # as stacks told it before there were states
        "tea-house": applied(None, "database", None),
    }
    assert applied_tenants(resources) == expected
    assert applied_tenants(dict(reversed(resources.items()))) == expected


def test_a_stack_that_was_never_applied_has_no_tenants() -> None:
    assert applied_tenants({}) == {}
    assert (
        applied_tenants({"urn:pulumi:example::tenantry::pulumi:pulumi:Stack::x": {"type": "pulumi:pulumi:Stack"}}) == {}
    )
