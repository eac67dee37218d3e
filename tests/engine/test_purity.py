"""What is written to any server of a sandbox is seen and named; a preview of a real change writes nothing."""

from collections.abc import Callable
from contextlib import closing

import pytest

from infra.commands.purity import writing_nothing
from infra.errors import TenantryError
from infra.gate.change import FailedPreview
from infra.paths import PROJECT_ROOT
from infra.sandbox.cloud.backing import control_planes
from infra.sandbox.control_plane.control_plane import ControlPlane
from infra.sandbox.writes import differing, fingerprints
from tests.engine.declared import DeclaredStack
from tests.engine.stack import Settings

_TABLE = "written_by_a_test"


def larger(settings: Settings) -> None:
    """Change something in AWS, in the cluster and in the database."""
    settings["database"]["backup_retention_days"] += 1
    settings["services"]["storefront"]["slots"]["blue"]["replicas"] += 1
    settings["tenants"].append({"slug": "one-more", "plan": "pro"})


def test_each_write_to_a_server_is_named_and_nothing_else(declared_applied: DeclaredStack) -> None:
    stack = declared_applied
    instance, region = stack.workspace.instance, stack.settings()["aws"]["region"]
    (cluster,) = stack.of_type("aws:eks/cluster:Cluster")
    (database,) = stack.of_type("aws:rds/instance:Instance")
    stores = {
        one["inputs"]["replicationGroupId"]
        for one in stack.of_type("aws:elasticache/replicationGroup:ReplicationGroup")
    }
    (cache,) = [one for one in stores if "cache" in one]
    queue: list[str] = []

    def make_queue() -> None:
        queue.append(stack.client("sqs").create_queue(QueueName=_TABLE)["QueueUrl"])

    def execute(statement: str) -> None:
        with stack.administrator() as connection:
            connection.execute(statement)

    writes: dict[str, Callable[[], object]] = {
        f"EKS {cluster['outputs']['name']} in {region}: ConfigMap default/written": lambda: stack.kubectl(
            "create", "configmap", "written"
        ),
        f"RDS {database['outputs']['identifier']} in {region}: postgres": lambda: execute(
            f"INSERT INTO {_TABLE} VALUES (1)"
        ),
        f"ElastiCache {cache} in {region}": lambda: stack.redis("cache").set(_TABLE, "1", ex=600),
        "the cloud": make_queue,
    }
    execute(f"CREATE TABLE {_TABLE} (id int)")
    try:
        for name, write in writes.items():
            before = fingerprints(instance)
            write()
            assert differing(before, fingerprints(instance)) == [name]
    finally:
        ((_, running),) = control_planes.existing(stack.cloud.folder)
        with closing(ControlPlane(running).api()) as api:
            api.delete("/api/v1/namespaces/default/configmaps/written")
        execute(f"DROP TABLE IF EXISTS {_TABLE}")
        stack.redis("cache").delete(_TABLE)
        for url in queue:
            stack.client("sqs").delete_queue(QueueUrl=url)


def test_a_preview_of_changes_everywhere_writes_nothing(declared_applied: DeclaredStack) -> None:
    environment = declared_applied.workspace.process_environment()
    was = declared_applied.settings()
    declared_applied.configure(larger)
    try:
        before = fingerprints(declared_applied.workspace.instance)
        with writing_nothing("local", environment):
            changes = declared_applied.changes("--refresh")
        assert {"create", "update"} <= changes.keys(), "it is a preview of something"
        assert differing(before, fingerprints(declared_applied.workspace.instance)) == []
    finally:
        declared_applied.configure(lambda settings: settings.update(was))


def test_a_write_meanwhile_makes_it_no_preview(declared_applied: DeclaredStack) -> None:
    environment = declared_applied.workspace.process_environment()

    def written_to() -> None:
        with writing_nothing("local", environment), declared_applied.administrator() as connection:
            connection.execute(f"CREATE TABLE {_TABLE} (id int)")
            connection.execute(f"DROP TABLE {_TABLE}")

    with pytest.raises(FailedPreview, match=r"written while it ran: RDS .*: postgres, RDS .*: what its"):
        written_to()


def test_elsewhere_than_in_a_sandbox_it_is_refused() -> None:
    elsewhere = writing_nothing("local", {"PULUMI_BACKEND_URL": f"file://{PROJECT_ROOT}"})
    with pytest.raises(TenantryError, match="only a sandbox's servers tell") as refused:
        elsewhere.__enter__()
    assert refused.value.exit_code == 2
