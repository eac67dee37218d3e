"""What could not be made as wanted: told at once, kept in the state, and mended or made anew by the next update."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

from infra.sandbox.plugins.values import decode_properties
from tests.plugins.aws.world import CREDENTIALS, MODULE, REGION, World
from tests.plugins.client import Object, Refused, running

CLUSTER = "aws:eks/cluster:Cluster"
NODES = "aws:eks/nodeGroup:NodeGroup"
DATABASE = "aws:rds/instance:Instance"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
GROUP = "aws:ec2/securityGroup:SecurityGroup"


@dataclass
class Troubled:
    """The plugin, and a cloud that tells other states than it has."""

    world: World
    lies: dict[bytes, bytes] = field(default_factory=dict)


@contextmanager
def relay(endpoint: str, lies: dict[bytes, bytes]) -> Iterator[str]:
    """Serve what `endpoint` serves, with the texts of `lies` changed in its answers."""
    target = urlsplit(endpoint).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            connection = HTTPConnection(target)
            connection.request(self.command, self.path, body, dict(self.headers))
            got = connection.getresponse()
            content = got.read()
            for true, told in lies.items():
                content = content.replace(true, told)
            self.send_response(got.status)
            for name, value in got.getheaders():
                if name.lower() not in ("content-length", "connection", "server", "date"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer  # noqa: N815 - the base class calls them so

        def log_message(self, *arguments: Any) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


@pytest.fixture
def troubled(world: World) -> Iterator[Troubled]:
    lies: dict[bytes, bytes] = {}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with (
        relay(world.endpoint, lies) as url,
        running(MODULE, environment | CREDENTIALS | {"AWS_ENDPOINT_URL": url}) as plugin,
    ):
        plugin.configure(region=REGION)
        yield Troubled(World(plugin, world.endpoint), lies)


def fails(thing: Object, **inputs: Any) -> str:
    """Create it in vain; keep the state that the engine would keep, and return what the user reads."""
    with pytest.raises(Refused) as told:
        thing.create(**inputs)
    left = told.value.partial
    assert left is not None, "what exists is recorded"
    thing.id, thing.inputs = left.id, decode_properties(left.inputs)
    thing.outputs = decode_properties(left.properties)
    assert list(left.reasons) == [str(told.value)]
    return str(told.value)


def cluster_inputs(world: World) -> dict[str, Any]:
    return {
        "name": world.name("cluster"),
        "roleArn": world.role,
        "vpcConfig": {"subnetIds": [world.subnet("a"), world.subnet("b")]},
    }


def database_inputs(world: World) -> dict[str, Any]:
    return {
        "identifier": world.name("database"),
        "engine": "postgres",
        "instanceClass": "db.t4g.micro",
        "allocatedStorage": 20,
        "username": "owner",
        "password": "a-password",
        "skipFinalSnapshot": True,
    }


def cache_inputs(world: World) -> dict[str, Any]:
    return {
        "replicationGroupId": world.name("cache"),
        "description": "d",
        "engine": "valkey",
        "nodeType": "cache.t4g.micro",
        "numCacheClusters": 1,
    }


def node_inputs(world: World) -> dict[str, Any]:
    cluster, subnets = world.name("cluster"), [world.subnet("a"), world.subnet("b")]
    world.client("eks").create_cluster(name=cluster, roleArn=world.role, resourcesVpcConfig={"subnetIds": subnets})
    return {
        "clusterName": cluster,
        "nodeGroupName": "general",
        "nodeRoleArn": world.role,
        "subnetIds": subnets,
        "scalingConfig": {"minSize": 1, "desiredSize": 1, "maxSize": 2},
    }


@pytest.mark.parametrize(
    ("token", "make", "true", "told"),
    [
        (CLUSTER, cluster_inputs, b'"status": "ACTIVE"', b'"status": "FAILED"'),
        (NODES, node_inputs, b'"status": "ACTIVE"', b'"status": "CREATE_FAILED"'),
        (
            DATABASE,
            database_inputs,
            b"<DBInstanceStatus>available<",
            b"<DBInstanceStatus>incompatible-parameters<",
        ),
        (CACHE, cache_inputs, b"<Status>available<", b"<Status>create-failed<"),
    ],
    ids=["cluster", "node group", "database", "cache"],
)
def test_what_aws_cannot_make_fails_and_stays_in_the_state_until_it_works(
    troubled: Troubled, token: str, make: Any, true: bytes, told: bytes
) -> None:
    inputs = make(troubled.world)
    thing = troubled.world.object(token)
    troubled.lies[true] = told
    state = told.decode().strip('<"').rpartition('"')[2].rpartition(">")[2]
    message = fails(thing, **inputs)
    assert f"{thing.name} was created, but not as wanted: it is {state}: " in message
    assert "pulumi up --replace URN" in message
    with pytest.raises(Refused, match=f"it is {state}"):
        thing.update(**inputs)  # which the engine asks for, as it knows that the creation has failed
    troubled.lies.clear()
    thing.update(**inputs)
    assert thing.refresh() == set()
    assert thing.changes(**inputs) == {}
    thing.delete()
    assert thing.refresh() == {"gone"}


def test_what_is_half_made_is_completed_by_the_next_update(world: World) -> None:
    rule = {"protocol": "tcp", "fromPort": 443, "toPort": 443}
    inputs: dict[str, Any] = {"vpcId": world.vpc, "tags": {"owner": "shop"}}
    group = world.object(GROUP)
    missing = {**rule, "securityGroups": ["sg-0123456789abcdef0"]}
    message = fails(group, **inputs, ingress=[missing])
    assert "was created, but not as wanted: InvalidGroup.NotFound" in message
    assert group.id.startswith("sg-")
    mended = {**inputs, "ingress": [{**rule, "cidrBlocks": ["10.9.0.0/16"]}]}
    assert set(group.changes(**inputs, ingress=[missing])) == {"ingress[0]"}, "what is missing is still to be made"
    assert not group.diff(**mended).replaces
    group.update(**mended)
    assert group.refresh() == set()
    found = world.client("ec2").describe_security_groups(GroupIds=[group.id])["SecurityGroups"][0]
    assert [permission["FromPort"] for permission in found["IpPermissions"]] == [443]
    group.delete()
    assert group.refresh() == {"gone"}
