"""Where backed servers live: their folders, addresses and certificates, inside one sandbox instance.

Owns the file `backing/addresses.json`, so that an endpoint survives restarts and is nobody else's meanwhile.
"""

import json
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.errors import TenantryError
from infra.sandbox import files
from infra.sandbox.addresses import is_free
from infra.sandbox.certificates import CertificateAuthority, KeyPair

DATABASES, CACHES = "databases", "caches"
"""The kinds of servers, and of their folders."""

_FIRST, _LAST = 16, 254
_LOCK = threading.RLock()


@dataclass(frozen=True)
class Site:
    """The place of an instance's backed servers.

    Args:
        root: the instance's folder, which sockets' paths relate to.
        prefix: the first three octets of its addresses, as `127.73.12`.
    """

    root: Path
    prefix: str
    lock: threading.RLock = field(default=_LOCK, compare=False, repr=False)

    def folder(self, kind: str, key: str = "") -> Path:
        """Return the folder of one server or backup, or that of all of a kind; it may not exist.

        Args:
            kind: `DATABASES`, `CACHES` or `snapshots`.
            key: what the server is known by, usable as a file name.
        """
        return self.root / "backing" / kind / key

    def keys(self, kind: str) -> list[str]:
        """Return the keys of all that have a folder."""
        folder = self.folder(kind)
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def address(self, key: str, port: int) -> str:
        """Return the address of a server, which is the same until `release`.

        Args:
            key: the server.
            port: what has to be free on a new address.

        Raises:
            TenantryError: every address is in use.
        """
        with self.lock:
            kept = self._kept()
            if key not in kept:
                kept[key] = self._free(set(kept.values()), port)
                self._keep(kept)
            return f"{self.prefix}.{kept[key]}"

    def release(self, key: str) -> None:
        """Give back a server's address and certificate."""
        with self.lock:
            kept = self._kept()
            if kept.pop(key, None) is not None:
                self._keep(kept)
        for suffix in ("crt", "key"):
            (self.authority.directory / f"backed-{key}.{suffix}").unlink(missing_ok=True)

    def remove(self, kind: str, key: str) -> None:
        """Delete a folder with all in it: renamed first, so that nothing half deleted is taken for whole."""
        folder = self.folder(kind, key)
        doomed = self.root / "backing" / "deleted" / key
        doomed.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.rmtree(doomed, ignore_errors=True)
        if folder.exists():
            folder.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)

    @property
    def authority(self) -> CertificateAuthority:
        """The instance's certificate authority."""
        return CertificateAuthority(self.root / "certificates")

    def certificate(self, key: str, address: str) -> KeyPair:
        """Return the certificate of a server, valid for its address."""
        with self.lock:
            return self.authority.issue(f"backed-{key}", common_name=address, hosts=[address])

    @property
    def _file(self) -> Path:
        return self.root / "backing" / "addresses.json"

    def _kept(self) -> dict[str, int]:
        return dict(json.loads(self._file.read_text())) if self._file.exists() else {}

    def _keep(self, kept: Mapping[str, int]) -> None:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.replace(self._file, json.dumps(kept, indent=2) + "\n")

    def _free(self, taken: set[int], port: int) -> int:
        for octet in range(_FIRST, _LAST + 1):
            if octet not in taken and is_free(f"{self.prefix}.{octet}", port):
                return octet
        raise TenantryError("no address is left for a server", f"{self.prefix}.0/24", "delete some databases or caches")
