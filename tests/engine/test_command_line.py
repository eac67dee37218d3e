"""The `tenantry` command as its users meet it: one line for bad input, exit codes, and a shell that works."""

import json
import os
import shlex
import socket
import subprocess
from pathlib import Path

import pytest

from infra.paths import INSTANCES, PROJECT_ROOT
from infra.sandbox import instance as instances
from infra.sandbox import lifecycle
from infra.sandbox.cloud.account import Identity
from infra.settings.stack_file import stacks
from tests.engine.command import TENANTRY, tenantry
from tests.engine.stack import Stack


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (
            ["sandbox", "upp"],
            2,
            "error: No such command 'upp'. Did you mean 'up'?, the command line, see `tenantry --help`",
        ),
        (
            ["sandbox", "status", "--jsn"],
            2,
            "error: No such option: --jsn (Possible options: --json), the command line, see `tenantry --help`",
        ),
        (
            ["tenants", "add", "acme"],
            2,
            "error: Missing option '--plan'. Choose from: free, pro, enterprise, "
            "the command line, see `tenantry --help`",
        ),
        (
            ["sandbox", "up", "nowhere"],
            1,
            f"error: no such stack, Pulumi.nowhere.yaml, use one of: {', '.join(stacks())}",
        ),
        (
            ["config", "check", "local", "nowhere"],
            2,
            f"error: no such stack, Pulumi.nowhere.yaml, use one of: {', '.join(stacks())}",
        ),
        (
            ["sandbox", "up", "local", "--instance", "Big One"],
            1,
            "error: not a usable instance name, Big One, "
            "use a letter, then lower-case letters, digits and dashes, 40 characters at most",
        ),
        (
            ["sandbox", "env", "local", "--instance", "nowhere"],
            1,
            "error: no sandbox runs for this stack, local, "
            f"run `{shlex.quote(TENANTRY)} sandbox up local --instance nowhere`",
        ),
    ],
)
def test_bad_input_gives_one_line_and_changes_nothing(arguments: list[str], code: int, line: str) -> None:
    before = _instances()
    result = tenantry(*arguments, cwd=Path("/"))
    assert (result.returncode, result.stderr.strip(), result.stdout) == (code, line, "")
    assert _instances() == before


def _instances() -> set[str]:
    """All that is in the instances' folder, but for what tests beside this one make there: no argument names that."""
    return {path.name for path in INSTANCES.glob("*") if not path.name.startswith(("test-", "rehearse-"))}


def test_status_prints_one_json_document(stack: Stack) -> None:
    result = tenantry("sandbox", "status", "--json")
    rows = json.loads(result.stdout)["test-engine"]
    assert {row["name"]: row["healthy"] for row in rows} == {
        "etcd": True,
        "kube-apiserver": True,
        "kube-controller-manager": True,
        "kube-scheduler": True,
        "kwok": True,
        "host-runner": True,
        "postgresql": True,
        "tls-proxy": True,
        "valkey": True,
        "cloud": True,
    }


def test_env_gives_a_shell_in_which_plain_tools_work(stack: Stack) -> None:
    script = f"""
        eval "$('{TENANTRY}' sandbox env local --instance test-engine)" || exit 9
        echo "$AWS_SECRET_ACCESS_KEY ${{AWS_ENDPOINT_URL_S3-unset}} ${{PULUMI_ACCESS_TOKEN-unset}}"
        kubectl get deployment storefront-blue -n tenantry -o 'jsonpath={{.status.readyReplicas}}' && echo
        psql -At -c 'SELECT ssl_is_used FROM (SELECT true AS ssl_is_used) AS t'
        pulumi stack ls --json | grep -o '"name": "[a-z]*"'
    """
    real = {"AWS_SECRET_ACCESS_KEY": "a-key", "AWS_ENDPOINT_URL_S3": "https://s3", "PULUMI_ACCESS_TOKEN": "a-token"}
    environment = {**os.environ, **real}
    result = subprocess.run(
        ["sh", "-c", script], cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.split("\n") == [f"{Identity().caller.key} unset unset", "2", "t", '"name": "local"', ""]


def test_env_of_a_stopped_sandbox_is_refused_with_the_command_that_starts_it(stack: Stack) -> None:
    assert instances.load("test-stopped") is None
    instances.create("test-stopped")
    try:
        result = tenantry("sandbox", "env", "local", "--instance", "test-stopped", cwd=Path("/"))
        command = f"{shlex.quote(TENANTRY)} sandbox up local --instance test-stopped"
        line = f"error: no sandbox runs for this stack, local, run `{command}`"
        assert (result.returncode, result.stdout, result.stderr.strip()) == (1, "", line)
    finally:
        lifecycle.down("test-stopped", lambda _line: None, delete=True)


def test_after_refused_plugins_and_a_signal_which_each_give_one_line_the_next_up_goes_on(
    stack: Stack, tmp_path: Path
) -> None:
    missing = tenantry("sandbox", "env", "local", "--instance", "test-engine", "--plugins", str(tmp_path))
    assert missing.returncode == 1
    assert missing.stderr.startswith(f"error: an official plugin is missing, {tmp_path}/resource-aws-v")
    command = [TENANTRY, "sandbox", "up", "local", "--instance", "test-engine", "--apply"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert next(line for line in process.stdout if line.startswith("Updating"))
        process.terminate()
        _, errors = process.communicate()
    assert process.returncode == 130
    assert errors.splitlines()[-1] == "error: interrupted, the command, run it again"
    again = tenantry(*command[1:])  # the signal may have killed a CLI that did not listen yet, which leaves a lock
    assert again.returncode == 0, again.stderr
    assert stack.changes() == {}


def test_status_shows_every_column_whole_however_long_a_line_is(stack: Stack) -> None:
    lines = tenantry("sandbox", "status", COLUMNS="40").stdout.splitlines()
    (row,) = [line for line in lines if line.startswith("etcd") and instance_prefix(stack) in line]
    assert row.split()[:3] == ["etcd", f"{instance_prefix(stack)}.2:2379", "healthy"]


def instance_prefix(stack: Stack) -> str:
    return stack.workspace.instance.addresses.prefix


def test_run_returns_the_commands_own_exit_code(stack: Stack) -> None:
    result = tenantry("sandbox", "run", "local", "--instance", "test-engine", "--", "sh", "-c", "exit 3")
    assert (result.returncode, result.stderr) == (3, "")


def test_a_second_up_at_the_same_time_waits_and_finds_everything_running(stack: Stack) -> None:
    started = [
        subprocess.Popen(
            [TENANTRY, "sandbox", "up", "local", "--instance", "test-engine"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    for process in started:
        _, errors = process.communicate()
        assert process.returncode == 0, errors


def test_an_address_that_somebody_else_took_is_left_for_another(stack: Stack) -> None:
    taken = instances.load("test-moved")
    assert taken is None
    first = instances.create("test-moved")
    try:
        with socket.create_server((first.addresses.postgresql, 5432)):
            second = instances.create("test-moved")
            assert second.addresses != first.addresses
    finally:
        lifecycle.down("test-moved", lambda _line: None, delete=True)


def test_the_work_tree_is_as_it_was(stack: Stack) -> None:
    listed = subprocess.run(
        ["git", "status", "--porcelain", "Pulumi.local.yaml", "Pulumi.yaml"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert listed.stdout == ""
