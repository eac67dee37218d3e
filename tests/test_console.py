"""Commands go on, or end in order, when nobody reads what they tell."""

import os
import subprocess
import sys

_PROGRAM = """
import sys
from infra.commands.console import err, progress

with progress() as report:
    try:
        report("to nobody")
        report("and again")
    finally:
        err.print("nor this")
        sys.stdout.write("it was finished")
"""


def test_what_is_under_way_is_finished_when_the_reader_of_its_progress_has_gone() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ran = subprocess.run(
            [sys.executable, "-c", _PROGRAM], stdout=subprocess.PIPE, stderr=writer, text=True, check=False
        )
    finally:
        os.close(writer)
    assert (ran.returncode, ran.stdout) == (0, "it was finished")
