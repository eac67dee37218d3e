"""As whom a server runs that refuses to run as root.

Owns the choice between three ways, none of which leaves a wrapper process behind: as the caller; as the caller under
another number in a user namespace; as `nobody`. Whom the files must belong to follows from it.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from infra.errors import TenantryError

_NOBODY = 65534  # also what a user namespace shows for every user it does not know


@dataclass(frozen=True)
class Identity:
    """How to run a program as an ordinary user.

    Args:
        prefix: what to put before the command; it executes the command in its own place.
        owner: the user id that must own the program's files, as seen from outside.
    """

    prefix: tuple[str, ...]
    owner: int


def ordinary(program: Path) -> Identity:
    """Return an identity under which `program` runs and is not root.

    A user without an entry in the user database counts as root does: initdb refuses both.

    Args:
        program: a program that answers `--version`; each way is tried with it.

    Raises:
        TenantryError: no way works on this machine.
    """
    user = os.geteuid()
    if user != 0 and _is_known(user):
        return Identity((), user)
    for identity in _ways(user):
        if _works(identity, program):
            return identity
    raise TenantryError(
        "PostgreSQL refuses to run as root, and neither user namespaces (unshare) nor setpriv work here"
        if user == 0
        else f"PostgreSQL needs a user with a name, and user namespaces (unshare) do not work for user {user}",
        str(program),
        "run the sandbox as an ordinary user",
    )


def hand_over(folder: Path, identity: Identity) -> None:
    """Make `folder` and all in it belong to the identity's user.

    Args:
        folder: a server's data; whoever it belonged to, root can take it over, and only root.

    Raises:
        TenantryError: it belongs to somebody else and the caller is not root.
    """
    if folder.stat().st_uid == identity.owner:
        return
    if os.geteuid() != 0:
        raise TenantryError(
            f"the data belong to another user ({folder.stat().st_uid})",
            str(folder),
            "run as that user, or delete the folder as that user",
        )
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(parent, name), identity.owner, identity.owner, follow_symlinks=False)
    os.chown(folder, identity.owner, identity.owner)  # last, so that an interrupted hand-over is taken up again


def _ways(user: int) -> list[Identity]:
    named = next((entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid not in (0, _NOBODY)), _NOBODY)
    namespace = ("unshare", "--user", f"--map-user={named}", f"--map-group={named}", "--")
    if user != 0:
        return [Identity(namespace, user)]
    # Without the capability, `nobody` could not reach data below folders that are root's alone.
    capability = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    nobody = ("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", *capability, "--")
    return [Identity(namespace, user), Identity(nobody, _NOBODY)]


def _is_known(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def _works(identity: Identity, program: Path) -> bool:
    try:
        command = [*identity.prefix, str(program), "--version"]
        return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
