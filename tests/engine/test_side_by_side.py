"""Two environments of the same stack at the same time: nothing of one is known to, or changed by, the other."""

import subprocess
from collections.abc import Iterator

import psycopg
import pytest

from infra.paths import BIN
from infra.sandbox import lifecycle
from infra.sandbox.servers.postgresql import PostgreSQL
from tests.engine.conftest import silent
from tests.engine.stack import Settings, Stack


@pytest.fixture(scope="module")
def both(stack: Stack, neighbour: Stack) -> Iterator[tuple[Stack, Stack]]:
    """Both environments, brought up by two engines at the same time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PULUMI_SKIP_CHECKPOINTS", "true")  # these tests kill no update: its state is asked at the end
        engines = [each.start("up", "--yes", "--skip-preview", "--non-interactive") for each in (stack, neighbour)]
        for engine in engines:
            output, errors = engine.communicate()
            assert engine.returncode == 0, output + errors
        yield stack, neighbour


def addresses(stack: Stack) -> set[str]:
    rows = lifecycle.status(stack.workspace.instance)
    return {row.endpoint.rpartition(":")[0] for row in rows if row.endpoint}


def healthy(stack: Stack) -> bool:
    return all(row.healthy for row in lifecycle.status(stack.workspace.instance))


def kubectl(server: Stack, caller: Stack, *credentials: str) -> subprocess.CompletedProcess[str]:
    """List the namespaces of `server`, whose certificate is trusted, as `caller` would."""
    instance = server.workspace.instance
    return subprocess.run(
        [
            BIN / "kubectl",
            "--kubeconfig=/dev/null" if credentials else f"--kubeconfig={caller.workspace.instance.kubeconfig}",
            f"--server=https://{api_server(server)}",
            f"--certificate-authority={instance.authority.certificate}",
            *credentials,
            "get",
            "namespaces",
        ],
        capture_output=True,
        text=True,
        check=False,
    )


def api_server(stack: Stack) -> str:
    (endpoint,) = [row.endpoint for row in lifecycle.status(stack.workspace.instance) if row.name == "kube-apiserver"]
    return endpoint


def token(stack: Stack) -> str:
    return (stack.workspace.instance.directory / "control-plane" / "admin-token").read_text().strip()


def test_environments_share_no_address_certificate_token_or_password(both: tuple[Stack, Stack]) -> None:
    one, other = both
    assert addresses(one).isdisjoint(addresses(other))
    for certificate in ("ca.crt", "ca.key", "admin.crt", "kube-apiserver.crt", "postgresql.crt"):
        contents = {(each.workspace.instance.directory / "certificates" / certificate).read_bytes() for each in both}
        assert len(contents) == 2, certificate
    assert token(one) != token(other)
    passwords = [PostgreSQL(each.workspace.instance).environment()["PGPASSWORD"] for each in both]
    assert passwords[0] != passwords[1]
    outputs = [each.outputs() for each in both]
    urls = [{**shown["connections"], "the pool": shown["pool_connection"]} for shown in outputs]
    assert {url.partition("@")[0] for url in urls[0].values()}.isdisjoint(
        url.partition("@")[0] for url in urls[1].values()
    )


def test_a_cluster_refuses_the_other_environments_certificate_and_token(both: tuple[Stack, Stack]) -> None:
    one, other = both
    assert kubectl(one, one).returncode == 0
    assert kubectl(one, one, f"--token={token(one)}").returncode == 0
    for credentials in ((), (f"--token={token(other)}",)):
        refused = kubectl(one, other, *credentials)
        assert refused.returncode != 0
        assert "Unauthorized" in refused.stderr or "must be logged in" in refused.stderr


def test_a_database_refuses_the_other_environments_password(both: tuple[Stack, Stack]) -> None:
    one, other = both
    address = PostgreSQL(one.workspace.instance).environment()["PGHOST"]
    authority = str(one.workspace.instance.authority.certificate)
    with one.tenant("book-store"):
        pass
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(other.outputs()["connections"]["book-store"], host=address, sslrootcert=authority)
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        one.tenant("book-store", host=PostgreSQL(other.workspace.instance).environment()["PGHOST"])


def one_more(settings: Settings) -> None:
    settings["tenants"].append({"slug": "night-shop", "plan": "free"})


def urns(stack: Stack) -> set[str]:
    return {resource["urn"] for resource in stack.resources()}


def test_one_is_destroyed_whole_and_comes_back_with_a_tenant_more_which_the_other_never_sees(
    both: tuple[Stack, Stack],
) -> None:
    one, other = both
    before = urns(other)
    other.pulumi("destroy", "--yes", "--skip-preview", "--parallel", "64")
    assert other.resources() == []
    namespaces = {item["metadata"]["name"] for item in other.kubectl("get", "namespaces")["items"]}
    assert {name for name in namespaces if not name.startswith("kube-")} == {"default"}
    with other.administrator() as administrator:
        rows = administrator.execute(
            "SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' UNION"
            " SELECT datname FROM pg_database WHERE NOT datistemplate"
        ).fetchall()
    assert rows == [("postgres",)]
    other.configure(one_more)
    other.up("--parallel", "64")
    assert {urn for urn in urns(other) if "night-shop" not in urn} == before
    assert "night-shop" in other.kubectl("get", "configmap", "tenants", "-n", "tenantry")["data"]
    assert "night-shop" not in one.kubectl("get", "configmap", "tenants", "-n", "tenantry")["data"]
    one.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")


def test_stopping_one_leaves_the_other_healthy(both: tuple[Stack, Stack]) -> None:
    one, other = both
    lifecycle.down(other.workspace.instance.name, silent)
    try:
        assert not any(row.running for row in lifecycle.status(other.workspace.instance))
        assert healthy(one)
        with one.tenant("corner-shop") as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        lifecycle.up(other.workspace.instance.name, silent)
    with other.tenant("corner-shop") as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
