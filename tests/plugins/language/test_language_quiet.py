"""Debug messages, which cost a call each, reach the engine only when it shows them."""

import re

import pytest

from infra.sandbox.plugins.language.quiet import is_wanted
from tests.plugins.language.harness import BOX, Project

PROGRAM = (
    BOX
    + """
for level in ("debug", "info", "warn"):
    getattr(pulumi.log, level)(f"a message by {level}")
print("debug messages", "are sent" if pulumi.log.debug.__module__ == "pulumi.log" else "are dropped")
found = __import__("importlib.util").util.find_spec("quiet")
print("the host's own modules", "are found" if found else "are not found")
print("the program is", __import__("sys").argv, __name__)
Box("one")
"""
)


def test_debug_messages_are_told_to_an_engine_that_shows_them_and_all_others_to_each(project: Project) -> None:
    project.program(PROGRAM)
    quiet = project.pulumi("preview").stdout
    assert "debug messages are dropped" in quiet
    assert "a message by debug" not in quiet
    talkative = project.pulumi("preview", "--debug").stdout
    assert "debug messages are sent" in talkative
    assert "a message by debug" in talkative
    assert "registering resource: ty=" in talkative  # the SDK's own
    for output in (quiet, talkative):
        assert "a message by info" in output
        assert "a message by warn" in output
        assert "the host's own modules are not found" in output
        assert re.search(r"the program is \['[^']*'\] __main__", output)


@pytest.mark.parametrize(
    ("command", "environment", "wanted"),
    [
        (["pulumi", "up", "--yes", "--parallel", "16"], {}, True),
        (["/a folder/pulumi", "preview", "--stack", "dev"], {}, True),
        (["pulumi", "preview", "--debug"], {}, False),
        (["pulumi", "preview", "--debug=true"], {}, False),
        (["pulumi", "up", "-d"], {}, False),
        (["pulumi", "up", "-yd"], {}, False),
        (["pulumi", "up"], {"PULUMI_OPTION_DEBUG": "true"}, False),
        (["python", "up"], {}, False),
        ([], {}, False),
    ],
)
def test_debug_messages_are_dropped_only_where_nobody_asked_for_them(
    command: list[str], environment: dict[str, str], wanted: bool
) -> None:
    assert is_wanted(command, environment) is wanted
