"""Where requests from outside come in: a Gateway of Gateway API, with what sends plain HTTP to HTTPS.

Owns the listeners. Leaves what answers requests to `Routes`, the certificate to its owner, and what a Gateway is made
of (a load balancer, proxies) to the cluster's GatewayClass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra.naming import labels

API = "gateway.networking.k8s.io/v1"

_PLAIN = "http"
_ZONE = "zone"
_HOSTS = "hosts"


@dataclass(frozen=True, kw_only=True)
class GatewayArgs:
    """Arguments of `Gateway`.

    Args:
        namespace: the Kubernetes namespace of gateway, routes and services.
        class_name: the cluster's GatewayClass.
        zone: what the certificate is for, with every host one label below.
        certificate: the Kubernetes secret with it; None where the class finds it by the listeners' hosts.
        after: what must be there first, as a certificate that is to be found.
    """

    namespace: pulumi.Input[str]
    class_name: str
    zone: str
    certificate: pulumi.Input[str] | None = None
    after: Sequence[pulumi.Resource] = ()


class Gateway(pulumi.ComponentResource):
    """Plain HTTP is answered with the same address by HTTPS and nothing else; routes are those of its own namespace."""

    gateway: str
    """Its name in Kubernetes."""

    listening: pulumi.Resource
    """The Gateway itself, which routes come after."""

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:gateway:Gateway", name, None, opts)
        self._name = name
        self._args = args
        self.gateway = name
        listeners = [
            self._listener(_PLAIN, protocol="HTTP", port=80),
            self._secure(_ZONE, args.zone),
            self._secure(_HOSTS, f"*.{args.zone}"),
        ]
        spec = {"gatewayClassName": args.class_name, "listeners": listeners}
        self.listening = self._object("entry", "Gateway", name, spec, args.after)
        self._object("redirect", "HTTPRoute", f"{name}-redirect", self._redirect(), [self.listening])
        self.register_outputs({"gateway": self.gateway})

    def parents(self, hosts: Sequence[str]) -> list[Mapping[str, str]]:
        """Return what a route says that it belongs to: the listeners with a certificate for its hosts.

        Args:
            hosts: whole names in the zone, or a wildcard.
        """
        apart = {_ZONE if host == self._args.zone else _HOSTS for host in hosts}
        return [self._parent(listener) for listener in sorted(apart)]

    def _parent(self, listener: str) -> Mapping[str, str]:
        return {"name": self.gateway, "sectionName": listener}

    def _listener(self, listener: str, **what: object) -> dict[str, object]:
        return {"name": listener, "allowedRoutes": {"namespaces": {"from": "Same"}}, **what}

    def _secure(self, listener: str, host: str) -> dict[str, object]:
        secure = self._listener(listener, protocol="HTTPS", port=443, hostname=host)
        if self._args.certificate is not None:
            secret = {"kind": "Secret", "name": self._args.certificate}
            secure["tls"] = {"mode": "Terminate", "certificateRefs": [secret]}
        return secure

    def _redirect(self) -> Mapping[str, object]:
        to_https = {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}
        return {"parentRefs": [self._parent(_PLAIN)], "rules": [{"filters": [to_https]}]}

    def _object(
        self, role: str, kind: str, name: str, spec: Mapping[str, object], after: Sequence[pulumi.Resource]
    ) -> pulumi.Resource:
        return kubernetes.apiextensions.CustomResource(
            f"{self._name}-{role}",
            api_version=API,
            kind=kind,
            metadata={"name": name, "namespace": self._args.namespace, "labels": labels(name, "gateway")},
            spec=dict(spec),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )
