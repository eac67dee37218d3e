"""Providers that change, and packs of policies."""

from typing import Any

import pytest

from infra.gate.change import Hidden, PropertyChange, Violation
from infra.gate.rules import providers
from tests.gate.rules.cases import created, deleted, found, replaced, there, updated, urn, view

UNKNOWN, SECRET = Hidden.UNKNOWN, Hidden.SECRET
AWS = "pulumi:providers:aws"
BUCKET = "aws:s3/bucket:Bucket"
PROVIDER = "urn:pulumi:example::tenantry::pulumi:providers:random::"


def moved(before: str, after: str, name: str = "one") -> Any:
    return updated("random:index/randomString:RandomString", {}, {}, name, provider_before=before, provider_after=after)


def test_another_version_of_a_default_provider_is_told_once() -> None:
    before, after = f"{PROVIDER}default_4_21_3::1", f"{PROVIDER}default_4_21_4::2"
    (finding,) = found(providers.provider_changed, moved(before, after), moved(before, after, "two"))
    assert finding.reason == "2 resources by another provider: version 4.21.3 -> 4.21.4"
    assert finding.urn == f"{PROVIDER}default_4_21_4"
    assert not found(providers.provider_changed, moved(before, before))
    assert not found(providers.provider_changed, moved(before, f"{PROVIDER}default_4_21_3::another-id"))


def test_another_provider_is_told() -> None:
    (finding,) = found(providers.provider_changed, moved(f"{PROVIDER}one", f"{PROVIDER}two"))
    assert finding.reason == "1 resource by another provider: one -> two"
    assert not found(providers.provider_changed, moved("", f"{PROVIDER}two")), "a component has none"


@pytest.mark.parametrize("place", [("version",), ("__internal", "version")])
def test_another_version_of_a_declared_provider_is_told(place: tuple[str, ...]) -> None:
    old: Any = {"version": "7.51.1"} if len(place) == 1 else {"__internal": {"version": "7.51.1"}}
    new: Any = {"version": "7.52.0"} if len(place) == 1 else {"__internal": {"version": "7.52.0"}}
    (finding,) = found(providers.provider_changed, updated(AWS, old, new))
    assert finding.reason == "version 7.51.1 -> 7.52.0"
    assert not found(providers.provider_changed, updated(AWS, old, {**old, "region": "eu-west-1"}))


@pytest.mark.parametrize(
    ("token", "key", "before", "after"),
    [
        (AWS, "region", "eu-central-1", "eu-west-1"),
        (AWS, "allowedAccountIds", '["1"]', '["2"]'),
        (AWS, "region", "eu-central-1", UNKNOWN),
        ("pulumi:providers:kubernetes", "context", "a", "b"),
        ("pulumi:providers:kubernetes", "kubeconfig", SECRET, SECRET),
        ("pulumi:providers:postgresql", "host", "a.example", "b.example"),
    ],
)
def test_a_provider_does_not_move(token: str, key: str, before: Any, after: Any) -> None:
    listed = [PropertyChange(key, "update", before, after)]
    for make in (updated, replaced):
        assert found(providers.provider_moved, make(token, {key: before}, {key: after}, properties=listed))
    assert not found(providers.provider_moved, updated(token, {key: before, "tags": 1}, {key: before, "tags": 2}))
    assert not found(providers.provider_moved, updated("pulumi:providers:random", {key: before}, {key: after}))


def test_a_kubeconfig_is_told_by_its_server() -> None:
    old, new = (f'{{"clusters": [{{"cluster": {{"server": "https://{name}.example"}}}}]}}' for name in ("a", "b"))
    change = updated("pulumi:providers:kubernetes", {"kubeconfig": old}, {"kubeconfig": new})
    (finding,) = found(providers.provider_moved, change)
    assert finding.reason == "kubeconfig: https://a.example -> https://b.example"


def test_a_resource_stays_in_its_region() -> None:
    change = replaced(BUCKET, {"region": "eu-west-1"}, {"region": "us-east-1"})
    (finding,) = found(providers.region_changed, change)
    assert finding.reason == "region: eu-west-1 -> us-east-1"
    assert found(providers.region_changed, updated(BUCKET, {"region": "eu-west-1"}, {"region": UNKNOWN}))
    named = updated(BUCKET, {}, {"region": "eu-west-1"})
    assert found(providers.region_changed, named)
    own = there(AWS, {"region": "eu-west-1"}, name="aws")
    assert not found(providers.region_changed, named, own), "it was there already"
    assert not found(
        providers.region_changed, created(BUCKET, {"region": "a"}), deleted(BUCKET, {"region": "a"}, "two")
    )


def test_packs_of_policies_are_heard() -> None:
    broken = Violation(urn(BUCKET, "one"), "pack/no-public", mandatory=True, message="it is\npublic")
    advice = Violation("", "pack/tags", mandatory=False, message="no owner")
    (finding,) = found(providers.policy_mandatory, violations=[broken, advice])
    assert (finding.level, finding.urn, finding.reason) == ("forbidden", broken.urn, "pack/no-public: it is public")
    (finding,) = found(providers.policy_advisory, violations=[broken, advice])
    assert (finding.level, finding.urn) == ("notable", view().stack_urn)
