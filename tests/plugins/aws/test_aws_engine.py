"""The plugin under the real engine, disturbed: wrong inputs, and kills of the engine and the cloud in mid-update."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.paths import BIN
from infra.sandbox.cloud.service import Cloud
from infra.sandbox.plugins import installation
from infra.sandbox.plugins.language.install import install as install_language_host
from infra.sandbox.waiting import wait_until
from tests.plugins.aws.world import REGION, World
from tests.plugins.language.harness import Project

_PROGRAM = """
import json, os
import pulumi
from pulumi_aws import ec2

settings = json.loads(os.environ["SETTINGS"])
vpc = ec2.Vpc("main", cidr_block="10.80.0.0/16", enable_dns_hostnames=True)
for number in range(settings["subnets"]):
    ec2.Subnet(
        f"private-{number}",
        vpc_id=vpc.id,
        cidr_block=f"10.80.{number + settings['first']}.0/24",
        availability_zone=f"{settings['region']}{'abc'[number % 3]}",
    )
pulumi.export("vpc", vpc.id)
"""


@dataclass(frozen=True)
class Network(Project):
    """A project in an account of its own."""

    cloud: Cloud
    settings: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in super().environment.items() if not name.startswith("AWS_")}
        return kept | {
            **self.cloud.environment(),
            "AWS_REGION": REGION,
            "SETTINGS": json.dumps(self.settings),
            "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
        }

    def up(self, *arguments: str, code: int = 0) -> str:
        result = self.pulumi("up", "--yes", "--skip-preview", "--parallel", "16", *arguments, code=code)
        return result.stdout + result.stderr

    def expect_nothing(self) -> None:
        """Nothing is to do, nothing drifted, and the cloud holds exactly what the state does."""
        self.pulumi("preview", "--expect-no-changes")
        self.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--clear-pending-creates")
        deployment = json.loads(self.pulumi("stack", "export").stdout)["deployment"]
        assert not deployment.get("pending_operations")
        recorded = [item["id"] for item in deployment["resources"] if item["type"].startswith("aws:")]
        assert sorted(recorded) == sorted(line.split()[-1] for line in self.cloud.contents())
        assert len(recorded) == self.settings["subnets"] + 1

    def subnets(self) -> set[str]:
        ec2 = World.boto3(self.cloud.url, "ec2")
        found = ec2.describe_subnets(Filters=[{"Name": "cidr-block", "Values": ["10.80.*"]}])["Subnets"]
        return {subnet["SubnetId"] for subnet in found}


@pytest.fixture
def network(tmp_path: Path, cloud: Cloud) -> Iterator[Network]:
    install_language_host(BIN)
    installation.install(tmp_path / "home")
    made = Project.create(tmp_path)
    settings = {"subnets": 12, "first": 0, "region": REGION}
    network = Network(made.root, cloud, settings)
    network.program(_PROGRAM)
    network.pulumi("stack", "init", "dev")
    yield network
    network.pulumi("cancel", "--yes")
    network.pulumi("destroy", "--yes", "--skip-preview")


def test_kills_of_the_engine_make_nothing_twice_and_leave_nothing_behind(network: Network) -> None:
    network.settings["subnets"] = 40  # so many, and so slow, that a look at the cloud comes long before the last one
    network.cloud.add_fault(kind="slow", action="CreateSubnet", seconds=0.2)
    for first, writes in ((0, 1), (0, 3), (100, 2), (200, 4)):  # the later ones hit replacements
        network.settings["first"] = first
        before = network.subnets()
        with network.running("up", "--yes", "--skip-preview", "--parallel", "4") as run:
            _wait_for_new(network, before, writes)
            assert run.process.poll() is None
            run.process.kill()
            run.process.wait()
        network.pulumi("cancel", "--yes")
    network.cloud.clear_faults()
    network.up()
    network.expect_nothing()


def test_a_wrong_input_fails_in_the_preview_and_what_a_kill_of_the_cloud_failed_the_next_update_completes(
    network: Network,
) -> None:
    network.program(_PROGRAM.replace('cidr_block="10.80.0.0/16"', 'cidr_block="10.80.0.0/99"'))
    refused = network.pulumi("preview", code=1)
    assert "aws:ec2/vpc:Vpc resource 'main'" in refused.stdout + refused.stderr
    assert "cidrBlock" in refused.stdout + refused.stderr
    assert network.cloud.is_empty()
    network.program(_PROGRAM)
    with network.running("up", "--yes", "--skip-preview", "--parallel", "4") as run:
        _wait(lambda: bool(network.subnets()), "a subnet")
        process = network.cloud.instance.daemon("cloud").process()
        assert process is not None
        process.kill()
        run.process.wait(120)
    network.cloud.start(lambda _line: None)
    network.up()
    network.expect_nothing()


def _wait_for_new(network: Network, before: set[str], count: int) -> None:
    _wait(lambda: len(network.subnets() - before) >= count, f"{count} new subnets")


def _wait(condition: Any, what: str) -> None:
    wait_until(condition, seconds=60, what=what, where="the cloud", remedy="see the test", every=0.03)
