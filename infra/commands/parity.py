"""`tenantry parity`: what two stacks declare differently, and whether every difference is meant."""

import datetime
import json
import sys
from collections import Counter
from typing import Annotated

import typer

from infra.commands.console import AsJson, out, print_table
from infra.commands.tenants import invalid_input
from infra.errors import TenantryError
from infra.gate import parity_entries, parity_file
from infra.gate.parity import Difference, compared, plain, shown
from infra.gate.parity_file import Judgement
from infra.settings import checking, stack_file

_WIDEST = 60
"""Characters of a value in the table; `--json` has it whole."""


def parity(
    first: Annotated[str, typer.Argument(help="A stack; its file is Pulumi.STACK.yaml.", metavar="STACK")],
    second: Annotated[str, typer.Argument(help="The one that it is compared with.", metavar="STACK")],
    as_json: AsJson = False,
    allow: Annotated[
        bool, typer.Option("--allow", help="Print the entries to add to stacks/parity.yaml, without their reasons.")
    ] = False,
) -> None:
    """Compare what the program declares for two stacks; each difference must be in stacks/parity.yaml, with its reason.

    Needs no cloud, no state and no credentials. Exits with 2 when a difference is not allowed, or when an entry has
    expired or allows nothing that there is.
    """
    with invalid_input():
        if first == second:
            raise TenantryError("a stack is not compared with itself", "the command line", "name another one")
        listed = parity_file.read()
        files = stack_file.read(stack_file.source_of(first)), stack_file.read(stack_file.source_of(second))
        settings = checking.settings_of(files[0].path), checking.settings_of(files[1].path)
    judgement = listed.judge(compared(files, settings), today())
    if allow:
        sys.stdout.write(parity_entries.text(judgement))
        return
    if as_json:
        sys.stdout.write(json.dumps(_document(judgement)) + "\n")
        raise typer.Exit(0 if judgement.passes else 2)
    _print(judgement)
    _end(judgement)


def today() -> datetime.date:
    """Return the day by which entries expire, the same all over the world."""
    return datetime.datetime.now(datetime.UTC).date()


def _print(judgement: Judgement) -> None:
    stacks = judgement.comparison.stacks
    counts = Counter(one.entry for one in judgement.allowed)
    if counts:
        rows = [
            (str(counts[position]), str(judgement.entries[position].expires or "never"), _line(entry.reason))
            for position, entry in judgement.entries.items()
            if counts[position]
        ]
        print_table([("allowed", "expires", "reason"), *rows])
        out.print()
    if judgement.refused:
        print_table([("not allowed", "name", "property", *stacks), *(_row(stacks, one) for one in judgement.refused)])
        out.print()
    for fault in judgement.faults:
        out.print(str(fault), markup=False)


def _row(stacks: tuple[str, str], difference: Difference) -> tuple[str, ...]:
    return difference.type, difference.name, difference.path or "-", *(_cell(difference, stack) for stack in stacks)


def _cell(difference: Difference, stack: str) -> str:
    if stack not in difference.values:
        return "(absent)"
    text = shown(difference.values[stack]) if difference.path else "(there)"
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."


def _line(text: str) -> str:
    return " ".join(text.split())


def _end(judgement: Judgement) -> None:
    """Say how it came out.

    Raises:
        TenantryError: not every difference is meant, or the list is not true.
    """
    comparison = judgement.comparison
    stacks = " and ".join(
        f"{stack} ({count})" for stack, count in zip(comparison.stacks, comparison.resources, strict=True)
    )
    told = f"{stacks} resources: {len(comparison.differences)} differences"
    if judgement.passes:
        out.print(f"{told}, all of them meant", markup=False)
        return
    refused, faults, all_of_them = len(judgement.refused), len(judgement.faults), len(comparison.differences)
    what = [f"{refused} of {all_of_them} differences not allowed"] if refused else []
    what += [f"{faults} {'entries' if faults > 1 else 'entry'} expired or of no use"] if faults else []
    again = f"`tenantry parity {' '.join(comparison.stacks)} --allow`"
    remedy = f"make the stacks equal, or add what {again} prints, with reasons" if refused else "mend the lines above"
    raise TenantryError("; ".join(what), parity_file.NAME, remedy, exit_code=2)


def _document(judgement: Judgement) -> dict[str, object]:
    comparison = judgement.comparison
    allowed = [
        {**_told(one.difference), "reason": _line(entry.reason), "expires": entry.expires and str(entry.expires)}
        for one in judgement.allowed
        for entry in [judgement.entries[one.entry]]
    ]
    return {
        "stacks": list(comparison.stacks),
        "resources": dict(zip(comparison.stacks, comparison.resources, strict=True)),
        "passes": judgement.passes,
        "not_allowed": [_told(one) for one in judgement.refused],
        "entries": [{"line": fault.line, "problem": fault.text} for fault in judgement.faults],
        "allowed": allowed,
    }


def _told(difference: Difference) -> dict[str, object]:
    identity: dict[str, object] = {"type": difference.type, "name": difference.name}
    if difference.only is not None:
        return {**identity, "only": difference.only}
    values = {stack: plain(value) for stack, value in difference.values.items()}
    return {**identity, "path": difference.path, "values": values}
