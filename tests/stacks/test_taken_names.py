"""No service can be called as something else is that the platform has: an update would stop half-way."""

from pathlib import Path
from typing import Any

import pytest

from tests.examples import declared_graph, raw_declared_settings
from tests.settings.wrong import ROOT, problems_of

IMAGE = "registry.tenantry.invalid/tools@sha256:" + "3" * 64
NAMED = (":Service", ":Deployment", ":ServiceAccount")
IDENTITY = "cluster-pods-"


def everything(raw: dict[str, Any]) -> None:
    raw["database"]["pooler"] = {"image": IMAGE}
    raw["dns"] = {"zone": "shop.example.com"}
    raw["gateway"] = {"maintenance": {"image": IMAGE, "everywhere": True}}
    raw["services"]["storefront"]["hosts"] = ["shop.example.com"]


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What is called as a service's own things are, and belongs to none."""
    authority = tmp_path / "authority.pem"
    authority.write_text("an example's")
    monkeypatch.setenv("PGSSLROOTCERT", str(authority))
    graph = declared_graph(everything)
    found = {
        node.plain("metadata", "name")
        for kind in NAMED
        for node in graph.of_type(kind)
        if node.custom and node.plain("metadata", "namespace") != "tenant-department-store"  # no service is in there
    }
    found |= {
        node.name.removeprefix(IDENTITY) for node in graph.of_type(":PodIdentity") if node.name.startswith(IDENTITY)
    }
    return {name for name in found if not name.startswith("storefront")}


def test_no_service_has_the_name_of_something_else(names: set[str]) -> None:
    assert names >= {"cni", "database-pooler", "gateway-maintenance"}
    for name in names:

        def add(raw: dict[str, Any], name: str = name) -> None:
            raw["services"][name] = {**raw["services"]["storefront"], "database_connections": 0}

        (problem,) = problems_of(raw_declared_settings(add))
        assert problem.startswith(f"{ROOT}.services.{name}: the name of something else")
