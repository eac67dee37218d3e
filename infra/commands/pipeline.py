"""`tenantry pipeline`: what the workflows ask for and tell, so that each of their steps is a command that tests run."""

import datetime
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from infra.commands.console import out
from infra.commands.tenants import invalid_input
from infra.paths import SANDBOX_ROOT
from infra.pipeline import ephemeral, github, reports
from infra.pipeline.account import STATE, account_of
from infra.settings import checking, stack_file

pipeline = typer.Typer(no_args_is_help=True, help="For the workflows of GitHub Actions.")
short_lived = typer.Typer(no_args_is_help=True, help="Environments of pull requests.")
pipeline.add_typer(short_lived, name="ephemeral")

AUTHORITIES = SANDBOX_ROOT / "rds.pem"
"""Where `make authorities` writes them."""

DRIFT = "drift"
"""The label of the issues about it."""

Stack = Annotated[str, typer.Argument(help="The stack; its file is Pulumi.STACK.yaml.")]
PullRequest = Annotated[int, typer.Argument(help="The number of the pull request.", min=1)]
Like = Annotated[str, typer.Option("--like", help="The stack that it is made like.")]
ReportFile = Annotated[Path, typer.Argument(help="What `tenantry gate STACK --json` printed.")]


@pipeline.command()
def account(
    stack: Stack,
    environment: Annotated[
        str | None, typer.Option("--environment", help="The GitHub environment of its roles; by default its name.")
    ] = None,
    state: Annotated[str, typer.Option("--state", help="The name of bootstrap/state.yaml's deployment.")] = STATE,
    variables: Annotated[
        bool, typer.Option("--variables", help="Print the variables that `pulumi` needs there instead.")
    ] = False,
) -> None:
    """Print where a stack's pipeline signs in, as outputs of a step: account, region, roles, backend."""
    with invalid_input():
        settings = checking.settings_of(stack_file.source_of(stack))
        found = account_of(stack, settings, environment or stack, state)
    told = found.variables(AUTHORITIES) if variables else asdict(found)
    for key, value in told.items():
        sys.stdout.write(f"{key}={value}\n")


@pipeline.command()
def report(file: ReportFile) -> None:
    """Print what a report of the gate says, as outputs of a step: digest, changes, passes."""
    found = reports.required(file)
    sys.stdout.write(f"digest={found.digest}\nchanges={found.changes}\npasses={str(found.passes).lower()}\n")


@pipeline.command()
def comment(
    pull_request: PullRequest,
    file: Annotated[Path, typer.Argument(help="The comment, as `tenantry gate STACK --markdown` writes it.")],
) -> None:
    """Write a comment on a pull request, or edit the one that is there already and begins with the same line."""
    done = github.comment(pull_request, github.text_of(file))
    out.print(f"the comment on #{pull_request}: {done}", markup=False)


@pipeline.command()
def drift(
    stack: Stack,
    file: ReportFile,
    markdown: Annotated[Path, typer.Argument(help="The report that the issue shows.")],
) -> None:
    """Open, edit or close the issue about a stack's drift, by what `tenantry gate STACK --refresh` found."""
    title = f"{stack} is not as it was applied"
    found = reports.read(file)
    if found is None:
        text = (
            f"The nightly preview of `{stack}` failed; the workflow's log tells why. Whether it drifted is not known."
        )
        done = github.tell_issue(DRIFT, title, text)
    elif found.changes:
        done = github.tell_issue(DRIFT, title, github.text_of(markdown))
    else:
        done = github.close_issue(DRIFT, title, "It is as it was applied again.")
    out.print(f"the issue about {stack}: {done}", markup=False)
    if found is None:
        raise typer.Exit(3)


@short_lived.command()
def write(pull_request: PullRequest, like: Like) -> None:
    """Write the stack file of a pull request's environment; it is not to be committed."""
    from infra.pipeline import ephemeral_stacks  # noqa: PLC0415 - the sandbox would slow every command down

    with invalid_input():
        path = ephemeral_stacks.write(pull_request, like)
    out.print(f"{path.name}: written", markup=False)


@short_lived.command()
def create(pull_request: PullRequest, like: Like) -> None:
    """Write the stack file, and make the stack where it is not there; `tenantry gate` and `apply` do the rest."""
    from infra.pipeline import ephemeral_stacks  # noqa: PLC0415 - the same

    made = ephemeral_stacks.make(pull_request, like)
    out.print(f"{ephemeral.stack_of(pull_request)}: {'made, empty' if made else 'there already'}", markup=False)


@short_lived.command()
def delete(pull_request: PullRequest, like: Like) -> None:
    """Delete a pull request's environment with all that it holds, where it is there."""
    from infra.pipeline import ephemeral_stacks  # noqa: PLC0415 - the same

    write(pull_request, like)
    was_there = ephemeral_stacks.delete(pull_request)
    out.print(f"{ephemeral.stack_of(pull_request)}: {'deleted' if was_there else 'not there'}", markup=False)


@short_lived.command()
def expired(
    hours: Annotated[int, typer.Option("--hours", min=1, help="How long one stays after its last update.")] = 24,
) -> None:
    """Print the pull requests whose environments have to go, as an output of a step: a list in JSON.

    Those that were not updated for so long, and those whose pull request is closed.
    """
    from infra.pipeline import ephemeral_stacks  # noqa: PLC0415 - the same

    dead, alive = ephemeral.over(ephemeral_stacks.listed(), datetime.datetime.now(datetime.UTC), hours)
    closed = [number for number in alive if not github.is_open(number)]
    sys.stdout.write(f"pull_requests={json.dumps(sorted([*dead, *closed]))}\n")
