"""`tenantry tenants`: what it shows, and what it writes."""

import json
from pathlib import Path

import pytest
import yaml

from infra.settings.checking import WrongStackFiles
from tests.stack_files import write_stack
from tests.tenancy.tenant_project import EXPORT, FILE, LISTED, cell, done, entry, refused, settings, text


def test_the_list_shows_every_tenant(root: Path) -> None:
    lines = done("list").splitlines()
    assert [line.split()[:5] for line in lines] == [
        ["slug", "plan", "isolation", "state", "ring"],
        ["book-store", "pro", "schema", "active", "standard"],
        ["gone-shop", "free", "pool", "deleted", "standard"],
        ["old-trial", "free", "pool", "trial", "standard"],
        ["resting", "enterprise", "schema", "suspended", "standard"],
        ["trial", "free", "pool", "trial", "early"],
    ]


@pytest.mark.parametrize(
    ("arguments", "slugs"),
    [
        (("--plan", "pro"), ["book-store"]),
        (("--isolation", "schema"), ["book-store", "resting"]),
        (("--isolation", "schema", "--plan", "enterprise"), ["resting"]),
        (("--state", "trial"), ["old-trial", "trial"]),
        (("--state", "trial", "--ring", "early"), ["trial"]),
        (("--ring", "late"), []),
    ],
)
def test_the_list_is_narrowed_and_is_one_json_document(
    root: Path, arguments: tuple[str, ...], slugs: list[str]
) -> None:
    told = json.loads(done("list", "--json", *arguments))
    assert told["stack"] == "example"
    assert [tenant["slug"] for tenant in told["tenants"]] == slugs
    if not slugs:
        assert done("list", *arguments) == "example has no such tenants\n"


def test_a_stack_is_named_by_an_option_or_by_the_shell_of_its_sandbox(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "Pulumi.other.yaml").write_text((root / "Pulumi.example.yaml").read_text())
    assert done("list", "--stack", "other") == "other has no tenants\n"
    monkeypatch.delenv("PULUMI_STACK")
    assert str(refused(root, "list")).startswith("no such stack, Pulumi.local.yaml, use one of: example, other")


def test_a_tenant_is_shown_with_what_its_plan_and_its_stack_give_it(root: Path) -> None:
    told = json.loads(done("show", "resting", "--json"))
    assert told == {
        "stack": "example",
        "slug": "resting",
        "name": "Resting",
        "plan": "enterprise",
        "isolation": "schema",
        "isolation_from": "tenant",
        "state": "suspended",
        "meaning": "closed: its host leads to a notice and its logins fail; its data stays",
        "trial_ends": None,
        "export": None,
        "hosts": ["resting.shop.example.com", "www.resting.example.org"],
        "database": "tenant_resting",
        "namespace": None,
        "services": [],
        "limits": {
            "connection_limit": {"value": 7, "decided_by": "quota"},
            "statement_timeout_seconds": {"value": 30, "decided_by": "plan"},
        },
        "ring": "standard",
        "pinned_to": None,
        "maintenance": False,
        "maintenance_window": None,
        "configuration": None,
        "flags": {"ai_forecasting": True},
        "contacts": ["ops@example.com"],
    }
    lines = [line.split(maxsplit=1) for line in done("show", "trial").splitlines()]
    assert ["isolation", "pool (the plan's)"] in lines
    assert ["state", "trial: open until it ends"] in lines
    assert any(line[0] == "trial" and line[1].split() == ["ends", "2027-01-01T00:00:00Z"] for line in lines)
    assert ["flags", "ai_forecasting off"] in lines


def test_a_tenant_of_a_database_of_its_own_has_a_namespace_and_its_limits(root: Path) -> None:
    done("add", "acme", "--plan", "enterprise")
    told = json.loads(done("show", "acme", "--json"))
    assert (told["database"], told["namespace"]) == ("tenant_acme", "tenant-acme")
    assert told["limits"]["pods"] == {"value": 20, "decided_by": "plan"}


def test_adding_a_tenant_writes_one_line_and_says_what_is_next(root: Path) -> None:
    told = done("add", "acme", "--plan", "pro")
    assert text(root) == LISTED.replace("- { slug: book", "- { slug: acme, plan: pro }\n- { slug: book")
    assert told.splitlines()[:6] == [
        f"--- {FILE}",
        f"+++ {FILE}",
        "@@ -1,2 +1,3 @@",
        " # Ours, by hand.",
        "+- { slug: acme, plan: pro }",
        " - { slug: book-store, plan: pro } # the first",
    ]
    assert "next: `pulumi preview --stack example`" in told


def test_a_tenant_is_added_with_all_that_can_be_said_of_it(root: Path) -> None:
    given = ("--name", "Zoë's: #1", "--isolation", "pool", "--domain", "a.example.org", "--domain", "b.example.org")
    others = ("--ring", "late", "--trial-ends", "2026-12-01T00:00:00Z", "--contact", "zoe@example.org")
    done("add", "zoe", "--plan", "enterprise", *given, *others)
    assert text(root).startswith(LISTED)
    told = json.loads(done("show", "zoe", "--json"))
    assert (told["name"], told["isolation"], told["ring"]) == ("Zoë's: #1", "pool", "late")
    assert told["hosts"] == ["zoe.shop.example.com", "a.example.org", "b.example.org"]
    assert (told["state"], told["trial_ends"]) == ("trial", "2026-12-01T00:00:00Z")
    assert told["contacts"] == ["zoe@example.org"]


def test_the_first_tenant_makes_the_file_with_its_schema(root: Path) -> None:
    (root / FILE).unlink()
    done("add", "acme", "--plan", "free")
    assert text(root) == "# yaml-language-server: $schema=../../tenants.schema.json\n- { slug: acme, plan: free }\n"


def test_a_dry_run_shows_the_difference_alone(root: Path) -> None:
    told = done("add", "acme", "--plan", "pro", "--dry-run")
    assert told.splitlines()[-1] == " - { slug: book-store, plan: pro } # the first"
    assert "+- { slug: acme, plan: pro }" in told
    assert text(root) == LISTED
    assert "next" not in done("offboard", "trial", "--dry-run")
    assert text(root) == LISTED


def test_a_life_is_led_to_its_end(root: Path) -> None:
    states = []
    for command in ("suspend", "resume", "suspend", "offboard", "resume", "offboard"):
        done(command, "book-store")
        states.append(entry(root, "book-store")["lifecycle"])
    assert [state["state"] for state in states] == [
        *("suspended", "active", "suspended", "offboarding", "active", "offboarding"),
    ]
    done("delete", "book-store", "--export", EXPORT)
    assert entry(root, "book-store")["lifecycle"] == {"state": "deleted", "export": EXPORT}
    assert text(root).splitlines()[1].endswith("} } # the first")
    others = [line for line in LISTED.splitlines() if "book-store" not in line]
    assert [line for line in text(root).splitlines() if "book-store" not in line] == others


def test_a_trial_that_is_kept_or_suspended_has_no_end_any_more(root: Path) -> None:
    done("resume", "trial")
    assert entry(root, "trial")["lifecycle"] == {"state": "active"}
    done("suspend", "old-trial")
    assert entry(root, "old-trial")["lifecycle"] == {"state": "suspended"}


def test_all_trials_that_are_over_are_suspended_at_once(root: Path) -> None:
    told = done("suspend", "--ended")
    assert "old-trial" in told
    assert entry(root, "old-trial")["lifecycle"] == {"state": "suspended"}
    assert entry(root, "trial")["lifecycle"]["state"] == "trial"
    after = text(root)
    assert done("suspend", "--ended") == "no trial of example is over\n"
    assert text(root) == after


def test_offboarding_says_how_to_export_and_to_delete(root: Path) -> None:
    told = done("offboard", "trial")
    export, delete = (f"tenantry tenants {name} trial --stack example" for name in ("export", "delete"))
    assert f"then: `{export}`, and `{delete} --export SHA256`" in told


def test_every_stack_that_lists_its_tenants_in_the_file_is_checked(root: Path) -> None:
    raw = {**settings(), "tenant_file": FILE}
    del raw["tenants"]
    raw["network"]["block"], raw["aws"]["name"], raw["dns"]["zone"] = "10.21.0.0/16", "copy", "copy.example.com"
    raw["services"]["storefront"]["hosts"] = []
    write_stack(root, "copy", raw)
    assert "copy has its tenants from the same file: `pulumi preview --stack copy`" in done(
        "add", "acme", "--plan", "pro"
    )
    raw["services"]["storefront"]["hosts"] = ["only-here.copy.example.com"]
    write_stack(root, "copy", raw)
    error = refused(root, "add", "only-here", "--plan", "pro")
    assert isinstance(error, WrongStackFiles)
    assert [fault.file for fault in error.faults] == ["Pulumi.copy.yaml"]


def test_a_new_tenant_goes_to_the_first_cell_with_room(root: Path) -> None:
    path = cell(root)
    assert "`tenantry cells up --stack example --only cell-02`" in done("add", "acme", "--plan", "pro")
    assert yaml.safe_load(path.read_text()) == [{"slug": "acme", "plan": "pro"}, {"slug": "far", "plan": "pro"}]
    assert text(root) == LISTED
    done("add", "small", "--plan", "free")
    assert entry(root, "small") == {"slug": "small", "plan": "free"}
    said = str(refused(root, "add", "large", "--plan", "enterprise"))
    assert said.startswith("no cell has room for such a tenant, Pulumi.example.yaml: cells, raise a budget")
    assert "has it, too" not in done("add", "tiny", "--plan", "free", "--stack", "example-cell-02")
    assert "tiny" in path.read_text()


def test_a_tenant_of_a_cell_is_found_shown_and_edited_from_its_environment(root: Path) -> None:
    path = cell(root)
    told = json.loads(done("show", "far", "--json"))
    assert (told["stack"], told["hosts"]) == ("example-cell-02", ["far.shop.example.com"])
    assert [line.split()[:2] for line in done("list").splitlines()][-2:] == [
        *(["example", "trial"], ["example-cell-02", "far"]),
    ]
    assert done("list", "--stack", "example-cell-02").splitlines()[1].split()[0] == "far"
    said = done("suspend", "far")
    assert "next, its host, routes and flags: `pulumi preview --stack example`, then `pulumi up`" in said
    assert "and its login and data: `tenantry cells up --stack example --only cell-02`" in said
    assert yaml.safe_load(path.read_text())[0]["lifecycle"] == {"state": "suspended"}
    assert text(root) == LISTED
    said = str(refused(root, "add", "far", "--plan", "free"))
    assert said == "there is such a tenant (suspended), stacks/tenants/example-cell-02.yaml: far, choose another slug"


def test_a_stack_file_beside_it_that_cannot_be_read_does_not_matter(root: Path) -> None:
    (root / "Pulumi.broken.yaml").write_text("config: [")
    done("add", "acme", "--plan", "pro")
    assert entry(root, "acme") == {"slug": "acme", "plan": "pro"}


def test_ten_thousand_tenants_are_edited_like_three(root: Path) -> None:
    many = "".join(f"- {{ slug: shop-{number:05}, plan: free }} # {number}\n" for number in range(10_000))
    (root / FILE).write_text(many)
    done("add", "shop-05000-b", "--plan", "pro")
    done("suspend", "shop-09999")
    lines = text(root).splitlines()
    assert lines[5001] == "- { slug: shop-05000-b, plan: pro }"
    assert lines[10_000] == "- { slug: shop-09999, plan: free, lifecycle: { state: suspended } } # 9999"
    assert len(set(lines) - set(many.splitlines())) == 2
    assert len(done("list").splitlines()) == 10_002
