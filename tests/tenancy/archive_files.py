"""Archives made without a database, and archives that somebody has changed and sealed again."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from infra.tenancy.archives.manifest import DIGEST, MANIFEST, SEAL, Column, Isolation, Manifest
from infra.tenancy.archives.reading import opened
from infra.tenancy.archives.writing import written

ROWS = {
    "customers": [b"acme\t1\tAnna\n", b"acme\t2\t\\N\n", b"acme\t3\ta\\tb\\\\ \xc3\xa9\n"],
    "orders": [b"acme\t7\t1\n"],
}
COLUMNS = {"customers": ("tenant_id", "id", "name"), "orders": ("tenant_id", "id", "customer")}


def nothing(_line: str) -> None:
    """A report that nobody reads."""


def make(
    path: Path, rows: Mapping[str, list[bytes]] | None = None, tenant: str = "acme", isolation: Isolation = "pool"
) -> Path:
    """Write an archive; by default a small one of two tables."""
    with written(path) as writer:
        tables = [
            writer.add(name, [Column(name=column, type="text") for column in COLUMNS[name]], ["id"], lines)
            for name, lines in (ROWS if rows is None else rows).items()
        ]
        writer.seal(Manifest(tenant=tenant, isolation=isolation, whole=True, tables=tuple(tables)))
    return path


def read(path: Path) -> tuple[Manifest, dict[str, bytes]]:
    """Check an archive as an import does, and return what is in it."""
    with opened(path) as archive:
        archive.check(of_tenant=True)
        return archive.manifest, {table.name: b"".join(archive.chunks(table)) for table in archive.manifest.tables}


def seal(content: bytes) -> bytes:
    """Return bytes with a seal that is right, in place of the one at their end."""
    content = content[:-DIGEST]
    return content + hashlib.sha256(content).hexdigest().encode()


def packed(members: list[tuple[str, bytes]]) -> bytes:
    """Return a sealed ZIP file of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
        archive.comment = SEAL + b"0" * DIGEST
    return seal(file.getvalue())


def members(path: Path) -> dict[str, bytes]:
    """Return the members of an archive."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def changed(path: Path, change: Callable[[dict[str, Any], dict[str, bytes]], None]) -> Path:
    """Let somebody change manifest and members of an archive, who then seals it as we do.

    Args:
        path: the archive.
        change: is given the manifest and the tables' members, and changes them.
    """
    content = members(path)
    manifest = json.loads(content.pop(MANIFEST))
    change(manifest, content)
    path.write_bytes(packed([*content.items(), (MANIFEST, json.dumps(manifest).encode())]))
    return path


def rewritten(manifest: dict[str, Any], content: dict[str, bytes], table: str, text: bytes) -> None:
    """Give a table other rows, and the manifest what is right for them."""
    content[f"tables/{table}.tsv"] = text
    (told,) = [entry for entry in manifest["tables"] if entry["name"] == table]
    told |= {"rows": text.count(b"\n"), "size": len(text), "sha256": hashlib.sha256(text).hexdigest()}
