"""What an approval is bound to: the program with its settings, the state, and the changes.

Owns one digest of the three, and telling which of them is another. Leaves the changes' own digest to
`infra.gate.digest`, and running anything to `infra.gate.applying`.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.errors import TenantryError

PROGRAM = ("infra", "components", "stacks", "configs")
"""Folders whose files decide what a stack declares."""

_FILES = ("Pulumi*.yaml", "pyproject.toml", "requirements.lock")
_GATES_OWN = ("stacks/waivers", "stacks/parity.yaml")
"""Decide what is let through, and not what is declared: the gate reads them again before anything is applied."""

_ENGINES_OWN = (b"encryptionsalt:", b"encryptedkey:")
"""What encrypts a stack's secrets; the engine writes it at the first preview of a file without one."""

_SHOWN = 8
"""Digits of each part that the digest shows, so that who is refused sees which of them is another."""


@dataclass(frozen=True)
class Binding:
    """The three things that an approval is of, each as 64 hexadecimal digits.

    Args:
        program: of the files of the program, its pinned packages and all stack files; no commit and no time is in it.
        state: of what the stack's backend has.
        changes: of what the preview would do.
    """

    program: str
    state: str
    changes: str

    @property
    def digest(self) -> str:
        """One digest of them all, and the beginning of each."""
        parts = (self.program, self.state, self.changes)
        whole = hashlib.sha256("\n".join(("tenantry gate 1", *parts)).encode()).hexdigest()
        return "-".join((whole, *(part[:_SHOWN] for part in parts)))

    def differences(self, digest: str) -> list[str]:
        """Return what of this is not what a digest was made of, in words; empty when it is the same.

        Args:
            digest: as `digest` gives it; of one that is cut off or made up, all is another.
        """
        if digest == self.digest:
            return []
        names = ("the program or its settings", "the state", "the changes")
        told = digest.split("-")[1:]
        parts = (self.program, self.state, self.changes)
        if len(told) != len(parts):
            return ["it is no digest of `tenantry gate`"]
        found = [name for name, one, part in zip(names, told, parts, strict=True) if one != part[:_SHOWN]]
        return found or ["it is the digest of something else"]


def program_digest(root: Path) -> str:
    """Return the digest of all files that decide what is declared, by their names and contents.

    Args:
        root: the project's folder.

    Raises:
        TenantryError: one cannot be read.
    """
    whole = hashlib.sha256()
    for path in sorted(_files(root)):
        name = path.relative_to(root).as_posix()
        try:
            content = hashlib.sha256(_deciding(name, path.read_bytes())).hexdigest()
        except OSError as error:
            raise TenantryError(f"it cannot be read ({error.strerror})", name, "make it readable", 3) from error
        whole.update(f"{content}  {name}\n".encode())
    return whole.hexdigest()


def state_digest(exported: str) -> str:
    """Return the digest of a state, without when and by which version of the engine it was written.

    Args:
        exported: what `pulumi stack export` printed; secrets are encrypted in it.

    Raises:
        TenantryError: it is no state.
    """
    try:
        state = json.loads(exported)["deployment"]
    except (ValueError, KeyError, TypeError) as error:
        raise TenantryError(
            "what `pulumi stack export` printed is no state", "the state backend", "run it yourself and see", 3
        ) from error
    if not isinstance(state, Mapping):
        return hashlib.sha256(b"null").hexdigest()
    kept = {name: part for name, part in state.items() if name not in {"manifest", "metadata"}}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _deciding(name: str, content: bytes) -> bytes:
    """Return what of a file decides what is declared: not the key that the engine writes into a stack's file."""
    if not name.startswith("Pulumi"):
        return content
    return b"".join(line for line in content.splitlines(keepends=True) if not line.startswith(_ENGINES_OWN))


def _files(root: Path) -> Iterator[Path]:
    for pattern in _FILES:
        yield from root.glob(pattern)
    for folder in PROGRAM:
        for path in (root / folder).rglob("*"):
            name = path.relative_to(root).as_posix()
            if path.is_file() and "__pycache__" not in path.parts and not name.startswith(_GATES_OWN):
                yield path
