"""Launch templates: versions, and what is refused."""

from typing import Any

import pytest

from infra.sandbox.plugins.values import UNKNOWN
from tests.plugins.aws.world import World
from tests.plugins.client import Refused

TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


@pytest.mark.parametrize(
    ("inputs", "named", "allowed"),
    [
        ({"userData": "#!/bin/sh"}, "userData", "must be encoded in base64"),
        ({"userData": "A" * 24_000}, "userData", "must have at most 16384 bytes"),
        (
            {"instanceType": "m7i.large", "instanceRequirements": {"memoryMib": {"min": 1}, "vcpuCount": {"min": 1}}},
            "instanceType",
            "cannot be given together with instanceRequirements",
        ),
        (
            {"metadataOptions": {"httpTokens": "always"}},
            "metadataOptions.httpTokens",
            "must be one of optional, required",
        ),
        ({"instanceTyp": "m7i.large"}, "instanceTyp", "is not known"),
    ],
)
def test_a_preview_says_what_is_allowed(world: World, inputs: dict[str, Any], named: str, allowed: str) -> None:
    _, failures = world.object(TEMPLATE).check(**inputs)
    assert set(failures) == {named}
    assert allowed in failures[named]


def test_a_change_is_a_new_version_and_the_default_one_only_when_wanted(world: World) -> None:
    made = world.object(TEMPLATE).create(instanceType="t4g.small")
    made.update(instanceType="t4g.medium")
    assert (made.outputs["latestVersion"], made.outputs["defaultVersion"]) == (2, 1)
    made.update(instanceType="t4g.large", updateDefaultVersion=True)
    assert (made.outputs["latestVersion"], made.outputs["defaultVersion"]) == (3, 3)
    made.update(instanceType="t4g.large", defaultVersion=1)
    assert (made.outputs["latestVersion"], made.outputs["defaultVersion"]) == (3, 1)
    client = world.client("ec2")
    versions = client.describe_launch_template_versions(LaunchTemplateId=made.id)["LaunchTemplateVersions"]
    types = {version["VersionNumber"]: version["LaunchTemplateData"]["InstanceType"] for version in versions}
    assert types == {1: "t4g.small", 2: "t4g.medium", 3: "t4g.large"}
    made.delete()


def test_a_preview_of_a_change_does_not_know_the_next_version(world: World) -> None:
    made = world.object(TEMPLATE).create(instanceType="t4g.small")
    assert made.update(preview=True, instanceType="t4g.large")["latestVersion"] is UNKNOWN
    assert made.update(preview=True, instanceType="t4g.small", tags={"owner": "shop"})["latestVersion"] == 1
    made.delete()


def test_a_change_of_tags_alone_is_no_new_version(world: World) -> None:
    made = world.object(TEMPLATE).create(instanceType="t4g.small", tags={"owner": "shop"})
    made.update(instanceType="t4g.small", tags={"owner": "platform"})
    assert made.outputs["latestVersion"] == 1
    assert made.refresh() == set()
    made.delete()


def test_what_is_left_out_of_a_change_is_not_in_the_new_version(world: World) -> None:
    made = world.object(TEMPLATE).create(instanceType="t4g.small", keyName="ours")
    made.update(instanceType="t4g.small")
    assert made.refresh() == set()
    latest = world.client("ec2").describe_launch_template_versions(LaunchTemplateId=made.id, Versions=["$Latest"])
    assert "KeyName" not in latest["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    made.delete()


def test_a_second_template_of_one_name_is_refused(world: World) -> None:
    name = world.name("nodes")
    world.object(TEMPLATE).create(name=name, instanceType="t4g.small")
    with pytest.raises(Refused, match=r"InvalidLaunchTemplateName\.AlreadyExists"):
        world.object(TEMPLATE).create(name=name, instanceType="t4g.small")


def test_a_template_without_a_name_is_named_after_the_resource(world: World) -> None:
    made = world.object(TEMPLATE).create(instanceType="t4g.small")
    assert made.outputs["name"].startswith(f"{made.name}-")
    prefixed = world.object(TEMPLATE).create(instanceType="t4g.small", namePrefix="nodes-of-shop-")
    assert prefixed.outputs["name"].startswith("nodes-of-shop-")
    assert prefixed.changes(instanceType="t4g.small", namePrefix="nodes-of-shop-") == {}
    made.delete()
    prefixed.delete()
