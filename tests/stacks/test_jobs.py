"""The jobs of an environment: what comes before a service's traffic, what comes after it, and as whom."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.isolated_schema import Server
from components.migration_login import MigrationLogin, MigrationLoginArgs
from infra.sandbox.plugins.values import has_secret
from tests.examples import BLUE_IMAGE, GREEN_IMAGE, declared_graph, environment_graph, with_jobs
from tests.harness import Graph, graph_of

MIGRATION = "storefront-migrate-job"
WARM_UP = "storefront-warm-job"
SCHEDULED = "job-expire-sessions-schedule"
OWNERS = "job-vacuum-schedule"


def graph_with(change: Callable[[dict[str, Any]], None]) -> Graph:
    def both(raw: dict[str, Any]) -> None:
        with_jobs(raw)
        change(raw)

    return environment_graph(both)


def in_phase(phase: str) -> Graph:
    def change(raw: dict[str, Any]) -> None:
        service = raw["services"]["storefront"]
        del service["slots"]["green"]
        service["migration"]["phase"] = phase

    return graph_with(change)


def container(graph: Graph, name: str) -> Any:
    spec = graph.named(name).plain("spec")
    template = spec["jobTemplate"]["spec"]["template"] if "jobTemplate" in spec else spec["template"]
    return template["spec"]["containers"][0]


def secrets_of(graph: Graph, name: str) -> list[str]:
    sources = container(graph, name)["envFrom"]
    return [source["secretRef"]["name"] for source in sources if "secretRef" in source]


@pytest.fixture(scope="module")
def graph() -> Graph:
    return environment_graph(with_jobs)


@pytest.mark.parametrize("waits", ["storefront-blue", "storefront-service", "storefront-green", WARM_UP, SCHEDULED])
def test_nothing_of_a_service_changes_before_its_migration_has_succeeded(graph: Graph, waits: str) -> None:
    assert graph.reaches(graph.named(waits), graph.named(MIGRATION))
    assert not graph.reaches(graph.named(MIGRATION), graph.named(waits))


@pytest.mark.parametrize("follows", [WARM_UP, SCHEDULED])
def test_a_warm_up_and_scheduled_jobs_follow_the_switch(graph: Graph, follows: str) -> None:
    assert graph.reaches(graph.named(follows), graph.named("storefront-service"))


def test_the_contract_phase_comes_after_the_switch_and_nothing_waits_for_it() -> None:
    graph = in_phase("contract")
    job, stable = graph.named(MIGRATION), graph.named("storefront-service")
    assert graph.reaches(job, stable)
    assert not graph.reaches(stable, job)
    assert {"name": "MIGRATION_PHASE", "value": "contract"} in container(graph, MIGRATION)["env"]


def test_without_a_phase_no_migration_runs_and_its_login_stays() -> None:
    graph = in_phase("none")
    assert [node.name for node in graph.of_type(":Job")] == [WARM_UP]
    assert graph.named("tenants-migrations-role").plain("assumeRole") == "tenantry_pool_owner"


def test_jobs_run_the_image_of_the_slot_that_takes_traffic_unless_they_have_their_own(graph: Graph) -> None:
    def switched(raw: dict[str, Any]) -> None:
        raw["services"]["storefront"]["active"] = "green"
        raw["jobs"]["vacuum"]["image"] = BLUE_IMAGE

    assert [container(graph, name)["image"] for name in (WARM_UP, SCHEDULED)] == [BLUE_IMAGE, BLUE_IMAGE]
    after = graph_with(switched)
    assert [container(after, name)["image"] for name in (WARM_UP, SCHEDULED)] == [GREEN_IMAGE, GREEN_IMAGE]
    assert container(after, OWNERS)["image"] == BLUE_IMAGE
    assert container(after, MIGRATION) == container(graph, MIGRATION)


def test_a_migration_and_a_job_that_asks_for_it_are_the_owner_of_tables_and_no_other_pod_is(graph: Graph) -> None:
    login = graph.named("tenants-migrations-credentials")
    url = login.plain("stringData")["DATABASE_URL"]
    assert url.startswith(
        "postgresql://tenantry_pool_migrator:password-of-tenants-migrations-password@db.example.invalid"
    )
    assert has_secret(login.inputs["stringData"])
    name = login.plain("metadata", "name")
    assert [one for one in (MIGRATION, OWNERS, WARM_UP, SCHEDULED) if secrets_of(graph, one)[-1] == name] == [
        MIGRATION,
        OWNERS,
    ]
    pods = graph.named("storefront-blue").plain("spec", "template", "spec", "containers", 0)
    assert {"secretRef": {"name": name}} not in pods["envFrom"]


def test_the_owners_login_is_told_to_those_who_restore_a_backup(graph: Graph) -> None:
    assert "tenantry_pool_migrator" in graph.exports["database_logins"]
    assert "database_logins" in graph.secret_exports


def test_the_owners_login_comes_with_a_backup_and_is_not_made_again() -> None:
    def declare() -> None:
        restored = pulumi.Output.secret({"shop_pool_migrator": "a word"})
        args = MigrationLoginArgs(
            server=Server(host="db.example.invalid", port=5432, ssl_mode="verify-full", restored=restored),
            database="shop",
            schema="pool",
            owner="shop_pool_owner",
            role_prefix="shop_pool",
            credentials_namespace="tenantry",
        )
        MigrationLogin("login", args)

    (credentials,) = [node for node in graph_of(declare).nodes.values() if node.custom]
    url = "postgresql://shop_pool_migrator:a word@db.example.invalid:5432/shop?sslmode=verify-full"
    assert credentials.plain("stringData") == {"DATABASE_URL": url, "DIRECT_DATABASE_URL": url}
    assert has_secret(credentials.inputs["stringData"])


def test_a_backup_without_that_login_is_told_with_what_to_do() -> None:
    def restored(raw: dict[str, Any]) -> None:
        with_jobs(raw)
        raw["database"]["restore"] = {"stack": "production"}

    with pytest.raises(pulumi.RunError, match="the backup has no role for migrations; remove"):
        declared_graph(restored)


def test_a_guard_is_there_before_a_migration_makes_a_table(graph: Graph) -> None:
    assert graph.reaches(graph.named(MIGRATION), graph.named("tenants-guard"))


def test_where_nothing_migrates_nobody_logs_in_as_the_owner() -> None:
    assert not [name for name in (node.name for node in environment_graph().nodes.values()) if "migrat" in name]


def test_nothing_that_selects_pods_of_a_service_selects_those_of_a_job(graph: Graph) -> None:
    selectors = [node.plain("spec", "selector") for node in graph.of_type("v1:Service")]
    selectors += [
        node.plain("spec", "selector", "matchLabels")
        for kind in (":Deployment", ":PodDisruptionBudget")
        for node in graph.of_type(kind)
    ]
    assert len(selectors) >= 3
    jobs = [node.plain("spec", "template", "metadata", "labels") for node in graph.of_type(":Job")]
    jobs += [
        node.plain("spec", "jobTemplate", "spec", "template", "metadata", "labels")
        for node in graph.of_type(":CronJob")
    ]
    assert len(jobs) == 4
    assert not [labels for labels in jobs for selector in selectors if selector.items() <= labels.items()]


def test_another_configuration_rolls_the_pods_and_migrates_nothing(graph: Graph) -> None:
    def configured(raw: dict[str, Any]) -> None:
        raw["services"]["storefront"]["environment"] = {"LEVEL": "debug"}

    after = graph_with(configured)
    assert after.named(MIGRATION).plain("spec") == graph.named(MIGRATION).plain("spec")
    assert after.named("storefront-migrate-configuration").plain("data") == {"LEVEL": "debug"}


def test_the_longest_names_leave_room_for_what_kubernetes_adds_to_them() -> None:
    service, job = "s" * 38, "j" * 40

    def named(raw: dict[str, Any]) -> None:
        with_jobs(raw)
        raw["services"] = {service: raw["services"]["storefront"]}
        raw["jobs"] = {job: {**raw["jobs"]["vacuum"], "service": service}}

    graph = environment_graph(named)
    assert len(graph.of_type(":Job")) == 2
    for node in graph.of_type(":Job"):
        assert len(f"{node.name}-00000000") <= 63  # a label of its pods has it (Kubernetes, "Jobs")
    (scheduled,) = graph.of_type(":CronJob")
    assert len(scheduled.plain("metadata", "name")) <= 52  # 11 characters for each run's moment ("CronJob")
