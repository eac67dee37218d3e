"""The `aws` on the sandbox's path, as the real CLI behaves: identities, and kubeconfigs that are merged and whole."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.sandbox.cloud.service import Cloud
from infra.sandbox.plugins.launcher import write_launcher
from tests.sandbox.cloud.harness import REGION, TRUST, client

Aws = Callable[..., subprocess.CompletedProcess[str]]
ARN = f"arn:aws:eks:{REGION}:123456789012:cluster/shop"
OTHERS = {
    "apiVersion": "v1",
    "kind": "Config",
    "preferences": {"colors": True},
    "clusters": [{"name": "other", "cluster": {"server": "https://other.invalid"}}],
    "contexts": [{"name": "other", "context": {"cluster": "other", "user": "other", "namespace": "ü"}}],
    "users": [{"name": "other", "user": {"token": "kept"}}],
    "current-context": "other",
}


@pytest.fixture(scope="module")
def cluster(shared: Cloud) -> dict[str, Any]:
    """A cluster of the cloud, as EKS describes it; nothing runs behind it."""
    ec2 = client(shared, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"]
        for number, zone in enumerate("ab")
    ]
    role = client(shared, "iam").create_role(RoleName="shop", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    place = {"subnetIds": [subnet["SubnetId"] for subnet in subnets]}
    client(shared, "eks").create_cluster(name="shop", roleArn=role, resourcesVpcConfig=place)
    described: dict[str, Any] = client(shared, "eks").describe_cluster(name="shop")["cluster"]
    return described


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The caller's home folder."""
    return tmp_path


@pytest.fixture
def aws(shared: Cloud, home: Path) -> Aws:
    """Runs `aws` without any setting of the caller's but those given."""
    write_launcher(home / "aws", "infra.sandbox.aws_cli", shared.url, str(shared.folder))
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "KUBE"))}

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**bare, "HOME": str(home), **shared.environment(), **variables}
        return subprocess.run(
            [str(home / "aws"), *arguments], env=environment, cwd=home, capture_output=True, text=True, check=False
        )

    return run


def update(aws: Aws, *arguments: str, **variables: str) -> str:
    """Run `aws eks update-kubeconfig` for the cluster, and return what it says."""
    ran = aws("eks", "update-kubeconfig", "--name", "shop", "--region", REGION, *arguments, **variables)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def content(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text()))


def test_the_caller_is_told_as_json_as_text_and_by_query(aws: Aws) -> None:
    told = json.loads(aws("sts", "get-caller-identity").stdout)
    assert (told["Account"], told["Arn"]) == ("123456789012", "arn:aws:iam::123456789012:user/sandbox")
    assert aws("sts", "get-caller-identity", "--query", "Account", "--output", "text").stdout == "123456789012\n"
    text = aws("sts", "get-caller-identity", "--output", "text").stdout
    assert text == f"{told['Account']}\t{told['Arn']}\t{told['UserId']}\n"
    assert aws("sts", "get-caller-identity", "--query", "Nothing", "--output", "text").stdout == "None\n"
    wrong = aws("sts", "get-caller-identity", "--query", "[")
    assert (wrong.returncode, wrong.stderr) == (1, "error: not a JMESPath expression, [, mend --query\n")


def test_a_new_kubeconfig_is_private_current_and_asks_aws_for_tokens(
    aws: Aws, home: Path, cluster: dict[str, Any]
) -> None:
    path = home / ".kube" / "config"
    assert update(aws) == f"Added new context {ARN} to {path}\n"
    assert path.stat().st_mode & 0o777 == 0o600
    command = ["--region", REGION, "eks", "get-token", "--cluster-name", "shop", "--output", "json"]
    execute = {"apiVersion": "client.authentication.k8s.io/v1beta1", "args": command, "command": "aws"}
    place = {
        "certificate-authority-data": cluster["certificateAuthority"]["data"],
        "server": cluster["endpoint"],
    }
    assert content(path) == {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": ARN, "cluster": place}],
        "contexts": [{"name": ARN, "context": {"cluster": ARN, "user": ARN}}],
        "users": [{"name": ARN, "user": {"exec": execute}}],
        "current-context": ARN,
    }
    assert update(aws) == f"Updated context {ARN} in {path}\n"
    assert len(content(path)["clusters"]) == 1


def test_what_a_kubeconfig_held_before_stays_and_names_are_the_callers(
    aws: Aws, home: Path, cluster: dict[str, Any]
) -> None:
    path = home / "mine"
    path.write_text(json.dumps(OTHERS))
    update(aws, "--kubeconfig", str(path), "--alias", "shop", "--user-alias", "me", "--role-arn", "arn:of:a:role")
    merged = content(path)
    for key in ("clusters", "contexts", "users"):
        assert merged[key][:1] == OTHERS[key]
    assert merged["preferences"] == OTHERS["preferences"]
    assert merged["contexts"][1] == {"name": "shop", "context": {"cluster": ARN, "user": "me"}}
    assert merged["users"][1]["name"] == "me"
    assert merged["users"][1]["user"]["exec"]["args"][-2:] == ["--role", "arn:of:a:role"]
    assert merged["current-context"] == "shop"
    assert path.stat().st_mode & 0o777 == 0o600


def test_of_several_files_the_one_that_knows_the_cluster_is_updated_and_else_the_first(
    aws: Aws, home: Path, cluster: dict[str, Any]
) -> None:
    first, second = home / "first", home / "second"
    both = f"{first}{os.pathsep}{os.pathsep}{second}"
    update(aws, KUBECONFIG=str(second))
    assert update(aws, KUBECONFIG=both) == f"Updated context {ARN} in {second}\n"
    assert not first.exists()
    second.unlink()
    assert update(aws, KUBECONFIG=both) == f"Added new context {ARN} to {first}\n"
    assert not second.exists()


def test_a_dry_run_prints_the_file_and_writes_none(aws: Aws, home: Path, cluster: dict[str, Any]) -> None:
    assert yaml.safe_load(update(aws, "--dry-run"))["current-context"] == ARN
    assert not (home / ".kube").exists()


def test_a_link_to_a_kubeconfig_stays_a_link(aws: Aws, home: Path, cluster: dict[str, Any]) -> None:
    (home / "link").symlink_to("target")
    update(aws, "--kubeconfig", str(home / "link"))
    assert (home / "link").is_symlink()
    assert content(home / "target")["current-context"] == ARN


@pytest.mark.parametrize("text", ["- a list", "{", "clusters: {name: x}", "users: [x]"])
def test_a_file_that_is_no_kubeconfig_is_left_alone(aws: Aws, home: Path, cluster: dict[str, Any], text: str) -> None:
    path = home / "odd"
    path.write_text(text)
    ran = aws("eks", "update-kubeconfig", "--name", "shop", "--region", REGION, "--kubeconfig", str(path))
    line = f"error: not a usable kubeconfig, {path}, mend it, or name another with --kubeconfig\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", line)
    assert path.read_text() == text


def test_what_is_missing_is_said_in_one_line(aws: Aws, cluster: dict[str, Any]) -> None:
    ran = aws("eks", "update-kubeconfig", "--name", "shop")
    assert (ran.returncode, ran.stderr) == (1, "error: no region is known, shop, say --region or set AWS_REGION\n")
    ran = aws("eks", "update-kubeconfig", "--name", "none", "--region", REGION)
    assert ran.returncode == 1
    assert "ResourceNotFoundException" in ran.stderr
    assert ran.stderr.count("\n") == 1
    ran = aws("eks", "update-kubeconfig", "--name", "shop", "--region", REGION, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert ran.returncode == 0  # the sandbox's cloud is the program's own, not the environment's
    refused = aws("s3", "ls")
    assert refused.returncode == 2
    assert "invalid choice: 's3'" in refused.stderr
