"""What is asked for must be there: instance sizes, addresses, room for pods, connections, zones."""

import re
from typing import Any

import botocore.session
import pytest

from infra.settings.loader import validate
from infra.settings.regions import REGIONS, checked
from infra.settings.sizes import find, nearest
from tests.examples import BLUE_IMAGE
from tests.settings import instance_sizes
from tests.settings.test_foundation_settings import POOL, Change, changed
from tests.settings.wrong import ROOT, problems_of

NODE = "not an EC2 instance type that is known here"
CLASS = "not an RDS instance class for PostgreSQL that is known here"
BLOCK = "give a larger block, or lower a node pool's maximum"
NODES = "raise a maximum, or take larger instance types"
POOLS = "raise it, add database.pooler, or lower database_connections of a service"
MEMORY = "lower it, or take a larger class"
LARGER = "lower it, or take a larger instance type"
PARTITION = "not of AWS's commercial partition, whose us-east-1 the platform needs; take a region of that"
ONE_SLOT = {"port": 3000, "active": "blue", "slots": {"blue": {"image": BLUE_IMAGE}}}

# path, value there, what is said after the path
WRONG_VALUES: list[tuple[str, object, str]] = [
    ("network.minimum_zones", 1, "too small; 2 at least"),
    ("network.minimum_zones", 5, "too large; 4 at most"),
    ("network.minimum_zones", "three", "must be a whole number"),
    ("database.instance_class", "db.r8g.lage", f"{CLASS}; did you mean db.r8g.large?"),
    ("database.instance_class", "db.r99g.large", f"{CLASS}; did you mean db.r8g.large?"),
    ("database.instance_class", "db.r8g.16large", f"{CLASS}; did you mean db.r8g.16xlarge?"),
    ("database.max_connections", 1803, f"more than the memory of instance_class is for, which is 1802; {MEMORY}"),
    (
        "database.max_connections",
        429,
        f"too few for the pods of two live slots, which need 430 without a pooler; {POOLS}",
    ),
    ("aws.region", "eu-centrl-1", "not an AWS region that is known here; did you mean eu-central-1?"),
    ("aws.region", "us-gov-west-1", PARTITION),
    ("aws.recovery_region", "cn-north-1", PARTITION),
    ("aws.recovery_region", "eu-west-9", "not an AWS region that is known here; did you mean eu-west-3?"),
    ("aws.recovery_region", "qq-zzz-7", "not an AWS region that is known here"),
    ("services.storefront.database_connections", -1, "too small; 0 at least"),
    ("services.storefront.database_connections", 1001, "too large; 1000 at most"),
    ("services.storefront.database_connections", "many", "must be a whole number"),
]

# changes, path of the error, what is said
WRONG_COMBINATIONS: list[tuple[list[Change], str, str]] = [
    (
        [("network.zones", ["eu-central-1a", "eu-central-1b"])],
        "network.zones",
        "fewer than minimum_zones; name more, or lower that",
    ),
    (
        [("network.minimum_zones", 4)],
        "network.zones",
        "fewer than minimum_zones; name more, or lower that",
    ),
    (
        [(f"{POOL}.instance_types", ["m7i.large", "m7i.lrge"])],
        f"{POOL}.instance_types[1]",
        f"{NODE}; did you mean m7i.large?",
    ),
    ([(f"{POOL}.instance_types", ["qq.zzzzzz"])], f"{POOL}.instance_types[0]", NODE),
    (
        [(f"{POOL}.maximum", 273)],
        "network.block",
        f"too small: nodes and pods take up to 8190 addresses in each zone, which has 8171; {BLOCK}",
    ),
    (
        [("network.block", "10.20.0.0/20"), (f"{POOL}.maximum", 17)],
        "network.block",
        f"too small: nodes and pods take up to 510 addresses in each zone, which has 491; {BLOCK}",
    ),
    (
        [("network.block", "10.20.0.0/20"), (f"{POOL}.instance_types", ["m7i.large", "m7i.16xlarge"])],
        "network.block",
        f"too small: nodes and pods take up to 3750 addresses in each zone, which has 491; {BLOCK}",
    ),
    (
        [(f"{POOL}.instance_types", ["t3.micro"])],
        "cluster.node_pools",
        f"too few nodes: services and jobs want 8 pods, and all nodes together have room for 0; {NODES}",
    ),
    (
        [(f"{POOL}.maximum", 1), ("services.storefront.slots.blue.replicas", 60), ("database.max_connections", 1800),
         ("services.storefront.database_connections", 1)],
        "cluster.node_pools",
        f"too few nodes: services and jobs want 65 pods, and all nodes together have room for 63; {NODES}",
    ),
    (
        [(f"{POOL}.maximum", 1), ("services.storefront.autoscaling", {"maximum": 33}),
         ("services.storefront.resources", {"memory": "512Mi"}), ("services.storefront.database_connections", 1)],
        "cluster.node_pools",
        f"too few nodes: services and jobs want 66 pods, and all nodes together have room for 63; {NODES}",
    ),
    (
        [(f"{POOL}.maximum", 1), ("services.storefront.slots.blue.replicas", 57),
         ("services.storefront.database_connections", 1), ("services.storefront.warm_up", {"command": ["warm"]}),
         ("jobs", {"expire": {"service": "storefront", "schedule": "0 3 * * *", "command": ["expire"]}})],
        "cluster.node_pools",
        f"too few nodes: services and jobs want 64 pods, and all nodes together have room for 63; {NODES}",
    ),
    (
        [("services.storefront.autoscaling", {}), ("services.storefront.resources", {"memory": "512Mi"}),
         ("services.storefront.database_connections", 20)],
        "database.max_connections",
        f"too few for the pods of two live slots, which need 830 without a pooler; {POOLS}",
    ),
    (
        [("services.storefront.database_connections", ...)],
        "database.max_connections",
        f"too few for the pods of two live slots, which need 780 without a pooler; {POOLS}",
    ),
    (
        [("services.worker", ONE_SLOT)],
        "database.max_connections",
        f"too few for the pods of two live slots, which need 880 without a pooler; {POOLS}",
    ),
    (
        [("services.storefront.resources", {"memory": "8Gi", "memory_limit": "8Gi"})],
        "services.storefront.resources.memory",
        f"as much as the largest node has, or more; {LARGER}",
    ),
    (
        [("services.storefront.resources", {"cpu": "2"})],
        "services.storefront.resources.cpu",
        f"as much as the largest node has, or more; {LARGER}",
    ),
    (
        [("database.read_replica", {"instance_class": "db.t4g.micro"})],
        "database.read_replica.instance_class",
        "too little memory for database.max_connections, which a replica must have as well; take a larger class",
    ),
    (
        [("database.instance_class", "db.t4g.micro")],
        "database.max_connections",
        f"more than the memory of instance_class is for, which is 112; {MEMORY}",
    ),
]  # fmt: skip

ENOUGH: list[list[Change]] = [
    [(f"{POOL}.maximum", 272)],
    [("network.block", "10.20.0.0/20"), (f"{POOL}.maximum", 16)],
    [("database.max_connections", 430)],
    [("database.max_connections", 1802)],
    [("services.storefront.database_connections", 0), ("database.max_connections", 6)],
    [("network.zones", ["eu-central-1a", "eu-central-1b"]), ("network.minimum_zones", 2)],
    [("services", {})],
    [("services.storefront.resources", {"cpu": "1999m", "memory": "8191Mi", "memory_limit": "8191Mi"})],
    [("database.instance_class", "db.t4g.medium")],
]


@pytest.mark.parametrize(("path", "value", "said"), WRONG_VALUES)
def test_what_there_is_too_little_of_is_told_at_its_path(path: str, value: object, said: str) -> None:
    assert problems_of(changed([(path, value)])) == (f"{ROOT}.{path}: {said}",)


@pytest.mark.parametrize(("changes", "path", "said"), WRONG_COMBINATIONS)
def test_what_does_not_fit_is_told_where_to_mend_it(changes: list[Change], path: str, said: str) -> None:
    assert problems_of(changed(changes)) == (f"{ROOT}.{path}: {said}",)


@pytest.mark.parametrize("changes", ENOUGH)
def test_what_just_fits_is_taken(changes: list[Change]) -> None:
    assert validate("example", changed(changes)).declares_aws


def test_several_shortages_are_told_at_once() -> None:
    changes: list[Change] = [(f"{POOL}.maximum", 300), ("database.max_connections", 2000)]
    found = [problem.partition(": ")[0] for problem in problems_of(changed(changes))]
    assert found == [f"{ROOT}.network.block", f"{ROOT}.database.max_connections"]


def test_a_brought_cluster_has_room_of_its_own() -> None:
    raw: dict[str, Any] = changed(
        [
            ("cluster", {"existing": {"context": "c", "security_group_id": "sg-12345678"}}),
            ("services.storefront.slots.blue.replicas", 200),
            ("services.storefront.database_connections", 0),
        ]
    )
    assert validate("example", raw).declares_aws


def test_the_table_of_sizes_is_that_of_the_packages_it_is_from() -> None:
    """Otherwise: `.venv/bin/python -m tests.settings.instance_sizes`."""
    packages = instance_sizes.from_packages()
    assert instance_sizes.SOURCE.read_text() == instance_sizes.text(packages)
    assert len(packages["nodes"]) > 1000
    assert len(packages["databases"]) > 250


@pytest.mark.parametrize(
    ("name", "pods"), [("m7i.large", 29), ("m7i.2xlarge", 58), ("t3.micro", 4), ("m5.large", 29), ("c5.4xlarge", 234)]
)
def test_a_node_has_as_many_pods_as_eks_counts(name: str, pods: int) -> None:
    """Numbers of Amazon EKS's own table, `eni-max-pods.txt`."""
    size = find("nodes", name)
    assert size is not None
    assert size.pods == pods


def test_a_database_class_has_the_memory_that_rds_lists() -> None:
    found = {name: find("databases", f"db.{name}") for name in ("t4g.micro", "m7g.large", "r8g.2xlarge")}
    assert {name: size and (size.processors, size.memory) for name, size in found.items()} == {
        "t4g.micro": (2, 1_024),
        "m7g.large": (2, 8_192),
        "r8g.2xlarge": (8, 65_536),
    }


def test_the_regions_are_those_of_the_commercial_partition_that_botocore_knows() -> None:
    assert sorted(REGIONS) == sorted(botocore.session.Session().get_available_regions("ec2", "aws"))


def test_every_region_of_another_partition_is_refused_as_such() -> None:
    session = botocore.session.Session()
    others = [part for part in session.get_available_partitions() if part != "aws"]
    found = [name for part in others for name in session.get_available_regions("ec2", part)]
    assert len(found) >= 10
    for name in found:
        with pytest.raises(ValueError, match=re.escape(PARTITION)):
            checked(name)


def test_nothing_is_near_a_name_that_is_like_no_other() -> None:
    assert nearest("nodes", "qq.zzzzzz") is None
