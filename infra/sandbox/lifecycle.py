"""Starting and stopping whole instances.

Owns the lock that keeps two commands from changing one instance at once, and the order of services. Leaves what a
service is to `control_plane` and `servers`.
"""

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from filelock import FileLock, Timeout

from infra.errors import TenantryError
from infra.paths import INSTANCES, SANDBOX_ROOT
from infra.sandbox import addresses, files
from infra.sandbox import instance as instances
from infra.sandbox.cloud import behind
from infra.sandbox.cloud.account import Identity
from infra.sandbox.cloud.service import PORT as CLOUD_PORT
from infra.sandbox.cloud.service import Cloud
from infra.sandbox.control_plane.control_plane import ControlPlane
from infra.sandbox.instance import Instance, Report, Service, Status
from infra.sandbox.servers.postgresql import PostgreSQL
from infra.sandbox.servers.valkey import Valkey

_RECORD = "services.json"
_LOOKERS = 10  # commands that look at an instance in the moments in which it is deleted, each once


def services(instance: Instance) -> list[Service]:
    """Return the services of an instance, in the order that users read them."""
    every: list[Service] = [
        ControlPlane(instance),
        PostgreSQL(instance),
        Valkey(instance),
        Cloud(instance, backed=True),
    ]
    return [service for service in every if has(instance, service.name)]


def has(instance: Instance, service: str) -> bool:
    """Whether the service of this name is one of the instance's; all are, unless it was started with fewer."""
    asked = _asked(instance)
    return asked is None or service in asked


def up(name: str, report: Report, asked: Collection[str] | None = None, identity: Identity | None = None) -> Instance:
    """Start everything of the instance `name`, creating it when there is none; does nothing to what is healthy.

    Args:
        name: the instance.
        report: receives lines of progress.
        asked: names of services that a new instance is made of, and that an existing one has from now on beside its
            own; by default all.
        identity: whose AWS account it is; by default the one that it was, or the documented one.

    Raises:
        TenantryError: it is another account and in use, or something cannot be started; what runs already stays, `down`
            stops it.
    """
    instances.check_name(name)
    _prepare()
    addresses.require_loopback()
    with _locked(name, report):
        instance = instances.load(name)
        if instance is None or not any_running(instance):
            is_new = instance is None
            if instance is None or not behind.rows(instance):
                instance = instances.create(name)
            else:
                _require_known_addresses(instance)
            _ask(instance, asked, is_new=is_new)
        else:
            _ask(instance, asked, is_new=False)
        instance.authority.ensure()
        if identity is not None:
            Cloud(instance).become(identity)
        with ThreadPoolExecutor() as pool:
            for outcome in [pool.submit(service.start, report) for service in services(instance)]:
                outcome.result()
    return instance


def down(name: str, report: Report, *, delete: bool = False, missing_ok: bool = False) -> None:
    """Stop everything of the instance `name`; does nothing when it is stopped.

    Args:
        name: the instance.
        report: receives lines of progress.
        delete: whether to delete its data as well.
        missing_ok: whether nothing is wrong when there is no such instance, as somebody else has just deleted it.

    Raises:
        TenantryError: there is no such instance.
    """
    instances.check_name(name)
    if missing_ok and instances.load(name) is None:
        return
    _existing(name)
    with _locked(name, report):
        if missing_ok and instances.load(name) is None:  # whoever held the lock may have deleted it
            return
        instance = _existing(name)
        with ThreadPoolExecutor() as pool:
            for outcome in [pool.submit(service.stop) for service in services(instance)]:
                outcome.result()
        report(f"stopped {name}")
        if delete:
            _remove(instance.directory)
            report(f"deleted {name}")


def _remove(folder: Path) -> None:
    """Delete a folder, also while somebody looks at the instance and so makes one in it again (`Instance.folder`).

    Raises:
        OSError: it cannot be deleted.
    """
    for _ in range(_LOOKERS):
        try:
            shutil.rmtree(folder)
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
        else:
            return
    shutil.rmtree(folder)


def status(instance: Instance) -> list[Status]:
    """Return one row per process of the instance."""
    return [row for service in services(instance) for row in service.status()]


def any_running(instance: Instance) -> bool:
    """Whether any process of the instance runs, healthy or not."""
    return any(row.running for row in status(instance))


def _existing(name: str) -> Instance:
    instance = instances.load(name)
    if instance is None:
        raise TenantryError("no such sandbox instance", name, f"use one of: {', '.join(instances.names()) or 'none'}")
    return instance


def _asked(instance: Instance) -> frozenset[str] | None:
    """Return the names of the services that the instance was started with; None for all.

    Raises:
        TenantryError: the record is damaged.
    """
    record = instance.directory / _RECORD
    try:
        return frozenset(map(str, json.loads(record.read_text())))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise TenantryError(
            "the instance's record is damaged", str(record), "delete that file and run `make up`"
        ) from error


def _ask(instance: Instance, asked: Collection[str] | None, *, is_new: bool) -> None:
    """Record what the instance is made of: what is asked for, and what it had before, as that may hold data."""
    before = frozenset[str]() if is_new else _asked(instance)
    record = instance.directory / _RECORD
    if asked is None or before is None:
        record.unlink(missing_ok=True)
    elif not before.issuperset(asked):
        files.replace(record, json.dumps(sorted(before.union(asked))) + "\n")


def _require_known_addresses(instance: Instance) -> None:
    """Make sure that what a stack has declared comes back where the stack's state says it is.

    Raises:
        TenantryError: a stranger listens there.
    """
    cloud = instance.addresses.cloud, CLOUD_PORT
    servers = (row.endpoint.rpartition(":") for row in behind.rows(instance))
    for address, port in [cloud, *((address, int(port)) for address, _, port in servers)]:
        if not addresses.is_free(address, port):
            raise TenantryError(
                f"the address is taken by {addresses.holder(address, port)}",
                f"{address}:{port}",
                "stop that process: what the stack has declared is known by this address",
            )


def _prepare() -> None:
    try:
        INSTANCES.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = SANDBOX_ROOT / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise TenantryError(
            f"the sandbox's folder cannot be written ({error.strerror})", str(SANDBOX_ROOT), "make it writable"
        ) from error


@contextlib.contextmanager
def _locked(name: str, report: Report) -> Iterator[None]:
    """Hold the instance's lock. Its empty file stays when the instance is deleted: the lock is that of the file, not of
    its name, so that who has opened it and who makes a new one could both go on."""
    path = INSTANCES / f"{name}.lock"
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        report(f"another command is starting or stopping {name}{_owner(path)}; waiting for it")
        lock.acquire()
    try:
        with contextlib.suppress(OSError):  # only a courtesy to who waits; `down` works on a full disk
            path.with_suffix(".owner").write_text(str(os.getpid()))
        yield
    finally:
        path.with_suffix(".owner").unlink(missing_ok=True)
        lock.release()


def _owner(path: Path) -> str:
    try:
        return f" (pid {path.with_suffix('.owner').read_text()})"
    except OSError:
        return ""
