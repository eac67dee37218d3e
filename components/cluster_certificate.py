"""A wildcard certificate that cert-manager keeps in the cluster, for gateways that terminate TLS there.

Owns the issuer, the certificate and where its key is kept. Leaves cert-manager itself, and its right to write the
zone's records, to the cluster and `Dns.grant_records`. ACM's certificates cannot be mounted there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra.naming import labels

_API = "cert-manager.io/v1"
_LIFETIME = "2160h"  # 90 days, the longest that Let's Encrypt issues
_RENEWAL = "720h"  # 30 days before the end, as Let's Encrypt recommends


@dataclass(frozen=True, kw_only=True)
class ClusterCertificateArgs:
    """Arguments of `ClusterCertificate`.

    Args:
        namespace: the gateway's, where the certificate is mounted.
        zone: what it is for, with every host one label below.
        zone_id: the hosted zone; cert-manager proves there that it is ours.
        region: of AWS's API that cert-manager calls.
        server: the issuer's ACME directory.
        email: told by the issuer of trouble with the account.
        after: what cert-manager needs before it can issue: itself, and its right to write records.
    """

    namespace: pulumi.Input[str]
    zone: str
    zone_id: pulumi.Input[str]
    region: str
    server: str
    email: str
    after: tuple[pulumi.Resource, ...] = ()


class ClusterCertificate(pulumi.ComponentResource):
    """Renewed by cert-manager 30 days before its end; its key never leaves the cluster.

    Its end is a metric inside of the cluster, which CloudWatch does not see: `CertificateWatch` reads it there.
    """

    certificate: str
    """The certificate's name in Kubernetes, in the gateway's namespace."""

    secret: pulumi.Output[str]
    """The Kubernetes secret with key and certificate, in the gateway's namespace."""

    def __init__(self, name: str, args: ClusterCertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:dns:ClusterCertificate", name, None, opts)
        self._name = name
        self._args = args
        issuer = self._issuer()
        self.secret = pulumi.Output.from_input(f"{name}-tls")
        self.certificate = self._certificate(issuer)
        self.register_outputs({"certificate": self.certificate, "secret": self.secret})

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(self._args.after))

    def _object(self, role: str, kind: str, namespace: pulumi.Input[str] | None, spec: Mapping[str, object]) -> str:
        name = f"{self._name}-{role}"
        metadata: dict[str, pulumi.Input[object]] = {"name": name, "labels": labels(name, "dns")}
        if namespace is not None:
            metadata["namespace"] = namespace
        kubernetes.apiextensions.CustomResource(
            name, api_version=_API, kind=kind, metadata=metadata, spec=dict(spec), opts=self._child()
        )
        return name

    def _issuer(self) -> str:
        args = self._args
        solver = {
            "dns01": {"route53": {"region": args.region, "hostedZoneID": args.zone_id}},
            "selector": {"dnsZones": [args.zone]},
        }
        account = {"name": f"{self._name}-account"}  # of the issuer; kept in cert-manager's own namespace
        acme = {"server": args.server, "email": args.email, "privateKeySecretRef": account, "solvers": [solver]}
        return self._object("issuer", "ClusterIssuer", None, {"acme": acme})

    def _certificate(self, issuer: str) -> str:
        spec = {
            "secretName": self.secret,
            "dnsNames": [self._args.zone, f"*.{self._args.zone}"],
            "issuerRef": {"name": issuer, "kind": "ClusterIssuer", "group": "cert-manager.io"},
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
            "duration": _LIFETIME,
            "renewBefore": _RENEWAL,
        }
        return self._object("certificate", "Certificate", self._args.namespace, spec)
