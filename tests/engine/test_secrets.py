"""No secret is told by accident: not in the state, not in a log, not on the screen, not in a process's arguments.

Canaries are planted wherever secrets come from: generated, in the configuration, in a program. What must hold them is
left out of the search: etcd's data (Kubernetes Secrets), and the data of PostgreSQL (digests of passwords) and Valkey.
"""

import base64
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from tests.engine.canaries import Canaries, watched_arguments
from tests.engine.scratch import Scratch, scratch_project
from tests.engine.stack import Stack

PROGRAM = """
import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_postgresql as postgresql

config = pulumi.Config()
metadata = {"name": "canary", "namespace": "default", "labels": {"step": step}}
provider = kubernetes.Provider("cluster", enable_secret_mutable=True)
for canary, name in ((config.require_secret("data"), "data"), (config.require_secret("text"), "text")):
    kubernetes.core.v1.Secret(
        name,
        metadata={**metadata, "name": f"canary-{name}"},
        string_data={"KEY": pulumi.Output.format("{0}-{1}", step, canary)},
        opts=pulumi.ResourceOptions(provider=provider),
    )
role = postgresql.Role(
    "canary", name="canary", login=True, password=pulumi.Output.format("{0}-{1}", step, config.require_secret("role"))
)
pulumi.export("url", pulumi.Output.format("postgresql://canary:{0}@db", config.require_secret("role")))
if step == "broken":
    kubernetes.core.v1.Secret(
        "broken",
        metadata={"name": "Not a Name", "namespace": "default"},
        type="kubernetes.io/dockerconfigjson",
        string_data={".dockerconfigjson": config.require_secret("text")},
    )
    kubernetes.core.v1.Secret(
        "undecodable",
        metadata={"name": "undecodable", "namespace": "default"},
        data={"KEY": config.require_secret("data")},
    )
    kubernetes.core.v1.ConfigMap("misnamed", metadata={"name": config.require_secret("text"), "namespace": "default"})
    postgresql.Role(
        "broken", name="broken", login=True, password=config.require_secret("role"), valid_until="not a time"
    )
    postgresql.Function(
        "broken",
        name="broken",
        database="postgres",
        returns="text",
        language="sql",
        body=config.require_secret("role").apply(lambda text: f"SELECT nothing('{text}')"),
    )
"""
HOLDERS = {"etcd", "data"}
"""Folders whose servers keep secrets by nature: etcd's, and PostgreSQL's and Valkey's data."""


@dataclass
class Recorded:
    """What was run with the canaries in place: all that the CLI printed, and all arguments seen."""

    canaries: Canaries
    printed: dict[str, str] = field(default_factory=dict)
    arguments: set[str] = field(default_factory=set)


def planted(project: Scratch) -> Canaries:
    """Give the scratch program three secrets through the configuration."""
    made = {name: f"{name}+{secrets.token_hex(8)}={secrets.token_hex(8)}" for name in ("data", "text", "role")}
    pairs = [argument for name, secret in made.items() for argument in ("--secret", f"{name}={secret}")]
    project.pulumi("config", "set-all", *pairs)
    return Canaries(made)


def generated(stack: Stack) -> dict[str, str]:
    """Return the passwords that the real program drew."""
    outputs = stack.outputs()
    urls = {**outputs["connections"], "the pool": outputs["pool_connection"]}
    return {f"password of {slug}": urlsplit(url).password or "" for slug, url in urls.items()}


@pytest.fixture(scope="module")
def recorded(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Every command that could tell a secret, run once; among them an update that fails because of one."""
    with scratch_project(stack, tmp_path_factory.mktemp("canaries")) as project:
        record = Recorded(planted(project))
        record.canaries.secrets.update(generated(stack))
        with watched_arguments() as record.arguments:
            run_scratch(project, record)
            run_real(stack, record)
        record.canaries.secrets.update({f"new {name}": secret for name, secret in generated(stack).items()})
        yield record


def run_scratch(project: Scratch, record: Recorded) -> None:
    def run(*arguments: str, expect: int | None = 0) -> None:
        record.printed[f"{step}: {' '.join(arguments)}"] = project.pulumi(*arguments, expect=expect).text

    step = "one"
    project.program(f"step = '{step}'\n{PROGRAM}")
    run("up", "--yes", "--skip-preview", "--diff")
    step = "two"
    project.program(f"step = '{step}'\n{PROGRAM}")
    run("preview", "--diff")
    run("preview", "--json")
    run("up", "--yes", "--skip-preview", "--diff")
    run("refresh", "--yes", "--skip-preview", "--diff")
    step = "broken"
    project.program(f"step = '{step}'\n{PROGRAM}")
    run("up", "--yes", "--skip-preview", "--diff", "--continue-on-error", expect=None)
    run("stack", "export")
    run("stack", "output")
    run("config")


def run_real(stack: Stack, record: Recorded) -> None:
    """Draw one password anew, so that a real rotation is seen as well."""
    (password,) = [
        item["urn"] for item in stack.resources() if item["urn"].endswith("::tenant-book-store-data-password")
    ]
    for arguments in (
        ("preview", "--json", "--show-sames", "--replace", password),
        ("up", "--yes", "--skip-preview", "--diff", "--replace", password),
        ("refresh", "--yes", "--skip-preview", "--diff"),
    ):
        record.printed[" ".join(arguments)] = stack.pulumi(*arguments).text


SAMPLE = "p+a/b?c-0123456789"


@pytest.mark.parametrize(
    "text",
    [
        f"before {SAMPLE} after",
        f"postgresql://role:{quote(SAMPLE, safe='')}@host/database",
        *(base64.b64encode(f"{'x' * shift}{SAMPLE}after".encode()).decode() for shift in range(3)),
    ],
)
def test_the_search_finds_a_secret_in_every_form(text: str, tmp_path: Path) -> None:
    canaries = Canaries({"planted": SAMPLE})
    (tmp_path / "innocent").write_text(SAMPLE[:-1])
    (tmp_path / "control").write_text(text)
    assert canaries.in_files([tmp_path]) == [(str(tmp_path / "control"), "planted")]


def test_the_canaries_were_really_used(recorded: Recorded, stack: Stack) -> None:
    broken = next(text for name, text in recorded.printed.items() if name.startswith("broken: up"))
    assert "Not a Name" in broken
    assert "not a time" in broken
    assert "illegal base64" in broken
    assert re.search(r"misnamed.*Invalid value", broken)
    live = json.dumps(stack.kubectl("get", "secrets", "-n", "default")["items"])
    assert set(recorded.canaries.in_text(live)) >= {"data", "text"}


def test_no_command_prints_a_secret(recorded: Recorded) -> None:
    told = {name: found for name, text in recorded.printed.items() if (found := recorded.canaries.in_text(text))}
    assert told == {}


def test_no_file_of_the_instance_holds_a_secret(recorded: Recorded, stack: Stack) -> None:
    directory = stack.workspace.instance.directory
    told = recorded.canaries.in_files([directory])
    found = [(file, name) for file, name in told if not HOLDERS & set(Path(file).relative_to(directory).parts)]
    assert found == []


def test_the_state_its_history_and_the_servers_logs_are_searched(recorded: Recorded, stack: Stack) -> None:
    openly = Canaries({"state": "storefront-blue", "log": "database system is ready"})
    found = {(Path(file).suffix, name) for file, name in openly.in_files([stack.workspace.instance.directory])}
    assert {(".json", "state"), (".log", "log")} <= found


def test_no_process_is_given_a_secret_as_an_argument(recorded: Recorded) -> None:
    assert any("infra.sandbox.plugins.postgresql" in line for line in recorded.arguments)
    assert [line for line in recorded.arguments if recorded.canaries.in_text(line)] == []
