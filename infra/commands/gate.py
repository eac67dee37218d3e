"""`tenantry gate` and `tenantry apply`: a stack's preview judged, and what was approved applied, and nothing else."""

import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from infra.collector import resting
from infra.commands.console import AsJson, err, out, print_table, progress
from infra.commands.tenants import invalid_input
from infra.errors import TenantryError
from infra.gate import report_html, report_json, report_markdown, report_text
from infra.gate.applying import Stack, no_cli
from infra.gate.binding import Binding
from infra.gate.change import FailedPreview
from infra.gate.reviewing import Review, Reviewer, differences, digests_of
from infra.gate.rules.table import RULES
from infra.gate.waivers import FOLDER
from infra.gate.wording import number
from infra.paths import PROJECT_ROOT, SANDBOX_ROOT
from infra.sandbox import instance as instances
from infra.sandbox import lifecycle
from infra.sandbox.environment import Workspace
from infra.settings import stack_file

BLOCKED = 2
FAILED = 3

_NAMED = 20
"""So many changes are told by name where two previews differ."""

_REPORTS = SANDBOX_ROOT / "gate"

StackName = Annotated[str, typer.Argument(help="The stack; its file is Pulumi.STACK.yaml.")]
Refresh = Annotated[bool, typer.Option("--refresh", help="Compare with what is really there first: drift is a change.")]


def gate(
    stack: Annotated[str, typer.Argument(help="The stack; its file is Pulumi.STACK.yaml.")] = "",
    *,
    as_json: AsJson = False,
    markdown: Annotated[Path | None, typer.Option("--markdown", help="Write the report for a pull request.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write the page; by default .sandbox/gate/.")] = None,
    saved: Annotated[
        Path | None,
        typer.Option("--preview", help="Judge what `pulumi preview --json` printed before."),
    ] = None,
    refresh: Refresh = False,
    twice: Annotated[bool, typer.Option("--twice", help="Preview twice: both have to say the same.")] = False,
    pure: Annotated[bool, typer.Option("--pure", help="In a sandbox: make sure that nothing was written.")] = False,
    waive: Annotated[bool, typer.Option("--waive", help="Print the waivers that would let it pass.")] = False,
    rules: Annotated[bool, typer.Option("--rules", help="List the rules, and preview nothing.")] = False,
) -> None:
    """Preview a stack and judge what it would do: exit code 0 passes, 2 is blocked, 3 is a preview that failed."""
    if rules:
        _print_rules(as_json=as_json)
        return
    if not stack:
        raise TenantryError("no stack is named", "tenantry gate", "name one, as `tenantry gate local`", 2)
    if saved is not None and (refresh or twice or pure):
        what = "a preview that was saved is not made again"
        raise TenantryError(what, "tenantry gate --preview", "leave --refresh, --twice and --pure out", BLOCKED)
    reviewer = reviewer_of(stack)
    with resting(), _failing(stack):  # of what follows a preview of 2,000 changes, a quarter
        if saved is None:
            review = _previewed(stack, reviewer, refresh=refresh, twice=twice, pure=pure)
        else:
            review = reviewer.of_saved(stack, saved)
    verdict = review.verdict
    page = html or _REPORTS / f"{stack}.html"
    _write(page, report_html.html(verdict, review.preview.resources))
    if markdown is not None:
        _write(markdown, report_markdown.markdown(verdict))
    if as_json:
        told = {**report_json.document(verdict), "binding": _parts(review.binding)}
        sys.stdout.write(json.dumps(told, sort_keys=True) + "\n")
    elif waive:
        _print_waivers(stack, reviewer, review)
    else:
        out.print(report_text.text(verdict), markup=False)
        out.print(f"report: {_shown(page)}", markup=False)
    if not verdict.passes:
        raise typer.Exit(BLOCKED)


def apply(
    stack: StackName,
    digest: Annotated[str, typer.Option("--digest", help="Of what was approved; the gate's report has it.")],
    report: Annotated[
        Path | None, typer.Option("--report", help="What was approved, by `gate --json`: tells what is another now.")
    ] = None,
) -> None:
    """Preview again, require what was approved, and apply exactly that: exit code 2 when it is something else now."""
    approved = None if report is None else _approved(report)
    reviewer = reviewer_of(stack)
    behind = stack_of(stack)
    with tempfile.TemporaryDirectory(prefix="tenantry-") as folder:  # of the caller alone: a plan has secrets in it
        plan = Path(folder) / "plan.json"
        with progress(f"previewing {stack}") as tell, _failing(stack):
            tell(f"previewing {stack}")
            review = reviewer.review(behind, plan=plan)
        _require(stack, review, digest, approved)
        if not review.verdict.judged:
            out.print(f"{stack}: nothing to apply", markup=False)
            return
        properties = {one.urn: frozenset(one.inputs) for one in review.preview.resources.values()}
        with progress(f"applying {stack}") as tell:
            applied = behind.up(plan, properties, tell)
    if applied.code == 0:
        told = number(len(review.verdict.judged), "change")
        out.print(f"{stack}: applied, {told} as approved", markup=False)
        return
    for line in applied.errors:
        err.print(line, markup=False)
    if applied.left_the_plan:
        what = "something was changed since it was approved; what had been done by then stays"
        raise TenantryError(what, f"stack {stack}", f"see above, then run `tenantry gate {stack}` again", BLOCKED)
    raise TenantryError("`pulumi up` failed", f"stack {stack}", f"mend it, then run `tenantry gate {stack}` again")


def reviewer_of(stack: str) -> Reviewer:
    """Return who judges a stack's previews, by its settings and its waivers.

    Args:
        stack: its name.

    Raises:
        TenantryError: there is no such stack (exit code 2), or its files are not right (exit code 3, as no preview of
            them succeeds).
    """
    with invalid_input():
        stack_file.source_of(stack)
    try:
        return Reviewer.of(stack)
    except TenantryError as error:
        error.exit_code = FAILED
        raise


def stack_of(stack: str) -> Stack:
    """Return a stack as the caller's environment reaches it; where that has no Pulumi CLI, in its sandbox.

    Args:
        stack: its name.

    Raises:
        TenantryError: there is no CLI, and no sandbox runs for it; exit code 3.
    """
    if shutil.which("pulumi") is not None:
        return Stack(stack, PROJECT_ROOT, dict(os.environ))
    instance = instances.load(stack)
    if instance is None or not lifecycle.any_running(instance):
        raise no_cli(stack)
    err.print(f"in the sandbox {instance.name}, as no pulumi is on the PATH", markup=False)
    workspace = Workspace(instance, stack)
    workspace.prepare()
    return Stack(stack, PROJECT_ROOT, workspace.process_environment())


def _previewed(stack: str, reviewer: Reviewer, *, refresh: bool, twice: bool, pure: bool) -> Review:
    behind = stack_of(stack)
    with progress(f"previewing {stack}") as report, contextlib.ExitStack() as promised:
        if pure:
            from infra.commands.purity import writing_nothing  # noqa: PLC0415 - psycopg would slow every command down

            report("looking at what the sandbox holds")
            promised.enter_context(writing_nothing(stack, behind.environment))
        report(f"previewing {stack}")
        review = reviewer.review(behind, refresh=refresh)
        if twice:
            report("previewing it again")
            _require_equal(review, reviewer.review(behind, refresh=refresh))
    return review


def _require_equal(one: Review, other: Review) -> None:
    """Refuse two previews that differ.

    Raises:
        FailedPreview: they do, though nothing was changed in between, or something was.
    """
    assert one.binding is not None
    assert other.binding is not None
    differing = other.binding.differences(one.binding.digest)
    if differing:
        changed = "; ".join(differences(digests_of(one.verdict), digests_of(other.verdict))[:_NAMED])
        raise FailedPreview(f"two previews differ in {', '.join(differing)}" + (f": {changed}" if changed else ""))


def _require(stack: str, review: Review, digest: str, approved: Mapping[str, str] | None) -> None:
    """Refuse to apply what is not what was approved, or is blocked by now.

    Raises:
        TenantryError: it is; exit code 2, and nothing was applied.
    """
    verdict = review.verdict
    assert review.binding is not None  # it was previewed just now
    differing = review.binding.differences(digest)
    if not differing and verdict.passes:
        return
    out.print(report_text.text(verdict), markup=False)
    if differing:
        for line in differences(approved, digests_of(verdict))[:_NAMED] if approved is not None else ():
            err.print(line, markup=False)
        what = f"not what was approved ({', '.join(differing)}); nothing is applied"
        raise TenantryError(what, f"stack {stack}", f"review it, then approve {verdict.digest}", BLOCKED)
    raise TenantryError("it is blocked; nothing is applied", f"stack {stack}", "see above", BLOCKED)


def _approved(report: Path) -> Mapping[str, str]:
    """Return URN -> digest of the changes that were approved.

    Raises:
        TenantryError: the file is no report; exit code 2.
    """
    try:
        changes = json.loads(report.read_text(encoding="utf-8"))["changes"]
        return {str(one["urn"]): str(one["digest"]) for one in changes}
    except (ValueError, KeyError, TypeError) as error:
        remedy = "give it what `tenantry gate STACK --json` printed"
        raise TenantryError("not a report of the gate", str(report), remedy, BLOCKED) from error


@contextlib.contextmanager
def _failing(stack: str) -> Iterator[None]:
    """End with exit code 3 where there is no preview to judge."""
    try:
        yield
    except FailedPreview as error:
        remedy = "nothing was judged; mend that and run it again"
        raise TenantryError(f"the preview failed ({error})", f"stack {stack}", remedy, FAILED) from error


def _print_waivers(stack: str, reviewer: Reviewer, review: Review) -> None:
    entries = reviewer.entries(review)
    if entries:
        sys.stdout.write(entries)
        err.print(f"add this to {FOLDER / stack}.yaml, with a reason and an owner", markup=False)
    else:
        err.print(f"{stack}: nothing to waive", markup=False)


def _print_rules(*, as_json: bool) -> None:
    rules = RULES.values()
    if as_json:
        fields = ("name", "level", "source", "title")
        told = [{field: getattr(rule, field) for field in fields} for rule in rules]
        sys.stdout.write(json.dumps({"rules": told}) + "\n")
        return
    print_table([("rule", "level", "looks for", "source"), *((r.name, r.level, r.title, r.source) for r in rules)])


def _parts(binding: Binding | None) -> dict[str, str] | None:
    return None if binding is None else asdict(binding)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _shown(path: Path) -> str:
    """Return a path as a user in the current folder types it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_absolute() and path.is_relative_to(here) else str(path)
