"""Which service reads which secret, and what rolls when one is rotated."""

import copy
import json
from typing import Any

import pytest

from tests.examples import SECRETS, declared_graph
from tests.harness import Graph

SLOT = "@sha256:" + "1" * 64


def graph(**rotated_at: str) -> Graph:
    """Return an environment of three services, after secrets were rotated."""

    def change(raw: dict[str, Any]) -> None:
        for name in ("api", "worker"):
            slots = {"blue": {"image": f"registry.tenantry.invalid/{name}{SLOT}"}}
            raw["services"][name] = {"port": 3001, "active": "blue", "slots": slots}
        raw["database"]["max_connections"] = 1500
        raw["aws"]["recovery_region"] = "eu-west-1"
        raw["secrets"] = copy.deepcopy(SECRETS)
        raw["secrets"]["generated"]["jwt"]["services"] = ["api", "storefront"]
        raw["secrets"]["external"]["payment"]["services"] = ["api"]
        for name, moment in rotated_at.items():
            kind = "generated" if name in SECRETS["generated"] else "external"
            raw["secrets"][kind][name]["rotated_at"] = moment

    return declared_graph(change)


@pytest.fixture(scope="module")
def declared() -> Graph:
    return graph()


def template(graph: Graph, service: str) -> dict[str, Any]:
    found: dict[str, Any] = graph.named(f"{service}-blue").plain("spec", "template")
    return found


def checksums(graph: Graph) -> dict[str, str]:
    found = {name: template(graph, name)["metadata"]["annotations"] for name in ("api", "storefront", "worker")}
    return {name: annotations["tenantry.dev/environment-checksum"] for name, annotations in found.items()}


def test_every_secret_is_named_after_the_environment_and_copied_to_its_recovery_region(declared: Graph) -> None:
    secrets = {name: declared.named(f"secret-{name}-secret") for name in ("jwt", "payment")}
    assert {node.plain("name") for node in secrets.values()} == {"shop/jwt", "shop/payment"}
    for node in secrets.values():
        assert [replica["region"] for replica in node.plain("replicas")] == ["eu-west-1"]
    assert declared.named("secrets-copy-encryption-key").plain("region") == "eu-west-1"
    assert "region" not in declared.named("secrets-encryption-key").inputs


def test_a_service_may_read_its_own_secrets_alone(declared: Graph) -> None:
    grants = {node.name for node in declared.of_type(":RoleGrant") if node.name.startswith("secret-")}
    assert grants == {"secret-jwt-api-reads", "secret-payment-api-reads", "secret-jwt-storefront-reads"}
    for service in ("api", "storefront"):
        role = declared.named(f"cluster-pods-{service}-role")
        assert declared.reaches(declared.named(f"secret-jwt-{service}-reads-attachment"), role)


def test_a_services_pods_have_an_account_of_their_own(declared: Graph) -> None:
    for service in ("api", "storefront", "worker"):
        assert template(declared, service)["spec"]["serviceAccountName"] == service
        association = declared.named(f"cluster-pods-{service}-association")
        assert association.plain("serviceAccount") == service
        assert association.plain("namespace") == declared.named("platform-namespace").plain("metadata", "name")
        assert declared.reaches(declared.named(f"{service}-blue"), association)


def test_secrets_are_files_of_the_services_that_read_them(declared: Graph) -> None:
    pod = template(declared, "api")["spec"]
    (volume,) = [volume for volume in pod["volumes"] if "csi" in volume]
    assert volume["csi"]["driver"] == "secrets-store.csi.k8s.io"
    assert volume["csi"]["volumeAttributes"] == {"secretProviderClass": "api"}
    (container,) = pod["containers"]
    (mount,) = [mount for mount in container["volumeMounts"] if mount["name"] == volume["name"]]
    assert mount["readOnly"]
    assert container["env"] == [{"name": "SECRETS_DIRECTORY", "value": mount["mountPath"]}]
    assert declared.reaches(declared.named("api-blue"), declared.named("secret-payment-api-reads-attachment"))


def test_a_service_without_secrets_mounts_none(declared: Graph) -> None:
    pod = template(declared, "worker")["spec"]
    assert [volume["name"] for volume in pod["volumes"]] == ["tmp", "config-flags", "config-tenants"]
    assert "env" not in pod["containers"][0]
    assert {node.name for node in declared.of_type(":SecretProviderClass")} == {
        "api-secrets-class",
        "storefront-secrets-class",
    }


def test_no_value_of_a_secret_is_in_anything_of_kubernetes(declared: Graph) -> None:
    values = {node.plain("secretString") for node in declared.of_type(":SecretVersion") if "jwt" in node.name}
    assert len(values) == 1
    for node in declared.nodes.values():
        if node.type.startswith("kubernetes:"):
            assert not [value for value in values if value in json.dumps(node.plain(), default=str)], node.name


def test_a_rotation_rolls_the_pods_that_read_the_secret_and_no_other(declared: Graph) -> None:
    before, after = checksums(declared), checksums(graph(payment="2026-12-01T00:00:00Z"))
    assert {name for name in before if before[name] != after[name]} == {"api"}


def test_a_rotation_moves_the_day_that_the_alarm_waits_for(declared: Graph) -> None:
    def due(graph: Graph) -> str:
        expression: str = graph.named("rotation-payment-alarm").plain("metricQueries", 1, "expression")
        return expression

    assert due(declared) != due(graph(payment="2026-12-01T00:00:00Z"))
    assert (
        declared.named("rotation-jwt-alarm").plain("alarmDescription").endswith("`tenantry secrets rotate mocked jwt`")
    )


def test_a_rotation_of_a_generated_secret_draws_it_anew() -> None:
    drawn = graph(jwt="2026-12-01T00:00:00Z").named("secret-jwt-value")
    assert drawn.plain("keepers") == {"rotated_at": "2026-12-01T00:00:00Z"}


def test_an_environment_without_secrets_has_no_key_for_them() -> None:
    names = [node.name for node in declared_graph().nodes.values()]
    assert not [name for name in names if name.startswith(("secrets-", "secret-", "rotation-"))]


def test_copies_of_another_environment_are_read_and_nothing_is_made() -> None:
    def change(raw: dict[str, Any]) -> None:
        secrets = copy.deepcopy(SECRETS)
        for section in (secrets["generated"]["jwt"], secrets["external"]["payment"]):
            section["services"] = ["storefront"]
        raw["secrets"] = {**secrets, "copies_of": "shop-production"}

    found = declared_graph(change)
    assert not [node.name for node in found.of_type("secret:Secret") if node.name.startswith("secret-")]
    assert not [node.name for node in found.nodes.values() if node.name.startswith(("secrets-", "rotation-"))]
    fetched = json.loads(found.named("storefront-secrets-class").plain("spec", "parameters", "objects"))
    assert [entry["objectName"] for entry in fetched] == ["shop-production/jwt", "shop-production/payment"]
    read, decrypt = json.loads(found.named("secret-jwt-storefront-reads-policy").plain("policy"))["Statement"]
    stored = "123456789012:secret:shop-production/jwt-??????"
    assert read["Resource"] == [f"arn:aws:secretsmanager:eu-central-1:{stored}"]
    assert decrypt["Condition"]["StringLike"] == {
        "kms:EncryptionContext:SecretARN": f"arn:aws:secretsmanager:*:{stored}"
    }
