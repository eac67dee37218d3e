"""EKS clusters of the cloud that really run: control plane, nodes and tokens, through restarts and to the end."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.exceptions
import psutil
import pytest

from infra.paths import BIN
from infra.sandbox.cloud.backing import homes
from infra.sandbox.cloud.service import Cloud
from infra.sandbox.instance import Status
from infra.sandbox.plugins.launcher import write_launcher
from infra.sandbox.waiting import wait_until
from tests.plugins.client import Object, running
from tests.sandbox.cloud.harness import REGION, client, kill
from tests.sandbox.servers.harness import quiet

MakeCloud = Callable[[str], Cloud]
NAME = "Platform_1"
ADDONS = {"cert-manager": "certificates", "aws-secrets-store-csi-driver-provider": "secretproviderclasses"}
"""Add-ons that bring definitions -> a kind of theirs, as kubectl names it."""

QUICKLY = {"Delay": 0.2, "MaxAttempts": 450}


@pytest.fixture(scope="module")
def shared(make_cloud: MakeCloud) -> Iterator[Cloud]:
    """A cloud behind whose clusters control planes run."""
    cloud = Cloud(make_cloud("test-backed").instance, backed=True)
    cloud.start(quiet)
    yield cloud
    cloud.stop()


@pytest.fixture(scope="module")
def subnets(shared: Cloud) -> list[str]:
    """Two subnets in zones a and b."""
    ec2 = client(shared, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate("ab")
    ]


@pytest.fixture(scope="module")
def role(shared: Cloud) -> str:
    """A role for everything."""
    arn: str = client(shared, "iam").create_role(RoleName="eks", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    return arn


@pytest.fixture(scope="module")
def cluster(shared: Cloud, subnets: list[str], role: str) -> dict[str, Any]:
    """A cluster that runs, as EKS describes it, although the cloud was killed in the middle of its creation."""
    made = create(client(shared, "eks"), NAME, subnets, role)
    assert made["status"] == "CREATING"
    assert "endpoint" not in made
    kill(shared)
    shared.start(quiet)
    described: dict[str, Any] = client(shared, "eks").describe_cluster(name=NAME)["cluster"]
    return described


@pytest.fixture(scope="module")
def kubectl(shared: Cloud, cluster: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Runs kubectl with the kubeconfig that `aws eks update-kubeconfig` writes, and that `aws` on the path."""
    folder = tmp_path_factory.mktemp("kubectl with spaces")
    launcher(shared, folder)
    return lambda *arguments, role_arn="": run_kubectl(shared, folder, list(arguments), role_arn)


def create(eks: Any, name: str, subnets: list[str], role: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = eks.create_cluster(
        name=name,
        roleArn=role,
        resourcesVpcConfig={"subnetIds": subnets},
        accessConfig={"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": True},
        **more,
    )["cluster"]
    return made


def launcher(cloud: Cloud, folder: Path) -> None:
    write_launcher(folder / "aws", "infra.sandbox.aws_cli", cloud.url, str(cloud.folder))


def run_kubectl(cloud: Cloud, folder: Path, arguments: list[str], role: str) -> str:
    path = folder / f"kubeconfig{role.rpartition('/')[2]}"
    said = ["eks", "update-kubeconfig", "--name", NAME, "--region", REGION, "--kubeconfig", str(path)]
    environment = {**os.environ, **cloud.environment(), "PATH": f"{folder}:{os.environ['PATH']}"}
    if not path.exists():
        said += ["--role-arn", role] if role else []
        subprocess.run([str(folder / "aws"), *said], env=environment, capture_output=True, check=True, timeout=60)
    ran = subprocess.run(
        [str(BIN / "kubectl"), f"--kubeconfig={path}", f"--cache-dir={folder}", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return ran.stdout or ran.stderr


def processes(cloud: Cloud) -> list[psutil.Process]:
    """Every living process of the cloud's clusters."""
    folder = f"{cloud.instance.folder('cloud') / 'clusters'}/"
    return [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if folder in " ".join(process.info["cmdline"] or []) and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def refused(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call()
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_a_cloud_killed_in_the_middle_of_a_creation_ends_it_when_it_starts_and_tells_of_the_real_api_server(
    shared: Cloud, cluster: dict[str, Any]
) -> None:
    assert (cluster["status"], cluster["version"]) == ("ACTIVE", "1.34")
    assert cluster["endpoint"].startswith("https://127.")
    assert not cluster["endpoint"].startswith(f"https://{shared.instance.addresses.prefix}.")
    pem = base64.b64decode(cluster["certificateAuthority"]["data"])
    assert pem.startswith(b"-----BEGIN CERTIFICATE-----")


def test_a_cluster_is_one_row_of_the_status_also_when_a_part_stopped(shared: Cloud, cluster: dict[str, Any]) -> None:
    endpoint = cluster["endpoint"].removeprefix("https://")
    assert shared.status()[1:] == [Status(f"EKS {NAME}", endpoint, running=True, healthy=True, detail=REGION)]
    (scheduler,) = [process for process in processes(shared) if process.name() == "kube-scheduler"]
    scheduler.kill()
    psutil.wait_procs([scheduler], timeout=10)
    (row,) = shared.status()[1:]
    assert (row.running, row.healthy, row.detail) == (True, False, f"{REGION}: kube-scheduler stopped")
    shared.start(quiet)
    assert shared.status()[1].healthy


def test_an_official_kubeconfig_lets_the_creator_administer(kubectl: Callable[..., str]) -> None:
    assert kubectl("auth", "can-i", "*", "*", "--all-namespaces").strip() == "yes"
    assert "Server Version: v1.34" in kubectl("version")


def test_only_roles_with_an_access_entry_enter(shared: Cloud, cluster: dict[str, Any], kubectl: Any) -> None:
    assert cluster["status"] == "ACTIVE"
    document = "{}"
    arn = client(shared, "iam").create_role(RoleName="reader", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    assert "must be logged in" in kubectl("get", "pods", role_arn=arn)
    eks = client(shared, "eks")
    eks.create_access_entry(clusterName=NAME, principalArn=arn, kubernetesGroups=["readers"])
    eks.associate_access_policy(
        clusterName=NAME,
        principalArn=arn,
        policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
        accessScope={"type": "cluster"},
    )
    assert kubectl("auth", "can-i", "list", "pods", role_arn=arn).strip() == "yes"
    assert kubectl("auth", "can-i", "delete", "pods", role_arn=arn).strip() == "no"
    assert "readers" in kubectl("auth", "whoami", role_arn=arn)


def test_a_token_that_nobody_signed_is_refused(shared: Cloud, cluster: dict[str, Any]) -> None:
    home = homes.home(shared.folder, REGION, NAME)
    ran = subprocess.run(
        [
            str(BIN / "kubectl"),
            f"--server={cluster['endpoint']}",
            f"--certificate-authority={home / 'certificates' / 'ca.crt'}",
            "--token=k8s-aws-v1.eyJhcm4iOiAieCIsICJleHBpcmVzIjogOTk5OTk5OTk5OX0=.AAAA",
            "get",
            "nodes",
        ],
        env={"PATH": os.defpath, "HOME": str(home), "KUBECONFIG": os.devnull},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode != 0
    assert "must be logged in" in ran.stderr or "Unauthorized" in ran.stderr


def test_a_node_group_has_real_capacity_zones_labels_and_taints(
    shared: Cloud, subnets: list[str], role: str, cluster: dict[str, Any], kubectl: Callable[..., str]
) -> None:
    eks = client(shared, "eks")
    made = eks.create_nodegroup(
        clusterName=cluster["name"],
        nodegroupName="General",
        nodeRole=role,
        subnets=subnets,
        instanceTypes=["m6i.xlarge"],
        scalingConfig={"minSize": 1, "maxSize": 4, "desiredSize": 3},
        labels={"purpose": "general"},
        taints=[{"key": "dedicated", "value": "x", "effect": "NO_SCHEDULE"}],
    )["nodegroup"]
    assert made["status"] == "CREATING"
    group = {"clusterName": NAME, "nodegroupName": "General"}
    eks.get_waiter("nodegroup_active").wait(**group, WaiterConfig=QUICKLY)
    nodes = json.loads(kubectl("get", "nodes", "-o", "json"))["items"]
    zones = sorted(node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in nodes)
    assert zones == [f"{REGION}a", f"{REGION}a", f"{REGION}b"]
    for node in nodes:
        capacity, labels = node["status"]["capacity"], node["metadata"]["labels"]
        assert (capacity["cpu"], capacity["memory"], capacity["pods"]) == ("4", "16Gi", "58")
        assert (labels["purpose"], labels["eks.amazonaws.com/nodegroup"]) == ("general", "General")
        assert node["spec"]["taints"] == [{"key": "dedicated", "value": "x", "effect": "NoSchedule"}]
    eks.update_nodegroup_config(
        **group,
        scalingConfig={"desiredSize": 1},
        labels={"addOrUpdateLabels": {"tier": "one"}, "removeLabels": ["purpose"]},
        taints={"removeTaints": [{"key": "dedicated", "value": "x", "effect": "NO_SCHEDULE"}]},
    )
    eks.get_waiter("nodegroup_active").wait(**group, WaiterConfig=QUICKLY)
    (node,) = json.loads(kubectl("get", "nodes", "-o", "json"))["items"]
    assert node["metadata"]["labels"]["tier"] == "one"
    assert "purpose" not in node["metadata"]["labels"]
    assert "taints" not in node["spec"]
    assert refused(lambda: eks.delete_cluster(name=NAME))[0] == "ResourceInUseException"
    assert eks.delete_nodegroup(**group)["nodegroup"]["status"] == "DELETING"
    eks.get_waiter("nodegroup_deleted").wait(**group, WaiterConfig=QUICKLY)
    assert json.loads(kubectl("get", "nodes", "-o", "json"))["items"] == []


def test_an_add_on_has_its_definitions_served_also_when_it_is_made_again_at_once(
    shared: Cloud, cluster: dict[str, Any], kubectl: Callable[..., str]
) -> None:
    eks = client(shared, "eks")
    for addon, kind in ADDONS.items():
        named = {"clusterName": cluster["name"], "addonName": addon}
        assert "doesn't have a resource type" in kubectl("get", kind)
        assert eks.create_addon(**named)["addon"]["status"] == "CREATING"
        eks.get_waiter("addon_active").wait(**named, WaiterConfig=QUICKLY)
        assert "No resources found" in kubectl("get", kind)
        eks.delete_addon(**named)
        eks.create_addon(**named)  # waits for the end of the first one's definitions
        eks.get_waiter("addon_active").wait(**named, WaiterConfig=QUICKLY)
        assert "No resources found" in kubectl("get", kind)


def test_what_cannot_run_is_refused_before_it_is_kept(
    shared: Cloud, subnets: list[str], role: str, cluster: dict[str, Any]
) -> None:
    eks = client(shared, "eks")
    code, message = refused(lambda: create(eks, "old", subnets, role, version="1.29"))
    assert code == "InvalidParameterException"
    assert "1.29" in message
    assert "1.34" in message
    group = {"clusterName": cluster["name"], "nodegroupName": "odd", "nodeRole": role, "subnets": subnets}
    code, message = refused(lambda: eks.create_nodegroup(**group, instanceTypes=["m6i.nope"]))
    assert (code, "m6i.nope" in message) == ("InvalidParameterException", True)
    assert eks.list_clusters()["clusters"] == [NAME]
    assert eks.list_nodegroups(clusterName=NAME)["nodegroups"] == []


def test_a_killed_cloud_finds_its_clusters_and_a_stopped_one_starts_them_with_their_data(
    shared: Cloud, cluster: dict[str, Any], kubectl: Callable[..., str]
) -> None:
    assert "created" in kubectl("create", "configmap", "kept", "--from-literal=a=b")
    before = {process.pid for process in processes(shared)}
    kill(shared)
    assert {process.pid for process in processes(shared)} == before
    shared.start(quiet)
    assert {process.pid for process in processes(shared)} == before
    again = client(shared, "eks").describe_cluster(name=NAME)["cluster"]
    facts = ("status", "endpoint", "certificateAuthority", "version", "arn")
    assert {fact: again[fact] for fact in facts} == {fact: cluster[fact] for fact in facts}
    shared.stop()
    assert processes(shared) == []
    endpoint = cluster["endpoint"].removeprefix("https://")
    assert shared.status()[1:] == [Status(f"EKS {NAME}", endpoint, running=False, healthy=False, detail=REGION)]
    shared.start(quiet)
    again = client(shared, "eks").describe_cluster(name=NAME)["cluster"]
    assert {fact: again[fact] for fact in facts} == {fact: cluster[fact] for fact in facts}
    assert "kept" in kubectl("get", "configmaps")


def test_add_ons_are_still_there_after_that_and_take_their_definitions_with_them_unless_told_otherwise(
    shared: Cloud, cluster: dict[str, Any], kubectl: Callable[..., str]
) -> None:
    eks, name = client(shared, "eks"), cluster["name"]
    for addon, kind in ADDONS.items():
        assert eks.describe_addon(clusterName=name, addonName=addon)["addon"]["status"] == "ACTIVE"
        assert "No resources found" in kubectl("get", kind)
    kept, gone = ADDONS
    eks.delete_addon(clusterName=name, addonName=kept, preserve=True)
    eks.delete_addon(clusterName=name, addonName=gone)
    wait_until(
        lambda: "NotFound" in kubectl("get", "crd", "secretproviderclasses.secrets-store.csi.x-k8s.io"),
        seconds=30,
        what="the kind stayed",
        where=NAME,
        remedy="see the test",
    )
    assert "No resources found" in kubectl("get", ADDONS[kept])


def test_a_dead_api_server_is_started_again_with_the_sandbox(
    shared: Cloud, cluster: dict[str, Any], kubectl: Callable[..., str]
) -> None:
    (server,) = [process for process in processes(shared) if process.name() == "kube-apiserver"]
    server.kill()
    psutil.wait_procs([server], timeout=10)
    shared.start(quiet)
    assert client(shared, "eks").describe_cluster(name=cluster["name"])["cluster"]["status"] == "ACTIVE"
    assert "kept" in kubectl("get", "configmaps")


def test_the_plugin_returns_once_a_cluster_and_its_nodes_run_and_once_they_are_gone(
    shared: Cloud, cluster: dict[str, Any], subnets: list[str], role: str
) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with running("infra.sandbox.plugins.aws", environment | shared.environment()) as plugin:
        plugin.configure(region=REGION)
        made = Object(plugin, "aws:eks/cluster:Cluster", "third")
        made.create(name="third", roleArn=role, vpcConfig={"subnetIds": subnets})
        group = Object(plugin, "aws:eks/nodeGroup:NodeGroup", "nodes")
        size = {"minSize": 1, "maxSize": 1, "desiredSize": 1}
        group.create(
            clusterName="third", nodeGroupName="nodes", nodeRoleArn=role, subnetIds=subnets, scalingConfig=size
        )
        assert (made.outputs["status"], group.outputs["status"]) == ("ACTIVE", "ACTIVE")
        assert made.outputs["endpoint"].startswith("https://127.")
        assert made.outputs["certificateAuthority"]["data"]
        assert made.outputs["endpoint"] != cluster["endpoint"]
        assert made.outputs["certificateAuthority"] != cluster["certificateAuthority"]
        assert (made.refresh(), group.refresh()) == (set(), set())
        group.delete()
        made.delete()
    assert not any("/third/" in " ".join(process.cmdline()) for process in processes(shared))
    assert client(shared, "eks").list_clusters()["clusters"] == [NAME]


def test_the_aws_program_says_what_it_misses(shared: Cloud, cluster: dict[str, Any]) -> None:
    command = [sys.executable, "-m", "infra.sandbox.aws_cli", shared.url, str(shared.folder)]
    bare = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}

    def run(*arguments: str) -> tuple[int, str]:
        ran = subprocess.run([*command, *arguments], env=bare, capture_output=True, text=True, check=False, timeout=60)
        return ran.returncode, ran.stderr

    code, message = run("eks", "get-token", "--cluster-name", cluster["name"])
    assert (code, message) == (1, f"error: no region is known, {NAME}, say --region or set AWS_REGION\n")
    code, message = run("eks", "get-token", "--cluster-name", "none", "--region", REGION)
    assert (code, "no cluster of the sandbox" in message) == (1, True)
    assert run("s3", "ls")[0] == 2


def test_a_deleted_cluster_leaves_no_process_and_no_data(shared: Cloud, cluster: dict[str, Any]) -> None:
    eks = client(shared, "eks")
    assert eks.delete_cluster(name=cluster["name"])["cluster"]["status"] == "DELETING"
    eks.get_waiter("cluster_deleted").wait(name=NAME, WaiterConfig=QUICKLY)
    assert processes(shared) == []
    assert not homes.home(shared.folder, REGION, NAME).exists()
    assert eks.list_clusters()["clusters"] == []
