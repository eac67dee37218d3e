"""A cell more: what its stack file says, and the line that makes its environment list it.

Owns both edits. The environment's file keeps its comments and its order: the line is put into its text where the parser
says that it belongs, and what was meant is what is then read there, or nothing is written.
"""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml.error import YAMLError

from infra import edits
from infra.errors import TenantryError
from infra.paths import PROJECT_ROOT
from infra.settings import SETTINGS_KEY, stack_file
from infra.settings.cells import HOME, stack_of
from infra.settings.schema import HEADER
from infra.settings.stack_file import StackFile
from infra.tenancy.mapping_edit import MappingText, applied
from infra.tenancy.placement import Fleet

DEFAULT_BUDGET = 500
"""Resources of a cell. Ours: the engine needs about half a minute for as many, so that a cell is applied in one."""

_PLACE = ("config", SETTINGS_KEY)


@dataclass(frozen=True)
class NewCell:
    """A cell that is not there yet.

    Args:
        name: among its environment's cells.
        stack: its stack.
        budget: resources that it may have.
        home: the budget of the environment's own stack, where it has had none so far.
        text: what its stack file says.
    """

    name: str
    stack: str
    budget: int
    home: int | None
    text: str

    @property
    def entries(self) -> dict[str, dict[str, int]]:
        """What is added to the environment's cells."""
        home = {} if self.home is None else {HOME: {"budget": self.home}}
        return {**home, self.name: {"budget": self.budget}}


def next_cell(fleet: Fleet, budget: int | None = None, root: Path = PROJECT_ROOT) -> NewCell:
    """Return the cell after the last one.

    Args:
        fleet: the environment and its cells.
        budget: of the new one; by default that of the last one.
        root: the folder of the stack files.
    """
    others = [cell for cell in fleet.cells if cell.name != HOME]
    number = max((int(cell.name.rpartition("-")[2]) for cell in others), default=1) + 1  # the first one is home
    name = f"cell-{number:02}"
    known = [cell.budget for cell in others if cell.budget is not None]
    unlimited = [cell for cell in fleet.cells if cell.budget is None]
    home = max(DEFAULT_BUDGET, *(cell.used for cell in unlimited)) if unlimited else None
    return NewCell(
        name=name,
        stack=stack_of(fleet.environment, name),
        budget=budget or (known[-1] if known else DEFAULT_BUDGET),
        home=home,
        text=_text(fleet.environment, name, stack_file.read(stack_file.source_of(fleet.environment, root))),
    )


def listed(path: Path, text: str, cell: NewCell) -> str:
    """Return the text of an environment's stack file that lists one more cell.

    Args:
        path: the file, for messages.
        text: its text.
        cell: the new one.

    Raises:
        TenantryError: the file is written in a way in which it cannot be changed alone.
    """
    parsed = stack_file.parse(path, text)
    wanted: dict[str, Any] = copy.deepcopy(parsed.content)
    settings = wanted["config"][SETTINGS_KEY]
    settings["cells"] = {**(settings.get("cells") or {}), **cell.entries}  # a new one: an alias is shared with others
    changed = _inserted(path, parsed, text, cell)
    try:
        found = stack_file.parse(path, changed).content if changed else None
    except stack_file.StackFileError:
        found = None
    if changed is None or found != wanted:
        entries = ", ".join(f"{name}: {{ budget: {entry['budget']} }}" for name, entry in cell.entries.items())
        raise TenantryError("its cells cannot be changed alone", path.name, f"add to them by hand: {entries}")
    return changed


def write(fleet: Fleet, cell: NewCell, root: Path = PROJECT_ROOT) -> str:
    """Write a cell's stack file, and list it in its environment's.

    Args:
        fleet: the environment and its cells.
        cell: the new one.
        root: the folder of the stack files.

    Returns:
        What changed in the environment's file, as a unified diff.

    Raises:
        TenantryError: another file has the name of the cell's already, or the environment's cannot be changed.
    """
    source = stack_file.source_of(fleet.environment, root)
    before = edits.text_of(source)
    after = listed(source, before, cell)
    own = root / f"Pulumi.{cell.stack}.yaml"
    there = edits.text_of(own) if own.exists() else None
    if there not in {None, cell.text}:
        raise TenantryError("is there already, and says something else", own.name, "list that cell, or remove the file")
    edits.write(own, there, cell.text)
    try:
        edits.write(source, before, after)
    except TenantryError:
        if there is None:
            own.unlink()
        raise
    return edits.difference(source.name, before, after)


def _text(environment: str, name: str, file: stack_file.StackFile) -> str:
    provider = file.content.get("secretsprovider")
    return "".join(
        [
            f"{HEADER}\n",
            f"# A cell of {environment}: tenants of their own, on its cluster and its database.\n",
            f"secretsprovider: {provider}\n" if provider else "",
            "config:\n",
            f"  {SETTINGS_KEY}:\n",
            f"    cell: {{ of: {environment}, name: {name} }}\n",
        ]
    )


def _inserted(path: Path, parsed: StackFile, text: str, cell: NewCell) -> str | None:
    """Return the text with the new entries; None where there is no place for them."""
    node = parsed.root
    for part in _PLACE:
        found = stack_file.child(node, part)
        node = None if found is None else found[1]
    if not isinstance(node, yaml.MappingNode):
        return None
    try:
        settings = MappingText(text, node.start_mark.index, node.end_mark.index, path.name)
        cells = settings.section("cells") if parsed.settings.get("cells") else None
    except YAMLError:  # an alias of what is elsewhere in the file
        return None
    if cells is None:
        return applied(text, [settings.set("cells", cell.entries)])
    return applied(text, [cells.set(name, entry) for name, entry in cell.entries.items()])
