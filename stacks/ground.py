"""What a cell stands on: its environment's cluster, database and account, told from one stack to the other.

Owns that one output of the environment, and reading it. Everything in it is known before the cell declares anything,
so that a preview of a cell says what an update does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pydantic import ValidationError

from components.configurations import Configurations
from infra.settings.cells import CellPlaceSettings
from infra.settings.foundation import BroughtCluster
from infra.settings.loader import path_in_project, path_on_machine
from infra.settings.models import StackSettings
from infra.settings.problems import problems_of
from stacks.foundation import Foundation

OUTPUT = "cell_ground"
"""The output of an environment with cells: what `Ground` holds, a secret."""

_POOL_CONNECTION = "pool_connection"
SETTINGS = {"namespace", "aws", "network", "cluster", "database", "plans", "cells", "tenancy"}
"""The settings of an environment that its cells obey as well."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a cell's environment told of itself when it was applied last.

    Args:
        settings: those of the environment that its cells obey as well.
        context: of the cluster's kubeconfig; None for its current one.
        kubeconfig: of the cluster, a path or a content; None for the caller's.
        database: who administers the database and where it is, as `DatabaseAccess` takes it.
        secrets_key: the KMS key of tenants' secrets; None where nothing is declared in AWS.
        pool_connection: the URL of the services' role to the shared database.
        configurations: version -> its file, of those that services have for tenants, the cells' among them.
        data_tier: where a cell puts a database of its own, as `Region.data_tier` tells it; None where nothing is
            declared in AWS.
    """

    settings: StackSettings
    context: str | None
    kubeconfig: str | None
    database: Mapping[str, Any]
    secrets_key: str | None
    pool_connection: str
    configurations: Mapping[str, str]
    data_tier: Mapping[str, Any] | None = None


def exported(
    settings: StackSettings, foundation: Foundation, configurations: Configurations | None
) -> Mapping[str, pulumi.Input[object]]:
    """Return what an environment with cells tells them, as its output; nothing without.

    Args:
        settings: the environment's.
        foundation: what it stands on.
        configurations: those of its tenants; None where they have none.
    """
    if not settings.cells:
        return {}
    access, eks, parts = foundation.access, foundation.eks, foundation.parts
    told: dict[str, pulumi.Input[object]] = {
        "settings": settings.model_dump(mode="json", include=SETTINGS, exclude_unset=True),
        "kubeconfig": eks.kubeconfig if eks else _path(settings),
        "database": vars(access),
        "configurations": dict(configurations.files) if configurations else {},
        "secrets_key": parts.tenant_secrets.key_arn if parts else None,
        "data_tier": foundation.data_tier,
    }
    whole: pulumi.Output[object] = pulumi.Output.secret(told)  # with the database's password
    return {OUTPUT: whole}


async def ground_of(cell: CellPlaceSettings) -> Ground:
    """Return what a cell stands on, by its environment's outputs.

    Args:
        cell: which cell.

    Raises:
        pulumi.RunError: the environment has not been applied with cells, or by another version of this program.
    """
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{cell.of}"
    environment = pulumi.StackReference("environment", stack_name=name)
    told = (await environment.get_output_details(OUTPUT)).secret_value
    pool = (await environment.get_output_details(_POOL_CONNECTION)).secret_value
    return ground(cell, told, pool)


def ground(cell: CellPlaceSettings, told: object, pool_connection: object) -> Ground:
    """Return what a cell stands on.

    Args:
        cell: which cell.
        told: the output of its environment; None for none.
        pool_connection: another of its outputs; None for none.

    Raises:
        pulumi.RunError: it was not told, or is not understood.
    """
    if not isinstance(told, Mapping) or not isinstance(pool_connection, str):
        raise pulumi.RunError(
            f"the stack {cell.of} has told nothing of cells, cell.of, run `pulumi up --stack {cell.of}` first"
        )
    try:
        settings = StackSettings.model_validate(told["settings"])
    except ValidationError as error:
        raise pulumi.RunError(
            f"what the stack {cell.of} told of itself is of another version ({problems_of(error)[0]}), cell.of, run "
            f"`pulumi up --stack {cell.of}` first"
        ) from None
    brought = settings.cluster.existing if isinstance(settings.cluster, BroughtCluster) else None
    return Ground(
        settings=settings,
        context=brought.context if brought else None,
        kubeconfig=_whole(told.get("kubeconfig"), is_path=brought is not None),
        database=told["database"],
        secrets_key=told.get("secrets_key"),
        pool_connection=pool_connection,
        configurations=told.get("configurations") or {},
        data_tier=told.get("data_tier"),
    )


def _path(settings: StackSettings) -> str | None:
    """Return where a brought cluster's kubeconfig is, from the project's folder where it is there."""
    existing = settings.cluster.existing if isinstance(settings.cluster, BroughtCluster) else None
    if existing is None or existing.kubeconfig is None:
        return None
    return path_in_project(existing.kubeconfig)


def _whole(kubeconfig: str | None, *, is_path: bool) -> str | None:
    return path_on_machine(kubeconfig) if kubeconfig is not None and is_path else kubeconfig
