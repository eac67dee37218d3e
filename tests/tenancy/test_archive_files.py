"""The file itself: written whole or not at all, and nothing in it is believed."""

import os
import resource
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.errors import TenantryError
from infra.paths import PROJECT_ROOT
from infra.tenancy.archives.manifest import DIGEST, LARGEST_MANIFEST, LONGEST_ROW, MANIFEST, SEAL, Manifest
from infra.tenancy.archives.writing import written
from tests.tenancy.archive_files import ROWS, changed, make, members, packed, read, rewritten, seal


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return make(tmp_path / "acme.zip")


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_it_gives_back_what_was_written_and_other_tools_read_it(archive: Path) -> None:
    manifest, content = read(archive)
    assert content == {name: b"".join(rows) for name, rows in ROWS.items()}
    assert [(table.name, table.rows) for table in manifest.tables] == [("customers", 3), ("orders", 1)]
    with zipfile.ZipFile(archive) as plain:
        assert plain.testzip() is None
        assert plain.namelist() == ["tables/customers.tsv", "tables/orders.tsv", MANIFEST]


def test_equal_rows_give_an_equal_archive_that_only_its_owner_may_read(archive: Path, tmp_path: Path) -> None:
    assert make(tmp_path / "again.zip").read_bytes() == archive.read_bytes()
    assert archive.stat().st_mode & 0o777 == 0o600


def test_no_byte_of_it_can_be_changed(archive: Path) -> None:
    content = archive.read_bytes()
    for position in range(len(content)):
        flipped = bytearray(content)
        flipped[position] ^= 1 + position % 255
        archive.write_bytes(flipped)
        with pytest.raises(TenantryError) as caught:
            read(archive)
        assert caught.value.exit_code == 2


def test_it_can_be_neither_cut_nor_lengthened(archive: Path) -> None:
    content = archive.read_bytes()
    for wrong in (*(content[:length] for length in range(len(content))), content + b"\n", content + content):
        archive.write_bytes(wrong)
        with pytest.raises(TenantryError):
            read(archive)


def test_whoever_changes_a_byte_and_seals_it_again_changes_no_row(archive: Path) -> None:
    content, honest = archive.read_bytes(), read(archive)
    refused = 0
    for position in range(len(content) - DIGEST):
        for mask in (0x01, 0x80, 0xFF):
            flipped = bytearray(content)
            flipped[position] ^= mask
            archive.write_bytes(seal(bytes(flipped)))
            try:
                found = read(archive)
            except TenantryError:
                refused += 1
            else:
                assert found[1] == honest[1]  # the byte says nothing, as a date does
    assert refused > 2 * len(content)


def test_whoever_cuts_it_and_seals_it_again_is_refused(archive: Path) -> None:
    content = archive.read_bytes()
    end = content.rindex(b"PK\5\6")  # where the list of members ends, and the last record begins
    for length in range(end + 20):
        archive.write_bytes(seal(content[:length] + SEAL + b"0" * DIGEST))
        with pytest.raises(TenantryError):
            read(archive)


def _manifest(**more: object) -> Callable[[dict[str, Any], dict[str, bytes]], None]:
    return lambda manifest, _content: manifest.update(more)


def _table(**more: object) -> Callable[[dict[str, Any], dict[str, bytes]], None]:
    return lambda manifest, _content: manifest["tables"][0].update(more)


def _rows(text: bytes) -> Callable[[dict[str, Any], dict[str, bytes]], None]:
    return lambda manifest, content: rewritten(manifest, content, "customers", text)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (_manifest(version=2), "version: Input should be 1"),
        (_manifest(format="zip"), "format: Input should be 'tenantry-tenant-archive'"),
        (_manifest(tenant="../acme"), "tenant: String should match pattern"),
        (_manifest(tables=[]), "its members are not those of its manifest"),
        (_manifest(more=1), "more: Extra inputs are not permitted"),
        (_manifest(whole="yes"), "whole: Input should be a valid boolean"),
        (_table(name="x" * 64), "at most 63 characters"),
        (_table(name="\x1b[2J"), "must be printable"),
        (_table(name="orders"), "a table stands there twice"),
        (_table(order=["price"]), "sorted by a column that it does not have"),
        (_table(columns=[{"name": "id", "type": "text"}] * 2), "a column stands there twice"),
        (_table(columns=[]), "at least 1 item"),
        (_table(rows=-1), "greater than or equal to 0"),
        (_table(rows=4), "rows, size or checksum are not the manifest's"),
        (_table(size=10**15), "rows, size or checksum are not the manifest's"),
        (_table(sha256="0" * 64), "rows, size or checksum are not the manifest's"),
        (_table(columns=[{"name": "id", "type": "text"}, {"name": "name", "type": "text"}]), "has not 2 values"),
        (_rows(b"acme\t1\tAnna"), "ends in the middle of a row"),
        (_rows(b"acme\t1\tAnna\nbook\t2\tBert\n"), "a row is not of acme"),
        (_rows(b"acme\t1\tAnna\n\\.\nbook\t2\tBert\n"), "a row has not 3 values"),
        (_rows(b"acme\t1\t\\.\n"), "a backslash begins nothing that COPY writes"),
        (_rows(b"acme\t1\tx\\N\n"), "a backslash begins nothing that COPY writes"),
        (_rows(b"acme\t1\t\\\nacme\t2\tBert\n"), "a backslash begins nothing that COPY writes"),
        (_rows(b"acme\t1\t\\x41\n"), "a backslash begins nothing that COPY writes"),
        (_rows(b"acme\t1\ta\rb\n"), "a control character"),
        (_rows(b"acme\t1\t\0\n"), "a control character"),
        (_rows(b"acme\t1\t\xff\n"), "it is not UTF-8"),
    ],
)
def test_what_is_wrong_is_named(
    archive: Path, change: Callable[[dict[str, Any], dict[str, bytes]], None], what: str
) -> None:
    with pytest.raises(TenantryError) as caught:
        read(changed(archive, change))
    assert what in str(caught.value)
    assert str(archive) in caught.value.where
    assert caught.value.exit_code == 2


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_only_members_of_the_manifest_may_be_there_each_once(archive: Path) -> None:
    content = list(members(archive).items())
    for wrong in (
        [*content, ("../../etc/cron.d/x", b"* * * * * root true\n")],
        [*content, ("/tmp/x", b"")],
        content[1:],
        [*content, content[0]],
        [*content, content[-1]],
    ):
        archive.write_bytes(packed(wrong))
        with pytest.raises(TenantryError, match="its members are not those of its manifest"):
            read(archive)
    archive.write_bytes(packed(content[:-1]))
    with pytest.raises(TenantryError, match="not a readable ZIP file"):
        read(archive)


def _peak(path: Path) -> int:
    """Return how many bytes were held at most while an archive was refused."""
    tracemalloc.start()
    try:
        with pytest.raises(TenantryError):
            read(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_bomb_is_refused_at_the_size_that_the_manifest_says(archive: Path) -> None:
    def swell(_manifest: dict[str, Any], content: dict[str, bytes]) -> None:
        content["tables/customers.tsv"] = b"acme\t1\tAnna\n" * 10_000_000  # 120 MB, in the file 0.2

    assert changed(archive, swell).stat().st_size < 10**6
    assert _peak(archive) < 16 * 2**20


def test_a_bomb_that_is_one_row_is_refused(archive: Path) -> None:
    changed(archive, lambda manifest, content: rewritten(manifest, content, "customers", b"a" * (3 * LONGEST_ROW)))
    assert _peak(archive) < 2.5 * LONGEST_ROW


def test_a_manifest_that_is_a_bomb_is_refused(archive: Path) -> None:
    tables = list(members(archive).items())[:-1]
    archive.write_bytes(packed([*tables, (MANIFEST, b" " * (8 * LARGEST_MANIFEST))]))
    assert _peak(archive) < 4 * LARGEST_MANIFEST
    archive.write_bytes(packed([*tables, (MANIFEST, b"[" * 10**6)]))
    with pytest.raises(TenantryError, match=MANIFEST):
        read(archive)


def test_a_list_of_members_that_fills_the_memory_is_refused(archive: Path) -> None:
    size = 8 * LARGEST_MANIFEST
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, size, 0, len(SEAL) + DIGEST)
    with archive.open("wb") as file:
        file.truncate(size)
        file.seek(size)
        file.write(end + SEAL + b"0" * DIGEST)
    archive.write_bytes(seal(archive.read_bytes()))
    assert _peak(archive) < LARGEST_MANIFEST


@pytest.mark.parametrize("content", [b"", b"PK", b"x" * 10_000, SEAL + b"0" * DIGEST], ids=len)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(TenantryError, match="as `tenantry tenants export` wrote it"):
        read(path)


def test_a_file_that_is_not_there_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TenantryError, match="cannot read the archive: No such file or directory"):
        read(tmp_path / "missing.zip")
    with pytest.raises(TenantryError, match="cannot read the archive: Is a directory"):
        read(tmp_path)


def test_a_file_that_is_there_is_not_overwritten(archive: Path) -> None:
    before = archive.read_bytes()
    with pytest.raises(TenantryError, match="there is a file already") as caught:
        make(archive, {})
    assert caught.value.exit_code == 2
    assert archive.read_bytes() == before


def test_a_file_that_comes_meanwhile_is_not_overwritten_either(tmp_path: Path) -> None:
    target = tmp_path / "acme.zip"
    manifest = Manifest(tenant="acme", isolation="pool", whole=True, tables=())

    def interrupted() -> None:
        with written(target) as writer:
            writer.seal(manifest)
            target.write_text("another's")

    with pytest.raises(TenantryError, match="there is a file already"):
        interrupted()
    assert target.read_text() == "another's"
    assert _names(tmp_path) == ["acme.zip"]


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    rows = {"orders": [os.urandom(500).hex().encode() + b"\n" for _ in range(4000)]}
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, before[1]))
    try:
        with pytest.raises(TenantryError, match="cannot write the archive: File too large"):
            make(tmp_path / "acme.zip", rows)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert _names(tmp_path) == []


def test_an_error_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"acme\t1\t2\n"
        raise TenantryError("the server is gone", "here", "repeat")

    with pytest.raises(TenantryError, match="the server is gone"):
        make(tmp_path / "acme.zip", {"orders": broken()})  # type: ignore[dict-item]
    assert _names(tmp_path) == []


def test_a_row_that_could_not_be_imported_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(TenantryError, match="a row has 32 MiB, table orders"):
        make(tmp_path / "acme.zip", {"orders": [b"x" * (LONGEST_ROW + 1)]})
    assert _names(tmp_path) == []


_KILLED = """
import os, signal, sys
from pathlib import Path
from tests.tenancy.archive_files import make
def rows():
    yield from (os.urandom(500).hex().encode() + b"\\n" for _ in range(4000))
    os.kill(os.getpid(), signal.SIGKILL)
make(Path(sys.argv[1]), {"orders": rows()})
"""


def test_a_kill_leaves_only_a_file_whose_name_says_that_it_is_unfinished(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _KILLED, str(tmp_path / "acme.zip")]
    assert subprocess.run(command, cwd=PROJECT_ROOT, check=False).returncode == -9
    (left,) = _names(tmp_path)
    assert left.startswith(".acme.zip.unfinished-")
    with pytest.raises(TenantryError):
        read(tmp_path / left)
    make(tmp_path / "acme.zip")
    assert read(tmp_path / "acme.zip")[0].tenant == "acme"
