"""A zone more, in the engine's own preview: what the new subnets are not known for must not look replaced."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.paths import BIN
from infra.sandbox.cloud.service import Cloud
from infra.sandbox.plugins import installation
from infra.sandbox.plugins.language.install import install as install_language_host
from tests.plugins.aws.test_aws_engine import Network
from tests.plugins.aws.world import REGION
from tests.plugins.language.harness import Project

_PROGRAM = """
import json, os
import pulumi_aws
from components.cluster import Cluster, ClusterArgs
from components.network import Network, NetworkArgs
from components.redis import Redis, RedisArgs

zones = [os.environ["AWS_REGION"] + zone for zone in json.loads(os.environ["SETTINGS"])["zones"]]
args = NetworkArgs(block="10.20.0.0/16", zones=zones, nat_gateways="single", interface_endpoints=[])
network = Network("network", args)
cluster = Cluster(
    "cluster",
    ClusterArgs(
        cluster_name="shop",
        version="1.34",
        subnets=network.private_subnets,
        egress=network.egress,
        node_pools={},
        administrators={},
        protect=False,
    ),
)
cache = Redis(
    "cache",
    RedisArgs(
        vpc_id=network.vpc_id,
        subnet_ids=list(network.data_subnets.values()),
        engine_version="8.1",
        node_type="cache.t4g.micro",
        protect=False,
    ),
)
cache.allow_from("cluster", cluster.security_group_id)
"""


@pytest.fixture
def platform(tmp_path: Path, cloud: Cloud) -> Iterator[Network]:
    install_language_host(BIN)
    installation.install(tmp_path / "home")
    made = Network(Project.create(tmp_path).root, cloud, {"zones": "ab"})
    made.program(_PROGRAM)
    made.pulumi("stack", "init", "dev")
    made.pulumi("config", "set", "aws:region", REGION)
    yield made
    made.pulumi("destroy", "--yes", "--skip-preview")


def test_a_new_zone_replaces_nothing(platform: Network) -> None:
    platform.up()
    platform.settings["zones"] = "abc"
    steps = json.loads(platform.pulumi("preview", "--json").stdout)["steps"]
    changed = {step["urn"].rpartition("::")[2]: step["op"] for step in steps if step["op"] not in ("same", "create")}
    assert set(changed.values()) == {"update"}
    assert {"cluster-cluster", "cache-subnets"} <= changed.keys()
    platform.up()
    platform.pulumi("preview", "--expect-no-changes")
