"""`tenantry config check`: every fault of every stack file at once, with its line; between stack files too."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from infra.commands.config import config
from infra.errors import TenantryError
from infra.settings import SETTINGS_KEY, checking
from infra.settings.loader import SettingsError, load
from tests.examples import raw_declared_settings
from tests.stack_files import write_stack

Write = Callable[..., Path]

OVERLAP = "give each environment a block of its own, or they can never be peered"
SAME_NAME = "has it in the same account; its roles and buckets would have the same names, take another"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a stack file of valid settings after a change, or of a text."""

    def written(stack: str, change: Callable[[dict[str, Any]], None] | None = None, text: str | None = None) -> Path:
        raw = raw_declared_settings()
        raw["aws"]["name"] = stack
        raw["network"]["block"] = f"10.{sum(map(ord, stack)) % 200}.0.0/16"
        if change is not None:
            change(raw)
        path = write_stack(tmp_path, stack, raw)
        if text is not None:
            path.write_text(text)
        return path

    return written


def told(root: Path, *stacks: str) -> list[str]:
    return [str(fault) for faults in checking.check(stacks, root).values() for fault in faults]


def line_of(path: Path, text: str) -> int:
    (number,) = [number for number, line in enumerate(path.read_text().splitlines(), 1) if text in line]
    return number


def test_valid_stack_files_have_no_faults(tmp_path: Path, write: Write) -> None:
    write("one"), write("two")
    assert checking.check((), tmp_path) == {"Pulumi.one.yaml": [], "Pulumi.two.yaml": []}


def test_every_fault_of_every_file_is_told_with_its_line(tmp_path: Path, write: Write) -> None:
    def wrong(raw: dict[str, Any]) -> None:
        raw["network"]["block"] = "10.20.0.0/8"
        raw["database"]["instance_clas"] = raw["database"].pop("instance_class")
        raw["tenants"][1]["plan"] = "gold"

    one = write("one", wrong)
    two = write("two", lambda raw: raw["aws"].update(account_id=123456789012))
    expected = [
        f"Pulumi.one.yaml:{line_of(one, 'block')}: {SETTINGS_KEY}.network.block: an IPv4 network in CIDR notation, "
        "as `10.20.0.0/16`, without bits beyond its length",
        f"Pulumi.one.yaml:{line_of(one, '    database:')}: {SETTINGS_KEY}.database.instance_class: missing; "
        "it is required",
        f"Pulumi.one.yaml:{line_of(one, 'instance_clas:')}: {SETTINGS_KEY}.database.instance_clas: unknown key; "
        "did you mean instance_class?",
        f"stacks/tenants/one.yaml:{line_of(tmp_path / 'stacks/tenants/one.yaml', 'gold')}: [1].plan: not allowed; "
        "take one of: free, pro, enterprise",
        f"Pulumi.two.yaml:{line_of(two, 'account_id')}: {SETTINGS_KEY}.aws.account_id: put it in quotes; without "
        "them YAML reads a number",
    ]

    def place(line: str) -> tuple[str, int]:
        file, number, _ = line.split(":", 2)
        return file.replace("stacks/tenants/", "Pulumi.one.yaml "), int(number)

    assert told(tmp_path) == sorted(expected, key=place)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("config:\n  a: 1\n  a: 2\n", "Pulumi.bad.yaml:3: not valid YAML (the key a is there twice); mend that line"),
        (
            "config:\n\tb: 1\n",
            "Pulumi.bad.yaml:2: not valid YAML (a tab; YAML is indented with spaces); mend that line",
        ),
        ("- a\n", "Pulumi.bad.yaml: not a stack file; it must be a mapping with the key `config`"),
        (
            "confg:\n  tenantry:settings: {}\n",
            "Pulumi.bad.yaml:1: confg: unknown key; did you mean config?",
        ),
        ("config:\n  tenantry:setings: {}\n", "Pulumi.bad.yaml:2: config.tenantry:setings: unknown key; "
         "did you mean tenantry:settings?"),
        ("config:\n  tenanty:settings: {}\n", "Pulumi.bad.yaml:2: config.tenanty:settings: unknown key; "
         "did you mean tenantry:settings?"),
        ("config:\n  settings: {}\n", "Pulumi.bad.yaml:2: config.settings: unknown key; did you mean "
         "tenantry:settings?"),
        ("", "Pulumi.bad.yaml:1: tenantry:settings: missing; it holds all settings of the stack"),
        ("config:\n  aws:region: x\n", "Pulumi.bad.yaml:1: tenantry:settings: missing; it holds all settings of the "
         "stack"),
        ('config: {}\n"a\\nb\\e[31m": 1\n', "Pulumi.bad.yaml:2: a?b?[31m: unknown key; allowed: config, encryptedkey, "
         "encryptionsalt, environment, secretsprovider"),
        ("config:\n  tenantry:settings: text\n", "Pulumi.bad.yaml:2: tenantry:settings: must be a section: keys with "
         "values, indented below it"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_one_line_and_the_others_are_checked(
    tmp_path: Path, write: Write, text: str, said: str
) -> None:
    write("bad", text=text)
    write("good", lambda raw: raw.pop("cluster"))
    assert told(tmp_path) == [said, f"Pulumi.good.yaml:2: {SETTINGS_KEY}.cluster: missing; it is required"]


def test_a_file_that_is_no_text_is_one_line(tmp_path: Path, write: Write) -> None:
    write("one").write_bytes(b"config: \xff\n")
    assert told(tmp_path) == ["Pulumi.one.yaml: not UTF-8 text; save it as UTF-8"]


def test_no_two_environments_have_the_same_addresses(tmp_path: Path, write: Write) -> None:
    one = write("one", lambda raw: raw["network"].update(block="10.20.0.0/16"))
    two = write("two", lambda raw: raw["network"].update(block="10.20.16.0/20"))
    write("three", lambda raw: raw["network"].update(block="10.21.0.0/16"))
    path = f"{SETTINGS_KEY}.network.block"
    assert told(tmp_path) == [
        f"Pulumi.one.yaml:{line_of(one, 'block')}: {path}: overlaps that of Pulumi.two.yaml; {OVERLAP}",
        f"Pulumi.two.yaml:{line_of(two, 'block')}: {path}: overlaps that of Pulumi.one.yaml; {OVERLAP}",
    ]


def test_every_overlap_of_one_block_is_told(tmp_path: Path, write: Write) -> None:
    for stack in ("one", "three", "two"):
        write(stack, lambda raw: raw["network"].update(block="10.20.0.0/16"))
    assert [line.rpartition(": ")[2].partition(";")[0] for line in told(tmp_path, "one")] == [
        "overlaps that of Pulumi.three.yaml",
        "overlaps that of Pulumi.two.yaml",
    ]


def test_no_two_environments_of_an_account_have_the_same_name(tmp_path: Path, write: Write) -> None:
    one = write("one", lambda raw: raw["aws"].update(name="shop"))
    write("two", lambda raw: raw["aws"].update(name="shop"))
    write("three", lambda raw: raw["aws"].update(name="shop", account_id="210987654321"))
    line = line_of(one, "name: shop")
    assert told(tmp_path) == [
        f"Pulumi.one.yaml:{line}: {SETTINGS_KEY}.aws.name: Pulumi.two.yaml {SAME_NAME}",
        f"Pulumi.two.yaml:{line}: {SETTINGS_KEY}.aws.name: Pulumi.one.yaml {SAME_NAME}",
    ]


def test_no_two_environments_have_the_same_zone(tmp_path: Path, write: Write) -> None:
    one = write("one", lambda raw: raw.update(dns={"zone": "shop.example.com"}))
    two = write("two", lambda raw: raw.update(dns={"zone": "shop.example.com"}))
    write("three", lambda raw: raw.update(dns={"zone": "three.shop.example.com"}))
    said = "has it; of two hosted zones of one name only one is asked, take another"
    assert told(tmp_path) == [
        f"Pulumi.one.yaml:{line_of(one, 'zone: shop')}: {SETTINGS_KEY}.dns.zone: Pulumi.two.yaml {said}",
        f"Pulumi.two.yaml:{line_of(two, 'zone: shop')}: {SETTINGS_KEY}.dns.zone: Pulumi.one.yaml {said}",
    ]


def test_a_registry_is_replicated_by_one_stack_of_its_account_and_region(tmp_path: Path, write: Write) -> None:
    def copied(raw: dict[str, Any], **registry: object) -> None:
        raw["aws"]["recovery_region"] = "eu-west-1"
        raw["registry"] = registry

    one = write("one", copied)
    write("two", copied)
    assert [line.partition(": Pulumi.")[0] for line in told(tmp_path)] == [
        f"Pulumi.{stack}.yaml:{line_of(one, 'registry:')}: {SETTINGS_KEY}.registry.replicates"
        for stack in ("one", "two")
    ]
    assert "Pulumi.two.yaml replicates the same registry" in told(tmp_path, "one")[0]
    write("two", functools.partial(copied, replicates=False))
    assert told(tmp_path) == []
    write("two", lambda raw: (copied(raw), raw["aws"].update(account_id="210987654321"))[0])
    assert told(tmp_path) == []


@pytest.mark.parametrize(
    ("source", "aws", "said"),
    [
        ("one", {"recovery_region": "eu-west-1"}, None),
        ("one", {"region": "eu-west-1"}, None),
        ("tow", {}, "no stack file has that name; name one of: one"),
        ("two", {}, "this stack itself; name one of: one"),
        (
            "one",
            {"recovery_region": "eu-west-1", "account_id": "210987654321"},
            "of another account, where its backups stay; restore within one account",
        ),
        (
            "one",
            {"recovery_region": "eu-north-1"},
            "its backups are not copied to this region; set its aws.recovery_region to the aws.region of this one",
        ),
    ],
)
def test_a_database_is_restored_from_a_stack_whose_backups_are_there(
    tmp_path: Path, write: Write, source: str, aws: dict[str, str], said: str | None
) -> None:
    def restored(raw: dict[str, Any]) -> None:
        raw["aws"]["region"] = "eu-west-1"
        raw["network"]["zones"] = [f"eu-west-1{zone}" for zone in "abc"]
        raw["database"]["restore"] = {"stack": source}

    def copied(raw: dict[str, Any]) -> None:
        raw["aws"].update(aws)
        raw["network"]["zones"] = [f"{raw['aws']['region']}{zone}" for zone in "abc"]

    write("one", copied)
    path = write("two", restored)
    place = f"Pulumi.two.yaml:{line_of(path, 'stack:')}: {SETTINGS_KEY}.database.restore.stack"
    assert told(tmp_path) == ([] if said is None else [f"{place}: {said}"])


@pytest.mark.parametrize(
    ("source", "aws", "said"),
    [
        ("one", {"recovery_region": "eu-west-1"}, None),
        ("oen", {"recovery_region": "eu-west-1"}, "no other stack of the account has it as aws.name; name one of: one"),
        ("one", {"account_id": "210987654321"}, "no other stack of the account has it as aws.name; name one of: none"),
        (
            "one",
            {"recovery_region": "eu-north-1"},
            "its secrets are not copied to this region; set its aws.recovery_region to the aws.region of this one",
        ),
    ],
)
def test_secrets_are_copies_of_an_environment_that_copies_them_here(
    tmp_path: Path, write: Write, source: str, aws: dict[str, str], said: str | None
) -> None:
    def copying(raw: dict[str, Any]) -> None:
        raw["aws"]["region"] = "eu-west-1"
        raw["network"]["zones"] = [f"eu-west-1{zone}" for zone in "abc"]
        raw["secrets"] = {"copies_of": source}

    write("one", lambda raw: raw["aws"].update(aws))
    path = write("two", copying)
    place = f"Pulumi.two.yaml:{line_of(path, 'copies_of:')}: {SETTINGS_KEY}.secrets.copies_of"
    assert told(tmp_path) == ([] if said is None else [f"{place}: {said}"])
    write("one", text="config: [")
    assert [line.partition(":")[0] for line in told(tmp_path)] == ["Pulumi.one.yaml"]


def test_a_source_of_backups_whose_file_is_broken_is_told_once(tmp_path: Path, write: Write) -> None:
    write("one", text="config: [")
    write("two", lambda raw: raw["database"].update(restore={"stack": "one"}))
    assert [line.partition(":")[0] for line in told(tmp_path)] == ["Pulumi.one.yaml"]


def test_a_named_stack_is_checked_against_those_that_are_not_named(tmp_path: Path, write: Write) -> None:
    for stack in ("one", "two"):
        write(stack, lambda raw: raw["network"].update(block="10.20.0.0/16"))
    write("three", lambda raw: raw.pop("cluster"))
    assert list(checking.check(["two"], tmp_path)) == ["Pulumi.two.yaml"]
    assert [line.rpartition(": ")[2] for line in told(tmp_path, "two")] == [
        f"overlaps that of Pulumi.one.yaml; {OVERLAP}"
    ]


def test_a_mistake_elsewhere_hides_no_overlap(tmp_path: Path, write: Write) -> None:
    def wrong(raw: dict[str, Any]) -> None:
        raw["network"]["block"] = "10.20.0.0/16"
        raw["cluster"]["version"] = 1.34

    write("one", wrong), write("two", wrong)
    assert len(told(tmp_path)) == 4


@pytest.mark.parametrize("network", [None, [], {"block": 7}, {"block": "x"}, "10.0.0.0/16"])
def test_what_is_no_network_overlaps_nothing(tmp_path: Path, write: Write, network: object) -> None:
    for stack in ("one", "two"):
        write(stack, lambda raw: raw.update(network=network))
    assert not [line for line in told(tmp_path) if "overlaps" in line]


def test_an_unknown_stack_is_refused_with_the_known_ones(tmp_path: Path, write: Write) -> None:
    write("one"), write("two")
    with pytest.raises(TenantryError, match=r"^no such stack, Pulumi\.three\.yaml, use one of: one, two$"):
        checking.check(["one", "three"], tmp_path)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run `tenantry config` over the files of this test."""
    monkeypatch.setattr(checking, "check", functools.partial(checking.check, root=tmp_path))
    return lambda *arguments: CliRunner().invoke(config, list(arguments))


def test_the_command_says_ok_of_each_file(write: Write, command: Callable[..., Any]) -> None:
    write("one"), write("two")
    result = command("check")
    assert (result.exit_code, result.output) == (0, "Pulumi.one.yaml: ok\nPulumi.two.yaml: ok\n")


def test_the_command_ends_with_2_and_names_the_wrong_files(write: Write, command: Callable[..., Any]) -> None:
    write("one"), write("two", lambda raw: raw.pop("cluster"))
    result = command("check")
    assert result.output == f"Pulumi.one.yaml: ok\nPulumi.two.yaml:2: {SETTINGS_KEY}.cluster: missing; it is required\n"
    assert isinstance(result.exception, TenantryError)
    assert result.exception.exit_code == 2
    assert str(result.exception) == "1 setting is not valid, Pulumi.two.yaml, mend the lines above"


def test_the_command_prints_one_json_document(write: Write, command: Callable[..., Any]) -> None:
    write("one"), write("two", lambda raw: raw.pop("cluster"))
    result = command("check", "--json")
    problem = {
        "file": "Pulumi.two.yaml",
        "line": 2,
        "path": f"{SETTINGS_KEY}.cluster",
        "text": "missing; it is required",
    }
    files = [{"file": "Pulumi.one.yaml", "problems": []}, {"file": "Pulumi.two.yaml", "problems": [problem]}]
    assert (result.exit_code, json.loads(result.stdout)) == (2, {"valid": False, "files": files})
    valid = command("check", "one", "--json")
    assert (valid.exit_code, json.loads(valid.stdout)) == (0, {"valid": True, "files": files[:1]})


def test_the_command_ends_with_2_for_an_unknown_stack(write: Write, command: Callable[..., Any]) -> None:
    write("one")
    result = command("check", "two")
    assert isinstance(result.exception, TenantryError)
    assert (result.exception.exit_code, result.output) == (2, "")


def refusal(raw: object) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load("one", raw, {})
    return caught.value


def test_the_engine_is_told_the_lines_of_the_file_that_it_read(tmp_path: Path, write: Write) -> None:
    path = write("one", lambda raw: raw["cluster"].update(version=1.34))
    raw = yaml.safe_load(path.read_text())["config"][SETTINGS_KEY]
    said = f"{SETTINGS_KEY}.cluster.version: put it in quotes; without them YAML reads a number"
    assert checking.told(refusal(raw), raw, tmp_path) == [f"Pulumi.one.yaml:{line_of(path, '1.34')}: {said}"]
    raw["cluster"]["log_retention_days"] = 30
    assert checking.told(refusal(raw), raw, tmp_path) == [said]  # the engine read another file than this one
    path.write_text("config: [")
    assert checking.told(refusal(raw), raw, tmp_path) == [said]
    path.unlink()
    assert checking.told(refusal(raw), raw, tmp_path) == [said]
