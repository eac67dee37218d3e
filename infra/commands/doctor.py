"""`tenantry doctor`: what is installed, running and wrong, and whether a stack can be applied from here."""

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from infra import reach
from infra.commands.console import AsJson, out
from infra.findings import Finding
from infra.sandbox import diagnosis
from infra.settings import checking, stack_file
from infra.settings.loader import load


def doctor(
    stack: Annotated[
        str | None,
        typer.Argument(
            help="Look at this stack instead: can this shell apply it, in AWS as the shell's variables say?"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what is installed, running and wrong, and the command that mends it."""
    findings = diagnosis.examine() if stack is None else _of_stack(stack)
    if as_json:
        sys.stdout.write(json.dumps([asdict(finding) for finding in findings]) + "\n")
    else:
        for finding in findings:
            mark = "[green]ok[/]  " if finding.ok else "[red]bad[/] "
            out.print(f"{mark} {finding.subject}: {finding.detail}")
            if not finding.ok:
                out.print(f"     mend it with: {finding.remedy}", markup=False)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _of_stack(stack: str) -> list[Finding]:
    return reach.examine(checking.settings_of(stack_file.source_of(stack), load))
