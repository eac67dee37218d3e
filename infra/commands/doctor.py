"""`tenantry doctor`: what is installed, running and wrong."""

import json
import sys
from dataclasses import asdict

import typer

from infra.commands.console import AsJson, out
from infra.sandbox import diagnosis


def doctor(as_json: AsJson = False) -> None:
    """Say what is installed, running and wrong, and the command that mends it."""
    findings = diagnosis.examine()
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
