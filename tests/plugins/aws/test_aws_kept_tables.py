"""Tables of all types as they are kept between processes: the same as those that are made, and made once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.sandbox import kept
from infra.sandbox.plugins.aws import kept_tables, sdk, tables
from infra.sandbox.plugins.aws.kinds import KINDS
from infra.sandbox.plugins.properties import Table

_SUBNET = "aws:ec2/subnet:Subnet"
_NAMES = {"cidrBlock": "Ipv6CidrBlock"}


def must_not(*_: Any, **__: Any) -> Any:
    raise AssertionError("it is made again")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "FOLDER", tmp_path / "kept")


def test_all_tables_and_results_are_made_once_and_kept_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    real, made = tables.table, dict[str, Table]()

    def noting(token: str, **arguments: Any) -> Table:
        made[token] = real(token, **arguments)
        return made[token]

    monkeypatch.setattr(tables, "table", noting)
    first = {token: (replace(kind).table, replace(kind).results) for token, kind in KINDS.items()}
    assert made.keys() == KINDS.keys()
    for token, table in made.items():
        assert {name: kept_tables._unpacked(kept_tables._packed(prop)) for name, prop in table.items()} == table
        assert first[token][1] == sdk.definition(token).outputs
    monkeypatch.setattr(tables, "table", must_not)
    monkeypatch.setattr(sdk, "definition", must_not)
    assert {token: (replace(kind).table, replace(kind).results) for token, kind in KINDS.items()} == first


def test_another_entry_has_another_table() -> None:
    plain = kept_tables.table(_SUBNET, schema="AWS::EC2::Subnet")
    named = kept_tables.table(_SUBNET, schema="AWS::EC2::Subnet", names=_NAMES)
    computed = kept_tables.table(_SUBNET, schema="AWS::EC2::Subnet", computed=frozenset({"cidrBlock"}))
    assert named == tables.table(_SUBNET, schema="AWS::EC2::Subnet", names=_NAMES) != plain
    assert computed["cidrBlock"].computed
    assert kept_tables.table(_SUBNET, schema="") == tables.table(_SUBNET, schema="") != plain


def test_a_mistake_in_an_entry_is_named_each_time() -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="has no property Cidr, the name of cidrBlock"):
            kept_tables.table(_SUBNET, schema="AWS::EC2::Subnet", names={"cidrBlock": "Cidr"})
