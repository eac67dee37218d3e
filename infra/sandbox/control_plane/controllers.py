"""kube-controller-manager and kube-scheduler, without leader election: there is one of each."""

from infra.paths import BIN
from infra.sandbox.control_plane.api import answers
from infra.sandbox.control_plane.component import Component
from infra.sandbox.control_plane.credentials import Credentials
from infra.sandbox.instance import Instance


def controller_manager(instance: Instance) -> Component:
    """Return the instance's controller manager, with every default controller.

    The node-lifecycle controller among them lifts the not-ready taint from new nodes.
    """
    credentials = Credentials(instance)
    authority = instance.authority
    options = [
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={credentials.service_accounts().key}",
        f"--root-ca-file={authority.certificate}",
        f"--cluster-signing-cert-file={authority.certificate}",
        f"--cluster-signing-key-file={authority.key}",
        f"--cluster-name={instance.context}",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        # While etcd or the API server is down, no node can report. Its pods would then be marked as not ready, and
        # that for good: a kubelet marks them as ready again, KWOK does not.
        "--node-monitor-grace-period=24h",
    ]
    return _controller(instance, "kube-controller-manager", 10257, options)


def scheduler(instance: Instance) -> Component:
    """Return the instance's scheduler."""
    return _controller(instance, "kube-scheduler", 10259, ["--kube-api-qps=200", "--kube-api-burst=400"])


def _controller(instance: Instance, name: str, port: int, options: list[str]) -> Component:
    credentials = Credentials(instance)
    pair, authority = credentials.controllers(), instance.authority.certificate
    kubeconfig = credentials.component_kubeconfig(name, f"system:{name}")
    address = instance.addresses.controllers
    command = [
        str(BIN / name),
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        f"--bind-address={address}",
        f"--secure-port={port}",
        f"--tls-cert-file={pair.certificate}",
        f"--tls-private-key-file={pair.key}",
        "--tls-min-version=VersionTLS13",
        f"--client-ca-file={authority}",
        f"--requestheader-client-ca-file={credentials.front_proxy_authority.certificate}",
        "--leader-elect=false",
        "--profiling=false",
        *options,
    ]
    return Component(
        name=name,
        command=command,
        healthy=lambda: answers(f"https://{address}:{port}/healthz", authority),
        endpoints=[(address, port)],
        files=[pair.certificate, pair.key, authority, kubeconfig],
    )
