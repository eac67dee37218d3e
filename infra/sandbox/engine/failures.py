"""Why a build failed: one clear line from Go's own output, or from the operating system's error."""

import errno
from collections.abc import Iterable
from pathlib import Path

from infra.errors import TenantryError

_AGAIN = "run it again; what was compiled so far is kept"
_CAUSES = (
    (("no space left on device", "disk quota exceeded"), "the disk is full", f"free 8 GiB, then {_AGAIN}"),
    (
        ("read-only file system", "permission denied"),
        "a folder cannot be written",
        "make it writable, then run it again",
    ),
    (
        ("checksum mismatch", "SECURITY ERROR"),
        "a module differs from what go.sum pins",
        "clear it with `go clean -modcache`, or ask who serves your GOPROXY",
    ),
    (
        (
            "dial tcp",
            "no such host",
            "connection refused",
            "connection reset",
            "i/o timeout",
            "network is unreachable",
            "TLS handshake",
            "tls: ",
            "proxyconnect",
            "module lookup disabled by GOPROXY",
            "502 Bad Gateway",
            "503 Service Unavailable",
            "unexpected EOF",
        ),
        "the Go module proxy cannot be reached",
        f"check the network and `go env GOPROXY`, then {_AGAIN}",
    ),
    (("signal: killed", "cannot allocate memory"), "memory ran out", f"free 4 GiB of memory, then {_AGAIN}"),
)
_NOISE = ("go: downloading", "# ")
_LINES = 3


def from_log(what: str, log: Path) -> TenantryError:
    """Return the error for a Go command that failed.

    Args:
        what: what was being built, with its version.
        log: Go's output.
    """
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    for marks, cause, remedy in _CAUSES:
        if any(mark in line for line in lines for mark in marks):
            return TenantryError(f"{what} was not built: {cause}", str(log), remedy)
    said = " | ".join(_relevant(lines)[-_LINES:]) or "Go failed without a message"
    return TenantryError(f"{what} was not built: {said}", str(log), "read the log")


def from_system(what: str, error: OSError) -> TenantryError:
    """Return the error for a file that could not be read, written or moved.

    Args:
        what: what was being built, with its version.
        error: the operating system's error.
    """
    remedy = {
        errno.ENOSPC: f"free 8 GiB, then {_AGAIN}",
        errno.EDQUOT: f"free 8 GiB, then {_AGAIN}",
        errno.EROFS: "use a folder on a writable file system",
    }.get(error.errno or 0, "make it writable, then run it again")
    reason = error.strerror or type(error).__name__
    return TenantryError(f"{what} was not built: {reason}", str(error.filename or "the disk"), remedy)


def _relevant(lines: Iterable[str]) -> list[str]:
    return [line for line in lines if not line.startswith(_NOISE)]
