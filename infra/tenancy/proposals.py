"""A change of a stack's tenants, from the file as it is to the file as it will be.

Owns that nothing wrong is written: what a change makes is checked as `tenantry config check` would, in every stack that
it concerns, and the file is replaced only if nobody has changed it meanwhile.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from infra import edits
from infra.errors import TenantryError
from infra.settings import checking, stack_file, tenant_file
from infra.settings.cells import HOME, CellStackSettings, stack_of
from infra.settings.checking import Fault, WrongStackFiles
from infra.settings.models import StackSettings
from infra.settings.stack_file import StackFileError
from infra.settings.tenants import TenantSettings
from infra.tenancy.tenant_edit import Text


class WouldBeWrong(WrongStackFiles):
    """A change that was not written, since stacks would not be valid with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Collect the faults.

        Args:
            faults: one at least; their lines are those of the file with the change.
        """
        super().__init__(faults)
        self.what = "not valid with this change"
        self.remedy = "nothing was written; give it so that the lines above are right"


@dataclass(frozen=True)
class Opened:
    """The tenants of a stack, to be shown or changed.

    Args:
        stack: an environment's, or a cell's.
        environment: the settings of the environment.
        environments_stack: its name.
        tenants: those of the stack.
        path: where they are listed.
        name: the same, as users are told of it.
        before: the text there; None where there is none yet.
        root: the folder of the stack files.
    """

    stack: str
    environment: StackSettings
    environments_stack: str
    tenants: tuple[TenantSettings, ...]
    path: Path
    name: str
    before: str | None
    root: Path

    @property
    def text(self) -> Text:
        """What is changed."""
        return Text(self.name, self.before or "")

    @property
    def sharing(self) -> list[str]:
        """The other stacks whose tenants are listed in the same file."""
        others = (stack for stack in stack_file.stacks(self.root) if stack != self.stack)
        return [stack for stack in others if self._is_listed_in(stack)]

    def check(self, after: str) -> None:
        """Check what a change makes.

        Args:
            after: the text with it.

        Raises:
            WouldBeWrong: with all faults at once.
        """
        related = [stack_of(self.environments_stack, cell) for cell in (HOME, *self.environment.cells)]
        concerned = list(dict.fromkeys((self.stack, *related, *self.sharing)))
        listed = tenant_file.parse(self.path, self.name, after)
        found = checking.check(concerned, self.root, listed)
        faults = list(dict.fromkeys(chain.from_iterable(found.values())))
        if faults:
            raise WouldBeWrong(faults)

    def write(self, after: str) -> None:
        """Write what was checked.

        Args:
            after: the text.

        Raises:
            TenantryError: somebody has changed the file meanwhile.
        """
        edits.write(self.path, self.before, after)

    def _is_listed_in(self, stack: str) -> bool:
        try:
            file = stack_file.read(self.root / f"Pulumi.{stack}.yaml")
        except StackFileError:  # which `tenantry config check` tells; it lists tenants nowhere
            return False
        return tenant_file.path_of(stack, file.settings, self.root).resolve() == self.path.resolve()


def opened(stack: str) -> list[Opened]:
    """Return the tenants of a stack, and of an environment those of its cells, each with the file that lists them.

    Args:
        stack: its name.

    Raises:
        TenantryError: there is no such stack, or its files are not valid.
    """
    source = stack_file.source_of(stack)
    settings = checking.any_settings_of(source)
    if isinstance(settings, CellStackSettings):
        of = settings.cell.of
        return [_opened(source, checking.settings_of(stack_file.source_of(of)), of, settings.tenants)]
    found = [_opened(source, settings, stack, settings.tenants)]
    for cell in settings.cells:
        if cell != HOME:
            other = stack_file.source_of(stack_of(stack, cell))
            found.append(_opened(other, settings, stack, checking.any_settings_of(other).tenants))
    return found


def holder(files: Sequence[Opened], slug: str) -> tuple[Opened, TenantSettings]:
    """Return a tenant, and the file that lists it.

    Args:
        files: as `opened` gives them.
        slug: which tenant.

    Raises:
        TenantryError: there is none of that slug.
    """
    for file in files:
        for tenant in file.tenants:
            if tenant.slug == slug:
                return file, tenant
    known = [tenant.slug for file in files for tenant in file.tenants]
    near = difflib.get_close_matches(slug, known, n=1)
    remedy = f"did you mean {near[0]}?" if near else "`tenantry tenants list` shows all of them"
    raise TenantryError("no such tenant", f"{files[0].name}: {slug}", remedy)


def _opened(source: Path, environment: StackSettings, of: str, tenants: tuple[TenantSettings, ...]) -> Opened:
    file = stack_file.read(source)
    path = tenant_file.path_of(file.stack, file.settings, source.parent)
    before = edits.text_of(path) if path.exists() else None
    name = tenant_file.name_of(file.stack, file.settings)
    return Opened(file.stack, environment, of, tenants, path, name, before, source.parent)
