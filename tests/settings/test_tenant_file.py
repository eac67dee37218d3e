"""Tenant files: where they are, what they must look like, and that every fault is told with its line."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from infra.paths import PROJECT_ROOT
from infra.settings import checking, schema, tenant_file
from infra.settings.loader import validate_stack
from infra.settings.stack_file import StackFileError, read, source_of, stacks
from tests.examples import raw_declared_settings
from tests.settings.wrong import ROOT
from tests.stack_files import write_stack

ONE = "- { slug: acme, plan: pro }\n"


def told(root: Path, text: str | None, **settings: object) -> list[str]:
    """Return what is said of a stack with this tenant file; None for no file."""
    raw = {key: value for key, value in raw_declared_settings().items() if key != tenant_file.FIELD} | settings
    write_stack(root, "example", raw)
    if text is not None:
        path = root / "stacks/tenants/example.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return [str(fault) for faults in checking.check((), root).values() for fault in faults]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- { slug: b, plan: pro }\n- { slug: a, plan: pro }\n",
         "example.yaml:2: [1].slug: not in the order of slugs; move it, so that a change is found and merged easily"),
        (ONE + "- { slug: acme, plan: free }\n",
         "example.yaml:2: [1].slug: tenants[0] has it already; keep one of each"),
        ("- slug: acme\n  plan: pro\n  plan: free\n",
         "example.yaml:3: not valid YAML (the key plan is there twice); mend that line"),
        ("- slug: acme\n\tplan: pro\n", "example.yaml:2: not valid YAML (a tab; YAML is indented with spaces); "
         "mend that line"),
        ("- { slug: acme, plan: pro\n", "example.yaml:2: not valid YAML (expected ',' or '}', but got '<stream end>'); "
         "mend that line"),
        ("acme: { plan: pro }\n", "example.yaml: not a list; begin each tenant with `- `, as "
         "`- { slug: acme, plan: pro }`"),
        ("- acme\n", "example.yaml:1: [0]: must be a section: keys with values, indented below it"),
        ("- { slug: acme, plan: pro, quota: { cpu: \"4\" } }\n", "example.yaml:1: [0].quota.cpu: of no effect with "
         "isolation schema, which has no namespace; remove it"),
        ("- { slug: acme, plan: pro, lifecycle: { state: trial } }\n", "example.yaml:1: [0].lifecycle.ends: missing; "
         "a trial ends at a moment, as `2026-12-01T00:00:00Z`"),
        ("- { slug: \xff\n".encode("latin-1").decode("utf-8", "surrogateescape"),
         "example.yaml: not UTF-8 text; save it as UTF-8"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert told(tmp_path, text) == [f"stacks/tenants/{said}"]


def test_every_fault_of_both_files_is_told_at_once(tmp_path: Path) -> None:
    lines = told(tmp_path, "- { slug: b, plan: gold }\n- { slug: a, plan: pro, nmae: A }\n", namespace=[])
    assert [tuple(line.split(": ")[:2]) for line in lines] == [
        (
            f"Pulumi.example.yaml:{len((tmp_path / 'Pulumi.example.yaml').read_text().splitlines())}",
            f"{ROOT}.namespace",
        ),
        ("stacks/tenants/example.yaml:1", "[0].plan"),
        ("stacks/tenants/example.yaml:2", "[1].nmae"),
        ("stacks/tenants/example.yaml:2", "[1].slug"),
    ]


def test_a_stack_without_a_file_has_no_tenants(tmp_path: Path) -> None:
    assert told(tmp_path, None) == []
    assert told(tmp_path, "# nobody yet\n") == []


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    assert told(tmp_path, None, tenant_file="theirs.yaml") == [
        "theirs.yaml: cannot be read (No such file or directory); mend that and run it again"
    ]


def test_tenants_in_the_stack_file_are_sent_to_theirs(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.example.yaml").write_text("config:\n  tenantry:settings:\n    tenants: []\n")
    (faults,) = checking.check((), tmp_path).values()
    assert [str(fault) for fault in faults] == [
        "Pulumi.example.yaml:3: tenantry:settings.tenants: move the list to stacks/tenants/example.yaml"
    ]


def test_ten_thousand_tenants_are_read(tmp_path: Path) -> None:
    lines = [f"- {{ slug: shop-{number:05}, plan: free, contacts: [a@example.com] }}\n" for number in range(10_000)]
    raw = {key: value for key, value in raw_declared_settings().items() if key != tenant_file.FIELD}
    path = tmp_path / "stacks/tenants/example.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("".join(lines))
    assert len(validate_stack("example", raw, tmp_path).tenants) == 10_000


def complaints(entries: object) -> list[str]:
    """Return where the schema refuses tenants."""
    found = jsonschema.Draft202012Validator(schema.document_of_tenants()).iter_errors(entries)
    return [".".join(map(str, error.absolute_path)) for error in found]


def test_the_committed_schema_of_tenants_is_current() -> None:
    """Otherwise: `.venv/bin/tenantry config schema --tenants > tenants.schema.json`."""
    assert schema.TENANT_FILE.read_text(encoding="utf-8") == schema.text(schema.document_of_tenants())


@pytest.mark.parametrize("stack", stacks())
def test_every_tenant_file_keeps_the_schema_and_points_to_it(stack: str) -> None:
    listed = tenant_file.read(stack, read(source_of(stack)).settings)
    assert listed.entries
    assert listed.text.startswith(schema.TENANT_HEADER + "\n")
    assert (PROJECT_ROOT / tenant_file.FOLDER / schema.TENANT_HEADER.partition("$schema=")[2]).is_file()
    assert complaints(listed.entries) == []


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"plan": "gold"}, "0.plan"),
        ({"slug": "Acme"}, "0.slug"),
        ({"nmae": "A"}, "0"),
        ({"domains": "a.b"}, "0.domains"),
    ],
)
def test_the_schema_of_tenants_refuses_at_the_same_place(changes: dict[str, Any], place: str) -> None:
    assert complaints([{"slug": "acme", "plan": "pro", **changes}]) == [place]


def test_a_file_that_is_no_yaml_stops_the_program_with_one_line(tmp_path: Path) -> None:
    told(tmp_path, "- {")
    with pytest.raises(StackFileError) as caught:
        tenant_file.read("example", {}, tmp_path)
    what = "not valid YAML (expected the node content, but found '<stream end>')"
    assert str(caught.value) == f"{what}, stacks/tenants/example.yaml:1, mend that line"
