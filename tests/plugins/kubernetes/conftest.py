"""One real control plane for the plugin's tests, a running plugin, and a namespace for each test."""

import os
import shutil
import uuid
from collections.abc import Iterator

import pytest

from infra.sandbox.control_plane.control_plane import ControlPlane
from infra.sandbox.instance import create
from tests.plugins.client import Plugin, running
from tests.plugins.kubernetes.cluster import MODULE, Cluster


@pytest.fixture(scope="package")
def control_plane() -> Iterator[ControlPlane]:
    instance = create(f"test-k8s-{os.getpid()}")
    instance.authority.ensure()
    plane = ControlPlane(instance)
    try:
        plane.start(lambda _line: None)
        yield plane
    finally:
        plane.stop()
        shutil.rmtree(instance.directory, ignore_errors=True)


@pytest.fixture(scope="package")
def plugin(control_plane: ControlPlane) -> Iterator[Plugin]:
    """A configured plugin that tests share."""
    with running(MODULE) as started:
        started.configure(kubeconfig=str(control_plane.instance.kubeconfig))
        yield started


@pytest.fixture
def cluster(control_plane: ControlPlane, plugin: Plugin) -> Iterator[Cluster]:
    """A namespace of the test's own, which goes with the control plane: the end of one costs hundreds of requests."""
    api = control_plane.api()
    cluster = Cluster(api, plugin, f"test-{uuid.uuid4().hex[:8]}", control_plane.instance.kubeconfig)
    api.create("/api/v1/namespaces", {"metadata": {"name": cluster.namespace}})
    cluster.eventually(lambda: cluster.live("serviceaccounts", "default"), "the default service account")
    yield cluster
    api.close()
