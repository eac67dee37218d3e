"""Jobs: what decides whether a migration runs, what its pods are, and when scheduled work is done."""

from dataclasses import replace
from typing import Any

import pytest

from components.job_pods import Workload
from components.migration_job import MigrationJob, MigrationJobArgs
from components.pods import EnvironmentConfig, EnvironmentSecret, MountedSecrets, PodArgs, Room
from components.scheduled_job import ScheduledJob, ScheduledJobArgs
from components.warm_up_job import WarmUpJob, WarmUpJobArgs
from tests.harness import Graph, Node, graph_of

IMAGE = "registry.tenantry.invalid/api@sha256:" + "3" * 64
OTHER_IMAGE = "registry.tenantry.invalid/api@sha256:" + "4" * 64
PODS = PodArgs(
    http=None,
    environment_secrets=[EnvironmentSecret(name="pool", checksum="of today")],
    service_account="api",
    mounted_secrets=MountedSecrets(provider_class="api", checksum="of today"),
)
CONFIG = EnvironmentConfig(name="api-environment-1a2b3c4d")
WORKLOAD = Workload(namespace="tenantry", service="api", pods=PODS, configs=[CONFIG])
ROTATED = replace(PODS, mounted_secrets=MountedSecrets(provider_class="api", checksum="of tomorrow"))
LARGER = replace(PODS, room=Room(memory="1Gi"), priority_class="high")
CONFIGURED = EnvironmentConfig(name="api-environment-5e6f7a8b")
MIGRATION = MigrationJobArgs(
    workload=WORKLOAD,
    image=IMAGE,
    command=("migrate", "up"),
    phase="expand",
    deadline=900,
    environment={"LEVEL": "info"},
)
WARM_UP = WarmUpJobArgs(
    workload=WORKLOAD, image=IMAGE, command=("warm",), deadline=300, active="blue", url="http://api.tenantry.svc:3001"
)
SCHEDULED = ScheduledJobArgs(
    workload=WORKLOAD,
    job="expire-sessions",
    image=IMAGE,
    command=("expire", "sessions"),
    schedule="0 3 * * *",
    time_zone="Europe/Berlin",
    concurrency="Forbid",
    start_within=600,
    deadline=3600,
    retries=2,
    kept=3,
    kept_failed=5,
    suspended=False,
)


def migration(**changes: Any) -> Graph:
    return graph_of(lambda: void(MigrationJob("api-migrate", replace(MIGRATION, **changes))))


def warm_up(**changes: Any) -> Graph:
    return graph_of(lambda: void(WarmUpJob("api-warm", replace(WARM_UP, **changes))))


def scheduled(**changes: Any) -> Graph:
    return graph_of(lambda: void(ScheduledJob("job-expire-sessions", replace(SCHEDULED, **changes))))


def void(_declared: object) -> None:
    """Take what a program must not return."""


def template_of(graph: Graph) -> Any:
    """Return the template of the only job's pods."""
    (job,) = [*graph.of_type(":Job"), *graph.of_type(":CronJob")]
    spec = job.plain("spec")
    return spec["jobTemplate"]["spec"]["template"] if "jobTemplate" in spec else spec["template"]


def container_of(graph: Graph) -> Any:
    (container,) = template_of(graph)["spec"]["containers"]
    return container


def variables_of(graph: Graph) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in container_of(graph)["env"]}


@pytest.fixture(scope="module")
def job() -> Node:
    return migration().named("api-migrate-job")


def test_a_migration_is_named_automatically_so_that_its_successor_has_succeeded_before_it_goes(job: Node) -> None:
    assert "name" not in job.plain("metadata")


@pytest.mark.parametrize(
    "change", [{"image": OTHER_IMAGE}, {"command": ("migrate", "down")}, {"phase": "contract"}], ids=str
)
def test_another_image_command_or_phase_is_another_migration(change: dict[str, Any]) -> None:
    assert template_of(migration(**change)) != template_of(migration())


@pytest.mark.parametrize(
    "change",
    [
        {"environment": {"LEVEL": "debug"}},
        {"environment": {}},
        {"deadline": 1800},
        {"workload": replace(WORKLOAD, configs=[CONFIGURED])},
        {"workload": replace(WORKLOAD, pods=ROTATED)},
        {"workload": replace(WORKLOAD, pods=LARGER)},
    ],
    ids=["configuration", "no configuration", "deadline", "configuration of the pods", "rotated secret", "larger pods"],
)
def test_what_is_no_other_migration_runs_none(change: dict[str, Any]) -> None:
    assert template_of(migration(**change)) == template_of(migration())


def test_a_migrations_configuration_has_a_name_that_does_not_change_with_its_content() -> None:
    graph = migration()
    configuration = graph.named("api-migrate-configuration")
    assert configuration.plain("metadata", "name") == "api-migration"
    assert configuration.plain("data") == {"LEVEL": "info"}
    assert container_of(graph)["envFrom"] == [
        {"configMapRef": {"name": "api-migration"}},
        {"secretRef": {"name": "pool"}},
    ]


def test_a_migrations_login_counts_before_its_services() -> None:
    sources = container_of(migration(login=EnvironmentSecret(name="migrator", checksum="")))["envFrom"]
    assert sources[-2:] == [{"secretRef": {"name": "pool"}}, {"secretRef": {"name": "migrator"}}]


def test_a_finished_migration_stays_and_one_that_failed_is_run_by_the_next_update(job: Node) -> None:
    assert "ttlSecondsAfterFinished" not in job.plain("spec")
    assert job.plain("metadata", "annotations") == {"pulumi.com/replaceUnready": "true"}


def test_a_migration_is_tried_once_but_not_counted_when_its_node_is_drained(job: Node) -> None:
    spec = job.plain("spec")
    assert spec["backoffLimit"] == 0
    assert spec["activeDeadlineSeconds"] == 900
    (rule,) = spec["podFailurePolicy"]["rules"]
    assert rule == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    assert spec["template"]["spec"]["restartPolicy"] == "Never"  # which a failure policy asks for


def test_a_migration_knows_its_phase() -> None:
    assert variables_of(migration())["MIGRATION_PHASE"] == "expand"
    assert variables_of(migration(phase="contract"))["MIGRATION_PHASE"] == "contract"


def test_an_update_does_not_wait_for_a_warm_up() -> None:
    job = warm_up().named("api-warm-job")
    assert job.plain("metadata", "annotations") == {"pulumi.com/skipAwait": "true"}
    assert job.plain("spec", "activeDeadlineSeconds") == 300


def test_a_switch_warms_up_again_and_nothing_else_does() -> None:
    before = template_of(warm_up())
    assert template_of(warm_up(active="green")) != before
    assert template_of(warm_up(deadline=60)) == before
    assert variables_of(warm_up())["SERVICE_URL"] == "http://api.tenantry.svc:3001"
    assert "SERVICE_URL" not in variables_of(warm_up(url=None))


@pytest.mark.parametrize("declare", [warm_up, scheduled], ids=["warm-up", "scheduled"])
def test_a_job_that_is_run_again_and_again_reads_what_the_pods_read(declare: Any) -> None:
    container = container_of(declare())
    assert {"configMapRef": {"name": "api-environment-1a2b3c4d"}} in container["envFrom"]
    volume = next(volume for volume in template_of(declare())["spec"]["volumes"] if volume["name"] == "secrets")
    assert volume["csi"]["volumeAttributes"] == {"secretProviderClass": "api"}
    mount = next(mount for mount in container["volumeMounts"] if mount["name"] == "secrets")
    assert variables_of(declare())["SECRETS_DIRECTORY"] == mount["mountPath"]


def test_a_migration_has_no_secret_files() -> None:
    assert [volume["name"] for volume in template_of(migration())["spec"]["volumes"]] == ["tmp"]
    assert variables_of(migration()).keys() == {"MIGRATION_PHASE"}


def test_a_scheduled_job_is_what_it_was_asked_to_be() -> None:
    job = scheduled().named("job-expire-sessions-schedule")
    assert job.plain("metadata", "name") == "expire-sessions"
    spec = dict(job.plain("spec"))
    runs = spec.pop("jobTemplate")["spec"]
    assert spec == {
        "schedule": "0 3 * * *",
        "timeZone": "Europe/Berlin",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 600,
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 5,
    }
    assert (runs["backoffLimit"], runs["activeDeadlineSeconds"]) == (2, 3600)


@pytest.mark.parametrize("declare", [migration, warm_up, scheduled], ids=["migration", "warm-up", "scheduled"])
class TestEveryPod:
    """What holds for the pods of every job."""

    def test_obeys_the_restricted_standard(self, declare: Any) -> None:
        pod, container = template_of(declare())["spec"], container_of(declare())
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["image"] == IMAGE
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert container["resources"]["limits"].keys() == {"memory"}

    def test_is_known_by_its_service_and_has_no_slot(self, declare: Any) -> None:
        labels = template_of(declare())["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == "api"
        assert labels["app.kubernetes.io/component"] in ("migration", "warm-up", "job")
        assert "tenantry.dev/slot" not in labels

    def test_is_what_its_service_is_and_has_its_stores(self, declare: Any) -> None:
        assert template_of(declare())["spec"]["serviceAccountName"] == "api"
        assert {"secretRef": {"name": "pool"}} in container_of(declare())["envFrom"]

    def test_tells_its_last_words_when_it_fails(self, declare: Any) -> None:
        assert container_of(declare())["terminationMessagePolicy"] == "FallbackToLogsOnError"

    def test_is_not_evicted_to_empty_a_node(self, declare: Any) -> None:
        annotations = template_of(declare())["metadata"]["annotations"]
        assert annotations == {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}
