"""A stack file is read as the engine reads it, and knows the line of each setting."""

import math
from pathlib import Path

import pytest

from infra.errors import TenantryError
from infra.settings import SETTINGS_KEY
from infra.settings.stack_file import StackFileError, parse, read, source_of, stacks

PLACE = Path("Pulumi.example.yaml")

TEXT = """\
config:
  aws:region: eu-central-1
  tenantry:settings:
    network:
      block: 10.20.0.0/16
      zones: [eu-central-1a,
        eu-central-1b]
    common: &common
      protect: false
    cache:
      <<: *common
      nodes: 2
    tenants:
      - slug: corner-shop
        plan: free
      - slug: book-store
        plan: pro
"""


def value(written: str) -> object:
    return parse(PLACE, f"config:\n  tenantry:settings:\n    key: {written}\n").settings["key"]


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ((), 3),
        (("network",), 4),
        (("network", "block"), 5),
        (("network", "zones", 1), 7),
        (("network", "zones", 9), 6),
        (("network", "missing"), 4),
        (("missing", "missing"), 3),
        (("cache", "nodes"), 12),
        (("cache", "protect"), 9),
        (("tenants", 1), 16),
        (("tenants", 1, "plan"), 17),
        (("tenants", 0, "missing"), 14),
    ],
)
def test_a_setting_has_its_line_and_a_missing_one_that_of_its_section(place: tuple[str | int, ...], line: int) -> None:
    assert parse(PLACE, TEXT).line(("config", SETTINGS_KEY, *place)) == line


# As `pulumi config get` of the engine gave them; tests/engine/test_settings_as_read.py looks again.
AS_THE_ENGINE_READS: dict[str, object] = {
    "yes": "yes",
    "on": "on",
    "y": "y",
    "true": True,
    "True": True,
    "'true'": "true",
    "2026-01-01": "2026-01-01 00:00:00 +0000 UTC",
    "2026-01-01T10:00:00Z": "2026-01-01 10:00:00 +0000 UTC",
    "2026-1-1T10:00:00+02:00": "2026-01-01 10:00:00 +0200 +0200",
    "2026-01-01 10:00:00.50": "2026-01-01 10:00:00.5 +0000 UTC",
    "2026-01-01 10:00:00Z": "2026-01-01 10:00:00Z",
    "2026-01-01T10:00:00": "2026-01-01T10:00:00",
    "12:30": "12:30",
    "12:30:45": "12:30:45",
    "0123": 83,
    "0o17": 15,
    "0b11": 3,
    "0x1F": 31,
    "012345678901": 12345678901,
    "1_000": 1000,
    "+5": 5,
    "1.50": 1.5,
    ".5": 0.5,
    "1.": 1,
    "1e3": 1000,
    "1e400": "1e400",
    "~": None,
    "null": None,
    "": None,
    "{443: x}": {"443": "x"},
    "{true: x}": {"true": "x"},
    "{<<: {a: 1, b: 2}, b: 3}": {"a": 1, "b": 3},
}


@pytest.mark.parametrize(("written", "meant"), AS_THE_ENGINE_READS.items())
def test_a_plain_value_means_what_the_engine_takes_it_for(written: str, meant: object) -> None:
    assert value(written) == meant
    assert isinstance(value(written), type(meant)) or isinstance(meant, int)


@pytest.mark.parametrize("written", ["2026-13-45", "2026-02-30T10:00:00Z", 5000 * "9"])
def test_what_is_no_date_and_what_is_too_long_a_number_stays_a_text(written: str) -> None:
    assert value(written) == written


def test_numbers_without_end_are_read() -> None:
    assert value(".inf") == math.inf


NO_ALIAS = "`*` begins an alias, and nothing has its name; a value that begins so must be in quotes"
NO_TAG = "`!` begins a tag that no setting has; a value that begins so must be in quotes"
NOT_ITS_TAG = "a value is not what its tag says"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("config:\n\ta: 1\n", "not valid YAML (a tab; YAML is indented with spaces), Pulumi.example.yaml:2, "),
        ("config:\n  a: 1\n  a: 2\n", "not valid YAML (the key a is there twice), Pulumi.example.yaml:3, "),
        ("config:\n  a: [1\n  b: 2\n", "not valid YAML (expected ',' or ']', but got ':'), Pulumi.example.yaml:3, "),
        ("config:\n  a: *b\n", f"not valid YAML ({NO_ALIAS}), Pulumi.example.yaml:2, "),
        ("config:\n  a: !b\n", f"not valid YAML ({NO_TAG}), Pulumi.example.yaml:2, "),
        ("config:\n  a: !b!c d\n", f"not valid YAML ({NO_TAG}), Pulumi.example.yaml:2, "),
        ("config:\n  a: \x01\n", "not valid YAML (a character that YAML does not allow), Pulumi.example.yaml:2, "),
        ("config:\n  {a: 1}: 2\n", "not valid YAML (a key is not a text), Pulumi.example.yaml:2, "),
        ("config:\n  a: !!int x\n", f"not valid YAML ({NOT_ITS_TAG}), Pulumi.example.yaml:2, "),
        ("config:\n  a: !!bool x\n", f"not valid YAML ({NOT_ITS_TAG}), Pulumi.example.yaml:2, "),
        ("config:\n  a: !!timestamp x\n", f"not valid YAML ({NOT_ITS_TAG}), Pulumi.example.yaml:2, "),
        ("config: " + 2000 * "[", "not valid YAML (nested too deeply), Pulumi.example.yaml, mend it"),
        ("a: 1\n---\nb: 2\n", "not valid YAML (but found another document), Pulumi.example.yaml:2, "),
        ("- a\n", "not a stack file, Pulumi.example.yaml, it must be a mapping with the key `config`"),
        ("config: [a]\n", "`config` is not a mapping, Pulumi.example.yaml, put keys like `tenantry:settings` below it"),
    ],
)
def test_what_is_no_stack_file_is_told_in_one_line(text: str, said: str) -> None:
    with pytest.raises(StackFileError) as caught:
        parse(PLACE, text)
    assert str(caught.value) == said + ("mend that line" if said.endswith(", ") else "")


def test_an_empty_file_has_no_settings() -> None:
    assert (parse(PLACE, "").settings, parse(PLACE, "").line(("config",))) == (None, 1)


def test_a_file_that_is_no_text_or_cannot_be_read_is_told_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / PLACE
    path.write_bytes(b"config: \xff\n")
    with pytest.raises(StackFileError, match=r"^not UTF-8 text, Pulumi\.example\.yaml, save it as UTF-8$"):
        read(path)

    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(StackFileError, match=r"^cannot be read \(Permission denied\), Pulumi\.example\.yaml, "):
        read(path)


def test_the_stacks_are_those_that_have_a_file(tmp_path: Path) -> None:
    for name in ("Pulumi.yaml", "Pulumi.b.yaml", "Pulumi.a-1.yaml", "Pulumi.c.yml"):
        (tmp_path / name).touch()
    (tmp_path / "Pulumi.folder.yaml").mkdir()
    assert stacks(tmp_path) == ["a-1", "b"]
    assert source_of("b", tmp_path) == tmp_path / "Pulumi.b.yaml"


@pytest.mark.parametrize("name", ["../b", "c/../b", "", 300 * "x"])
def test_no_name_leads_to_another_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "Pulumi.c").mkdir()
    (tmp_path / "Pulumi.b.yaml").touch()
    with pytest.raises(TenantryError) as caught:
        source_of(name, tmp_path)
    assert str(caught.value) == f"no such stack, Pulumi.{name}.yaml, use one of: b"
