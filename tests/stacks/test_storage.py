"""What an environment stores: which buckets there are, how long what is kept, and what is copied where."""

import copy
import json
from typing import Any

import pytest

from stacks.region import Region
from stacks.storage import Storage, registry, registry_outputs
from tests.examples import declared_graph, declared_settings
from tests.harness import Graph, Node, graph_of

PURPOSES = ("assets", "backups", "exports", "uploads")


def stored(*, recovery_region: str | None = None, **sections: object) -> Graph:
    """Return the graph of what an environment stores, with other sections of its settings."""

    def change(raw: dict[str, Any]) -> None:
        raw["aws"]["recovery_region"] = recovery_region
        raw.update(copy.deepcopy(sections))

    settings = declared_settings(change)

    def declare() -> dict[str, Any]:
        assert settings.aws is not None
        assert settings.network is not None
        region = Region(settings.aws, settings.network)
        images = registry(settings.registry, settings.services, region)
        return {**Storage(settings.storage, region).outputs, **registry_outputs(images)}

    return graph_of(declare)


def recovering(**sections: object) -> Graph:
    """Return the graph of an environment with a recovery region."""
    return stored(recovery_region="eu-west-1", **sections)


@pytest.fixture(scope="module")
def declared() -> Graph:
    return stored()


@pytest.fixture(scope="module")
def recovered() -> Graph:
    return recovering()


def buckets(graph: Graph) -> list[Node]:
    """Return those of this part; the audit keeps its own."""
    return [node for node in graph.of_type("s3/bucket:Bucket") if not node.name.startswith("audit-")]


def rules(graph: Graph, bucket: str) -> dict[str, Any]:
    return {rule["id"]: rule for rule in graph.named(f"{bucket}-lifecycle").plain("rules")}


def sides(node: Node) -> str | None:
    """Return the region that a resource is made in; None for the stack's own."""
    region: str | None = node.plain().get("region")
    return region


def test_there_is_a_bucket_for_each_purpose_and_one_for_their_access_logs(declared: Graph) -> None:
    names = [f"{name}-objects-bucket" for name in PURPOSES]
    assert [node.name for node in buckets(declared)] == ["access-logs-records-bucket", *names]


def test_access_to_each_bucket_is_logged(declared: Graph) -> None:
    logs = declared.of_type(":BucketLogging")
    assert [node.name for node in logs] == [f"{purpose}-access-log" for purpose in PURPOSES]
    assert {node.plain("targetBucket") for node in logs} == {"access-logs-records-bucket-1a2b3c4"}
    assert len({node.plain("targetPrefix") for node in logs}) == len(PURPOSES)


def test_media_stay_and_their_old_versions_for_30_days(declared: Graph) -> None:
    (age,) = rules(declared, "uploads").values()
    assert age["noncurrentVersionExpiration"] == {"noncurrentDays": 30}
    assert age["transitions"] == [{"days": 30, "storageClass": "STANDARD_IA"}]
    assert "days" not in age["expiration"]


def test_exports_end(declared: Graph) -> None:
    (age,) = rules(declared, "exports").values()
    assert age["expiration"] == {"days": 30}
    assert "transitions" not in age


def test_backups_are_kept_by_sort_and_archived_carts_for_ever(declared: Graph) -> None:
    found = rules(declared, "backups")
    ends = {rule["filter"]["prefix"]: rule["expiration"]["days"] for key, rule in found.items() if "expire" in key}
    assert ends == {"daily/": 30, "pre-migration/": 90}
    assert found["archive-archive"]["transitions"] == [{"days": 1, "storageClass": "GLACIER_IR"}]
    assert "days" not in found["age"]["expiration"]


def test_settings_reach_the_buckets_of_their_purpose() -> None:
    storage = {
        "uploads": {"old_versions_days": 3, "infrequent_access_after_days": None},
        "exports": {"expire_after_days": 2},
        "assets": None,
        "backups": {"daily_days": 7, "pre_migration_days": 8, "archive_after_days": 9},
        "access_log_days": 40,
        "protect": False,
    }
    graph = stored(storage=storage)
    assert "assets-objects-bucket" not in {node.name for node in buckets(graph)}
    assert "transitions" not in rules(graph, "uploads")["age"]
    assert rules(graph, "uploads")["age"]["noncurrentVersionExpiration"] == {"noncurrentDays": 3}
    assert rules(graph, "exports")["age"]["expiration"] == {"days": 2}
    assert rules(graph, "backups")["expire-daily"]["expiration"] == {"days": 7}
    assert rules(graph, "backups")["expire-pre-migration"]["expiration"] == {"days": 8}
    assert rules(graph, "backups")["archive-archive"]["transitions"][0]["days"] == 9
    assert rules(graph, "access-logs")["age"]["expiration"] == {"days": 40}
    assert {(node.protect, node.plain("forceDestroy")) for node in buckets(graph)} == {(False, True)}


def test_nothing_is_copied_without_a_recovery_region(declared: Graph) -> None:
    assert declared.of_type(":BucketReplicationConfig") == []
    assert {sides(node) for node in buckets(declared)} == {None}


def test_every_bucket_is_copied_to_the_recovery_region(recovered: Graph) -> None:
    far = [node.name for node in buckets(recovered) if sides(node) == "eu-west-1"]
    assert far == ["access-logs-copy-records-bucket", *(f"{name}-copy-objects-bucket" for name in PURPOSES)]
    for purpose in PURPOSES:
        (rule,) = recovered.named(f"{purpose}-replication-rule").plain("rules")
        assert recovered.named(f"{purpose}-replication-rule").plain("bucket") == f"{purpose}-objects-bucket-1a2b3c4"
        assert rule["destination"]["bucket"] == f"arn:aws:s3:::{purpose}-copy-objects-bucket"
        encryption = rule["destination"]["encryptionConfiguration"]["replicaKmsKeyId"]
        assert encryption.endswith(f"key/{purpose}-copy-encryption-key")
        assert rules(recovered, f"{purpose}-copy") == rules(recovered, purpose)


def test_a_deletion_reaches_every_copy_but_that_of_backups(recovered: Graph) -> None:
    found = {}
    for purpose in PURPOSES:
        (rule,) = recovered.named(f"{purpose}-replication-rule").plain("rules")
        found[purpose] = rule["deleteMarkerReplication"]["status"]
    assert found == {"assets": "Enabled", "backups": "Disabled", "exports": "Enabled", "uploads": "Enabled"}


def test_copies_are_logged_in_their_own_region_as_s3_asks(recovered: Graph) -> None:
    for node in recovered.of_type(":BucketLogging"):
        logs = "access-logs-copy" if sides(node) == "eu-west-1" else "access-logs"
        assert node.plain("targetBucket") == f"{logs}-records-bucket-1a2b3c4"


def test_every_bucket_is_closed_and_refuses_plain_http(recovered: Graph) -> None:
    physical = {f"{node.name}-1a2b3c4" for node in buckets(recovered)}
    assert len(physical) == 10
    for kind in ("BucketPublicAccessBlock", "BucketOwnershipControls", "BucketPolicy", "BucketVersioning"):
        assert {node.plain("bucket") for node in recovered.of_type(f":{kind}")} >= physical, kind
    for node in recovered.of_type(":BucketPolicy"):
        assert '"aws:SecureTransport": "false"' in node.plain("policy")


def test_each_service_has_a_repository_below_the_environments_name(declared: Graph) -> None:
    assert [node.plain("name") for node in declared.of_type("ecr/repository:Repository")] == ["shop/storefront"]


def test_repositories_can_be_others_than_those_of_services() -> None:
    images = {"repositories": ["tools/backup", "api"], "keep_images": 20, "untagged_days": 3, "protect": False}
    graph = stored(registry=images)
    found = graph.of_type("ecr/repository:Repository")
    assert [node.plain("name") for node in found] == ["shop/api", "shop/tools/backup"]
    assert {(node.protect, node.plain("forceDelete")) for node in found} == {(False, True)}
    policies = [
        json.loads(node.plain("policy"))["rules"] for node in graph.of_type("ecr/lifecyclePolicy:LifecyclePolicy")
    ]
    assert [[rule["selection"]["countNumber"] for rule in one] for one in policies] == [[3, 20], [3, 20]]


def test_images_of_this_stack_are_copied_and_of_others_that_it_is_told_of(recovered: Graph) -> None:
    def filters(graph: Graph) -> list[str]:
        (rule,) = graph.named("registry-replication").plain("replicationConfiguration")["rules"]
        assert [one["region"] for one in rule["destinations"]] == ["eu-west-1"]
        return [one["filter"] for one in rule["repositoryFilters"]]

    assert filters(recovered) == ["shop/"]
    assert filters(recovering(registry={"also_replicates": ["shop-two"]})) == ["shop/", "shop-two/"]


def test_a_stack_that_does_not_own_the_replication_leaves_it_to_the_one_that_does() -> None:
    graph = recovering(registry={"replicates": False})
    assert graph.of_type("ecr/replicationConfiguration:ReplicationConfiguration") == []
    assert len(graph.of_type("ecr/repository:Repository")) == 2


def test_neither_is_declared_where_it_is_not_wanted() -> None:
    graph = stored(storage=None, registry=None)
    assert buckets(graph) == []
    assert graph.of_type("ecr/repository:Repository") == []
    assert graph.exports["buckets"] == {}
    assert "repositories" not in graph.exports


def test_a_stack_that_declares_aws_stores_all_this_by_itself_and_tells_where() -> None:
    exports: Any = declared_graph().exports
    assert exports["buckets"] == {name: f"{name}-objects-bucket-1a2b3c4" for name in PURPOSES}
    assert exports["repositories"] == {"storefront": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/storefront"}
