"""What a user types next, once a sandbox runs: a shell, and how to reach what the stack has declared there."""

from collections.abc import Sequence
from pathlib import Path

from infra.sandbox import stack_file
from infra.sandbox.cloud import behind
from infra.sandbox.instance import Status
from infra.settings import tenant_file


def text(source: Path, rows: Sequence[Status], shell: str) -> str:
    """Return some lines with the commands; only those that work now.

    Args:
        source: the stack file.
        rows: how the instance is.
        shell: the command that prints the shell's environment.

    Raises:
        TenantryError: `source` is not a stack file.
    """
    lines = ["For a shell in which pulumi, aws, kubectl and psql use it:", f'  eval "$({shell})"']
    program = shell.partition(" sandbox env ")[0]
    reached = _declared(source, {row.name for row in rows if row.running}, f"{program} tenants")
    if reached:
        lines += ["There, to reach what the stack has declared:", *(f"  {command}" for command in reached)]
    return "\n".join(lines)


def _declared(source: Path, running: set[str], tenants: str) -> list[str]:
    """Return how to reach the cluster and the database of a stack that declares them, as far as they run."""
    sections = stack_file.sections(source)
    place = sections.get("aws", {})
    name, region = place.get("name"), place.get("region")
    declared = {section for section in ("cluster", "database") if "existing" not in sections.get(section, {})}
    commands = []
    if "cluster" in declared and f"{behind.EKS} {name}" in running:
        commands.append(f"aws eks update-kubeconfig --name {name} --region {region}   # then kubectl")
    if "database" in declared and f"{behind.RDS} {name}" in running:
        commands.append('psql "$(pulumi stack output database_url --show-secrets)"')
        stack = source.name.removeprefix("Pulumi.").removesuffix(".yaml")
        if tenant_file.path_of(stack, sections, source.parent).exists():
            commands.append(f'psql "$({tenants} connection SLUG)"   # as a tenant: `{tenants} list`')
    return commands
