"""Who gets in: verified TLS, no anonymous request, RBAC, Pod Security, a database that only the API server opens."""

import ssl

import httpx
import pytest
from kubernetes import client, config

from infra.sandbox.control_plane.api import ApiClient, ApiError, answers, tls_context
from infra.sandbox.control_plane.control_plane import ControlPlane
from infra.sandbox.control_plane.credentials import Credentials
from tests.sandbox.control_plane.conftest import Namespace, open_namespace

_RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


def test_the_kubeconfig_is_private_and_verifies_with_the_official_client(control_plane: ControlPlane) -> None:
    instance = control_plane.instance
    assert instance.kubeconfig.stat().st_mode & 0o777 == 0o600
    contexts, active = config.list_kube_config_contexts(str(instance.kubeconfig))
    assert active["name"] == instance.context
    assert len(contexts) == 1
    connection = config.new_client_from_config(str(instance.kubeconfig), context=instance.context)
    assert connection.configuration.verify_ssl
    assert len(client.CoreV1Api(connection).list_node().items) == 3


def test_a_client_without_the_authority_refuses_the_server(control_plane: ControlPlane) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{Credentials(control_plane.instance).server}/version", verify=ssl.create_default_context())


def test_an_anonymous_client_gets_no_resource(control_plane: ControlPlane) -> None:
    anonymous = ApiClient(Credentials(control_plane.instance).server, control_plane.instance.authority.certificate)
    with pytest.raises(ApiError) as refusal:
        anonymous.get("/api/v1/namespaces")
    assert refusal.value.status == 401


def test_the_administrators_token_opens_this_instance(control_plane: ControlPlane) -> None:
    context = tls_context(control_plane.instance.authority.certificate)
    url = f"{Credentials(control_plane.instance).server}/api/v1/namespaces"
    answer = httpx.get(url, verify=context, headers={"Authorization": f"Bearer {control_plane.token()}"})
    assert answer.status_code == 200
    wrong = httpx.get(url, verify=context, headers={"Authorization": "Bearer something-else"})
    assert wrong.status_code == 401


def test_a_service_account_without_rights_is_refused(control_plane: ControlPlane, namespace: Namespace) -> None:
    path = namespace.path("serviceaccounts", "default/token")
    token = namespace.api.create(path, {"spec": {"expirationSeconds": 600}})["status"]["token"]
    answer = httpx.get(
        f"{Credentials(control_plane.instance).server}{namespace.path('secrets')}",
        verify=tls_context(control_plane.instance.authority.certificate),
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 403


def test_a_restricted_namespace_refuses_a_privileged_pod(api: ApiClient) -> None:
    namespace = open_namespace(api, _RESTRICTED)
    container = {"name": "main", "image": "example", "securityContext": {"privileged": True}}
    with pytest.raises(ApiError, match="violates PodSecurity"):
        namespace.create("pods", "privileged", spec={"containers": [container]})


def test_etcd_refuses_clients_that_are_not_the_api_server(control_plane: ControlPlane) -> None:
    credentials = Credentials(control_plane.instance)
    url = f"https://{control_plane.instance.addresses.etcd}:2379/health"
    authority = credentials.etcd_authority.certificate
    assert answers(url, authority, credentials.etcd_client())
    assert not answers(url, authority)
    assert not answers(url, authority, credentials.administrator())


def test_every_process_listens_on_the_instances_addresses_alone(control_plane: ControlPlane) -> None:
    import psutil

    prefix = control_plane.instance.addresses.prefix
    rows = {row.name: row for row in control_plane.status()}
    assert all(row.running and row.healthy for row in rows.values()), rows
    for name in rows:
        process = control_plane.instance.daemon(name).process()
        assert process is not None
        listening = [it.laddr for it in process.net_connections(kind="inet") if it.status == psutil.CONN_LISTEN]
        assert all(address.ip.startswith(f"{prefix}.") for address in listening), name
        assert bool(listening) == (name != "host-runner")


def test_profiling_is_off(control_plane: ControlPlane, api: ApiClient) -> None:
    with pytest.raises(ApiError) as refusal:
        api.get("/debug/pprof/")
    assert refusal.value.status == 404
