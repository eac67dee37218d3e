"""The sandbox's copy of a stack file follows the work tree and keeps what the CLI wrote."""

import subprocess
from pathlib import Path

import pytest
import yaml

from infra.errors import TenantryError
from infra.sandbox import lifecycle, stack_file
from infra.sandbox.addresses import AddressBlock
from infra.sandbox.environment import write_wrapper
from infra.sandbox.instance import Instance


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "Pulumi.example.yaml"
    path.write_text("config:\n  tenantry:settings:\n    a: 1\n")
    return path


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "sandbox" / "Pulumi.example.yaml"


def content(path: Path) -> dict[str, object]:
    return yaml.safe_load(path.read_text())


def rewrite(path: Path, **changes: object) -> None:
    path.write_text(yaml.safe_dump({**content(path), **changes}))


def test_the_first_copy_equals_the_source(source: Path, copy: Path) -> None:
    stack_file.synchronise(source, copy)
    assert content(copy) == content(source)


def test_a_salt_written_by_the_cli_stays_when_the_source_changes(source: Path, copy: Path) -> None:
    stack_file.synchronise(source, copy)
    rewrite(copy, encryptionsalt="v1:abc")
    source.write_text("config:\n  tenantry:settings:\n    a: 2\n")
    stack_file.synchronise(source, copy)
    assert content(copy) == {"encryptionsalt": "v1:abc", "config": {"tenantry:settings": {"a": 2}}}


def test_a_value_set_by_the_cli_stays_until_the_source_sets_it(source: Path, copy: Path) -> None:
    stack_file.synchronise(source, copy)
    rewrite(copy, config={"tenantry:settings": {"a": 1}, "tenantry:extra": "cli"})
    source.write_text("config:\n  tenantry:settings:\n    a: 2\n")
    stack_file.synchronise(source, copy)
    assert content(copy)["config"] == {"tenantry:settings": {"a": 2}, "tenantry:extra": "cli"}
    source.write_text("config:\n  tenantry:extra: source\n")
    stack_file.synchronise(source, copy)
    assert content(copy)["config"] == {"tenantry:extra": "source"}


def test_a_key_removed_from_the_source_is_removed(source: Path, copy: Path) -> None:
    source.write_text("config:\n  a:b: 1\n  c:d: 2\n")
    stack_file.synchronise(source, copy)
    source.write_text("config:\n  a:b: 1\n")
    stack_file.synchronise(source, copy)
    assert content(copy)["config"] == {"a:b": 1}


def test_a_key_removed_by_the_cli_stays_removed(source: Path, copy: Path) -> None:
    source.write_text("config:\n  a:b: 1\n  c:d: 2\n")
    stack_file.synchronise(source, copy)
    rewrite(copy, config={"a:b": 1})
    source.write_text("config:\n  a:b: 3\n  c:d: 2\n")
    stack_file.synchronise(source, copy)
    assert content(copy)["config"] == {"a:b": 3}


def test_an_unchanged_source_leaves_the_copy_alone(source: Path, copy: Path) -> None:
    stack_file.synchronise(source, copy)
    copy.write_text("config: {x:y: 1}\n")
    stack_file.synchronise(source, copy)
    assert copy.read_text() == "config: {x:y: 1}\n"


def test_the_source_is_never_written(source: Path, copy: Path) -> None:
    before = source.read_bytes()
    stack_file.synchronise(source, copy)
    assert source.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("config:\n\ta: 1\n", "Pulumi.example.yaml:2"),
        ("- a\n", "Pulumi.example.yaml"),
        ("a: [\n", "Pulumi.example.yaml:2"),
        ("config: text\n", "Pulumi.example.yaml"),
        ("config: [a]\n", "Pulumi.example.yaml"),
        ("config:\n  a: {b: 1}\n  c: 2\n  a: {b: 2}\n", "Pulumi.example.yaml:4"),
    ],
)
def test_a_file_that_is_no_stack_file_is_refused_by_line_and_changes_nothing(
    source: Path, copy: Path, text: str, where: str
) -> None:
    stack_file.synchronise(source, copy)
    before = copy.read_bytes()
    source.write_text(text)
    with pytest.raises(TenantryError) as caught:
        stack_file.synchronise(source, copy)
    assert caught.value.where == where
    assert copy.read_bytes() == before


def test_a_key_that_is_there_twice_is_named_without_its_values(source: Path, copy: Path) -> None:
    source.write_text("config:\n  a: 100\n  b: {a: 1}\n  a: 300\n")
    with pytest.raises(TenantryError) as caught:
        stack_file.synchronise(source, copy)
    assert "the key a is there twice" in str(caught.value)
    assert "300" not in str(caught.value)
    assert not copy.exists()


def test_a_merged_mapping_may_override_its_keys(source: Path, copy: Path) -> None:
    source.write_text("config:\n  x: &x {a: 1, b: 2}\n  y: &y {<<: *x, a: 3}\n  z: {<<: *y, b: 4}\n")
    stack_file.synchronise(source, copy)
    assert content(copy)["config"] == {"x": {"a": 1, "b": 2}, "y": {"a": 3, "b": 2}, "z": {"a": 3, "b": 4}}


def test_an_unknown_stack_is_refused_with_the_known_ones() -> None:
    with pytest.raises(TenantryError, match=r"no such stack, Pulumi.nowhere.yaml, use one of: .*local"):
        stack_file.source_of("nowhere")


def test_a_file_that_is_no_text_is_refused_by_name(source: Path, copy: Path) -> None:
    source.write_bytes(b"config:\n  a:b: \xff\xfe\n")
    with pytest.raises(TenantryError, match=r"not UTF-8 text, Pulumi\.example\.yaml, save it as UTF-8"):
        stack_file.synchronise(source, copy)


def test_a_copy_that_a_crash_of_the_machine_emptied_is_made_again(source: Path, copy: Path) -> None:
    stack_file.synchronise(source, copy)
    copy.write_text("")
    stack_file.synchronise(source, copy)
    assert content(copy) == content(source)


@pytest.mark.parametrize(
    ("settings", "services"),
    [
        ({"cluster": {"version": "1.34"}, "database": {}, "redis": {"cache": {}}}, {"cloud"}),
        (
            {"cluster": {"existing": {"context": "x"}}, "database": {"existing": {}}},
            {"cloud", "control plane", "postgresql", "valkey"},
        ),
        ({"cluster": {"existing": {"context": "x"}}, "database": {}, "redis": {}}, {"cloud", "control plane"}),
        ({"cluster": {}, "database": {"existing": {}}}, {"cloud", "postgresql", "valkey"}),
        (None, {"cloud"}),
    ],
)
def test_a_stack_needs_the_servers_that_it_brings(source: Path, settings: object, services: set[str]) -> None:
    source.write_text(yaml.safe_dump({"config": {"tenantry:settings": settings}}))
    assert stack_file.services(source) == services


def test_the_services_are_called_what_the_stack_file_calls_them(source: Path) -> None:
    instance = Instance("example", AddressBlock("127.99.99"))
    brought = {"cluster": {"existing": {}}, "database": {"existing": {}}}
    source.write_text(yaml.safe_dump({"config": {"tenantry:settings": brought}}))
    assert {service.name for service in lifecycle.services(instance)} == stack_file.services(source)


@pytest.fixture
def other(source: Path) -> Path:
    path = source.with_name("Pulumi.example-cell-02.yaml")
    path.write_text("config:\n  tenantry:settings:\n    cell: { of: example, name: cell-02 }\n")
    return path


NAMED = [
    ["up", "--stack", "example-cell-02"],
    ["up", "--stack=example-cell-02", "--yes"],
    ["-s", "example-cell-02", "preview"],
    ["up", "-sexample-cell-02"],
    ["up", "-s=example-cell-02"],
    ["up", "-yfs", "example-cell-02"],
    ["up", "-s", "example", "--stack", "organization/tenantry/example-cell-02"],
]


@pytest.mark.parametrize("arguments", NAMED)
def test_a_command_for_another_stack_is_given_a_copy_of_that_ones_file(
    source: Path, copy: Path, other: Path, arguments: list[str]
) -> None:
    stack_file.synchronise(source, copy)
    found = stack_file.other_copy(source, copy, arguments, {"PULUMI_STACK": "example"})
    assert found == copy.with_name(other.name)
    assert content(found) == content(other)
    other.write_text("config: {a:b: 1}\n")
    stack_file.other_copy(source, copy, [], {"PULUMI_STACK": "example-cell-02"})
    assert content(found) == {"config": {"a:b": 1}}


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["up"], {"PULUMI_STACK": "example"}),
        (["up", "--stack", "example"], {}),
        (["up", "--stack", "nowhere"], {"PULUMI_STACK": "example"}),
        (["up", "--", "--stack", "example-cell-02"], {}),
        (["up", "--skip-preview", "-y", "example-cell-02"], {"PULUMI_STACK": "example"}),
        (["up", "--stack"], {"PULUMI_STACK": "example"}),
        (["up", "--stack", "example-cell-02"], {stack_file.CHOICE: "/elsewhere.yaml"}),
        ([], {}),
    ],
)
@pytest.mark.usefixtures("other")
def test_every_other_command_has_the_file_that_it_had(
    source: Path, copy: Path, arguments: list[str], environment: dict[str, str]
) -> None:
    stack_file.synchronise(source, copy)
    assert stack_file.other_copy(source, copy, arguments, environment) is None
    assert not copy.with_name("Pulumi.example-cell-02.yaml").exists()


def test_a_cell_has_no_sandbox_of_its_own(other: Path) -> None:
    with pytest.raises(TenantryError, match="a cell, which has no sandbox of its own"):
        stack_file.services(other)


def test_the_wrapper_sets_the_file_of_the_stack_that_is_named(
    source: Path, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real wrapper, before a command line that says what it was given."""
    cli = tmp_path / "cli"
    cli.write_text(f'#!/bin/sh\necho "${stack_file.CHOICE}" "$@"\n')
    cli.chmod(0o755)
    copy, wrapper = tmp_path / "copies" / source.name, tmp_path / "pulumi"
    write_wrapper(wrapper, source, copy, cli)
    monkeypatch.setenv(stack_file.CHOICE, str(copy))
    monkeypatch.setenv("PULUMI_STACK", "example")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([wrapper, *arguments], capture_output=True, text=True, check=False)

    assert run("up").stdout == f"{copy} up\n"
    named = run("up", "--stack", "example-cell-02")
    assert named.stdout == f"{copy.with_name(other.name)} up --stack example-cell-02\n"
    other.write_text("a: [\n")
    failed = run("-s", "example-cell-02")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.startswith("error: not valid YAML")
