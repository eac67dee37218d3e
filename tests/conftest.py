"""How the suite is divided among pytest's workers (`pytest -n`), which is why it fits its ten minutes.

Each of these folders shares servers between its tests: one worker takes all of a group, so that they start once. The
other files go to whichever worker is free. In `tests/engine` the tests that kill have an environment of their own.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

_SHARING = ("engine", "plugins/kubernetes", "plugins/postgresql", "sandbox/control_plane", "sandbox/servers")
_KILLING = ("tests/engine/test_kills.py", "tests/engine/test_server_crashes.py")


class Groups(LoadScopeScheduling):
    """Hands out whole groups; pytest-xdist's own `xdist_group` marks are without effect under pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file in _KILLING:
            return "kills"
        return next((folder for folder in _SHARING if file.startswith(f"tests/{folder}/")), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Groups:
    """Divide the tests by the groups above."""
    return Groups(config, log)
