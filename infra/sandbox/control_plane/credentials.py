"""Who is who in an instance's control plane: certificates, kubeconfigs, the administrator's token.

Each component has an identity of its own. etcd and the front proxy have certificate authorities of their own: a client
certificate for the API must not open the database behind it, nor pass for the aggregation layer.
"""

import base64
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from infra.sandbox import files
from infra.sandbox.certificates import CertificateAuthority, KeyPair
from infra.sandbox.instance import Instance

SERVICE_RANGE = "10.96.0.0/16"
_KUBERNETES_SERVICE = "10.96.0.1"  # the API server takes the first address of the range
_ADMINISTRATORS = "system:masters"


@dataclass(frozen=True)
class Credentials:
    """The identities of one instance; issued at first use, kept with the instance.

    Args:
        instance: whose control plane it is.
    """

    instance: Instance

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return f"https://{self.instance.addresses.api_server}:6443"

    @property
    def etcd_authority(self) -> CertificateAuthority:
        """The authority that etcd trusts, and no other."""
        return CertificateAuthority(self.instance.authority.directory / "etcd")

    @property
    def front_proxy_authority(self) -> CertificateAuthority:
        """The authority of the API server's calls to aggregated API servers."""
        return CertificateAuthority(self.instance.authority.directory / "front-proxy")

    def etcd_server(self) -> KeyPair:
        """Return etcd's certificate."""
        return self.etcd_authority.issue("etcd", common_name="etcd", hosts=[self.instance.addresses.etcd])

    def etcd_client(self) -> KeyPair:
        """Return the API server's certificate towards etcd."""
        return self.etcd_authority.issue("kube-apiserver", common_name="kube-apiserver")

    def front_proxy_client(self) -> KeyPair:
        """Return the API server's certificate towards aggregated API servers."""
        return self.front_proxy_authority.issue("front-proxy-client", common_name="front-proxy-client")

    def api_server(self) -> KeyPair:
        """Return the API server's certificate."""
        service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
        hosts = [self.instance.addresses.api_server, _KUBERNETES_SERVICE, *service]
        return self.instance.authority.issue("kube-apiserver", common_name="kube-apiserver", hosts=hosts)

    def controllers(self) -> KeyPair:
        """Return the serving certificate of the processes on the controllers' address."""
        hosts = [self.instance.addresses.controllers]
        return self.instance.authority.issue("controllers", common_name="tenantry-controllers", hosts=hosts)

    def service_accounts(self) -> KeyPair:
        """Return the key pair that signs and verifies service-account tokens."""
        return self.instance.authority.issue("service-accounts", common_name="service-accounts")

    def administrator(self) -> KeyPair:
        """Return the administrator's client certificate."""
        user = f"{self.instance.context}-admin"
        return self.instance.authority.issue("admin", common_name=user, organizations=[_ADMINISTRATORS])

    def client(self, name: str, user: str) -> KeyPair:
        """Return the client certificate `name` for the Kubernetes user `user`."""
        return self.instance.authority.issue(name, common_name=user)

    def token(self) -> str:
        """Return the administrator's bearer token, made at first use."""
        path = self.instance.folder("control-plane") / "admin-token"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(32))
        return path.read_text()

    def token_file(self) -> Path:
        """Return the API server's list of static tokens: the administrator's alone."""
        path = self.instance.folder("control-plane") / "tokens.csv"
        user = f"{self.instance.context}-admin"
        write_private(path, f'{self.token()},{user},{user},"{_ADMINISTRATORS}"\n')
        return path

    @property
    def token_webhook(self) -> Path:
        """The kubeconfig of whom the API server asks about a token that it does not know; nobody without it."""
        return self.instance.folder("control-plane") / "token-webhook.kubeconfig"

    def component_kubeconfig(self, name: str, user: str) -> Path:
        """Return the kubeconfig of the component `name`, whose Kubernetes user is `user`."""
        path = self.instance.folder("control-plane") / f"{name}.kubeconfig"
        write_private(path, self._kubeconfig(self.client(name, user)))
        return path

    def write_kubeconfig(self) -> None:
        """Write the administrator's kubeconfig."""
        write_private(self.instance.kubeconfig, self._kubeconfig(self.administrator()))

    def _kubeconfig(self, identity: KeyPair) -> str:
        user = {
            "client-certificate-data": _encoded(identity.certificate),
            "client-key-data": _encoded(identity.key),
        }
        return kubeconfig(self.instance.context, self.server, self.instance.authority.certificate, user)


def kubeconfig(name: str, server: str, authority: Path, user: dict[str, str], namespace: str = "default") -> str:
    """Return a kubeconfig (JSON, which is YAML) with one cluster, one user and one context, all called `name`."""
    cluster = {"server": server, "certificate-authority-data": _encoded(authority)}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}}],
        "current-context": name,
    }
    return json.dumps(document, indent=2) + "\n"


def kubeconfig_of_webhook(url: str) -> str:
    """Return a kubeconfig that says where a webhook is: plain HTTP on loopback, by whoever has its URL."""
    name = "webhook"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": url}}],
        "users": [{"name": name, "user": {}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return json.dumps(document, indent=2) + "\n"


def write_private(path: Path, text: str) -> None:
    """Write `text` to `path` at once and with mode 0600, unless it is there already."""
    if path.exists() and path.read_text() == text and path.stat().st_mode & 0o777 == 0o600:
        return
    files.replace(path, text)


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
