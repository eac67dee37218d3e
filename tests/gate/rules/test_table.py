"""The table of rules, and what rules look at."""

import importlib
import pkgutil

import pytest

from infra.gate import rules
from infra.gate.rules.rule import Found, rule
from infra.gate.rules.table import RULES
from infra.gate.rules.view import View, type_of
from infra.gate.verdict import LEVELS
from tests.examples import declared_settings
from tests.gate.rules.cases import created, deleted, found, tenants, there, updated, urn, view


def test_rules_are_sorted_by_name_and_say_who_asks_for_them() -> None:
    assert list(RULES) == sorted(RULES)
    for name, one in RULES.items():
        assert one.name == name
        assert one.level in LEVELS[1:]
        assert one.title.endswith(".")
        assert len(one.title) <= 120
        assert one.source


def test_no_rule_is_left_out_or_there_twice() -> None:
    modules = [importlib.import_module(f"infra.gate.rules.{one.name}") for one in pkgutil.iter_modules(rules.__path__)]
    listed = [
        one.name
        for module in modules
        for one in (module.RULES if isinstance(module.__dict__.get("RULES"), tuple) else ())
    ]
    made = {value.name for module in modules for value in vars(module).values() if type(value).__name__ == "Rule"}
    assert sorted(listed) == list(RULES)
    assert made == set(RULES)


def test_a_rule_is_made_of_a_function_and_its_docstring() -> None:
    @rule("notable")
    def every_bucket(view: View):  # type: ignore[no-untyped-def]
        """A bucket is there.

        Source: nobody
        """
        for one in view.resources("aws:s3/bucket:Bucket"):
            yield Found(one.urn, "it is there", "a.b")

    assert (every_bucket.name, every_bucket.title, every_bucket.source) == (
        "every-bucket",
        "A bucket is there.",
        "nobody",
    )
    (finding,) = found(every_bucket, there("aws:s3/bucket:Bucket", {}))
    assert (finding.rule, finding.level, finding.path) == ("every-bucket", "notable", "a.b")


def test_a_function_without_a_source_is_no_rule() -> None:
    def sourceless(view: View):  # type: ignore[no-untyped-def]
        """A bucket is there."""

    with pytest.raises(AssertionError, match="no source"):
        rule("notable")(sourceless)


def test_a_view_knows_who_is_below_whom() -> None:
    tenant = there("tenantry:tenant:DatabaseTenant", {}, name="tenant-book-store")
    inner = there("tenantry:service:OwnService", {}, name="inner", parent=tenant.urn)
    leaf = created("kubernetes:apps/v1:Deployment", {}, name="leaf", parent=inner.urn)
    gone = deleted("kubernetes:core/v1:Secret", {}, name="gone", parent=tenant.urn)
    seen = view(tenant, inner, leaf, gone)
    assert list(seen.ancestors(leaf.urn)) == [inner.urn, tenant.urn]
    assert seen.owner(leaf.urn, "tenantry:tenant:") == tenant.urn
    assert seen.owner(tenant.urn, "tenantry:tenant:") == tenant.urn
    assert seen.owner(leaf.urn, "tenantry:service:Service") == ""
    assert seen.children(tenant.urn) == sorted([inner.urn, gone.urn])
    assert seen.tenant(leaf.urn) == "book-store"
    assert seen.tenant(urn("aws:s3/bucket:Bucket", "other")) is None
    assert list(seen.related(gone.urn, "kubernetes:apps/")) == [leaf.urn]
    assert seen.is_new(leaf.urn)
    assert seen.ends(gone.urn)


def test_a_view_ends_at_the_stack() -> None:
    stack = "urn:pulumi:example::tenantry::pulumi:pulumi:Stack::tenantry-example"
    one = there("aws:s3/bucket:Bucket", {}, parent=stack)
    seen = view(one, there("pulumi:pulumi:Stack", {}))
    assert list(seen.ancestors(one.urn)) == []
    assert list(seen.related(one.urn, "aws:")) == []
    assert seen.stack_urn == stack


def test_a_view_finds_changes_by_type_and_kind() -> None:
    changes = [updated("aws:rds/instance:Instance", {}, {"a": 1}), deleted("aws:rds/snapshot:Snapshot", {})]
    seen = view(*changes)
    assert len(list(seen.changes("aws:rds/"))) == 2
    assert [one.kind for one in seen.changes("aws:rds/", "delete")] == ["delete"]
    assert seen.change(changes[0].urn) == changes[0]
    assert seen.resource(changes[1].urn) is None


def test_a_view_knows_tenants_and_the_account() -> None:
    assert view(settings=tenants({"slug": "book-store", "plan": "pro"})).tenant_state("book-store") == "active"
    assert view().tenant_state("book-store") is None
    assert view(settings=declared_settings()).account == "123456789012"
    assert view().account is None


def test_the_type_is_in_the_urn() -> None:
    assert type_of("urn:pulumi:a::b::pulumi:pulumi:Stack$x:y:Z$aws:s3/bucket:Bucket::name") == "aws:s3/bucket:Bucket"
    assert type_of("nonsense") == ""
