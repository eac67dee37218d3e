"""How the suite is divided among pytest's workers (`pytest -n`), which is why it fits its ten minutes.

Each of these folders shares servers between its tests: one worker takes all of a group, so that they start once. The
other files go to whichever worker is free. In `tests/engine` the tests that kill have an environment of their own.
"""

import gc
import signal

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

_SHARING = ("engine", "plugins/kubernetes", "plugins/postgresql", "sandbox/control_plane", "sandbox/servers")
_LONG = (
    "engine",
    "declared",
    "services",
    "tests/engine/test_rehearsal.py",
    "plugins/kubernetes",
    "sandbox/control_plane",
    "tests/engine/test_fleet.py",
    "kills",
    "sandbox/servers",
    "plugins/postgresql",
    "tests/sandbox/cloud/test_backed_databases.py",
    "tests/sandbox/cloud/test_backed_clusters.py",
    "tests/plugins/aws/test_aws_lives_engine.py",
    "tests/plugins/aws/test_aws_engine.py",
    "tests/plugins/aws/test_aws_storage_engine.py",
    "tests/plugins/aws/test_aws_recovery.py",
    "tests/plugins/aws/test_aws_restores.py",
    "tests/isolation/test_attacks.py",
    "tests/engine/test_declared_bad_input.py",
    "tests/plugins/aws/test_aws_lives.py",
    "tests/plugins/aws/test_aws_interruptions.py",
    "tests/plugins/aws/test_aws_zones.py",
    "tests/sandbox/cloud/test_lost_regions.py",
    "tests/gate/test_corpus.py",
)
"""Groups that take more than half a minute, the longest first: whoever comes last must not be one of them.

After one of `engine` comes one of another folder, where that is as good: what a folder's tests share goes with it, and
an idle cluster takes 4 % of a core.
"""

_KILLING = ("tests/engine/test_kills.py", "tests/engine/test_server_crashes.py")
_SERVICES = (
    "tests/engine/test_cells.py",
    "tests/engine/test_disturbed_switch.py",
    "tests/engine/test_flags.py",
    "tests/engine/test_jobs.py",
    "tests/engine/test_refused_switch.py",
    "tests/engine/test_switch.py",
)
_DECLARED = (
    "tests/engine/test_declared_crashes.py",
    "tests/engine/test_declared_commands.py",
    "tests/engine/test_declared_secrets.py",
    "tests/engine/test_gate.py",
    "tests/engine/test_purity.py",
    "tests/engine/test_declared_platform.py",
)
"""One stack's life, in this order: the kills begin with nothing and leave it applied, the last file destroys it. Each
passes by itself too, and then applies or destroys it first."""

_ALONE = (
    "tests/engine/test_declared_bad_input.py",
    "tests/engine/test_fleet.py",
    "tests/engine/test_rehearsal.py",
)
"""Files of a folder that shares which share nothing with other workers: their instances are their own."""


def group_of(nodeid: str) -> str:
    """Return the group of a test: the folder whose servers it shares, or its file."""
    file = nodeid.partition("::")[0]
    if file in _KILLING:
        return "kills"
    if file in _SERVICES:
        return "services"
    if file in _DECLARED:
        return "declared"
    if file in _ALONE:
        return file
    return next((folder for folder in _SHARING if file.startswith(f"tests/{folder}/")), file)


def pytest_configure(config: pytest.Config) -> None:
    """Let what tests start be interrupted: the background jobs of a shell ignore Ctrl-C, and so do all they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("dist") == "no":  # so it is in workers; whoever only hands tests out collects none
        gc.disable()  # what is collected stays


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long groups first, and the files of a stack's life in their order."""
    ranks = {group: rank for rank, group in enumerate(_LONG)}
    life = {file: place for place, file in enumerate(_DECLARED)}
    items.sort(
        key=lambda item: (
            ranks.get(group_of(item.nodeid), len(ranks)),
            life.get(item.nodeid.partition("::")[0], 0),
        )
    )


def pytest_collection_finish() -> None:
    """Keep Python's collector from looking through all modules again and again: half the time of tests under mocks."""
    gc.freeze()
    gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the attacks of tenants on each other came to; it comes from whichever worker made them."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            for name, line in getattr(report, "user_properties", ()):
                if name == "isolation":
                    terminalreporter.write_line(str(line))


class Groups(LoadScopeScheduling):
    """Hands out whole groups; pytest-xdist's own `xdist_group` marks are without effect under pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Groups:
    """Divide the tests by the groups above, in the order of collection."""
    config.option.loadscopereorder = False
    return Groups(config, log)
