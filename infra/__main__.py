"""The Pulumi program: load the stack's settings, declare the environment, export its outputs."""

import pulumi

from infra.settings import SETTINGS_KEY
from infra.settings.checking import told
from infra.settings.loader import SettingsError, load
from stacks.environment import deploy

raw = pulumi.Config().get_object(SETTINGS_KEY.partition(":")[2])
try:
    settings = load(pulumi.get_stack(), raw)
except SettingsError as error:
    raise pulumi.RunError("\n".join(told(error, raw))) from None

for name, value in deploy(settings).items():
    pulumi.export(name, value)
