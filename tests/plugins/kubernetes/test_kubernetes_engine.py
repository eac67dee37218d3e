"""The plugin under the real engine: whole programs, kills in mid-update, a restart of the API server."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.paths import BIN
from infra.sandbox.control_plane.control_plane import ControlPlane
from infra.sandbox.plugins import installation
from infra.sandbox.plugins.language.install import install as install_language_host
from tests.plugins.kubernetes.cluster import Cluster
from tests.plugins.language.harness import Project

_PROGRAM = """
import json, os
import pulumi
import pulumi_kubernetes as k8s

settings = json.loads(os.environ["SETTINGS"])
names = dict(namespace=settings["namespace"])
for number in range(settings["maps"]):
    k8s.core.v1.ConfigMap(f"auto-{number}", metadata=names, data={"text": settings["text"]})
    k8s.core.v1.ConfigMap(f"fixed-{number}", metadata={**names, "name": f"fixed-{number}"}, data={"n": str(number)})
secret = k8s.core.v1.Secret(
    "secret", metadata={**names, "name": "secret"}, string_data={"password": settings["password"]}
)
labels = {"app": "web"}
web = k8s.apps.v1.Deployment(
    "web",
    metadata={**names, "name": "web"},
    spec={
        "replicas": 2,
        "selector": {"match_labels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "containers": [
                    {
                        "name": "web",
                        "image": settings["image"],
                        "resources": {"limits": {"cpu": "1000m"}},
                        "env": [{"name": "SECRET", "value": secret.metadata.name}],
                    }
                ]
            },
        },
    },
)
service = k8s.core.v1.Service(
    "web",
    metadata={**names, "name": "web"},
    spec={"selector": labels, "ports": [{"port": 80}]},
    opts=pulumi.ResourceOptions(depends_on=[web]),
)
pulumi.export("address", service.spec.cluster_ip)
"""
_CANARY = "canary-b1946ac92492"


@dataclass(frozen=True)
class Platform(Project):
    """A project over a namespace of the cluster."""

    cluster: Cluster
    settings: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {
            "KUBECONFIG": str(self.cluster.kubeconfig),
            "SETTINGS": json.dumps(self.settings),
            "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
        }

    def up(self, *arguments: str, code: int = 0) -> str:
        result = self.pulumi("up", "--yes", "--skip-preview", "--parallel", "64", *arguments, code=code)
        return result.stdout + result.stderr

    def expect_nothing(self) -> None:
        """Nothing is to do, nothing drifted, nothing pends, and every object is in the state exactly once."""
        self.pulumi("preview", "--expect-no-changes")
        # After a kill the engine keeps what it was creating as pending until a refresh is told to forget it.
        self.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--clear-pending-creates")
        deployment = json.loads(self.pulumi("stack", "export").stdout)["deployment"]
        assert not deployment.get("pending_operations")
        ids = [item["id"] for item in deployment["resources"] if item["type"].startswith("kubernetes:")]
        maps = [item.split("/")[1] for item in ids if item.split("/")[1].startswith(("auto-", "fixed-"))]
        assert sorted(maps) == self.cluster.names("configmaps")
        assert len(maps) == 2 * self.settings["maps"]


@pytest.fixture
def platform(tmp_path: Path, cluster: Cluster) -> Iterator[Platform]:
    install_language_host(BIN)
    installation.install(tmp_path / "home")
    made = Project.create(tmp_path)
    settings = {
        "namespace": cluster.namespace,
        "maps": 4,
        "text": "one",
        "image": "example.invalid/web:1",
        "password": _CANARY,
    }
    platform = Platform(made.root, cluster, settings)
    platform.program(_PROGRAM)
    platform.pulumi("stack", "init", "dev")
    return platform


def test_a_program_takes_over_what_exists_and_is_applied_changed_repaired_and_destroyed(platform: Platform) -> None:
    preview = platform.pulumi("preview", "--diff").stdout
    assert platform.cluster.names("configmaps") == []
    log = preview + _take_over(platform) + platform.up()
    platform.expect_nothing()
    assert platform.outputs()["address"]
    platform.settings["image"] = "example.invalid/web:2"
    changed = json.loads(platform.pulumi("preview", "--json").stdout)
    (step,) = [step for step in changed["steps"] if step["op"] != "same"]
    assert list(step["detailedDiff"]) == ["spec.template.spec.containers[0].image"]
    platform.cluster.kubectl("scale", "deployment", "web", "--replicas=5")
    refreshed = platform.pulumi("refresh", "--yes", "--skip-preview", "--diff").stdout
    assert "replicas" in refreshed
    platform.settings["text"] = "two"
    log += platform.up()
    live = platform.cluster.live("deployments", "web")
    assert live is not None
    assert live["spec"]["replicas"] == 2
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "example.invalid/web:2"
    platform.expect_nothing()
    state = "".join(path.read_text() for path in platform.root.parent.joinpath("state").rglob("*.json"))
    assert _CANARY not in log + state
    platform.pulumi("destroy", "--yes", "--skip-preview")
    assert platform.cluster.names("configmaps") == []


def _take_over(platform: Platform) -> str:
    """Import what somebody made by hand, which an update refuses to touch; return what the update said."""
    platform.cluster.kubectl("create", "configmap", "fixed-0", "--from-literal=n=0")
    refused = platform.up(code=1)
    assert 'configmaps "fixed-0" already exists' in refused
    platform.pulumi(
        "import",
        "kubernetes:core/v1:ConfigMap",
        "fixed-0",
        f"{platform.cluster.namespace}/fixed-0",
        "--yes",
        "--generate-code=false",
        "--protect=false",
    )
    return refused


def test_kills_in_mid_update_lose_nothing_and_double_nothing(platform: Platform) -> None:
    platform.settings["maps"] = 10
    # The later ones hit replacements. After a kill up to 8 more writes land, so each leaves the next enough to do.
    for text, writes in (("one", 3), ("one", 5), ("two", 2), ("three", 5)):
        platform.settings["text"] = text
        with platform.running("up", "--yes", "--skip-preview", "--parallel", "8") as run:
            _kill_after_writes(platform, run.process, writes)
        platform.pulumi("cancel", "--yes")
    platform.up()
    platform.expect_nothing()
    maps = [platform.cluster.live("configmaps", name) for name in platform.cluster.names("configmaps")]
    assert {found["data"].get("text", "three") for found in maps if found} == {"three"}


def _kill_after_writes(platform: Platform, process: "subprocess.Popen[bytes]", writes: int) -> None:
    """Kill the engine, and only it, once so many ConfigMaps were written since now."""
    path = f"/api/v1/namespaces/{platform.cluster.namespace}/configmaps"
    start = int(platform.cluster.api.get(path)["metadata"]["resourceVersion"])

    def written() -> bool:
        versions = (int(item["metadata"]["resourceVersion"]) for item in platform.cluster.api.get(path)["items"])
        return sum(version > start for version in versions) >= writes

    platform.cluster.eventually(written, f"{writes} written objects", 120)
    assert process.poll() is None
    process.kill()
    process.wait()


def test_an_update_survives_a_restart_of_the_api_server(platform: Platform, control_plane: ControlPlane) -> None:
    platform.settings["maps"] = 40
    with platform.running("up", "--yes", "--skip-preview", "--parallel", "8") as run:
        platform.cluster.eventually(lambda: len(platform.cluster.names("configmaps")) > 10, "the first objects", 120)
        server = control_plane.instance.daemon("kube-apiserver").process()
        assert server is not None
        server.kill()
        server.wait(10)
        control_plane.start(lambda _line: None)
        run.process.wait(90)
        assert run.process.returncode == 0, run.output.read_text()
    platform.expect_nothing()
