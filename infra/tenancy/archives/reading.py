"""An archive read and checked; it may come from anybody.

Owns that nothing of it is believed before it is seen: the seal, the members, the manifest, and of each table its size,
rows, checksum and form. Never writes a member to a file, and holds one chunk of it at a time.
"""

import contextlib
import hashlib
import hmac
import io
import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from infra.errors import TenantryError
from infra.tenancy.archives import copy_text
from infra.tenancy.archives.manifest import (
    CHUNK,
    DIGEST,
    LARGEST_MANIFEST,
    LONGEST_ROW,
    MANIFEST,
    SEAL,
    TENANT_COLUMN,
    Manifest,
    Table,
)
from infra.tenancy.archives.writing import hash_of

_REMEDY = "take the file as `tenantry tenants export` wrote it, or export again"
_AT_ONCE = LARGEST_MANIFEST  # bytes that zipfile may ask for: it reads the list of members in one piece
_UNREADABLE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    EOFError,
    LookupError,
    OverflowError,
    RuntimeError,  # encrypted; its kind NotImplementedError: a compression or a version that is not known
    ValueError,
)


def wrong(what: str, where: str) -> TenantryError:
    """Return the error for an archive that is not as it must be."""
    return TenantryError(what, where, _REMEDY, 2)


class _Bounded(io.FileIO):
    """A file of which no more can be asked at once than an honest archive needs."""

    def read(self, size: int | None = -1, /) -> bytes:
        left = os.fstat(self.fileno()).st_size - self.tell()
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted > _AT_ONCE:
            raise zipfile.BadZipFile("too much at once")
        return super().read(max(wanted, 0)) or b""


@dataclass(frozen=True)
class Archive:
    """An archive whose seal and manifest are right; its rows are once `check` has passed.

    Args:
        path: the file.
        sha256: of it all, in hexadecimal.
        manifest: what it says of itself.
        members: the file, open.
    """

    path: Path
    sha256: str
    manifest: Manifest
    members: zipfile.ZipFile

    def check(self, *, of_tenant: bool) -> None:
        """Read everything once.

        Args:
            of_tenant: whether a column `tenant_id` tells whose a row is.

        Raises:
            TenantryError: something is not as the manifest says, or a row is not the tenant's.
        """
        for table in self.manifest.tables:
            for chunk in self.chunks(table):
                if found := copy_text.fault(chunk, len(table.columns)):
                    raise self._wrong(table, found)
                if of_tenant and TENANT_COLUMN in table.names:
                    self._check_tenant(table, chunk)

    def chunks(self, table: Table) -> Iterator[bytes]:
        """Return the rows of a table, whole lines of about 1 MiB together.

        Raises:
            TenantryError: after the last of them or before, if it does not hold what the manifest says.
        """
        digest, rows, size = hashlib.sha256(), 0, 0
        for chunk in self._lines(table):
            digest.update(chunk)
            rows, size = rows + chunk.count(b"\n"), size + len(chunk)
            if size > table.size:
                break
            yield chunk
        if (rows, size, digest.hexdigest()) != (table.rows, table.size, table.sha256):
            raise self._wrong(table, "rows, size or checksum are not the manifest's")

    def _lines(self, table: Table) -> Iterator[bytes]:
        rest = b""
        for data in self._pieces(table):
            head, newline, tail = data.rpartition(b"\n")
            if newline:
                yield rest + head + newline
                rest = tail
            else:
                rest += tail
            if len(rest) > LONGEST_ROW:
                raise self._wrong(table, f"a row has more than {LONGEST_ROW // 2**20} MiB")
        if rest:
            raise self._wrong(table, "it ends in the middle of a row")

    def _pieces(self, table: Table) -> Iterator[bytes]:
        with _readable(self.path), self.members.open(table.member) as member:
            while data := member.read(CHUNK):
                yield data

    def _check_tenant(self, table: Table, chunk: bytes) -> None:
        if copy_text.values(chunk, table.names.index(TENANT_COLUMN)) != {self.manifest.tenant.encode()}:
            raise self._wrong(table, f"a row is not of {self.manifest.tenant}")

    def _wrong(self, table: Table, what: str) -> TenantryError:
        return wrong(what, f"{self.path}: table {table.name}")


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Give an archive whose seal and manifest have been checked.

    Args:
        path: the file.

    Raises:
        TenantryError: it cannot be read, or is none.
    """
    try:
        file = _Bounded(path)
    except OSError as error:
        raise TenantryError(f"cannot read the archive: {error.strerror}", str(path), "name a file", 2) from error
    with file:
        sha256 = _unsealed(file, path)
        with _readable(path):
            members = zipfile.ZipFile(file)
        yield Archive(path, sha256, _manifest(members, path), members)


def _unsealed(file: io.FileIO, path: Path) -> str:
    """Return the SHA-256 of the whole file, whose last bytes must be that of all before."""
    size = file.seek(0, os.SEEK_END)
    before = max(size - DIGEST - len(SEAL), 0)
    file.seek(before)
    end = file.read(len(SEAL) + DIGEST)
    if end[: len(SEAL)] != SEAL:
        raise wrong("no whole archive: its end is not there", str(path))
    digest = hash_of(file, size - DIGEST)
    if not hmac.compare_digest(digest.hexdigest().encode(), end[len(SEAL) :]):
        raise wrong("its bytes are not those that were written", str(path))
    digest.update(end[len(SEAL) :])
    return digest.hexdigest()


def _manifest(members: zipfile.ZipFile, path: Path) -> Manifest:
    with _readable(path), members.open(MANIFEST) as member:
        text = member.read(LARGEST_MANIFEST + 1)
    if len(text) > LARGEST_MANIFEST:
        raise wrong(f"more than {LARGEST_MANIFEST // 2**20} MiB", f"{path}: {MANIFEST}")
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "all of it"
        raise wrong(f"{ascii(where)[1:-1]}: {first['msg']}", f"{path}: {MANIFEST}") from error
    found = sorted(entry.filename for entry in members.infolist())
    if found != sorted([MANIFEST, *(table.member for table in manifest.tables)]):
        raise wrong("its members are not those of its manifest, each once", str(path))
    if any(entry.compress_type not in {zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED} for entry in members.infolist()):
        raise wrong("a member is compressed as none of ours is", str(path))
    return manifest


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        raise wrong("it is not a readable ZIP file", str(path)) from error
    except OSError as error:
        raise wrong(f"it cannot be read: {error.strerror}", str(path)) from error
