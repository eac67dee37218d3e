"""etcd: the database of the control plane, over mutual TLS only."""

from infra.paths import BIN
from infra.sandbox.control_plane.api import answers
from infra.sandbox.control_plane.component import Component
from infra.sandbox.control_plane.credentials import Credentials
from infra.sandbox.instance import Instance


def etcd(instance: Instance) -> Component:
    """Return the instance's etcd; every write reaches the disk before it is acknowledged."""
    credentials = Credentials(instance)
    pair, authority = credentials.etcd_server(), credentials.etcd_authority.certificate
    address = instance.addresses.etcd
    clients, peers = f"https://{address}:2379", f"https://{address}:2380"
    command = [
        str(BIN / "etcd"),
        f"--name={instance.context}",
        f"--data-dir={instance.folder('etcd')}",
        f"--listen-client-urls={clients}",
        f"--advertise-client-urls={clients}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster={instance.context}={peers}",
        f"--cert-file={pair.certificate}",
        f"--key-file={pair.key}",
        f"--trusted-ca-file={authority}",
        "--client-cert-auth=true",
        f"--peer-cert-file={pair.certificate}",
        f"--peer-key-file={pair.key}",
        f"--peer-trusted-ca-file={authority}",
        "--peer-client-cert-auth=true",
        "--log-level=warn",
    ]
    return Component(
        name="etcd",
        command=command,
        healthy=lambda: answers(f"{clients}/health", authority, credentials.etcd_client()),
        endpoints=[(address, 2379), (address, 2380)],
        files=[pair.certificate, pair.key, authority],
    )
