"""What an environment stands on: what is declared, what is brought, and how the rest of the program waits for it."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.paths import PROJECT_ROOT
from infra.sandbox.plugins.values import has_secret, reveal
from stacks.environment import deploy
from tests.cloud_outputs import CLUSTER_GROUP
from tests.examples import declared_graph, declared_settings, environment_graph
from tests.harness import Graph, Node, graph_of

OPERATORS_GROUP = "id-of-operators-group"
BROUGHT_GROUP = "sg-0b50490b50490b504"
BROUGHT_CLUSTER = {"existing": {"context": "some-cluster", "security_group_id": BROUGHT_GROUP}}
BROUGHT_DATABASE = {"existing": {"host": "db.example.invalid", "port": 6432, "username": "admin", "superuser": False}}
SESSIONS = {"sessions": {"engine_version": "8.1", "node_type": "cache.r7g.large"}}
HOST = "database.rds.example.invalid"


@pytest.fixture(scope="module")
def declared() -> Graph:
    return declared_graph()


def changed(**sections: object) -> Graph:
    """Return the graph of declared settings with other sections; None removes one."""

    def change(raw: dict[str, Any]) -> None:
        for name, section in sections.items():
            raw.pop(name)
            if section is not None:
                raw[name] = section

    return declared_graph(change)


def provider(graph: Graph, package: str) -> Node:
    (found,) = graph.of_type(f"pulumi:providers:{package}")
    return found


def of_package(graph: Graph, package: str) -> list[Node]:
    found = [node for node in graph.nodes.values() if node.type.startswith(f"{package}:")]
    assert found
    return found


def let_in(graph: Graph) -> dict[str, str]:
    """Return the ingress rules of all groups: name -> the group that is let in."""
    rules = graph.of_type(":SecurityGroupIngressRule")
    return {r.name: r.plain("referencedSecurityGroupId") for r in rules if "referencedSecurityGroupId" in r.inputs}


def holders(graph: Graph) -> dict[str, Node]:
    kinds = ("eks/cluster:Cluster", "rds/instance:Instance", ":ReplicationGroup")
    return {node.name: node for kind in kinds for node in graph.of_type(kind)}


def test_the_account_is_the_only_one_that_the_stack_is_applied_to(declared: Graph) -> None:
    aws = provider(declared, "aws")
    assert json.loads(aws.plain("allowedAccountIds")) == ["123456789012"]
    assert aws.plain("region") == "eu-central-1"
    assert {node.provider.rpartition("::")[0] for node in of_package(declared, "aws")} == {aws.urn}


def test_everything_in_aws_says_whose_it_is(declared: Graph) -> None:
    assert json.loads(provider(declared, "aws").plain("defaultTags"))["tags"] == {
        "tenantry:stack": "mocked",
        "owner": "platform-team",
        "cost-centre": "commerce",
        "environment": "example",
        "data-class": "confidential",
    }


def test_kubernetes_is_reached_with_the_declared_clusters_kubeconfig(declared: Graph) -> None:
    kubernetes = provider(declared, "kubernetes")
    kubeconfig = json.loads(kubernetes.plain("kubeconfig"))
    assert [entry["cluster"]["server"] for entry in kubeconfig["clusters"]] == ["https://cluster.eks.example.invalid"]
    assert "context" not in kubernetes.inputs


def test_postgresql_is_reached_as_the_declared_servers_master_role(declared: Graph) -> None:
    postgresql = provider(declared, "postgresql")
    shown = {key: postgresql.plain(key) for key in ("host", "port", "username", "sslmode", "superuser")}
    assert shown == {
        "host": HOST,
        "port": "5432",
        "username": "tenantry",
        "sslmode": "verify-full",
        "superuser": "false",
    }
    assert has_secret(postgresql.inputs["password"])
    assert postgresql.plain("password") == "password-of-database-password"


def test_what_runs_in_the_cluster_waits_for_access_nodes_and_addons(declared: Graph) -> None:
    goals = [
        *declared.of_type(":AccessPolicyAssociation"),
        *declared.of_type(":NodeGroup"),
        *(declared.named(f"cluster-controllers-{addon}") for addon in ("coredns", "cert-manager")),
        declared.named("cluster-api-from-operators"),
    ]
    assert len(goals) == 7  # one administrator, three zones, two add-ons, who applies the program
    for node in of_package(declared, "kubernetes"):
        assert not [goal.name for goal in goals if not declared.reaches(node, goal)], node.name


def test_what_is_in_postgresql_waits_for_the_server_and_its_way_in(declared: Graph) -> None:
    ways_in = [declared.named(f"database-port-from-{source}") for source in ("cluster", "operators")]
    goals = [declared.named("database-instance"), *ways_in]
    for node in of_package(declared, "postgresql"):
        assert not [goal.name for goal in goals if not declared.reaches(node, goal)], node.name


def test_nothing_in_aws_waits_for_what_runs_on_it(declared: Graph) -> None:
    above = [provider(declared, "kubernetes"), provider(declared, "postgresql")]
    # But for a tenant's credentials, which are kept there once they work.
    kept = {"tenant-book-store-urls-version", "tenant-department-store-urls-version"}
    others = [node for node in of_package(declared, "aws") if node.name not in kept]
    assert len(others) == len(of_package(declared, "aws")) - len(kept)
    for node in others:
        assert not [goal.type for goal in above if declared.reaches(node, goal)], node.name


def test_cluster_database_and_redis_do_not_wait_for_each_other(declared: Graph) -> None:
    control_plane = declared.named("cluster-cluster")
    for name in ("database-instance", "cache-nodes", "sessions-nodes"):
        assert not declared.reaches(declared.named(name), control_plane), name


def test_only_the_cluster_and_who_applies_the_program_are_let_in(declared: Graph) -> None:
    assert let_in(declared) == {
        "database-port-from-cluster": CLUSTER_GROUP,
        "cluster-api-from-operators": OPERATORS_GROUP,
        "database-port-from-operators": OPERATORS_GROUP,
        "cache-port-from-cluster": CLUSTER_GROUP,
        "sessions-port-from-cluster": CLUSTER_GROUP,
        "network-endpoints-from-cluster": CLUSTER_GROUP,
        "network-endpoints-from-operators": OPERATORS_GROUP,
    }


def test_services_read_the_redis_urls_and_roll_when_they_change(declared: Graph) -> None:
    for store, variable in (("cache", "REDIS_URL"), ("sessions", "SESSIONS_REDIS_URL")):
        secret = declared.named(f"redis-{store}-secret")
        assert has_secret(secret.inputs["stringData"])
        url = f"rediss://:password-of-{store}-token@primary.cache.example.invalid:6379/0"
        assert secret.plain("stringData") == {variable: url}
        for slot in ("blue", "green"):
            (container,) = declared.named(f"storefront-{slot}").plain("spec", "template", "spec", "containers")
            assert {"secretRef": {"name": f"redis-{store}"}} in container["envFrom"]
            assert declared.reaches(declared.named(f"storefront-{slot}"), secret)


def checksum(graph: Graph) -> str:
    annotations = graph.named("storefront-blue").plain("spec", "template", "metadata", "annotations")
    (value,) = [value for key, value in annotations.items() if key.endswith("checksum")]
    return str(value)


def test_pods_carry_a_checksum_of_every_url_that_they_read(declared: Graph) -> None:
    without = changed(redis=SESSIONS)
    again = declared_settings()
    assert checksum(declared) == checksum(graph_of(lambda: deploy(again)))
    assert checksum(declared) != checksum(without)
    assert "password-of" not in checksum(declared)


def test_a_store_that_is_not_asked_for_is_not_there() -> None:
    graph = changed(redis=SESSIONS)
    assert [node.name for node in graph.of_type(":ReplicationGroup")] == ["sessions-nodes"]
    (container,) = graph.named("storefront-blue").plain("spec", "template", "spec", "containers")
    assert [source["secretRef"]["name"] for source in container["envFrom"]][1:] == ["redis-sessions"]
    assert graph.exports["redis_urls"].keys() == {"sessions"}


def test_the_cache_evicts_and_sessions_do_not(declared: Graph) -> None:
    policies = {
        store: declared.named(f"{store}-parameters").plain("parameters", 0, "value") for store in ("cache", "sessions")
    }
    assert policies == {"cache": "allkeys-lru", "sessions": "noeviction"}


def test_what_holds_data_is_protected_unless_settings_say_otherwise(declared: Graph) -> None:
    expected = {"cluster-cluster", "database-instance", "cache-nodes", "sessions-nodes"}
    assert {name for name, node in holders(declared).items() if node.protect} == expected
    for name in ("cluster-cluster", "database-instance"):
        assert declared.named(name).plain("deletionProtection") is True
    assert declared.named("database-instance").plain("skipFinalSnapshot") is False


def test_protection_can_be_taken_off() -> None:
    def unprotected(raw: dict[str, Any]) -> None:
        for section in (raw["cluster"], raw["database"], raw["redis"]["cache"], raw["redis"]["sessions"]):
            section["protect"] = False
        raw.update(audit={"lock": "governance", "protect": False}, queues={"mail": {"protect": False}})
        raw.update(registry={"protect": False}, storage={"protect": False})

    graph = declared_graph(unprotected)
    assert not [node.name for node in graph.nodes.values() if node.protect]
    for name in ("cluster-cluster", "database-instance"):
        assert graph.named(name).plain("deletionProtection") is False
    assert graph.named("database-instance").plain("skipFinalSnapshot") is True


def test_settings_reach_the_components(declared: Graph) -> None:
    cluster, database = declared.named("cluster-cluster"), declared.named("database-instance")
    assert (cluster.plain("name"), cluster.plain("version")) == ("shop", "1.34")
    assert (database.plain("identifier"), database.plain("engineVersion")) == ("shop", "18")
    assert (database.plain("multiAz"), database.plain("backupRetentionPeriod")) == (True, 30)
    assert declared.named("network-vpc").plain("cidrBlock") == "10.20.0.0/16"
    assert len(declared.of_type(":NatGateway")) == 3
    assert declared.named("cluster-access-operators-entry").plain("principalArn").endswith(":role/operators")
    assert declared.named("cache-nodes").plain("numCacheClusters") == 2


def test_a_brought_cluster_reaches_a_declared_database_by_its_group() -> None:
    graph = changed(cluster=BROUGHT_CLUSTER, redis=None)
    assert not graph.of_type("eks/cluster:Cluster")
    kubernetes = provider(graph, "kubernetes")
    assert kubernetes.plain("context") == "some-cluster"
    assert "kubeconfig" not in kubernetes.inputs
    assert let_in(graph) == {
        "database-port-from-cluster": BROUGHT_GROUP,
        "database-port-from-operators": OPERATORS_GROUP,
        "network-endpoints-from-cluster": BROUGHT_GROUP,
        "network-endpoints-from-operators": OPERATORS_GROUP,
    }
    assert {"cluster", "kubeconfig"}.isdisjoint(graph.exports)
    assert graph.exports["database_url"].startswith("postgresql://tenantry:")


def test_a_brought_cluster_may_be_named_by_a_file_in_the_project(tmp_path: Path) -> None:
    named = environment_graph(lambda raw: raw.update(cluster={"existing": {"kubeconfig": "clusters/shop.yaml"}}))
    kubernetes = provider(named, "kubernetes")
    assert kubernetes.plain("kubeconfig") == str(PROJECT_ROOT / "clusters/shop.yaml")
    assert "context" not in kubernetes.inputs
    elsewhere = {"existing": {"kubeconfig": str(tmp_path / "shop.yaml"), "context": "shop"}}
    kubernetes = provider(environment_graph(lambda raw: raw.update(cluster=elsewhere)), "kubernetes")
    assert (kubernetes.plain("kubeconfig"), kubernetes.plain("context")) == (str(tmp_path / "shop.yaml"), "shop")


def test_a_declared_cluster_uses_a_brought_database() -> None:
    graph = changed(database=BROUGHT_DATABASE, redis=None)
    assert not graph.of_type("rds/instance:Instance")
    postgresql = provider(graph, "postgresql")
    shown = [postgresql.plain(key) for key in ("host", "port", "username", "superuser")]
    assert shown == ["db.example.invalid", "6432", "admin", "false"]
    assert "password" not in postgresql.inputs  # the caller's PGPASSWORD
    assert let_in(graph) == {
        "cluster-api-from-operators": OPERATORS_GROUP,
        "network-endpoints-from-cluster": CLUSTER_GROUP,
        "network-endpoints-from-operators": OPERATORS_GROUP,
    }
    assert graph.exports["cluster"] == "shop"
    assert {"database_url", "redis_urls"}.isdisjoint(graph.exports)
    assert all("@db.example.invalid:6432/" in url for url in graph.exports["connections"].values())


def test_who_runs_it_inside_the_network_is_told_where_and_in_which_group(declared: Graph) -> None:
    shown = declared.exports["network"]
    assert shown["operators_security_group_id"] == OPERATORS_GROUP
    assert sorted(shown["private_subnets"]) == ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    assert shown["vpc_id"] == "id-of-network-vpc"


def test_nothing_is_declared_in_aws_when_all_is_brought() -> None:
    graph = environment_graph()
    assert not [node.name for node in graph.nodes.values() if node.type.startswith(("aws:", "pulumi:providers:aws"))]


@pytest.mark.parametrize(("database", "member"), [(None, "tenantry"), (BROUGHT_DATABASE, "admin")])
def test_an_administrator_that_is_no_superuser_may_make_the_guard(database: object, member: str) -> None:
    graph = declared_graph() if database is None else changed(database=database, redis=None)
    grant = graph.named("tenants-administration")
    assert (grant.plain("role"), grant.plain("grantRole")) == (member, "tenantry_pool_owner")
    assert graph.reaches(graph.named("tenants-guard"), grant)
    made = [node for node in of_package(graph, "postgresql") if node.name.startswith("tenants-pool-")]
    assert len(made) == 9  # three roles, the schema, two grants, three default privileges
    assert not [node.name for node in made if not graph.reaches(grant, node)], "the provider revokes what it granted"


def test_a_superuser_is_granted_nothing() -> None:
    assert not environment_graph().of_type(":GrantRole")


def test_outputs_that_let_anyone_in_are_secret(declared: Graph) -> None:
    assert declared.secret_exports == {
        *("connections", "pool_connection", "database_logins", "database_url"),
        *("kubeconfig", "redis_urls"),
        "tenants",  # nothing in it lets anyone in: the engine would print all of them with each preview
    }
    plain = {name: value for name, value in declared.exports.items() if name not in declared.secret_exports}
    assert "password-of-" not in json.dumps(reveal(plain))


def test_outputs_say_where_everything_is(declared: Graph) -> None:
    assert declared.exports["cluster"] == "shop"
    assert declared.exports["database_url"] == (
        f"postgresql://tenantry:password-of-database-password@{HOST}:5432/postgres?sslmode=verify-full"
    )
    assert declared.exports["redis_urls"].keys() == {"cache", "sessions"}
    assert all(f"@{HOST}:5432/" in url for url in declared.exports["connections"].values())
