"""What `tenantry doctor` says of one thing it looked at."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        subject: what it is.
        ok: whether it is as it should be.
        detail: what was found.
        remedy: the command or act that mends it; empty when it is well.
        warns: whether it is as it should be, but not for long; no command fails of that.
    """

    subject: str
    ok: bool
    detail: str
    remedy: str = ""
    warns: bool = False
