"""What is kept between processes: taken when it is made from the same, and worked out anew whatever else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.sandbox import kept as keeping
from infra.sandbox.kept import kept, of_file, of_sources

RESULT = {"a": [1, 2.5, None, True], "b": ("text", {"c": "text"})}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(keeping, "FOLDER", tmp_path / "kept")
    return tmp_path / "kept"


def must_not() -> Any:
    raise AssertionError("it is worked out again")


def as_said(result: object = RESULT) -> Callable[[], Any]:
    return lambda: result


def test_a_result_is_worked_out_once(folder: Path) -> None:
    assert kept("a model", "version 1", as_said()) == RESULT
    assert kept("a model", "version 1", must_not) == RESULT
    assert len(list(folder.iterdir())) == 1, "nothing is left beside it"


def test_what_is_made_from_something_else_takes_its_place(folder: Path) -> None:
    kept("a model", "version 1", as_said())
    assert kept("a model", "version 2", as_said("new")) == "new"
    assert kept("a model", "version 1", as_said("old")) == "old"
    assert len(list(folder.iterdir())) == 1


def test_results_of_several_names_are_apart(folder: Path) -> None:
    for name in ("a model", "another/model", "../model"):
        kept(name, "version 1", as_said(name))
    assert [kept(name, "version 1", must_not) for name in ("a model", "../model")] == ["a model", "../model"]
    assert len(list(folder.iterdir())) == 3


@pytest.mark.parametrize("left", [0, 10, 35, 36, 40, -1])
def test_a_file_that_was_cut_off_is_written_again(folder: Path, left: int) -> None:
    kept("a model", "version 1", as_said())
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[:left])
    assert kept("a model", "version 1", as_said()) == RESULT
    assert kept("a model", "version 1", must_not) == RESULT


def test_a_file_that_was_damaged_is_written_again(folder: Path) -> None:
    kept("a model", "version 1", as_said())
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    for position in range(len(whole)):
        file.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        assert kept("a model", "version 1", as_said()) == RESULT
        assert file.read_bytes() == whole


def test_where_nothing_can_be_written_all_goes_on(folder: Path) -> None:
    folder.write_text("no folder")
    assert kept("a model", "version 1", as_said()) == RESULT
    assert kept("a model", "version 1", as_said("anew")) == "anew"


def test_a_file_that_changes_is_another_one(tmp_path: Path) -> None:
    file = tmp_path / "model.json"
    file.write_text("{}")
    before = of_file(file), of_sources(file)
    assert (of_file(file), of_sources(file)) == before
    file.write_text("{ }")
    assert of_file(file) != before[0]
    other = tmp_path / "other.json"
    other.write_text("{ }")
    assert of_sources(other) != before[1]
