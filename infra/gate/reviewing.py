"""One review of a stack: a preview, the verdict on it, and what an approval of that is bound to.

Owns the order: files and state are looked at before the preview and the files once more after it, so that the digest is
of what was previewed. Leaves the parts to the modules beside it.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from infra.gate.applying import Stack
from infra.gate.binding import Binding, program_digest, state_digest
from infra.gate.change import FailedPreview, Preview
from infra.gate.cost import estimate
from infra.gate.digest import changes_digest
from infra.gate.document import read_preview
from infra.gate.fleet import cells_of
from infra.gate.judging import judge, waivable
from infra.gate.previews import run_preview
from infra.gate.verdict import Verdict
from infra.gate.waivers import Waiver, entry, waivers_of
from infra.paths import PROJECT_ROOT
from infra.settings import checking, stack_file
from infra.settings.cells import CellStackSettings
from infra.settings.loader import AnySettings
from infra.settings.models import StackSettings

_UNTOLD = "the document tells neither what stays the same nor what policies found nor outputs: rules saw changes alone"
"""Of what `pulumi preview --json` prints when it does not stream."""


@dataclass(frozen=True)
class Review:
    """What was previewed, and what the gate says of it.

    Args:
        preview: what would be done.
        verdict: with the digest of `binding`, where there is one.
        binding: what an approval is bound to; None of a preview that was saved: nobody knows which state it was of.
    """

    preview: Preview
    verdict: Verdict
    binding: Binding | None


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return how the changes of two previews differ, one line each, sorted by URN.

    Args:
        before: URN -> digest of its change.
        after: the same of the other preview.
    """
    words = {(True, False): "no more", (False, True): "new", (True, True): "changes otherwise"}
    differing = sorted(urn for urn in before.keys() | after.keys() if before.get(urn) != after.get(urn))
    return [f"{words[urn in before, urn in after]}: {urn.rpartition('::')[2]} ({_type(urn)})" for urn in differing]


def digests_of(verdict: Verdict) -> Mapping[str, str]:
    """Return URN -> digest of its change.

    Args:
        verdict: on the changes.
    """
    return {one.change.urn: one.digest for one in verdict.judged}


def _type(urn: str) -> str:
    return urn.split("::")[-2].rpartition("$")[2] if urn.count("::") > 1 else "a stack"


@dataclass(frozen=True)
class Reviewer:
    """Who judges a stack's previews.

    Args:
        settings: the stack's.
        environment: its environment's; its own, unless it is a cell's.
        waivers: the stack's.
        today: the day that waivers have to hold on.
        root: the project's folder.
    """

    settings: AnySettings
    environment: StackSettings
    waivers: Sequence[Waiver]
    today: datetime.date
    root: Path = PROJECT_ROOT

    @classmethod
    def of(cls, stack: str, root: Path = PROJECT_ROOT) -> "Reviewer":
        """Return who judges a stack's previews, by its files as they are now.

        Args:
            stack: its name.
            root: the project's folder.

        Raises:
            TenantryError: there is no such stack, or a file of it, its environment or its waivers is not right.
        """
        settings = checking.any_settings_of(stack_file.source_of(stack, root))
        if isinstance(settings, CellStackSettings):
            environment = checking.settings_of(stack_file.source_of(settings.cell.of, root))
        else:
            environment = settings
        today = datetime.datetime.now(datetime.UTC).date()
        return cls(settings, environment, waivers_of(stack, root), today, root)

    def review(self, stack: Stack, *, refresh: bool = False, plan: Path | None = None) -> Review:
        """Preview a stack and judge that.

        Args:
            stack: which, and how it is reached.
            refresh: whether to compare with what is really there first.
            plan: where the preview's plan is written, for an update that keeps to it; nowhere by default.

        Raises:
            FailedPreview: there is none to judge, or files were changed meanwhile.
            TenantryError: there is no CLI, or the state or a file cannot be read.
        """
        program, state = program_digest(stack.root), state_digest(stack.export())
        preview = run_preview(stack.name, root=stack.root, environment=stack.environment, refresh=refresh, plan=plan)
        if program_digest(stack.root) != program:
            raise FailedPreview("files of the program or its settings were changed while it was previewed")
        verdict = self._judged(stack.name, preview)
        binding = Binding(program, state, changes_digest(preview, digests_of(verdict)))
        return Review(preview, replace(verdict, digest=binding.digest), binding)

    def of_preview(self, review: Review) -> Review:
        """Judge again what was previewed: by other settings or waivers.

        Args:
            review: with the preview.
        """
        verdict = replace(self._judged(review.verdict.stack, review.preview), digest=review.verdict.digest)
        return replace(review, verdict=verdict)

    def of_saved(self, stack: str, document: Path) -> Review:
        """Judge a preview that was saved.

        Args:
            stack: whose it is.
            document: what `pulumi preview --json` printed, or the engine's events, one a line.

        Raises:
            FailedPreview: it is not the whole document of a preview that succeeded.
        """
        preview = read_preview(document, stack=stack)
        return Review(preview, self._judged(stack, preview), None)

    def entries(self, review: Review) -> str:
        """Return the waivers that would let a preview pass; empty where nothing that blocks can be waived.

        Args:
            review: of the stack.
        """
        found = waivable(review.verdict, review.preview, self.settings)
        return "".join(entry(finding, digest, self.today) for finding, digest in found)

    def _judged(self, stack: str, preview: Preview) -> Verdict:
        region = self.environment.aws.region if self.environment.aws else ""
        limit = self.settings.budget if isinstance(self.settings, StackSettings) else None
        budget = float(limit.monthly_usd) if limit else None
        cost = estimate(preview, region=region, budget=budget)
        own = self.settings
        home = own.cell.of if isinstance(own, CellStackSettings) else stack
        if not preview.tells_outputs:
            preview = replace(preview, warnings=(*preview.warnings, _UNTOLD))
        return judge(
            preview,
            own,
            stack,
            waivers=self.waivers,
            today=self.today,
            cost=cost,
            environment=None if home == stack else self.environment,
            cells=cells_of(home, self.root),
        )
