"""The engines as they were really built: each says the version that its module file pins, and its files are there."""

import json
import os
import re
import subprocess

import pytest
import yaml

from infra.paths import BIN, SHARE
from infra.sandbox.control_plane.definitions import ADDONS
from infra.sandbox.engine.recipe import PROJECT, pinned_version, required_go
from infra.sandbox.engine.toolchain import sufficient_go
from infra.sandbox.engine.tools import TOOLS

PINNED = {tool.name: pinned_version(tool, PROJECT) for tool in TOOLS}


def say(*command: str) -> str:
    finished = subprocess.run(
        [BIN / command[0], *command[1:]],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return finished.stdout.strip()


def test_the_pulumi_cli_says_its_pinned_version() -> None:
    assert say("pulumi", "version") == PINNED["pulumi"]


@pytest.mark.parametrize("program", ["kube-apiserver", "kube-controller-manager", "kube-scheduler"])
def test_the_control_plane_says_its_pinned_version(program: str) -> None:
    assert say(program, "--version") == f"Kubernetes {PINNED['kubernetes']}"


def test_kubectl_says_its_pinned_version() -> None:
    version = json.loads(say("kubectl", "version", "--client", "-o", "json"))["clientVersion"]
    assert version["gitVersion"] == PINNED["kubernetes"]
    assert PINNED["kubernetes"].startswith(f"v{version['major']}.{version['minor']}.")


def test_etcd_and_kwok_say_their_pinned_versions() -> None:
    assert f"etcd Version: {PINNED['etcd'].removeprefix('v')}\n" in say("etcd", "--version")
    assert f"version {PINNED['kwok']} " in say("kwok", "--version")


def test_no_program_depends_on_the_machines_c_library() -> None:
    go = sufficient_go(required_go(TOOLS, PROJECT))
    for tool in TOOLS:
        for program in tool.programs:
            settings = subprocess.run(
                [go.program, "version", "-m", BIN / program], capture_output=True, text=True, check=True
            ).stdout
            assert re.search(r"^\s*build\s+CGO_ENABLED=0$", settings, re.MULTILINE), program


def test_the_official_language_executor_is_there_and_executable() -> None:
    executor = BIN / "pulumi-language-python-exec"
    assert os.access(executor, os.X_OK)
    assert executor.read_text().startswith("#!")


def test_the_gateway_api_definitions_are_those_of_the_pinned_release() -> None:
    found = [yaml.safe_load(path.read_text()) for path in sorted((SHARE / "gateway-api").glob("*.yaml"))]
    kinds = {definition["spec"]["names"]["kind"] for definition in found}
    assert {"GatewayClass", "Gateway", "HTTPRoute", "GRPCRoute", "ReferenceGrant"} <= kinds
    releases = {
        definition["metadata"]["annotations"]["gateway.networking.k8s.io/bundle-version"] for definition in found
    }
    assert releases == {PINNED["gateway-api"]}


def test_the_definitions_of_every_add_on_are_there() -> None:
    kinds = {
        kept: {yaml.safe_load(path.read_text())["spec"]["names"]["kind"] for path in (SHARE / kept).glob("*.yaml")}
        for kept in ADDONS.values()
    }
    assert kinds["cert-manager"] >= {"Certificate", "CertificateRequest", "Issuer", "ClusterIssuer"}
    assert kinds["secrets-store"] == {"SecretProviderClass", "SecretProviderClassPodStatus"}


def test_the_stages_of_nodes_and_pods_are_there() -> None:
    names = {path.stem for path in (SHARE / "kwok").glob("*.yaml")}
    assert {"node-initialize", "node-heartbeat-with-lease", "pod-ready", "pod-complete", "pod-delete"} <= names
    assert all(yaml.safe_load(path.read_text())["kind"] == "Stage" for path in (SHARE / "kwok").glob("*.yaml"))
