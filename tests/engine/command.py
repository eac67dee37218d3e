"""The `tenantry` command, run as users run it."""

import os
import subprocess
from pathlib import Path

from infra.paths import PROJECT_ROOT, VIRTUALENV

TENANTRY = str(VIRTUALENV / "bin" / "tenantry")


def tenantry(*arguments: str, cwd: Path = PROJECT_ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `tenantry ARGUMENTS` in the folder `cwd`, with these environment variables besides the caller's."""
    return subprocess.run(
        [TENANTRY, *arguments],
        cwd=cwd,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
