"""The Pulumi program: load the stack's settings, declare the environment or the cell, export its outputs."""

import asyncio

import pulumi

from infra.collector import resting

with resting():
    from infra.settings import SETTINGS_KEY, tenant_file
    from infra.settings.cells import CellStackSettings
    from infra.settings.loader import SettingsError, load_stack
    from infra.settings.stack_file import StackFileError
    from stacks import applied, cell, environment, ground

raw = pulumi.Config().get_object(SETTINGS_KEY.partition(":")[2])
try:
    settings = load_stack(pulumi.get_stack(), raw)
except SettingsError as error:
    from infra.settings.checking import told  # only where there is something to tell

    raise pulumi.RunError("\n".join(told(error, raw))) from None
except StackFileError as error:
    raise pulumi.RunError(str(error)) from None


async def main() -> pulumi.Inputs:
    """Declare the environment, or the cell, unless that deletes a tenant by accident; return the stack's outputs."""
    own_database = settings.database is not None if isinstance(settings, CellStackSettings) else None
    file = tenant_file.name_of(pulumi.get_stack(), raw)
    await applied.check(settings.tenants, file, own_database=own_database)
    with resting():
        match settings:
            case CellStackSettings():
                outputs = cell.deploy(settings, await ground.ground_of(settings.cell))
            case _:
                outputs = environment.deploy(settings)
    # One turn of the event loop, in which every registration begins. Without it, the SDK finds none under way and waits
    # for all outputs at once instead, which takes time by the square of their number (pulumi/runtime/stack.py).
    await asyncio.sleep(0)
    return outputs


pulumi.run(main)
