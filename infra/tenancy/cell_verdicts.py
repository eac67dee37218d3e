"""Who judges the previews of an environment's cells: the gate, by the files of each cell and of its environment.

Owns reading all of these before the first cell is begun, so that a wrong one is told while nothing is applied. Leaves
what blocks to the gate.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.gate.change import Preview
from infra.gate.fleet import Cells, cells_of
from infra.gate.judging import judge
from infra.gate.verdict import Verdict
from infra.gate.waivers import Waiver, waivers_of
from infra.paths import PROJECT_ROOT
from infra.settings import checking, stack_file
from infra.settings.loader import AnySettings
from infra.settings.models import StackSettings


@dataclass(frozen=True)
class CellJudge:
    """Judges previews of one environment's cells.

    Args:
        environment: the settings of the environment, which say how seriously rules are taken.
        settings: stack -> its settings, which say whose end is declared.
        waivers: stack -> its waivers.
        cells: where the tenants are.
        today: the day that waivers have to hold on.
    """

    environment: StackSettings
    settings: Mapping[str, AnySettings]
    waivers: Mapping[str, Sequence[Waiver]]
    cells: Cells
    today: datetime.date

    def verdict(self, preview: Preview, stack: str) -> Verdict:
        """Return what the gate says of a cell's preview.

        Args:
            preview: the preview.
            stack: one of those that files were read of.
        """
        return judge(
            preview,
            self.settings[stack],
            stack,
            waivers=self.waivers[stack],
            today=self.today,
            environment=self.environment,
            cells=self.cells,
        )


def judge_of(environment: str, stacks: Sequence[str], root: Path = PROJECT_ROOT) -> CellJudge:
    """Return who judges the previews of cells.

    Args:
        environment: the stack of their environment.
        stacks: theirs.
        root: the project's folder.

    Raises:
        TenantryError: a file is missing or not valid.
    """
    return CellJudge(
        environment=checking.settings_of(stack_file.source_of(environment, root)),
        settings={stack: checking.any_settings_of(stack_file.source_of(stack, root)) for stack in stacks},
        waivers={stack: waivers_of(stack, root) for stack in stacks},
        cells=cells_of(environment, root),
        today=datetime.datetime.now(datetime.UTC).date(),
    )
