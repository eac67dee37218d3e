"""Pods of the tools image really run: their output, exit code, environment and end are those of a process."""

import json
import os
import signal
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from infra.paths import PROJECT_ROOT
from infra.sandbox.control_plane.control_plane import ControlPlane
from infra.sandbox.control_plane.host_processes import POD_UID_VARIABLE, pods_folder
from infra.sandbox.control_plane.images import TOOLS_REPOSITORY, is_tools_image
from infra.sandbox.control_plane.pod_volumes import relocate
from infra.sandbox.control_plane.runner_service import pod_log
from tests.sandbox.control_plane.conftest import Namespace, eventually, quiet

_IMAGE = f"{TOOLS_REPOSITORY}:1.0"


def _container(script: str, name: str = "main", **more: Any) -> dict[str, Any]:
    return {"name": name, "image": _IMAGE, "command": ["sh", "-c"], "args": [script], **more}


def _run(namespace: Namespace, script: str, *, more: dict[str, Any] | None = None, **container: Any) -> str:
    name = f"pod-{uuid.uuid4().hex[:6]}"
    spec = {"restartPolicy": "Never", "containers": [_container(script, **container)], **(more or {})}
    namespace.create("pods", name, spec=spec)
    return name


def _log(control_plane: ControlPlane, namespace: Namespace, pod: str) -> str:
    return pod_log(control_plane.instance, namespace.name, pod).read_text()


def _processes(uid: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(POD_UID_VARIABLE) == uid:
                found.append(process)
        except psutil.Error:
            continue
    return found


def _begun(path: Path) -> Callable[[], bool]:
    return lambda: path.exists() and path.read_text().strip() != ""


@pytest.mark.parametrize("suffix", ["", ":1", "@sha256:" + "0" * 64, ":1@sha256:" + "0" * 64])
def test_any_tag_or_digest_of_the_tools_image_counts(suffix: str) -> None:
    assert is_tools_image(TOOLS_REPOSITORY + suffix)


@pytest.mark.parametrize("image", ["nginx", TOOLS_REPOSITORY + "-extra:1", "mirror/" + TOOLS_REPOSITORY])
def test_other_images_do_not_count(image: str) -> None:
    assert not is_tools_image(image)


def test_a_job_writes_a_file_and_succeeds(namespace: Namespace, tmp_path: Path) -> None:
    target = tmp_path / "written"
    template = {"spec": {"restartPolicy": "Never", "containers": [_container(f"echo done > {target}")]}}
    namespace.create("jobs", "migrate", spec={"template": template})
    eventually(lambda: namespace.get("jobs", "migrate")["status"].get("succeeded") == 1, "the job to succeed")
    assert target.read_text() == "done\n"


def test_a_job_that_exits_3_fails_with_that_code_and_the_end_of_its_log(namespace: Namespace) -> None:
    pod_template = {"spec": {"restartPolicy": "Never", "containers": [_container("echo no such table; exit 3")]}}
    namespace.create("jobs", "migrate", spec={"backoffLimit": 0, "template": pod_template})
    eventually(lambda: namespace.get("jobs", "migrate")["status"].get("failed") == 1, "the job to fail")
    (pod,) = namespace.pods("job-name=migrate")
    ended = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (pod["status"]["phase"], ended["exitCode"], ended["reason"]) == ("Failed", 3, "Error")
    assert ended["message"] == "no such table\n"


def test_the_environment_is_the_pods_and_nothing_of_the_callers(
    control_plane: ControlPlane, namespace: Namespace
) -> None:
    namespace.create("secrets", "database", stringData={"password": "s3cret"})
    namespace.create("configmaps", "shop", data={"ring": "early", "colour": "blue"})
    environment = [
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}}},
        {"name": "URL", "value": "postgres://shop:$(PASSWORD)@db/$(UNKNOWN)?$$(PASSWORD)"},
        {"name": "RING", "valueFrom": {"configMapKeyRef": {"name": "shop", "key": "ring"}}},
        {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "SPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
        {"name": "UID_", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}},
        {"name": "ABSENT", "valueFrom": {"secretKeyRef": {"name": "none", "key": "none", "optional": True}}},
    ]
    sources = [{"prefix": "SHOP_", "configMapRef": {"name": "shop"}}]
    script = "python -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    pod = _run(namespace, script, env=environment, envFrom=sources)
    assert namespace.ended(pod)["phase"] == "Succeeded"
    seen = json.loads(_log(control_plane, namespace, pod))
    assert seen["URL"] == "postgres://shop:s3cret@db/$(UNKNOWN)?$(PASSWORD)"
    assert (seen["RING"], seen["SHOP_colour"]) == ("early", "blue")
    assert (seen["POD"], seen["SPACE"]) == (pod, namespace.name)
    assert seen["UID_"] == namespace.get("pods", pod)["metadata"]["uid"]
    assert "ABSENT" not in seen
    own = {"HOME", "HOSTNAME", "KUBECONFIG", "LANG", "LC_CTYPE", "PATH", "PWD", "SHLVL", "_", "OLDPWD", "TMPDIR"}
    own.add("PGSSLROOTCERT")
    assert seen["PGSSLROOTCERT"] == str(control_plane.instance.authority.certificate)
    declared = {item["name"] for item in environment} | {"SHOP_ring", "SHOP_colour"}
    assert {name for name in set(seen) - own - declared if not name.startswith("TENANTRY_SANDBOX_")} == set()


def test_the_pod_acts_as_its_service_account_and_leaves_no_token_behind(
    control_plane: ControlPlane, namespace: Namespace
) -> None:
    namespace.create("serviceaccounts", "migrator")
    pod = _run(
        namespace,
        "kubectl auth whoami -o json; kubectl get secrets; stat -c %a $KUBECONFIG; stat -c %a $(dirname $KUBECONFIG)",
        more={"serviceAccountName": "migrator"},
    )
    assert namespace.ended(pod)["phase"] == "Succeeded"
    log = _log(control_plane, namespace, pod)
    assert f"system:serviceaccount:{namespace.name}:migrator" in log
    assert "cannot list resource" in log
    assert log.endswith("600\n700\n")
    uid = namespace.get("pods", pod)["metadata"]["uid"]
    eventually(lambda: not (pods_folder(control_plane.instance) / uid).exists(), "the pod's folder to go")


def test_a_pod_without_a_token_gets_no_kubeconfig(control_plane: ControlPlane, namespace: Namespace) -> None:
    pod = _run(namespace, "echo [$KUBECONFIG]", more={"automountServiceAccountToken": False})
    assert namespace.ended(pod)["phase"] == "Succeeded"
    assert _log(control_plane, namespace, pod) == "[]\n"


def test_paths_of_the_project_are_the_hosts_own_wherever_it_lies() -> None:
    above, place = str(PROJECT_ROOT.parent), "/somewhere"
    table = [(above, place)]
    for text in (str(PROJECT_ROOT), f"{PROJECT_ROOT}/bin/python", f"--log={PROJECT_ROOT}/log"):
        assert relocate(text, table) == text
    assert relocate(f"{above}/other", table) == f"{place}/other"
    assert relocate(f"--log={PROJECT_ROOT}-2/log", table) == f"--log={place}/{PROJECT_ROOT.name}-2/log"


def test_volumes_of_secrets_and_empty_folders_are_found_through_their_mount_paths(
    control_plane: ControlPlane, namespace: Namespace
) -> None:
    namespace.create("secrets", "ca", stringData={"ca.crt": "PEM", "other": "x"})
    volumes = [
        {"name": "ca", "secret": {"secretName": "ca", "items": [{"key": "ca.crt", "path": "tls/ca.crt"}]}},
        {"name": "scratch", "emptyDir": {}},
    ]
    pod = _run(
        namespace,
        "cat $PGSSLROOTCERT; ls $(dirname $PGSSLROOTCERT); touch $SCRATCH/x && pwd",
        more={"volumes": volumes},
        env=[{"name": "PGSSLROOTCERT", "value": "/etc/ca/tls/ca.crt"}, {"name": "SCRATCH", "value": "/scratch"}],
        volumeMounts=[{"name": "ca", "mountPath": "/etc/ca"}, {"name": "scratch", "mountPath": "/scratch"}],
        workingDir="/scratch",
    )
    assert namespace.ended(pod)["phase"] == "Succeeded"
    lines = _log(control_plane, namespace, pod).splitlines()
    assert lines[0] == "PEMca.crt"
    assert lines[1].endswith("/volumes/scratch")


def test_a_volume_that_the_host_cannot_provide_fails_the_pod_with_the_reason(namespace: Namespace) -> None:
    pod = _run(
        namespace,
        "true",
        more={"volumes": [{"name": "disk", "hostPath": {"path": "/etc"}}]},
        volumeMounts=[{"name": "disk", "mountPath": "/disk"}],
    )
    status = namespace.ended(pod)
    assert (status["phase"], status["reason"]) == ("Failed", "HostRunnerCannotProvide")
    assert status["message"] == "volume disk: hostPath is not available on the host"


def test_a_missing_secret_is_waited_for(namespace: Namespace) -> None:
    source = {"secretKeyRef": {"name": "late", "key": "word"}}
    pod = _run(namespace, 'test "$WORD" = here', env=[{"name": "WORD", "valueFrom": source}])

    def waits() -> bool:
        statuses = namespace.get("pods", pod)["status"].get("containerStatuses", [])
        return any(it["state"].get("waiting", {}).get("reason") == "CreateContainerConfigError" for it in statuses)

    eventually(waits, "the container to wait")
    namespace.create("secrets", "late", stringData={"word": "here"})
    assert namespace.ended(pod)["phase"] == "Succeeded"


def test_init_containers_run_first_and_in_order(control_plane: ControlPlane, namespace: Namespace) -> None:
    first = [_container("sleep 0.3; echo one", "one"), _container("echo two", "two")]
    pod = _run(namespace, "echo three", more={"initContainers": first})
    assert namespace.ended(pod)["phase"] == "Succeeded"
    assert _log(control_plane, namespace, pod) == "one\ntwo\nthree\n"


def test_a_failed_init_container_keeps_the_others_from_starting(
    control_plane: ControlPlane, namespace: Namespace
) -> None:
    pod = _run(namespace, "echo main", more={"initContainers": [_container("exit 4", "check")]})
    status = namespace.ended(pod)
    assert status["phase"] == "Failed"
    assert status["initContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 4
    assert "main" not in _log(control_plane, namespace, pod)


def test_on_failure_restarts_in_place_and_counts(namespace: Namespace, tmp_path: Path) -> None:
    marker = tmp_path / "second"
    pod = _run(namespace, f"test -e {marker} || (touch {marker}; exit 1)", more={"restartPolicy": "OnFailure"})
    status = namespace.ended(pod)
    assert (status["phase"], status["containerStatuses"][0]["restartCount"]) == ("Succeeded", 1)
    assert status["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 1


def test_the_deadline_kills_the_process_and_its_children(namespace: Namespace) -> None:
    pod = _run(namespace, "setsid sleep 600 & sleep 600", more={"activeDeadlineSeconds": 1})
    uid = namespace.get("pods", pod)["metadata"]["uid"]
    eventually(lambda: len(_processes(uid)) >= 2, "the processes to run")
    status = namespace.ended(pod)
    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")
    eventually(lambda: not _processes(uid), "the processes to go", 5)


def test_deleting_a_pod_ends_its_process_politely(namespace: Namespace, tmp_path: Path) -> None:
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    script = f"trap 'echo bye > {ended}; exit 0' TERM; echo $$$$ > {begun}; while :; do sleep 0.1; done"
    pod = _run(namespace, script)
    eventually(_begun(begun), "the process to begin")
    namespace.api.delete(namespace.path("pods", pod))
    eventually(lambda: not namespace.exists("pods", pod), "the pod to go")
    assert ended.read_text() == "bye\n"
    assert not psutil.pid_exists(int(begun.read_text()))


def test_a_pod_that_ignores_the_signal_is_killed_after_its_grace_period(namespace: Namespace, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    pod = _run(
        namespace,
        f"trap '' TERM; echo $$$$ > {begun}; while :; do sleep 0.1; done",
        more={"terminationGracePeriodSeconds": 1},
    )
    eventually(_begun(begun), "the process to begin")
    namespace.api.delete(namespace.path("pods", pod))
    eventually(lambda: not namespace.exists("pods", pod), "the pod to go", 10)
    assert not psutil.pid_exists(int(begun.read_text()))


def test_a_command_that_does_not_exist_fails_as_a_container_runtime_would(namespace: Namespace) -> None:
    namespace.create(
        "pods",
        "wrong",
        spec={"restartPolicy": "Never", "containers": [{"name": "m", "image": _IMAGE, "command": ["no-such-program"]}]},
    )
    ended = namespace.ended("wrong")["containerStatuses"][0]["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (128, "StartError")
    assert "no-such-program" in ended["message"]


def test_after_the_runners_death_its_pods_are_failed_and_the_job_tries_again(
    control_plane: ControlPlane, namespace: Namespace, tmp_path: Path
) -> None:
    begun, go = tmp_path / "begun", tmp_path / "go"
    script = f"echo $$$$ >> {begun}; while [ ! -e {go} ]; do sleep 0.1; done"
    template = {"spec": {"restartPolicy": "Never", "containers": [_container(script)]}}
    namespace.create("jobs", "backup", spec={"backoffLimit": 3, "template": template})
    eventually(_begun(begun), "the process to begin")
    first = int(begun.read_text())
    runner = control_plane.instance.daemon("host-runner").process()
    assert runner is not None
    os.kill(runner.pid, signal.SIGKILL)
    eventually(lambda: not control_plane.instance.daemon("host-runner").is_running(), "the runner to be dead")
    assert psutil.pid_exists(first)
    started: list[str] = []
    control_plane.start(started.append)
    assert started == ["started host-runner"]
    eventually(lambda: not psutil.pid_exists(first), "the orphan to be killed")

    def lost() -> list[dict[str, Any]]:
        pods = namespace.pods("job-name=backup")
        return [pod["status"] for pod in pods if pod["status"].get("reason") == "HostRunnerLost"]

    eventually(lost, "the pod to be marked as lost")
    assert lost()[0]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 137
    go.touch()
    eventually(lambda: namespace.get("jobs", "backup")["status"].get("succeeded") == 1, "the job to succeed", 60)


def test_the_runner_follows_an_api_server_that_was_killed(
    control_plane: ControlPlane, namespace: Namespace, tmp_path: Path
) -> None:
    begun, go = tmp_path / "begun", tmp_path / "go"
    pod = _run(namespace, f"echo $$$$ > {begun}; while [ ! -e {go} ]; do sleep 0.1; done; exit 5")
    eventually(_begun(begun), "the process to begin")
    server = control_plane.instance.daemon("kube-apiserver").process()
    assert server is not None
    os.kill(server.pid, signal.SIGKILL)
    eventually(lambda: not control_plane.instance.daemon("kube-apiserver").is_running(), "the server to be dead")
    go.touch()
    control_plane.start(quiet)
    status = namespace.ended(pod)
    assert status["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 5
    assert namespace.ended(_run(namespace, "true"))["phase"] == "Succeeded"
