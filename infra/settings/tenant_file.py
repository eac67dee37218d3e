"""Tenant files: `stacks/tenants/STACK.yaml`, the tenants of one stack as a list in order of their slugs.

Owns where a stack's tenants are written, how that is read fast, and which line a tenant is on. Leaves what a tenant may
be to `tenants`. The program reads the file itself, so it is plain YAML 1.2; ten thousand tenants are read by a parser
in Rust (ryaml), and once more by PyYAML only where a line is to be told.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import ryaml
import yaml

from infra.paths import PROJECT_ROOT
from infra.settings import stack_file
from infra.settings.problems import Problem
from infra.settings.stack_file import StackFileError

FOLDER = Path("stacks/tenants")
"""Where the files are, below the project's folder."""

FIELD = "tenants"
"""The setting that a stack's tenants become."""

_IN_ORDER = "not in the order of slugs; move it, so that a change is found and merged easily"


@dataclass(frozen=True)
class TenantFile:
    """The tenants of a stack, as they are written.

    Args:
        path: where they are.
        name: the same, as users are told of it: from the project's folder where it is there.
        text: what the file holds; empty when there is none.
        entries: one for each tenant; nothing has checked them yet.
    """

    path: Path
    name: str
    text: str = field(repr=False)
    entries: Sequence[Any] = field(repr=False)

    def line(self, place: Sequence[str | int]) -> int:
        """Return the line of a place, from 1; of what is not there, that of the tenant where it belongs.

        Args:
            place: a position, and keys below it.
        """
        node, line = self._root, 1
        for part in place:
            found = stack_file.child(node, part)
            if found is None:
                break
            line, node = found
        return line

    def disorder(self) -> Iterator[Problem]:
        """Return the first tenant that stands before another of a smaller slug."""
        slugs = [entry.get("slug") if isinstance(entry, dict) else None for entry in self.entries]
        for position, (before, slug) in enumerate(itertools.pairwise(slugs), 1):
            if isinstance(before, str) and isinstance(slug, str) and slug < before:
                yield Problem((FIELD, position, "slug"), _IN_ORDER)
                return

    @cached_property
    def _root(self) -> yaml.Node | None:
        return yaml.CSafeLoader(self.text).get_single_node()


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
    try:
        text = stack_file.text_of(path)
    except StackFileError as error:
        raise StackFileError(error.what, Path(name), error.remedy) from error
    return parse(path, name, text)


def parse(path: Path, name: str, text: str) -> TenantFile:
    """Return the tenants that a text lists.

    Args:
        path: where it is.
        name: the same, for messages.
        text: what is there.

    Raises:
        StackFileError: it is no list in YAML.
    """
    try:
        entries = ryaml.loads(text)
    except ryaml.InvalidYamlError as error:
        raise _invalid(name, text) from error
    if entries is not None and not isinstance(entries, list):
        raise StackFileError("not a list", Path(name), "begin each tenant with `- `, as `- { slug: acme, plan: pro }`")
    return TenantFile(path, name, text, entries or ())


def _invalid(name: str, text: str) -> StackFileError:
    """Return what is wrong with a text that ryaml refuses, in the words in which it is told of stack files."""
    what, line = "it cannot be parsed", None
    try:
        stack_file.EngineLoader(text).get_single_node()
    except (yaml.YAMLError, RecursionError) as error:
        what, line = stack_file.complaint(error, text)
    return StackFileError(f"not valid YAML ({what})", Path(name), "mend that line" if line else "mend it", line)
