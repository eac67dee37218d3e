"""Whatever is called as long, as short or as oddly as settings allow, AWS takes every name and tag that comes of it.

Judged as the offline plugin judges a program's inputs: by AWS's own schemas, with the automatic names that the provider
makes, its seven digits behind a logical name among them.
"""

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from infra.sandbox.plugins.aws import naming
from infra.sandbox.plugins.aws.kinds import KINDS
from infra.sandbox.plugins.provider import Resource
from infra.settings.regions import REGIONS
from tests.examples import SECRETS, declared_graph
from tests.harness import Graph, Node

REGION, RECOVERY_REGION = "ap-northeast-1", "ap-southeast-1"

_MOCKED = re.compile(r"must match \^(vpc|subnet|sg|arn:)")
"""Of ids and ARNs that the mocks make up."""


@dataclass(frozen=True)
class Names:
    """What settings can call things.

    Args:
        aws: `aws.name`.
        service: a service.
        pool: a node pool.
        slug: everything else that is a slug.
        secret: a secret, and a key of one.
        zone: the zone.
        path: of a health check.
        repository: of images.
    """

    aws: str
    service: str
    pool: str
    slug: str
    secret: str
    zone: str
    path: str
    repository: str


LONGEST = Names(
    aws="n" * 30,
    service="s" * 38,
    pool="p" * 30,
    slug="l" * 40,
    secret="k" * 40,
    zone=f"{'z' * 50}.example.com",
    path=f"/{'p' * 171}",
    repository="r" * 200,
)
SHORTEST = Names(aws="abc", service="s", pool="p", slug="q", secret="k", zone="a.b", path="/", repository="rr")
ODDEST = Names(
    aws="a-0-b",
    service="s--0",
    pool="p--0",
    slug="q--0",
    secret="k__0",
    zone="a--b.example.com",
    path="/a%20b,~(c);é'\"<*>::$&!",
    repository="a/b.c_d-e",
)


def called(names: Names) -> Callable[[dict[str, Any]], None]:
    """Return a change of the example's settings after which everything is called so."""

    def change(raw: dict[str, Any]) -> None:
        raw["aws"] |= {"name": names.aws, "region": REGION, "recovery_region": RECOVERY_REGION}
        raw["aws"]["tags"] = dict.fromkeys(("owner", "cost_centre", "environment"), names.slug)
        raw["network"]["zones"] = [f"{REGION}{letter}" for letter in "abc"]
        raw["cluster"]["node_pools"] = {names.pool: raw["cluster"]["node_pools"]["general"]}
        raw["cluster"]["administrators"] = {names.slug: "arn:aws:iam::123456789012:role/operators"}
        raw["database"]["read_replica"] = {"instance_class": "db.r8g.large"}
        raw["services"] = {names.service: raw["services"]["storefront"]}
        raw["namespace"] = names.slug
        raw["queues"] = {names.slug: {}}
        rights = {"buckets": {"uploads": "read_write", "exports": "write"}, "queues": {names.slug: "both"}}
        raw["services"][names.service] |= rights
        raw["registry"] = {"repositories": [names.repository]}
        checks = [{"host": names.zone, "path": names.path}]
        raw["dns"] = {"zone": names.zone, "health_checks": checks}
        raw["edge"] = {"cdn": {"host": f"s.{names.zone}"}}
        raw["budget"] = {"monthly_usd": 1}
        secrets = copy.deepcopy(SECRETS)
        ours, theirs = secrets["generated"]["jwt"], secrets["external"]["payment"]
        ours["services"] = theirs["services"] = [names.service]
        theirs |= {"owner": names.slug, "keys": [names.secret]}
        raw["secrets"] = {"generated": {names.secret: ours}, "external": {f"x{names.secret[1:]}": theirs}}

    return change


def refused(node: Node) -> list[str]:
    """Return why the plugin would refuse a resource."""
    kind = KINDS.get(node.type)
    if kind is None:
        return []
    resource = Resource(urn=node.urn, type=node.type, name=node.name)
    _, failures = naming.completed(kind, resource, {}, node.inputs, "")
    return [
        f"{node.type} {node.name}: {failure.property} {failure.reason}"
        for failure in failures
        if not _MOCKED.match(failure.reason)
    ]


@pytest.fixture(scope="module", params=[LONGEST, SHORTEST, ODDEST], ids=["longest", "shortest", "oddest"])
def graph(request: pytest.FixtureRequest) -> Graph:
    """An environment whose parts are called so."""
    return declared_graph(called(request.param))


def test_no_region_has_a_longer_name_than_the_one_here() -> None:
    assert len(REGION) == max(map(len, REGIONS))


def test_aws_takes_every_name_and_tag(graph: Graph) -> None:
    judged = [node for node in graph.nodes.values() if node.type in KINDS]
    assert len({node.type for node in judged}) > 40
    assert [line for node in judged for line in refused(node)] == []


def test_tags_hold_what_aws_allows_in_them(graph: Graph) -> None:
    # AWS General Reference, "Tag naming limits and requirements"; no schema has it.
    tagged = [node for node in graph.nodes.values() if "tags" in node.inputs]
    values = {value for node in tagged for value in dict(node.plain("tags")).values() if isinstance(value, str)}
    assert len(values) > 40
    assert [value for value in values if not re.fullmatch(r"[\w\s.:/=+@-]{0,256}", value)] == []
