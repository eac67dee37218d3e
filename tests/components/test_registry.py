"""The registry: what a repository keeps and refuses, what is copied, and who pushes and pulls."""

import json
from dataclasses import replace
from typing import Any

import pytest

from components.registry import Registry, RegistryArgs
from tests.harness import Graph, graph_of

ARGS = RegistryArgs(prefix="shop", repositories=("api", "storefront"))
COPIED = replace(ARGS, recovery_region="eu-west-1", replicated=("shop", "shop-two"))
REPOSITORIES = [f"arn:aws:ecr:eu-central-1:123456789012:registry-images-{name}" for name in ("api", "storefront")]
PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
PUSH = ["ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage"]


def registry(args: RegistryArgs = ARGS) -> Graph:
    def declare() -> dict[str, Any]:
        created = Registry("registry", args)
        created.grant_pull("nodes", "role-of-nodes")
        created.grant_push("pipeline", "role-of-pipeline")
        return {"urls": created.urls}

    return graph_of(declare)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return registry()


@pytest.fixture(scope="module")
def copied() -> Graph:
    return registry(COPIED)


def rights(graph: Graph, grant: str) -> list[tuple[str, list[str], list[str]]]:
    policy = json.loads(graph.named(f"registry-{grant}-policy").plain("policy"))
    return [(part["Effect"], part["Action"], part["Resource"]) for part in policy["Statement"]]


def test_there_is_a_repository_for_each_name_below_the_environments(graph: Graph) -> None:
    names = [node.plain("name") for node in graph.of_type("ecr/repository:Repository")]
    assert names == ["shop/api", "shop/storefront"]


def test_a_tag_stays_at_its_image_and_images_are_scanned_when_they_come(copied: Graph) -> None:
    found = copied.of_type("ecr/repository:Repository")
    assert len(found) == 4
    for repository in found:
        assert repository.plain("imageTagMutability") == "IMMUTABLE"
        assert repository.plain("imageScanningConfiguration") == {"scanOnPush": True}


def test_images_are_under_a_key_of_their_region(copied: Graph) -> None:
    for repository in copied.of_type("ecr/repository:Repository"):
        side = "copies" if "copies" in repository.name else "images"
        (encryption,) = repository.plain("encryptionConfigurations")
        assert encryption["encryptionType"] == "KMS"
        assert encryption["kmsKey"].endswith(f"key/registry-{side}-encryption-key")
        assert repository.plain().get("region") == ("eu-west-1" if side == "copies" else None)
    assert copied.named("registry-copies-encryption-key").plain("region") == "eu-west-1"


def test_nobody_outside_of_the_account_is_let_in(copied: Graph) -> None:
    kinds = {node.type.rpartition(":")[2] for node in copied.nodes.values() if node.type.startswith("aws:ecr/")}
    assert kinds == {"Repository", "LifecyclePolicy", "ReplicationConfiguration"}, "no policy of a repository's own"


def test_untagged_images_end_and_the_newest_stay(graph: Graph) -> None:
    untagged, newest = json.loads(graph.named("registry-images-api-lifecycle").plain("policy"))["rules"]
    assert untagged["selection"] == {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": 14,
    }
    assert newest["selection"] == {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 100}
    assert untagged["rulePriority"] < newest["rulePriority"], "ECR asks that the rule for any tag comes last"


def test_the_registry_copies_these_prefixes_and_no_other(copied: Graph) -> None:
    (rule,) = copied.named("registry-replication").plain("replicationConfiguration")["rules"]
    assert rule["destinations"] == [{"region": "eu-west-1", "registryId": "123456789012"}]
    assert rule["repositoryFilters"] == [
        {"filter": "shop/", "filterType": "PREFIX_MATCH"},
        {"filter": "shop-two/", "filterType": "PREFIX_MATCH"},
    ]


def test_nothing_is_copied_before_there_is_a_repository_for_it(copied: Graph) -> None:
    replication = copied.named("registry-replication")
    for name in ("registry-copies-api", "registry-copies-storefront-lifecycle"):
        assert copied.reaches(replication, copied.named(name))


def test_who_does_not_own_the_replication_leaves_it_alone() -> None:
    second = registry(replace(COPIED, replicated=()))
    assert second.of_type(":ReplicationConfiguration") == []
    assert len(second.of_type("ecr/repository:Repository")) == 4


def test_without_a_recovery_region_nothing_is_copied(graph: Graph) -> None:
    assert graph.of_type(":ReplicationConfiguration") == []
    assert len(graph.of_type("ecr/repository:Repository")) == 2


def test_who_pulls_changes_nothing(graph: Graph) -> None:
    assert rights(graph, "nodes-pulls") == [
        ("Allow", ["ecr:GetAuthorizationToken"], ["*"]),
        ("Allow", PULL, REPOSITORIES),
    ]
    assert graph.named("registry-nodes-pulls-attachment").plain("role") == "role-of-nodes"


def test_who_pushes_deletes_nothing(graph: Graph) -> None:
    assert rights(graph, "pipeline-pushes") == [
        ("Allow", ["ecr:GetAuthorizationToken"], ["*"]),
        ("Allow", [*PULL, *PUSH], REPOSITORIES),
    ]


def test_repositories_are_protected_unless_told_otherwise(copied: Graph) -> None:
    loose = registry(replace(COPIED, protect=False))
    for graph, protected in ((copied, True), (loose, False)):
        for node in graph.of_type("ecr/repository:Repository"):
            assert node.protect is protected
            assert node.plain("forceDelete") is not protected


def test_it_tells_where_images_are_pulled_from(graph: Graph) -> None:
    assert graph.exports["urls"] == {
        "api": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/api",
        "storefront": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/storefront",
    }
