"""`tenantry secrets`: what secrets a stack declares, which should be rotated, and rotating one."""

import datetime
import difflib
import getpass
import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from infra import edits
from infra.commands.console import AsJson, out, print_table
from infra.errors import TenantryError
from infra.naming import stored_secret
from infra.rotation import stack_edit, values
from infra.rotation.overview import Rotation, rotations
from infra.settings import checking, stack_file
from infra.settings.models import StackSettings
from infra.settings.secrets import MOMENT_FORMAT, ExternalSecretSettings

secrets = typer.Typer(no_args_is_help=True, help="List and rotate the secrets that a stack declares.")

Stack = Annotated[str, typer.Argument(help="The stack; its file is Pulumi.STACK.yaml.")]


@secrets.command(name="list")
def show(stack: Stack, as_json: AsJson = False) -> None:
    """Show the declared secrets, by when they are due; never their values."""
    settings = checking.settings_of(stack_file.source_of(stack))
    found = rotations(settings, _now())
    if as_json:
        sys.stdout.write(json.dumps({"stack": stack, "secrets": [asdict(rotation) for rotation in found]}) + "\n")
        return
    if not found:
        out.print(f"{stack} declares no secrets")
        return
    print_table([("name", "kind", "owner", "services", "rotated at", "due", ""), *map(_cells, found)])


@secrets.command()
def rotate(
    stack: Stack,
    name: Annotated[str, typer.Argument(help="The secret, as `tenantry secrets list` names it.")],
    from_stdin: Annotated[
        bool, typer.Option("--from-stdin", help="Read an external secret's value from stdin, as a JSON object.")
    ] = False,
) -> None:
    """Declare a rotation in the stack file; an external secret's new value is put into Secrets Manager first.

    Nothing is applied: `pulumi up` draws generated values anew and rolls the pods that read the secret. Interrupted
    before the end, it is repeated: the value is then put there once more.
    """
    source = stack_file.source_of(stack)
    before = edits.text_of(source)
    settings = checking.settings_of(source)
    secret = settings.secrets.declared.get(name)
    if secret is None:
        raise _unknown(stack, name, settings)
    if settings.secrets.copies_of is not None:
        raise TenantryError(
            f"its secrets are copies of {settings.secrets.copies_of}'s",
            source.name,
            "rotate it there, then move rotated_at",
        )
    rotation = _now().strftime(MOMENT_FORMAT)
    if rotation <= secret.rotation:
        raise TenantryError("its rotation is declared in the future", f"{source.name}: {name}", "mend rotated_at")
    is_external = isinstance(secret, ExternalSecretSettings)
    kind = "external" if is_external else "generated"
    after = stack_edit.moved(source, before, kind, name, rotation)
    if isinstance(secret, ExternalSecretSettings):
        _replace_value(stack, name, settings, secret, from_stdin)
    elif from_stdin:
        raise TenantryError("takes no value: the program draws it", name, "leave out --from-stdin")
    edits.write(source, before, after)
    out.print(edits.difference(source.name, before, after), markup=False)
    readers = f", which rolls the pods of {', '.join(secret.services)}" if secret.services else ""
    out.print(f"\nnext: `pulumi up --stack {stack}`{readers}", markup=False)


def _replace_value(
    stack: str, name: str, settings: StackSettings, secret: ExternalSecretSettings, from_stdin: bool
) -> None:
    from infra.rotation.vault import Vault  # noqa: PLC0415 - boto3 would slow every command down

    assert settings.aws is not None  # who declares secrets declares a cluster, and that asks for it
    vault = Vault(settings.aws)
    stored = stored_secret(settings.aws.name, name)
    vault.check(stored, stack)  # before anybody is asked for a value
    if from_stdin:
        given = values.from_json(sys.stdin.buffer.read(), secret.keys)
    elif sys.stdin.isatty():
        given = values.from_prompts(lambda key: getpass.getpass(f"{name}.{key} (not shown): "), secret.keys)
    else:
        raise TenantryError("no terminal to ask for the value on", name, "give it with --from-stdin")
    version = vault.put(stored, json.dumps(given))
    out.print(f"{stored}: version {version} is current", markup=False)


def _unknown(stack: str, name: str, settings: StackSettings) -> TenantryError:
    known = sorted(settings.secrets.declared)
    near = difflib.get_close_matches(name, known, n=1)
    remedy = f"did you mean {near[0]}?" if near else f"use one of: {', '.join(known) or 'none'}"
    return TenantryError("no such secret", f"Pulumi.{stack}.yaml", remedy)


def _cells(rotation: Rotation) -> tuple[str, ...]:
    state = "overdue" if rotation.overdue else ""
    services = ", ".join(rotation.services) or "-"
    return rotation.name, rotation.kind, rotation.owner, services, rotation.rotated_at, rotation.due, state


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
