"""Edits of files that people wrote: shown as a diff, replaced in one step, and nobody's change is lost."""

from pathlib import Path

import pytest

from infra import edits
from infra.errors import TenantryError


def test_what_changed_is_shown_as_a_difference() -> None:
    assert edits.difference("a.yaml", "one: 1\ntwo: 2\n", "one: 1\ntwo: 3\n").splitlines() == [
        *("--- a.yaml", "+++ a.yaml", "@@ -1,2 +1,2 @@", " one: 1", "-two: 2", "+two: 3"),
    ]


def test_a_file_that_somebody_else_changed_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("theirs")
    for before in ("mine", None):
        with pytest.raises(TenantryError, match=r"changed the file meanwhile, a\.yaml, run it again"):
            edits.write(path, before, "ours")
    assert path.read_text() == "theirs"
    path.unlink()
    with pytest.raises(TenantryError, match="changed the file meanwhile"):
        edits.write(path, "theirs", "ours")
    assert not path.exists()


def test_a_file_that_cannot_be_written_is_named_by_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file")
    with pytest.raises(TenantryError) as refused:
        edits.write(tmp_path / "folder" / "a.yaml", None, "ours")
    what = "the file cannot be written (File exists); nothing was changed"
    assert str(refused.value) == f"{what}, a.yaml, mend that and run it again"


def test_a_written_file_keeps_its_permissions_and_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"old\r\n")
    path.chmod(0o640)
    edits.write(path, edits.text_of(path), "new\r\n")
    assert path.read_bytes() == b"new\r\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.yaml"]


def test_a_new_file_is_readable_and_so_is_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "stacks" / "tenants" / "a.yaml"
    edits.write(path, None, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o644


def test_what_a_link_leads_to_is_written_and_the_link_stays(tmp_path: Path) -> None:
    path, target = tmp_path / "link.yaml", tmp_path / "target.yaml"
    target.write_text("old")
    path.symlink_to(target)
    edits.write(path, "old", "new")
    assert path.is_symlink()
    assert target.read_text() == "new"


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(TenantryError, match=r"not UTF-8 text, a\.yaml, save it as UTF-8"):
        edits.text_of(tmp_path / "a.yaml")
