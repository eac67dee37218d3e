"""Sandbox instances with a stack of the real program: made once, deleted when a worker leaves this folder's tests."""

import os
from collections.abc import Collection, Iterator

import pytest

from infra.sandbox import lifecycle, pulumi
from infra.sandbox.environment import Workspace
from tests.engine.services import Services, two_services
from tests.engine.stack import Settings, Stack, storefront_alone

# Their assertions are explained as a test's own are.
pytest.register_assert_rewrite("tests.engine.consistency", "tests.engine.declared", "tests.engine.interruption")

from tests.engine.declared import DeclaredStack, make_declared, smaller  # noqa: E402 - the line above has to come first
from tests.engine.fleet import Onboarded, onboard, two_hundred  # noqa: E402 - the same


def silent(_line: str) -> None:
    """Receive progress that no test looks at."""


def make_stack(name: str, servers: Collection[str] | None = None) -> Stack:
    """Start the instance `name` with a fresh stack `local` that nothing has been applied to.

    It is on a cluster and a database that it brings, the instance's own, as they are there in seconds; what it declares
    itself is for `test_declared_platform`.

    Args:
        name: the instance's.
        servers: names of what the instance is made of; all by default.
    """
    workspace = Workspace(lifecycle.up(name, silent, servers), "local")
    workspace.prepare()
    pulumi.ensure_stack(workspace)
    stack = Stack(workspace)
    stack.configure(brought)
    return stack


def brought(settings: Settings) -> None:
    """Let a stack bring its cluster and its database, and declare nothing in AWS."""
    in_aws = ("aws", "network", "redis", "storage", "registry", "dns", "edge", "secrets", "queues", "budget", "audit")
    for section in (*in_aws, "gateway", "tenancy"):
        settings.pop(section, None)
    storefront_alone(settings)
    for service in settings["services"].values():  # without a zone no host is routed
        for field in ("hosts", "tenant_hosts", "buckets", "queues"):
            service.pop(field, None)
        service["startup_seconds"] = 5  # a test waits for a slot as briefly as it can
        service["resources"] = {"memory_limit": "128Mi"}  # as much as is requested: a test scales it by its use
    settings["cluster"] = {"existing": {"context": "tenantry-sandbox"}}
    settings["database"] = {"existing": {}}


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """The stack that most engine tests share; a test leaves it applied and without changes."""
    made = make_stack("test-engine")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PULUMI_SKIP_CHECKPOINTS", "true")  # nobody kills this one
            made.up()
        yield made
    finally:
        lifecycle.down("test-engine", silent, delete=True)


@pytest.fixture(scope="package")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """The small stack of tests that look at services alone; each applies the settings that it begins with."""
    made = make_stack("test-services", ["control plane", "postgresql"])
    try:
        made.configure(two_services)
        yield Services(made.workspace, tmp_path_factory.mktemp("services"), made.settings())
    finally:
        lifecycle.down("test-services", silent, delete=True)


@pytest.fixture(scope="package")
def fleet() -> Iterator[Onboarded]:
    """Two hundred tenants, onboarded by an update that was killed half-way and one that completed it; look only."""
    made = make_stack("test-fleet", ["control plane", "postgresql"])
    try:
        made.configure(two_hundred)
        yield onboard(made)
    finally:
        lifecycle.down("test-fleet", silent, delete=True)


@pytest.fixture(scope="package")
def neighbour() -> Iterator[Stack]:
    """A second environment, side by side with the first."""
    made = make_stack("test-neighbour")
    try:
        yield made
    finally:
        lifecycle.down("test-neighbour", silent, delete=True)


@pytest.fixture(scope="package")
def battered() -> Iterator[Stack]:
    """The stack that tests interrupt, kill and crash; nothing has been applied to it at first."""
    made = make_stack("test-battered")
    try:
        yield made
    finally:
        lifecycle.down("test-battered", silent, delete=True)


@pytest.fixture
def applied(battered: Stack) -> Stack:
    """The battered stack, applied; unlocked, if an earlier test failed in mid-update."""
    battered.pulumi("cancel", "--yes", expect=None)
    if not battered.resources():
        battered.up()
    return battered


@pytest.fixture(scope="package")
def declared() -> Iterator[DeclaredStack]:
    """The stack on a cluster, a database and Redis that it declares; nothing has been applied to it at first."""
    # One for each worker of pytest's: two groups of tests that use it may run at once.
    name = f"test-declared-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    made = make_declared(name)
    made.configure(smaller)
    try:
        yield made
    finally:
        lifecycle.down(name, silent, delete=True)


@pytest.fixture(scope="module")
def declared_applied(declared: DeclaredStack) -> Iterator[DeclaredStack]:
    """The declared stack, applied; unlocked, if a test of an earlier file failed in mid-update."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PULUMI_SKIP_CHECKPOINTS", "true")  # these tests kill no update: its state is asked at the end
        declared.pulumi("cancel", "--yes", expect=None)
        if not declared.resources():
            declared.up()
        yield declared
