"""Staging and production, as this project has them: every difference is meant, and the list holds nothing else."""

import copy
import datetime
from pathlib import Path

import pytest

from infra.gate import parity_file
from infra.gate.parity import Comparison, Difference, compared
from infra.gate.parity_file import ParityFile
from infra.settings import SETTINGS_KEY, checking, stack_file
from infra.settings.list_file import ListFile
from infra.settings.stack_file import StackFile

TODAY = datetime.date(2026, 11, 22)

LINES = [
    (position, number)
    for position, entry in enumerate(parity_file.read().entries)
    for number in range(len(entry.allowed))
]


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    files = [stack_file.read(stack_file.source_of(stack)) for stack in ("staging", "production")]
    return compared((files[0], files[1]), tuple(checking.settings_of(file.path) for file in files))  # type: ignore[arg-type]


def without(listed: ParityFile, position: int, number: int) -> ParityFile:
    """Return the list without one line."""
    entries = list(listed.entries)
    kept = tuple(line for index, line in enumerate(entries[position].allowed) if index != number)
    entries[position] = entries[position].model_copy(update={"allowed": kept})
    return ParityFile(ListFile(Path(), "", "", ()), entries)


def test_every_difference_of_staging_and_production_is_allowed(comparison: Comparison) -> None:
    judgement = parity_file.read().judge(comparison, TODAY)
    assert [*judgement.refused, *map(str, judgement.faults)] == []
    assert len(comparison.differences) > 100
    assert min(comparison.resources) > 500


@pytest.mark.parametrize(("position", "number"), LINES)
def test_without_one_line_the_differences_that_it_allowed_are_named(
    comparison: Comparison, position: int, number: int
) -> None:
    listed = parity_file.read()
    line = listed.entries[position].allowed[number]
    refused = without(listed, position, number).judge(comparison, TODAY).refused
    assert refused, f"{line} allows only what others allow: one of them is of no use"
    assert all(line.allows(difference) for difference in refused)


@pytest.mark.parametrize(
    "change",
    [
        Difference("aws:rds/instance:Instance", "database-instance", "storageEncrypted", {"production": True}),
        Difference("aws:rds/instance:Instance", "database-instance", "options:protect", {"production": True}),
        Difference("aws:rds/instance:Instance", "database-instance", "multiAz", {"staging": True, "production": False}),
        Difference("kubernetes:apps/v1:Deployment", "audit-trail", values={"production": {}}),
        Difference("kubernetes:apps/v1:Deployment", "api-blue", values={"staging": {}}),
        Difference("aws:ec2/subnet:Subnet", "network-data-{region}c", values={"staging": {}}),
        Difference("kubernetes:apps/v1:Deployment", "api-blue", "spec.replicas", {"staging": 3, "production": 1}),
        Difference(
            "kubernetes:networking.k8s.io/v1:NetworkPolicy",
            "policies-service-api",
            "spec.egress[1].to[0].ipBlock.cidr",
            {"staging": "0.0.0.0/0", "production": "203.0.113.0/26"},
        ),
    ],
)
def test_the_list_does_not_allow_what_nobody_meant(comparison: Comparison, change: Difference) -> None:
    assert change not in comparison.differences
    worse = Comparison(comparison.stacks, comparison.resources, (*comparison.differences, change))
    assert list(parity_file.read().judge(worse, TODAY).refused) == [change]


def test_the_list_is_short_enough_to_be_read() -> None:
    entries = parity_file.read().entries
    assert sum(len(entry.allowed) for entry in entries) <= 60
    assert all(len(entry.reason) > 20 for entry in entries)


def test_tenants_that_come_and_go_need_no_new_line(tmp_path: Path) -> None:
    listed = tmp_path / "tenants.yaml"
    listed.write_text(
        """\
        - { slug: apple-shop, plan: free, domains: [apple.example] }
        - { slug: big-mart, plan: enterprise, domains: [shop.bigmart.example], features: { wishlist: false } }
        - { slug: garden-tools, plan: free }
        - { slug: pro-shop, plan: pro }
        """,
        encoding="utf-8",
    )
    staging, production = (stack_file.read(stack_file.source_of(stack)) for stack in ("staging", "production"))
    content = copy.deepcopy(production.content)
    content["config"][SETTINGS_KEY]["tenant_file"] = str(listed)
    files = staging, StackFile(production.path, content, None)
    settings = checking.settings_of(staging.path), checking.settings_of(production.path)
    judgement = parity_file.read().judge(compared(files, settings), TODAY)
    assert any("big-mart" in one.difference.name for one in judgement.allowed)
    assert list(judgement.refused) == []
