"""Creations whose end nobody saw: of the engine, of the plugin, of the cloud; and calls that fail on the way."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from infra.sandbox.cloud.service import Cloud
from tests.plugins.aws.world import MODULE, REGION, World
from tests.plugins.client import Object, Refused, running
from tests.sandbox.cloud.harness import faults

VPC = "aws:ec2/vpc:Vpc"
ONE = {"cidrBlock": "10.70.0.0/16", "tags": {"owner": "one"}}


@contextmanager
def engine(cloud: Cloud) -> Iterator[World]:
    """Run the plugin as a new engine would, which remembers nothing."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with running(MODULE, environment | cloud.environment()) as plugin:
        plugin.configure(region=REGION)
        yield World(plugin, cloud.url)


def made_and_forgotten(cloud: Cloud) -> str:
    """Make a VPC whose id no state holds, as an engine does that is killed right after."""
    with engine(cloud) as world:
        return world.object(VPC, "shop").create(**ONE).id


def vpcs(cloud: Cloud) -> list[str]:
    return [line.split()[-1] for line in cloud.contents() if " Vpcs " in line]


def test_a_creation_that_was_not_recorded_is_found_again(cloud: Cloud) -> None:
    lost = made_and_forgotten(cloud)
    with engine(cloud) as world:
        found = world.object(VPC, "shop").create(**ONE)
        assert found.id == lost
        assert vpcs(cloud) == [lost]
        assert found.refresh() == set()
        found.delete()


def test_what_is_found_again_is_made_as_it_is_wanted_now(cloud: Cloud) -> None:
    lost = made_and_forgotten(cloud)
    with engine(cloud) as world:
        now = {**ONE, "enableDnsHostnames": True, "tags": {"owner": "two"}}
        found = world.object(VPC, "shop").create(**now)
        assert found.id == lost
        assert found.outputs["tagsAll"] == {"owner": "two"}
        assert found.outputs["enableDnsHostnames"] is True
        assert found.changes(**now) == {}
        assert found.refresh() == set()
        found.delete()


def test_what_was_made_and_could_not_be_looked_at_is_completed_by_an_update(cloud: Cloud) -> None:
    lost = made_and_forgotten(cloud)
    with engine(cloud) as world:
        wanted = world.object(VPC, "shop").inputs_for(**ONE, enableDnsHostnames=True)
        recorded = {**wanted, "region": REGION}  # all that is known when the cloud dies before it can be asked
        left = Object(world.plugin, VPC, "shop", lost, wanted, recorded)
        outputs = left.update(**ONE, enableDnsHostnames=True)
        assert outputs["arn"].endswith(lost)
        assert left.refresh() == set()
        seen = world.client("ec2").describe_vpc_attribute(VpcId=lost, Attribute="enableDnsHostnames")
        assert seen["EnableDnsHostnames"] == {"Value": True}
        left.delete()


def test_what_cannot_become_what_is_wanted_goes_and_another_comes(cloud: Cloud) -> None:
    lost = made_and_forgotten(cloud)
    with engine(cloud) as world:
        found = world.object(VPC, "shop").create(**{**ONE, "cidrBlock": "10.71.0.0/16"})
        assert found.id != lost
        assert vpcs(cloud) == [found.id]
        found.delete()


def test_what_has_been_deleted_by_others_is_made_anew(cloud: Cloud) -> None:
    lost = made_and_forgotten(cloud)
    with engine(cloud) as world:
        world.client("ec2").delete_vpc(VpcId=lost)
        found = world.object(VPC, "shop").create(**ONE)
        assert found.id != lost
        assert vpcs(cloud) == [found.id]
        found.delete()


def test_a_replacement_is_not_taken_for_what_it_replaces_and_is_found_again_itself(cloud: Cloud) -> None:
    with engine(cloud) as world:
        old = world.object(VPC, "shop").create(**ONE)
    other = {**ONE, "cidrBlock": "10.72.0.0/16"}
    with engine(cloud) as world:
        old = Object(world.plugin, VPC, "shop", old.id, old.inputs, old.outputs)
        assert old.diff(**other).replaces == ["cidrBlock"]
        lost = world.object(VPC, "shop").create(**other)
        assert lost.id != old.id
    with engine(cloud) as world:
        old = Object(world.plugin, VPC, "shop", old.id, old.inputs, old.outputs)
        assert old.diff(**other).replaces == ["cidrBlock"]
        new = world.object(VPC, "shop").create(**other)
        assert new.id == lost.id
        assert sorted(vpcs(cloud)) == sorted([old.id, new.id])
        old.delete()
        new.delete()


def test_after_a_deletion_another_one_is_made(cloud: Cloud) -> None:
    with engine(cloud) as world:
        first = world.object(VPC, "shop").create(**ONE)
        first.delete()
        second = world.object(VPC, "shop").create(**ONE)
        assert second.id != first.id
        second.delete()


def test_a_creation_is_found_again_after_the_cloud_was_killed(cloud: Cloud) -> None:
    lost = made_and_forgotten(cloud)
    process = cloud.instance.daemon("cloud").process()
    assert process is not None
    process.kill()
    process.wait(10)
    cloud.start(lambda _line: None)
    with engine(cloud) as world:
        found = world.object(VPC, "shop").create(**ONE)
        assert found.id == lost
        found.delete()


def test_a_call_that_failed_after_it_took_effect_is_tried_again_and_makes_one(cloud: Cloud) -> None:
    cloud.add_fault(kind="fail-after", action="CreateVpc", count=2)
    with engine(cloud) as world:
        made = world.object(VPC, "shop").create(**ONE)
        assert vpcs(cloud) == [made.id]
        made.delete()


def test_throttled_calls_are_tried_again(cloud: Cloud) -> None:
    cloud.add_fault(kind="throttle", action="CreateVpc", count=3)
    with engine(cloud) as world:
        made = world.object(VPC, "shop").create(**ONE)
        assert vpcs(cloud) == [made.id]
        assert [fault["left"] for fault in faults(cloud)] == [0], "all three were met"
        made.delete()


def test_a_quota_is_refused_with_awss_code_and_what_is_found_again_does_not_count_twice(cloud: Cloud) -> None:
    made_and_forgotten(cloud)
    before = cloud.quotas()["vpcs"]
    cloud.set_quotas(vpcs=2)  # one is the region's default VPC
    try:
        with engine(cloud) as world:
            with pytest.raises(Refused, match="creating EC2 VPC second: VpcLimitExceeded: "):
                world.object(VPC, "second").create(**ONE)
            world.object(VPC, "shop").create(**ONE).delete()
    finally:
        cloud.set_quotas(vpcs=before)


def test_a_lost_region_fails_in_one_line_and_others_go_on(cloud: Cloud) -> None:
    cloud.add_fault(kind="lost-region", region=REGION)
    with engine(cloud) as world:
        with pytest.raises(Refused, match="creating EC2 VPC shop: ServiceUnavailable: "):
            world.object(VPC, "shop").create(**ONE)
        elsewhere = world.object(VPC, "shop").create(**ONE, region="us-west-2")
        elsewhere.delete()
