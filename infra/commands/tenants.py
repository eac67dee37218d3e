"""`tenantry tenants`: the group of all commands about a stack's tenants."""

import typer

tenants = typer.Typer(no_args_is_help=True, help="A stack's tenants.")
