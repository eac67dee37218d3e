"""The Pulumi program: load the stack's settings, declare the environment, export its outputs."""

import pulumi

from infra.settings import SETTINGS_KEY
from infra.settings.loader import SettingsError, load
from stacks.environment import deploy

try:
    settings = load(pulumi.get_stack(), pulumi.Config().get_object(SETTINGS_KEY.partition(":")[2]))
except SettingsError as error:
    raise pulumi.RunError("\n".join(error.problems)) from None

for name, value in deploy(settings).items():
    pulumi.export(name, value)
