"""PostgreSQL for every kind of caller: root, root without user namespaces, an ordinary user, one without a name."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.errors import TenantryError
from infra.sandbox.addresses import free_block
from infra.sandbox.servers import identity
from infra.sandbox.servers.identity import Identity, ordinary
from infra.sandbox.servers.postgresql import PostgreSQL
from infra.sandbox.servers.wheels import postgresql_bin
from tests.sandbox.servers.harness import TestInstance, connect, quiet

AS_ROOT = os.geteuid() == 0

SCRIPT = """
import os, pathlib, sys
from infra.errors import TenantryError
from infra.sandbox.addresses import AddressBlock
from infra.sandbox.servers.postgresql import PostgreSQL
from infra.sandbox.servers.valkey import Valkey
from tests.sandbox.servers.harness import TestInstance, client, connect, family, quiet
instance = TestInstance("someone", AddressBlock(sys.argv[2]), pathlib.Path(sys.argv[1]))
postgresql, valkey = PostgreSQL(instance), Valkey(instance)
try:
    postgresql.start(quiet)
    valkey.start(quiet)
    with connect(postgresql) as connection:
        connection.execute("create table if not exists visits as select 1")
    client(valkey).ping()
    print(os.geteuid(), postgresql.cluster.data.stat().st_uid, {p.uids().real for p in family(instance)})
except TenantryError as error:
    print("refused:", error)
for server in (postgresql, valkey):
    try:
        server.stop()
    except TenantryError as error:
        print("refused:", error)
print(family(instance))
"""


def _run(prefix: list[str], root: Path, prefix_of_addresses: str) -> list[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [*prefix, sys.executable, "-c", SCRIPT, str(root), prefix_of_addresses]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=200)
    assert run.stderr == ""
    return run.stdout.splitlines()


def _someone_else(user: int) -> list[str]:
    """A prefix for a command of another user, who may look into folders so as to find Python, but not write."""
    capability = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *capability, "--"] if AS_ROOT else []


@pytest.fixture
def somewhere() -> Iterator[Path]:
    """A folder below which every user may have one; the folders of pytest are its caller's alone."""
    with tempfile.TemporaryDirectory(prefix="tenantry servers ") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("user", [1, 54321], ids=["with a name", "without a name"])
def test_it_runs_for_an_ordinary_user(somewhere: Path, user: int) -> None:
    expected = user if AS_ROOT else os.geteuid()
    os.chown(somewhere, expected, -1)
    lines = _run(_someone_else(user), somewhere, free_block(str(somewhere), frozenset()).prefix)
    assert lines == [f"{expected} {expected} {{{expected}}}", "[]"]


def test_files_of_another_user_are_one_clear_line(own: TestInstance) -> None:
    own.directory.mkdir(mode=0o755)
    if AS_ROOT:
        assert _run([], own.directory, own.addresses.prefix)[0].startswith("0 ")
    else:
        own.directory.chmod(0o555)
    lines = _run(_someone_else(1), own.directory, own.addresses.prefix)
    assert lines[0].startswith("refused: the files belong to another user or are read-only")


def test_root_needs_no_user_namespaces_and_may_change_its_way(
    own: TestInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = [way for way in identity._ways(os.geteuid()) if identity._works(way, postgresql_bin() / "postgres")]
    assert ways
    postgresql = PostgreSQL(own)
    for way in [*ways, *reversed(ways)]:
        monkeypatch.setattr("infra.sandbox.servers.cluster.ordinary", lambda _program, way=way: way)
        postgresql.start(quiet)
        with connect(postgresql) as connection:
            connection.execute("create table if not exists kept as select 42")
            assert connection.execute("select * from kept").fetchone() == (42,)
        assert postgresql.cluster.data.stat().st_uid == way.owner
        server = postgresql.cluster.daemon.process()
        assert server is not None
        assert server.name() == "postgres"
        postgresql.stop()
    assert not AS_ROOT or {way.prefix[0] for way in ways} >= {"setpriv"}


def test_a_machine_where_nothing_works_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(identity, "_ways", lambda _user: [Identity(("false",), 0), Identity(("no-such-program",), 0)])
    with pytest.raises(TenantryError, match=r"refuses to run as root.*run the sandbox as an ordinary user"):
        ordinary(postgresql_bin() / "postgres")
