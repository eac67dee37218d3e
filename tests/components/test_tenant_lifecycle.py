"""The lifecycle job as a stack declares it: who it is to the database, and what it finds."""

from typing import Any

from tests.examples import TOOLS_IMAGE, environment_graph
from tests.harness import Graph


def declared() -> Graph:
    return environment_graph(lambda raw: raw.update(tenancy={"lifecycle": {"image": TOOLS_IMAGE}}))


def pod(graph: Graph) -> dict[str, Any]:
    spec: dict[str, Any] = graph.named("tenants-lifecycle-schedule").plain(
        "spec", "jobTemplate", "spec", "template", "spec"
    )
    return spec


def test_it_runs_the_lifecycle_program_of_the_tools_image_one_run_at_a_time() -> None:
    spec = declared().named("tenants-lifecycle-schedule").plain("spec")
    (container,) = pod(declared())["containers"]
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == ("*/5 * * * *", "Etc/UTC", "Forbid")
    assert container["image"] == TOOLS_IMAGE
    assert container["command"] == ["python", "-m", "infra.tenancy.lifecycle"]


def test_it_finds_every_config_map_of_the_registry_in_one_folder() -> None:
    graph = declared()
    (registry,) = [volume for volume in pod(graph)["volumes"] if volume["name"] == "registry"]
    mounted = {source["configMap"]["name"] for source in registry["projected"]["sources"]}
    there = {
        node.plain("metadata", "name")
        for node in graph.of_type(":ConfigMap")
        if node.plain("metadata", "labels")["app.kubernetes.io/component"] == "tenant-registry"
    }
    assert mounted == there != set()
    (container,) = pod(graph)["containers"]
    paths = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert {"name": "REGISTRY_DIRECTORY", "value": paths["registry"]} in container["env"]


def test_it_logs_in_as_the_migrator_who_may_end_sessions_and_nothing_else_of_the_servers() -> None:
    graph = declared()
    (container,) = pod(graph)["containers"]
    login = graph.named("tenants-migrations-credentials").plain("metadata", "name")
    assert container["envFrom"] == [{"secretRef": {"name": login}}]
    role = graph.named("tenants-migrations-role")
    assert role.plain("roles") == ["tenantry_pool_owner", "pg_signal_backend"]
    assert role.plain("assumeRole") == "tenantry_pool_owner"


def test_without_it_migrations_end_nobodys_sessions() -> None:
    def migrating(raw: dict[str, Any]) -> None:
        raw["services"]["storefront"]["migration"] = {"image": TOOLS_IMAGE, "command": ["migrate"]}

    graph = environment_graph(migrating)
    assert graph.named("tenants-migrations-role").plain("roles") == ["tenantry_pool_owner"]
    assert not graph.of_type(":TenantLifecycle")


def test_who_neither_migrates_nor_looks_after_tenants_has_no_login_for_it() -> None:
    assert "tenants-migrations-role" not in {node.name for node in environment_graph().nodes.values()}


def closing(**states: str) -> Graph:
    def closed(raw: dict[str, Any]) -> None:
        raw["tenancy"] = {"lifecycle": {"image": TOOLS_IMAGE}}
        for tenant in raw["tenants"]:
            state = states.get(tenant["slug"].replace("-", "_"))
            if state is not None:
                tenant["lifecycle"] = {"state": state, **({"export": "0" * 64} if state == "deleted" else {})}

    return environment_graph(closed)


def test_an_update_that_closes_tenants_runs_it_after_the_registry_says_so_and_waits_for_its_end() -> None:
    graph = closing(corner_shop="deleted")
    now, registry = graph.named("tenants-lifecycle-now"), graph.named("registry-tenants")
    assert graph.reaches(now, registry)
    template = now.plain("spec", "template")
    (container,) = template["spec"]["containers"]
    assert container["command"] == ["python", "-m", "infra.tenancy.lifecycle", "--wait"]
    assert template["spec"]["volumes"] == pod(graph)["volumes"]
    assert "pulumi.com/skipAwait" not in now.plain("metadata", "annotations")
    others = [closing(corner_shop="suspended"), closing(corner_shop="deleted", book_store="suspended")]
    texts = [template, *(one.named("tenants-lifecycle-now").plain("spec", "template") for one in others)]
    assert len({text["metadata"]["annotations"]["tenantry.dev/closed"] for text in texts}) == 3, "each a Job of its own"


def test_where_nobody_is_closed_no_update_runs_it() -> None:
    assert not declared().of_type(":Job")
    assert not closing(corner_shop="offboarding").of_type(":Job")
