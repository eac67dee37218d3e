"""How the servers are that run behind the cloud: one row for each EKS cluster, database and replication group.

Read from their folders and asked themselves, so that it is true of a cloud that is stopped as well, and no command has
to load moto.
"""

from infra.sandbox.cloud.backing import control_planes, records
from infra.sandbox.cloud.backing.records import Record
from infra.sandbox.cloud.backing.site import CACHES, DATABASES, Site
from infra.sandbox.control_plane.control_plane import ControlPlane
from infra.sandbox.daemon import Daemon
from infra.sandbox.instance import Instance, Status
from infra.sandbox.servers import probe

EKS, RDS, ELASTICACHE = "EKS", "RDS", "ElastiCache"
"""What the names of rows begin with; a space and the resource's own name follow."""

_RESTS = "stopped in AWS"
_PROCESSES = ("server", "front")


def rows(instance: Instance) -> list[Status]:
    """Return one row for each server; its detail begins with the region.

    Args:
        instance: the cloud's.
    """
    site = Site(instance.directory, instance.addresses.prefix)
    servers = [(kind, found) for kind in (DATABASES, CACHES) for found in records.of(site, kind)]
    return [
        *(_cluster(cluster, region) for region, cluster in control_planes.existing(instance.directory / "cloud")),
        *(_server(site, kind, key, record) for kind, (key, record) in servers),
    ]


def _cluster(cluster: Instance, region: str) -> Status:
    processes = ControlPlane(cluster).status()
    running = any(process.running for process in processes)
    complaints = [f"{process.name} {process.detail}" for process in processes if running and not process.healthy]
    return Status(
        name=f"{EKS} {cluster.name}",
        endpoint=f"{cluster.addresses.api_server}:6443",
        running=running,
        healthy=running and not complaints,
        detail=": ".join([region, *complaints[:1]]),
    )


def _server(site: Site, kind: str, key: str, record: Record) -> Status:
    folder = site.folder(kind, key)
    daemons = [Daemon(name=key, pid_file=folder / f"{name}.pid", log=folder / f"{name}.log") for name in _PROCESSES]
    running = any(daemon.is_running() for daemon in daemons)
    complaint = _complaint(site, kind, record) if running and record.runs else "" if record.runs else _RESTS
    return Status(
        name=f"{RDS if kind == DATABASES else ELASTICACHE} {record.name}",
        endpoint=f"{record.address}:{record.port}",
        running=running,
        healthy=running and not complaint if record.runs else not running,
        detail=": ".join(filter(None, [record.region, complaint])),
    )


def _complaint(site: Site, kind: str, record: Record) -> str:
    authority = site.authority.certificate if record.tls else None
    if authority is not None and kind == DATABASES:
        return probe.postgresql(record.address, record.port, authority)
    return probe.greets(record.address, record.port, authority)
