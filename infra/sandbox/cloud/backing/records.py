"""What a backed server's folder says of it, so that `sandbox status` can tell of it without the cloud and its moto."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.sandbox import files
from infra.sandbox.cloud.backing.site import Site

_FILE = "record.json"


@dataclass(frozen=True)
class Record:
    """What users know a server by, and where it answers.

    Args:
        name: the identifier of its resource in AWS.
        region: of that resource.
        address: an IP address.
        port: its port.
        tls: whether it speaks TLS only.
        runs: whether it shall run; not while it is stopped in AWS.
    """

    name: str
    region: str
    address: str
    port: int
    tls: bool
    runs: bool = True


def keep(folder: Path, record: Record) -> None:
    """Write a server's record into its folder, unless it says the same already.

    Raises:
        OSError: it cannot be written.
    """
    file, text = folder / _FILE, json.dumps(asdict(record), indent=2) + "\n"
    if not file.exists() or file.read_text() != text:
        files.replace(file, text)


def of(site: Site, kind: str) -> Iterator[tuple[str, Record]]:
    """Yield the key and the record of each server that has one.

    Args:
        site: where the servers live.
        kind: as `Site.folder`'s.
    """
    for key in site.keys(kind):
        file = site.folder(kind, key) / _FILE
        try:
            yield key, Record(**json.loads(file.read_text()))
        except FileNotFoundError:
            continue  # it is just being made, or deleted
