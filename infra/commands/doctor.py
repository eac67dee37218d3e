"""`tenantry doctor`: what is installed, running or wrong; whether a stack can be applied, and for how long."""

import datetime
import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from infra import lifetimes
from infra.commands.console import AsJson, out
from infra.findings import Finding
from infra.sandbox import diagnosis
from infra.settings import checking, stack_file
from infra.settings.loader import load_stack


def doctor(
    stack: Annotated[
        str | None,
        typer.Argument(
            help="Look at this stack instead: can this shell apply it, in AWS as the shell's variables say, and does "
            "AWS support its versions for long?"
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
            out.print(f"{_mark(finding)} {finding.subject}: {finding.detail}")
            if finding.warns or not finding.ok:
                out.print(f"     mend it with: {finding.remedy}", markup=False)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _mark(finding: Finding) -> str:
    if not finding.ok:
        return "[red]bad[/] "
    return "[yellow]warn[/]" if finding.warns else "[green]ok[/]  "


def _of_stack(stack: str) -> list[Finding]:
    from infra import reach  # noqa: PLC0415 - boto3 would slow every command down

    settings = checking.settings_of(stack_file.source_of(stack), load_stack)
    today = datetime.datetime.now(datetime.UTC).date()
    return [*reach.examine(settings), *lifetimes.examine(settings, today)]
