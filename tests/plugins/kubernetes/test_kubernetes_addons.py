"""Objects of the kinds that add-ons bring: kept by the cluster and checked in a preview, though no controller runs."""

from typing import Any

import pytest

from tests.plugins.client import Refused
from tests.plugins.kubernetes.cluster import Cluster

_ACME = {
    "server": "https://acme.example.invalid/directory",
    "email": "platform@example.com",
    "privateKeySecretRef": {"name": "account"},
    "solvers": [{"dns01": {"route53": {"region": "eu-central-1"}}}],
}
_HOSTS = {"secretName": "shop-tls", "dnsNames": ["*.shop.example.com"], "issuerRef": {"name": "shop"}}
_FILES = {"provider": "aws", "parameters": {"objects": "- objectName: shop", "usePodIdentity": "true"}}

CASES: list[tuple[str, str, dict[str, Any], dict[str, Any], str]] = [
    ("cert-manager.io/v1", "Issuer", {"acme": _ACME}, {"acme": {**_ACME, "server": 7}}, "server"),
    ("cert-manager.io/v1", "Certificate", _HOSTS, {"dnsNames": ["shop.example.com"]}, "issuerRef"),
    ("secrets-store.csi.x-k8s.io/v1", "SecretProviderClass", _FILES, {**_FILES, "parameters": "none"}, "parameters"),
]


@pytest.mark.parametrize(("version", "kind", "spec", "wrong", "told"), CASES, ids=[case[1] for case in CASES])
def test_an_object_of_an_add_on_is_checked_in_the_preview_and_kept(
    cluster: Cluster, version: str, kind: str, spec: dict[str, Any], wrong: dict[str, Any], told: str
) -> None:
    thing = cluster.object(f"kubernetes:{version}:{kind}", "shop")
    given = {"apiVersion": version, "kind": kind, "metadata": cluster.meta("shop")}
    assert thing.preview(**given, spec=spec)["spec"].keys() >= spec.keys()
    with pytest.raises(Refused, match=told):
        thing.preview(**given, spec=wrong)
    thing.create(**given, spec=spec)
    assert thing.refresh() == set()
    thing.delete()
    assert thing.refresh() == {"gone"}


def test_an_issuer_for_the_whole_cluster_has_no_namespace(cluster: Cluster) -> None:
    name = f"issuer-{cluster.namespace}"
    thing = cluster.object("kubernetes:cert-manager.io/v1:ClusterIssuer", "issuer")
    given = {"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": {"name": name}}
    thing.create(**given, spec={"acme": _ACME})
    assert thing.id == name
    thing.delete()
