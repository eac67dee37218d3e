"""kube-apiserver: RBAC and Node authorisation, Pod Security admission, no anonymous request, TLS 1.3."""

from pathlib import Path

from infra.paths import BIN
from infra.sandbox.certificates import KeyPair
from infra.sandbox.control_plane.api import answers
from infra.sandbox.control_plane.component import Component
from infra.sandbox.control_plane.credentials import SERVICE_RANGE, Credentials
from infra.sandbox.instance import Instance


def api_server(instance: Instance) -> Component:
    """Return the instance's API server; its default admission plug-ins include Pod Security."""
    credentials = Credentials(instance)
    address = instance.addresses.api_server
    pair, accounts, tokens = credentials.api_server(), credentials.service_accounts(), credentials.token_file()
    authority, etcd_authority = instance.authority.certificate, credentials.etcd_authority.certificate
    etcd_client = credentials.etcd_client()
    command = [
        str(BIN / "kube-apiserver"),
        f"--bind-address={address}",
        "--secure-port=6443",
        f"--advertise-address={address}",
        "--endpoint-reconciler-type=none",  # an Endpoints object refuses loopback addresses
        f"--etcd-servers=https://{instance.addresses.etcd}:2379",
        f"--etcd-cafile={etcd_authority}",
        f"--etcd-certfile={etcd_client.certificate}",
        f"--etcd-keyfile={etcd_client.key}",
        f"--tls-cert-file={pair.certificate}",
        f"--tls-private-key-file={pair.key}",
        "--tls-min-version=VersionTLS13",
        f"--client-ca-file={authority}",
        f"--token-auth-file={tokens}",
        "--anonymous-auth=false",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",  # as everywhere; Pod Security decides by namespace
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        *_service_accounts(accounts),
        "--profiling=false",
        *_front_proxy(credentials),
        *_token_webhook(credentials),
    ]
    files = [pair.certificate, pair.key, authority, etcd_authority, etcd_client.key, tokens, accounts.key]
    identity = credentials.administrator()
    return Component(
        name="kube-apiserver",
        command=command,
        healthy=lambda: answers(f"{credentials.server}/readyz", authority, identity),
        endpoints=[(address, 6443)],
        files=[*files, *_webhooks(credentials)],
        grace=3.0,  # it waits for open watches; what it acknowledged is in etcd
    )


def _service_accounts(pair: KeyPair) -> list[str]:
    return [
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pair.certificate}",
        f"--service-account-signing-key-file={pair.key}",
    ]


def _front_proxy(credentials: Credentials) -> list[str]:
    client = credentials.front_proxy_client()
    return [
        f"--requestheader-client-ca-file={credentials.front_proxy_authority.certificate}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={client.certificate}",
        f"--proxy-client-key-file={client.key}",
    ]


def _token_webhook(credentials: Credentials) -> list[str]:
    return [
        option
        for path in _webhooks(credentials)
        for option in (
            f"--authentication-token-webhook-config-file={path}",
            "--authentication-token-webhook-version=v1",
            "--authentication-token-webhook-cache-ttl=2s",  # a changed access entry counts soon
        )
    ]


def _webhooks(credentials: Credentials) -> list[Path]:
    return [credentials.token_webhook] if credentials.token_webhook.exists() else []
