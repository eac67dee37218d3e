"""The control planes behind EKS clusters: which addresses they have, starting and stopping.

Each is an instance of its own below the cloud's folder, as `clusters/REGION/NAME`, with an address block and a
certificate authority of its own. Leaves to `clusters` which there should be, and to `homes` where their folders are.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.paths import INSTANCES
from infra.sandbox.addresses import AddressBlock, free_block
from infra.sandbox.certificates import CertificateAuthority
from infra.sandbox.cloud.backing.homes import homes, root, token_secret
from infra.sandbox.control_plane.control_plane import ControlPlane
from infra.sandbox.control_plane.credentials import Credentials, kubeconfig_of_webhook, write_private
from infra.sandbox.control_plane.definitions import GATEWAY_API
from infra.sandbox.instance import Instance
from infra.sandbox.servers.passwords import password

_RECORD = "instance.json"


@dataclass(frozen=True)
class ClusterInstance(Instance):
    """The files and addresses of one EKS cluster.

    Args:
        home: its folder.
    """

    home: Path

    @property
    def directory(self) -> Path:
        """Its folder."""
        return self.home

    @property
    def trusted(self) -> Path:
        """The certificate of the sandbox's own authority: what AWS offers beside the cluster is vouched for by that."""
        return CertificateAuthority(root(self.home) / "certificates").certificate


def existing(folder: Path) -> list[tuple[str, ClusterInstance]]:
    """Return the region and the instance of each cluster that has been started once, sorted.

    Args:
        folder: the cloud's.
    """
    found = ((place.parent.name, _existing(place)) for place in homes(folder))
    return [(region, cluster) for region, cluster in found if cluster is not None]


def start(home: Path, own: str, webhook: str) -> ControlPlane:
    """Start the control plane of a cluster, with what it holds, and without nodes of its own; return it.

    Args:
        home: the cluster's folder.
        own: the prefix of the cloud's own address block.
        webhook: the URL that tells whose token is whose.

    Raises:
        TenantryError: as `ControlPlane.start`, or no address block is free.
        OSError: the folder cannot be written.
    """
    instance = _existing(home)
    if instance is None or (not _runs(instance) and instance.addresses.taken()):
        instance = _recorded(home, free_block(str(home), frozenset({own, *_prefixes(home)})))
    instance.authority.ensure()
    password(token_secret(home))
    write_private(Credentials(instance).token_webhook, kubeconfig_of_webhook(webhook))
    plane = ControlPlane(instance, nodes=(), definitions=(GATEWAY_API,))
    plane.start(_quiet)
    return plane


def stop_all(folder: Path) -> None:
    """Stop every process of every cluster in the cloud's folder; their data stay."""
    for place in homes(folder):
        stop(place)


def stop(home: Path) -> None:
    """Stop a cluster's control plane, whose data stay; does nothing when there is none."""
    instance = _existing(home)
    if instance is not None:
        ControlPlane(instance).stop()


def delete(home: Path) -> None:
    """Stop a cluster's control plane and delete its data; does nothing when there is none."""
    stop(home)
    if home.exists():
        shutil.rmtree(home)


def _existing(home: Path) -> ClusterInstance | None:
    try:
        return ClusterInstance(home.name, AddressBlock(json.loads((home / _RECORD).read_text())["prefix"]), home)
    except FileNotFoundError:
        return None


def _recorded(home: Path, addresses: AddressBlock) -> ClusterInstance:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(home / _RECORD, json.dumps({"prefix": addresses.prefix}) + "\n")
    return ClusterInstance(home.name, addresses, home)


def _runs(instance: Instance) -> bool:
    return any(row.running for row in ControlPlane(instance).status())


def _prefixes(home: Path) -> Iterator[str]:
    """Yield the address blocks of the sandbox's instances and of their clusters, and of the cloud's other clusters."""
    records = {
        *INSTANCES.glob(f"*/{_RECORD}"),
        *INSTANCES.glob(f"*/cloud/clusters/*/*/{_RECORD}"),
        *home.parent.parent.glob(f"*/*/{_RECORD}"),
    }
    for record in records - {home / _RECORD}:
        try:
            yield str(json.loads(record.read_text())["prefix"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # it was just deleted, or is damaged, which its own start says


def _quiet(_line: str) -> None:
    """Take a line of progress; the cloud's log has no use for it."""
