"""One sandbox instance: where its files, addresses and certificates are.

Owns the folder `.sandbox/instances/NAME` and the address block recorded in it. Leaves running servers to the services.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from infra.errors import TenantryError
from infra.paths import INSTANCES
from infra.sandbox import files
from infra.sandbox.addresses import AddressBlock, free_block
from infra.sandbox.certificates import CertificateAuthority
from infra.sandbox.daemon import Daemon

Report = Callable[[str], None]
"""Receives one line of progress at a time."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Instance:
    """The files and addresses of one sandboxed environment.

    Args:
        name: lower-case letters, digits and dashes, 40 characters at most; the stack's name for its own instance.
        addresses: the loopback block that it listens on.
    """

    name: str
    addresses: AddressBlock

    @property
    def directory(self) -> Path:
        """The folder of everything that belongs to this instance."""
        return INSTANCES / self.name

    @property
    def authority(self) -> CertificateAuthority:
        """The certificate authority of this instance."""
        return CertificateAuthority(self.directory / "certificates")

    @property
    def trusted(self) -> Path:
        """The certificate of the authority that vouches for databases and Redis, to the pods that run on the host."""
        return self.authority.certificate

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig; its only context is `context`."""
        return self.directory / "kubeconfig"

    @property
    def context(self) -> str:
        """The name of the kubeconfig's context, cluster and user: the same in every instance, so that a stack file
        can insist on a sandbox without naming one, and is refused by any other cluster."""
        return "tenantry-sandbox"

    def folder(self, name: str) -> Path:
        """Return the sub-folder `name`, created with mode 0700."""
        path = self.directory / name
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    def daemon(self, name: str) -> Daemon:
        """Return the handle of the instance's background process `name`."""
        return Daemon(name=name, pid_file=self.folder("run") / f"{name}.pid", log=self.folder("logs") / f"{name}.log")


class Service(Protocol):
    """What an instance is made of: something that starts, stops and says how it is."""

    @property
    def name(self) -> str:
        """What users call it."""

    def start(self, report: Report) -> None:
        """Start it and return once it answers; does nothing when it runs and is healthy."""

    def stop(self) -> None:
        """Stop every process it started; does nothing when it is stopped."""

    def status(self) -> list["Status"]:
        """Return one row per process."""


@dataclass(frozen=True)
class Status:
    """How one process of an instance is.

    Args:
        name: what users call it.
        endpoint: where it answers, as `127.73.12.5:5432`; empty for a process that only calls others.
        running: whether its process lives.
        healthy: whether it answers its health check.
        detail: what is wrong, or a short fact such as a version.
    """

    name: str
    endpoint: str
    running: bool
    healthy: bool
    detail: str = ""


def load(name: str) -> Instance | None:
    """Return the existing instance `name`, or None when there is none."""
    record = INSTANCES / name / "instance.json"
    try:
        return Instance(name, AddressBlock(json.loads(record.read_text())["prefix"]))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise TenantryError(
            "the instance's record is damaged", str(record), f"delete {record.parent} and run `make up`"
        ) from error


def names() -> list[str]:
    """Return the names of all instances that exist, sorted."""
    return sorted(path.parent.name for path in INSTANCES.glob("*/instance.json"))


def check_name(name: str) -> None:
    """Make sure that `name` can be an instance's.

    Raises:
        TenantryError: it cannot.
    """
    if not _NAME.fullmatch(name):
        rule = "use a letter, then lower-case letters, digits and dashes, 40 characters at most"
        raise TenantryError("not a usable instance name", name, rule)


def create(name: str) -> Instance:
    """Create the instance `name`, or move it when its addresses are taken by someone else.

    The caller holds the instance's lock and has made sure that none of its own processes runs.

    Args:
        name: see `Instance`.

    Raises:
        TenantryError: the name is not usable, or no address block is free.
    """
    check_name(name)
    existing = load(name)
    if existing is not None and not existing.addresses.taken():
        return existing
    reserved = frozenset(other.addresses.prefix for other in map(load, names()) if other and other.name != name)
    instance = Instance(name, free_block(f"{INSTANCES}/{name}", reserved))
    record = instance.directory / "instance.json"
    instance.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.replace(record, json.dumps({"prefix": instance.addresses.prefix}) + "\n")
    return instance
