"""Passwords and other secrets that the sandbox makes for its servers, each in a file that only the user can read.

Imports nothing heavy: each `aws eks get-token` waits for this.
"""

import secrets
from pathlib import Path

from infra.sandbox import files


def password(path: Path) -> str:
    """Return the password kept in `path`, generated at first use.

    Args:
        path: the file; it holds 48 hexadecimal digits (192 bits), which need quoting nowhere.
    """
    if not path.exists():
        files.create(path, secrets.token_hex(24) + "\n")
    return path.read_text().strip()
