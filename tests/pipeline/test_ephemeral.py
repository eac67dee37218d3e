"""The environment of a pull request: a valid stack of its own, which protects nothing, and whose time ends."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from infra.errors import TenantryError
from infra.gate.parity_graph import declared
from infra.paths import PROJECT_ROOT
from infra.pipeline import ephemeral, ephemeral_stacks
from infra.pipeline.account import account_of
from infra.settings import SETTINGS_KEY, checking, stack_file
from infra.settings.stack_file import StackFile
from tests.pipeline.fakes import Fake

CONFIGURATIONS = tuple(PROJECT_ROOT.glob("configs/*.yaml"))
NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)


def made(pull_request: int, like: str) -> StackFile:
    source = stack_file.source_of(like)
    account = account_of(like, checking.settings_of(source), ephemeral.ENVIRONMENT)
    written = ephemeral.text(pull_request, stack_file.read(source), account)
    return stack_file.parse(PROJECT_ROOT / f"Pulumi.pr-{pull_request}.yaml", written)


def project(tmp_path: Path) -> Path:
    """A copy of this project's stack files, tenants and configurations."""
    for path in (
        PROJECT_ROOT / "Pulumi.yaml",
        *PROJECT_ROOT.glob("Pulumi.*.yaml"),
        *PROJECT_ROOT.glob("stacks/tenants/*.yaml"),
        *CONFIGURATIONS,
    ):
        copy = tmp_path / path.relative_to(PROJECT_ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    return tmp_path


@pytest.mark.parametrize("like", ["staging", "production"])
def test_its_file_is_valid_beside_all_others(tmp_path: Path, like: str) -> None:
    root = project(tmp_path)
    path = ephemeral_stacks.write(12, like, root)
    assert path.name == "Pulumi.pr-12.yaml"
    found = checking.check(root=root)
    assert {file: list(map(str, faults)) for file, faults in found.items() if faults} == {}
    assert ephemeral_stacks.write(12, like, root).read_text() == path.read_text()


def test_it_declares_the_same_platform_without_hosts_and_protects_nothing() -> None:
    (resources,) = declared([made(12, "staging")])
    assert len(resources) > 300
    assert [one.name for one in resources if one.properties.get("options:protect")] == []
    kinds = {one.type for one in resources}
    assert "aws:eks/cluster:Cluster" in kinds
    assert "aws:rds/instance:Instance" in kinds
    assert not any(kind.startswith(("aws:route53/", "aws:acm/", "aws:cloudfront/")) for kind in kinds)
    text = repr([one.properties for one in resources])
    assert "tenantry-pr-12" in text
    assert "tenantry-state-apply-staging" not in text


def test_its_names_are_its_own_and_its_secrets_and_images_the_others() -> None:
    settings: Any = made(12, "staging").settings
    assert settings["aws"]["name"] == "tenantry-pr-12"
    assert settings["aws"]["tags"]["environment"] == "pr-12"
    assert settings["secrets"]["copies_of"] == "tenantry-staging"
    assert settings["tenant_file"] == "stacks/tenants/staging.yaml"
    assert "/tenantry-staging/api@sha256:" in settings["services"]["api"]["slots"]["blue"]["image"]
    assert settings["network"]["block"] == "10.140.0.0/16"
    assert made(130, "staging").settings["network"]["block"] == "10.130.0.0/16"


def test_the_key_of_its_state_is_the_accounts() -> None:
    assert made(1, "staging").content["secretsprovider"] == "awskms://alias/tenantry-state?region=eu-central-1"


def test_none_is_made_like_one_without_an_account() -> None:
    source = stack_file.source_of("staging")
    account = account_of("staging", checking.settings_of(source), ephemeral.ENVIRONMENT)
    brought = StackFile(source, {"config": {SETTINGS_KEY: {"cluster": {}}}}, None)
    with pytest.raises(TenantryError, match="no environment can be made like it"):
        ephemeral.text(1, brought, account)


def test_its_time_is_over_so_long_after_its_last_update() -> None:
    stacks = [
        {"name": "staging", "lastUpdate": "2026-01-01T00:00:00.000Z"},
        {"name": "pr-1", "lastUpdate": "2026-11-21T11:59:59.000Z"},
        {"name": "organization/tenantry/pr-2", "lastUpdate": "2026-11-21T12:00:01Z"},
        {"name": "pr-3"},
        {"name": "pr-0", "lastUpdate": "2026-01-01T00:00:00Z"},
        {"name": "pr-4x", "lastUpdate": "2026-01-01T00:00:00Z"},
        {"name": "copr-5", "lastUpdate": "2026-01-01T00:00:00Z"},
    ]
    assert ephemeral.over(stacks, NOW, 24) == ([1], [2, 3])


def key_of(path: Path) -> object:
    return stack_file.read(path).content.get("encryptedkey")


def test_a_new_stack_has_the_key_that_the_cli_draws_for_it(tmp_path: Path, pulumi: Fake) -> None:
    root = project(tmp_path)
    pulumi.answers(["stack", "ls"], [{"name": "staging"}])
    pulumi.appends(["stack", "init"], "Pulumi.pr-12.yaml", "\nencryptedkey: drawn\n")
    assert ephemeral_stacks.make(12, "staging", root)
    assert key_of(root / "Pulumi.pr-12.yaml") == "drawn"
    (init,) = [words for words, _ in pulumi.calls() if words[:2] == ["stack", "init"]]
    assert init[2:] == [
        "pr-12",
        "--no-select",
        "--secrets-provider",
        "awskms://alias/tenantry-state?region=eu-central-1",
        "--non-interactive",
    ]


def test_one_that_is_there_keeps_the_key_of_its_state(tmp_path: Path, pulumi: Fake) -> None:
    root = project(tmp_path)
    pulumi.answers(["stack", "ls"], [{"name": "pr-12"}])
    state = {"secrets_providers": {"type": "cloud", "state": {"encryptedkey": "kept"}}, "resources": [{}]}
    pulumi.answers(["stack", "export"], {"version": 3, "deployment": state})
    assert not ephemeral_stacks.make(12, "staging", root)
    assert key_of(root / "Pulumi.pr-12.yaml") == "kept"


def test_one_in_which_nothing_was_ever_written_is_made_again(tmp_path: Path, pulumi: Fake) -> None:
    root = project(tmp_path)
    pulumi.answers(["stack", "ls"], [{"name": "pr-12"}])
    pulumi.answers(["stack", "export"], {"version": 3, "deployment": {}})
    pulumi.appends(["stack", "init"], "Pulumi.pr-12.yaml", "\nencryptedkey: drawn\n")
    assert ephemeral_stacks.make(12, "staging", root)
    asked = [words[1] for words, _ in pulumi.calls()]
    assert asked.index("rm") < asked.index("init")
    assert key_of(root / "Pulumi.pr-12.yaml") == "drawn"


def test_what_the_cli_refuses_is_told_in_one_line(tmp_path: Path, pulumi: Fake) -> None:
    pulumi.answers(["stack", "ls"], "error: no credentials\n", 255)
    with pytest.raises(TenantryError) as raised:
        ephemeral_stacks.make(12, "staging", project(tmp_path))
    assert str(raised.value).startswith("`pulumi stack ls` failed (error: no credentials), the state backend")


def test_it_is_destroyed_and_then_forgotten_and_not_twice(pulumi: Fake) -> None:
    pulumi.answers(["stack", "ls"], [{"name": "staging"}, {"name": "pr-12"}])
    assert ephemeral_stacks.delete(12)
    assert [words[:2] for words, _ in pulumi.calls()] == [["stack", "ls"], ["destroy", "--yes"], ["stack", "rm"]]
    assert all("pr-12" in words for words, _ in pulumi.calls()[1:])
    pulumi.answers(["stack", "ls"], [{"name": "staging"}])
    assert not ephemeral_stacks.delete(12)
    assert pulumi.calls()[-1][0][:2] == ["stack", "ls"]


def test_what_could_not_be_destroyed_is_not_forgotten(pulumi: Fake) -> None:
    pulumi.answers(["stack", "ls"], [{"name": "pr-12"}])
    pulumi.answers(["destroy"], "error: the bucket is not empty\n", 255)
    with pytest.raises(TenantryError, match="`pulumi destroy` failed, pr-12, see above"):
        ephemeral_stacks.delete(12)
    assert not any(words[:2] == ["stack", "rm"] for words, _ in pulumi.calls())
