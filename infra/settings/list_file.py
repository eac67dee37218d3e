"""Files that are one list in YAML: tenants, waivers.

Owns how such a file is read fast, and which line an entry is on. Leaves what an entry may be to whoever reads it. They
are plain YAML 1.2; thousands of entries are read by a parser in Rust (ryaml), and once more by PyYAML only where a line
is to be told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import ryaml
import yaml

from infra.settings import stack_file
from infra.settings.stack_file import StackFileError


@dataclass(frozen=True)
class ListFile:
    """A list, as it is written.

    Args:
        path: where it is.
        name: the same, as users are told of it: from the project's folder where it is there.
        text: what the file holds; empty when there is none.
        entries: nothing has checked them yet.
    """

    path: Path
    name: str
    text: str = field(repr=False)
    entries: Sequence[Any] = field(repr=False)

    def line(self, place: Sequence[str | int]) -> int:
        """Return the line of a place, from 1; of what is not there, that of the entry where it belongs.

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

    @cached_property
    def _root(self) -> yaml.Node | None:
        return yaml.CSafeLoader(self.text).get_single_node()


def text_of(path: Path, name: str) -> str:
    """Return the text of a file.

    Args:
        path: where it is.
        name: the same, for messages.

    Raises:
        StackFileError: it is not UTF-8 text, or cannot be read.
    """
    try:
        return stack_file.text_of(path)
    except StackFileError as error:
        raise StackFileError(error.what, Path(name), error.remedy) from error


def entries_of(name: str, text: str, remedy: str) -> Sequence[Any]:
    """Return what a text lists.

    Args:
        name: of its file, for messages.
        text: what is there.
        remedy: how an entry begins, for who has written something else.

    Raises:
        StackFileError: it is no list in YAML.
    """
    try:
        entries = ryaml.loads(text)
    except ryaml.InvalidYamlError as error:
        raise _invalid(name, text) from error
    if entries is not None and not isinstance(entries, list):
        raise StackFileError("not a list", Path(name), remedy)
    return entries or ()


def _invalid(name: str, text: str) -> StackFileError:
    """Return what is wrong with a text that ryaml refuses, in the words in which it is told of stack files."""
    what, line = "it cannot be parsed", None
    try:
        stack_file.EngineLoader(text).get_single_node()
    except (yaml.YAMLError, RecursionError) as error:
        what, line = stack_file.complaint(error, text)
    return StackFileError(f"not valid YAML ({what})", Path(name), "mend that line" if line else "mend it", line)
