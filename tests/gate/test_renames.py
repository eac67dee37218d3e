"""Deletions beside creations: what is told as a rename, with which alias, and what is not."""

import random
from collections.abc import Mapping
from typing import Any, Literal

import pytest

from infra.gate.change import Change, Preview
from infra.gate.renames import renames

BUCKET = "aws:s3/bucket:Bucket"
COMPONENT = "tenantry:storage:Bucket"
DATA = {"versioned": True, "region": "eu-central-1", "tags": {"owner": "a"}}


def urn(token: str, name: str, above: str = "") -> str:
    return f"urn:pulumi:local::tenantry::{above}{'$' if above else ''}{token}::{name}"


ROOT = urn("pulumi:pulumi:Stack", "tenantry-local")


def change(
    kind: Literal["create", "delete"],
    name: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    token: str = BUCKET,
    parent: str = ROOT,
) -> Change:
    above = "" if parent == ROOT else parent.split("::")[2]
    given = DATA if inputs is None else inputs
    sides: dict[str, Any] = {"before": given} if kind == "delete" else {"after": given}
    return Change(urn(token, name, above), token, kind, parent=parent, **sides)


def found(*changes: Change) -> list[tuple[str, str, str]]:
    listed = list(changes)
    made = renames(Preview("local", "tenantry", sorted(listed, key=lambda one: one.urn)))
    random.Random(1).shuffle(listed)
    assert renames(Preview("local", "tenantry", listed)) == made
    name = {one.urn: one.name for one in changes}
    return [(name[one.deleted], name[one.created], one.alias) for one in made]


def alias(arguments: str) -> str:
    return f"opts=ResourceOptions(aliases=[Alias({arguments})])"


def test_another_name_of_the_same_resource_is_a_rename() -> None:
    told = found(change("delete", "uploads"), change("create", "tenant-uploads"))
    assert told == [("uploads", "tenant-uploads", alias('name="uploads"'))]


def test_inputs_that_are_called_after_the_resource_are_no_difference() -> None:
    old, new = ({"bucket": f"shop-{name}", **DATA} for name in ("uploads", "upload"))
    assert found(change("delete", "uploads", old), change("create", "upload", new))


@pytest.mark.parametrize(
    "created",
    [
        change("create", "uploads-2", {"versioned": False, "region": "eu-west-1", "tags": {}}),
        change("create", "zzz", {**DATA, "tags": {}}),
        change("create", "uploads-2", token="aws:sqs/queue:Queue"),
    ],
    ids=["other inputs", "another name and other inputs", "another type"],
)
def test_what_is_not_alike_is_no_rename(created: Change) -> None:
    assert found(change("delete", "uploads"), created) == []


def test_one_that_stays_is_no_rename() -> None:
    assert found(change("delete", "uploads")) == []
    assert found(change("create", "uploads")) == []


def test_the_most_alike_are_paired_and_each_once() -> None:
    old = [change("delete", name) for name in ("uploads", "exports")]
    new = [change("create", name) for name in ("exports-2", "uploads-2", "files")]
    assert [told[:2] for told in found(*old, *new)] == [("exports", "exports-2"), ("uploads", "uploads-2")]


def test_another_parent_is_told_by_it() -> None:
    component = urn(COMPONENT, "uploads")
    told = found(change("delete", "data"), change("create", "data", parent=component))
    assert told == [("data", "data", alias("parent=ROOT_STACK_RESOURCE"))]
    back = found(change("delete", "data", parent=component), change("create", "data"))
    assert back == [("data", "data", alias(f'parent="{component}"'))]


def test_another_type_is_told_by_it() -> None:
    told = found(change("delete", "data"), change("create", "data", token="aws:s3/bucketV2:BucketV2"))
    assert told == [("data", "data", alias(f'type_="{BUCKET}"'))]


def family(kind: Literal["create", "delete"], name: str, token: str = COMPONENT) -> list[Change]:
    component = change(kind, name, {}, token=token)
    inner = change(kind, f"{name}-inner", {}, token="tenantry:storage:Inner", parent=component.urn)
    return [
        component,
        inner,
        change(kind, f"{name}-bucket", {"bucket": name, **DATA}, parent=component.urn),
        change(kind, f"{name}-policy", {"policy": "x"}, token="aws:s3/policy:Policy", parent=component.urn),
        change(kind, f"{name}-inner-key", {"rotation": True}, token="aws:kms/key:Key", parent=inner.urn),
    ]


def test_what_comes_with_a_component_is_told_with_it_alone() -> None:
    told = found(*family("delete", "uploads"), *family("create", "tenant-files"))
    assert told == [("uploads", "tenant-files", alias('name="uploads"'))]
    typed = found(*family("delete", "uploads"), *family("create", "uploads", "tenantry:storage:Files"))
    assert typed == [("uploads", "uploads", alias(f'type_="{COMPONENT}"'))]


def test_a_part_that_has_another_name_besides_is_told_for_itself() -> None:
    old, new = family("delete", "uploads"), family("create", "upload")
    other = change("create", "upload-store", {"bucket": "upload", **DATA}, parent=new[0].urn)
    told = found(*old, new[0], new[1], other, *new[3:])
    assert [one[:2] for one in told] == [("uploads-bucket", "upload-store"), ("uploads", "upload")]
    assert told[0][2] == alias('name="uploads-bucket"')


@pytest.mark.parametrize("token", ["tenantry:tenant:SchemaTenant", "tenantry:tenant:DatabaseTenant"])
def test_a_tenant_never_becomes_another(token: str) -> None:
    assert found(*family("delete", "tenant-acme", token), *family("create", "tenant-acme-2", token)) == []


def test_a_text_that_has_quotes_is_a_text_in_python() -> None:
    ((_, _, told),) = found(change("delete", 'say "x"'), change("create", 'say "xy"'))
    assert told == alias('name="say \\"x\\""')


@pytest.mark.parametrize("inputs", [DATA, None], ids=["all alike", "each its own"])
def test_of_thousands_of_each_every_one_finds_its_own(inputs: Mapping[str, Any] | None) -> None:
    def made(kind: Literal["create", "delete"], prefix: str) -> list[Change]:
        names = [f"{prefix}-part-{number}" for number in range(2000)]
        return [change(kind, name, inputs or {"id": name.removeprefix(prefix), **DATA}) for name in names]

    preview = Preview("local", "tenantry", [*made("delete", "old"), *made("create", "new")])
    told = renames(preview)
    assert len(told) == 2000
    assert all(one.deleted.replace("old", "new") == one.created for one in told)
