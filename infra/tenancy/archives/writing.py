"""An archive written row by row, complete or not there at all.

Owns the file: it is made beside its place under a name that says it is unfinished, and moved there when it is sealed
and on the disk. Leaves what is in it to the caller.
"""

import contextlib
import hashlib
import os
import secrets
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from infra.errors import TenantryError
from infra.tenancy.archives.manifest import CHUNK, DIGEST, LONGEST_ROW, MANIFEST, SEAL, Column, Manifest, Table

_MOMENT = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP file can tell: equal rows give an equal archive
_LEVEL = 3  # of zlib's 9: at 6 an export takes twice as long, for a tenth of the size (measured on the sample's rows)


@dataclass
class Writer:
    """An archive under way.

    Args:
        file: the unfinished file.
        sha256: of the whole archive, in hexadecimal; once it is sealed.
        size: of the whole archive in bytes; once it is sealed.
    """

    file: BinaryIO
    sha256: str = ""
    size: int = 0

    def __post_init__(self) -> None:
        self._zip = zipfile.ZipFile(self.file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)

    def add(self, name: str, columns: Sequence[Column], order: Sequence[str], rows: Iterable[bytes]) -> Table:
        """Write a table, and return what is to be said of it in the manifest.

        Args:
            name: the table's.
            columns: of its rows.
            order: the columns that rows are sorted by.
            rows: each as COPY's text, with its newline.

        Raises:
            TenantryError: a row is too long to be imported again.
        """
        shape = Table(name=name, columns=tuple(columns), order=tuple(order), rows=0, size=0, sha256="0" * DIGEST)
        digest, count, size = hashlib.sha256(), 0, 0
        with self._zip.open(_entry(shape.member), "w", force_zip64=True) as member:
            for chunk, rows_in_it in _chunks(rows, name):
                digest.update(chunk)
                member.write(chunk)
                count, size = count + rows_in_it, size + len(chunk)
        return shape.model_copy(update={"rows": count, "size": size, "sha256": digest.hexdigest()})

    def seal(self, manifest: Manifest) -> None:
        """Finish the archive.

        Args:
            manifest: of all that has been added.
        """
        self._zip.writestr(_entry(MANIFEST), manifest.model_dump_json(indent=1))
        self._zip.comment = SEAL + b"0" * DIGEST
        self._zip.close()
        self.size = self.file.seek(0, os.SEEK_END)
        digest = hash_of(self.file, self.size - DIGEST)
        seal = digest.hexdigest().encode()
        self.file.seek(self.size - DIGEST)
        self.file.write(seal)
        digest.update(seal)
        self.sha256 = digest.hexdigest()

    def give_up(self) -> None:
        """Let go of the file, which may be full."""
        with contextlib.suppress(OSError, ValueError):
            self._zip.close()
        with contextlib.suppress(OSError):
            self.file.close()


@contextlib.contextmanager
def written(target: Path) -> Iterator[Writer]:
    """Give an archive to fill and seal; at the end it is in its place, and when anything fails nothing is.

    Args:
        target: its place, where nothing may be.

    Raises:
        TenantryError: something is there, or it cannot be written.
    """
    refuse_existing(target)
    partial = target.with_name(f".{target.name}.unfinished-{secrets.token_hex(4)}")
    try:
        yield from _filled(partial, target)
    except OSError as error:
        remedy = "make room, or choose another place with --output, and export again"
        raise TenantryError(f"cannot write the archive: {error.strerror}", str(target), remedy) from error


def _filled(partial: Path, target: Path) -> Iterator[Writer]:
    writer = Writer(os.fdopen(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "w+b"))
    try:
        yield writer
        writer.file.flush()
        os.fsync(writer.file.fileno())
        _place(partial, target)
    finally:
        writer.give_up()
        partial.unlink(missing_ok=True)


def _place(partial: Path, target: Path) -> None:
    """Give the file its name; never that of another, as renaming would."""
    try:
        os.link(partial, target)
    except FileExistsError:
        refuse_existing(target)
        raise
    except OSError:  # a file system without links
        refuse_existing(target)
        partial.rename(target)


def refuse_existing(target: Path) -> None:
    """Raise if something is where an archive is to be written.

    Raises:
        TenantryError: something is, or its folder is not there.
    """
    if target.exists() or target.is_symlink():
        raise TenantryError("there is a file already", str(target), "choose another with --output", 2)
    if not target.parent.is_dir():
        raise TenantryError("no such folder", str(target.parent), "make it, or choose another with --output", 2)


def hash_of(file: BinaryIO, size: int) -> "hashlib._Hash":
    """Return the SHA-256 of the first bytes of a file.

    Args:
        file: open for reading.
        size: how many bytes.
    """
    file.seek(0)
    digest = hashlib.sha256()
    while size > 0 and (data := file.read(min(CHUNK, size))):
        digest.update(data)
        size -= len(data)
    return digest


def _chunks(rows: Iterable[bytes], table: str) -> Iterator[tuple[bytes, int]]:
    """Put rows together, so that neither hashing nor compressing is called for each."""
    held, count = bytearray(), 0
    for row in rows:
        if len(row) > LONGEST_ROW:
            remedy = f"shorten it: an archive takes rows of {LONGEST_ROW // 2**20} MiB"
            raise TenantryError(f"a row has {len(row) / 2**20:.0f} MiB", f"table {table}", remedy)
        held += row
        count += 1
        if len(held) >= CHUNK // 4:
            yield bytes(held), count
            held.clear()
            count = 0
    yield bytes(held), count


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=_MOMENT)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # Unix, wherever it is made
    entry.external_attr = 0o600 << 16
    return entry
