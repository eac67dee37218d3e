"""Tenant files: `stacks/tenants/STACK.yaml`, the tenants of one stack as a list in order of their slugs.

Owns where a stack's tenants are written, and their order. Leaves how such a list is read to `list_file`, and what a
tenant may be to `tenants`.
"""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

from infra.paths import PROJECT_ROOT
from infra.settings import list_file
from infra.settings.list_file import ListFile
from infra.settings.problems import Problem

FOLDER = Path("stacks/tenants")
"""Where the files are, below the project's folder."""

FIELD = "tenants"
"""The setting that a stack's tenants become."""

_BEGIN = "begin each tenant with `- `, as `- { slug: acme, plan: pro }`"

_IN_ORDER = "not in the order of slugs; move it, so that a change is found and merged easily"


class TenantFile(ListFile):
    """The tenants of a stack, as they are written."""

    def disorder(self) -> Iterator[Problem]:
        """Return the first tenant that stands before another of a smaller slug."""
        slugs = [entry.get("slug") if isinstance(entry, dict) else None for entry in self.entries]
        for position, (before, slug) in enumerate(itertools.pairwise(slugs), 1):
            if isinstance(before, str) and isinstance(slug, str) and slug < before:
                yield Problem((FIELD, position, "slug"), _IN_ORDER)
                return


def name_of(stack: str, settings: object) -> str:
    """Return where the tenants of a stack are written, from the project's folder.

    Args:
        stack: its name.
        settings: as its stack file has them.
    """
    written = settings.get("tenant_file") if isinstance(settings, Mapping) else None
    return written if isinstance(written, str) else str(FOLDER / f"{stack}.yaml")


def path_of(stack: str, settings: object, root: Path = PROJECT_ROOT) -> Path:
    """Return where the tenants of a stack are written.

    Args:
        stack: its name.
        settings: as its stack file has them.
        root: the project's folder.
    """
    return root / Path(name_of(stack, settings)).expanduser()


def read(stack: str, settings: object, root: Path = PROJECT_ROOT) -> TenantFile:
    """Return the tenants of a stack; none when it names no file and has none of its name.

    Args:
        stack: its name.
        settings: as its stack file has them.
        root: the project's folder.

    Raises:
        StackFileError: the file cannot be read, or is no list in YAML.
    """
    name = name_of(stack, settings)
    path = path_of(stack, settings, root)
    if not path.exists() and name == name_of(stack, None):
        return TenantFile(path, name, "", ())
    return parse(path, name, list_file.text_of(path, name))


def parse(path: Path, name: str, text: str) -> TenantFile:
    """Return the tenants that a text lists.

    Args:
        path: where it is.
        name: the same, for messages.
        text: what is there.

    Raises:
        StackFileError: it is no list in YAML.
    """
    return TenantFile(path, name, text, list_file.entries_of(name, text, _BEGIN))
