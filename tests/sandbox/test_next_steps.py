"""What `sandbox up` says to type next: only what works for this stack, as it runs."""

from pathlib import Path

import pytest
import yaml

from infra.sandbox import next_steps
from infra.sandbox.instance import Status

SHELL = ["For a shell in which pulumi, aws, kubectl and psql use it:", '  eval "$(tenantry sandbox env shop)"']
THERE = "There, to reach what the stack has declared:"
KUBECTL = "  aws eks update-kubeconfig --name shop --region eu-west-1   # then kubectl"
PSQL = '  psql "$(pulumi stack output database_url --show-secrets)"'

PLACE = {"name": "shop", "region": "eu-west-1"}
DECLARED: dict[str, object] = {"version": "1.34"}
BROUGHT: dict[str, object] = {"existing": {}}


def row(name: str, *, running: bool = True) -> Status:
    return Status(name, "127.1.2.3:1", running=running, healthy=running)


RUNNING = [row("cloud"), row("EKS shop"), row("RDS shop"), row("ElastiCache cache")]


def steps(folder: Path, rows: list[Status], **sections: object) -> list[str]:
    source = folder / "Pulumi.shop.yaml"
    source.write_text(yaml.safe_dump({"config": {"tenantry:settings": sections}}))
    return next_steps.text(source, rows, "tenantry sandbox env shop").splitlines()


def test_a_declared_cluster_and_database_are_reached_by_their_names(tmp_path: Path) -> None:
    lines = steps(tmp_path, RUNNING, aws=PLACE, cluster=DECLARED, database=DECLARED)
    assert lines == [*SHELL, THERE, KUBECTL, PSQL]


def test_what_is_brought_needs_no_command(tmp_path: Path) -> None:
    assert steps(tmp_path, RUNNING, cluster=BROUGHT, database=BROUGHT) == SHELL
    assert steps(tmp_path, RUNNING, aws=PLACE, cluster=BROUGHT, database=DECLARED) == [*SHELL, THERE, PSQL]


@pytest.mark.parametrize(
    "rows", [[row("cloud")], [row("cloud"), row("EKS shop", running=False)], [row("cloud"), row("EKS another")]]
)
def test_what_does_not_run_is_not_offered(tmp_path: Path, rows: list[Status]) -> None:
    assert steps(tmp_path, rows, aws=PLACE, cluster=DECLARED, database=DECLARED) == SHELL


def test_settings_that_are_not_checked_yet_break_nothing(tmp_path: Path) -> None:
    assert steps(tmp_path, RUNNING, aws="x", cluster=[], database=None) == SHELL


def test_a_stack_with_tenants_says_how_to_connect_as_one(tmp_path: Path) -> None:
    listed = tmp_path / "stacks" / "tenants" / "shop.yaml"
    listed.parent.mkdir(parents=True)
    listed.write_text("- { slug: acme, plan: pro }\n")
    as_tenant = '  psql "$(tenantry tenants connection SLUG)"   # as a tenant: `tenantry tenants list`'
    assert steps(tmp_path, RUNNING, aws=PLACE, cluster=BROUGHT, database=DECLARED) == [*SHELL, THERE, PSQL, as_tenant]
    assert steps(tmp_path, [row("cloud")], aws=PLACE, database=DECLARED) == SHELL
