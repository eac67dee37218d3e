"""The engine's events as JSON lines: what streaming `pulumi preview --json` prints, and what an event log holds.

Owns when such a stream is whole: it has one summary, of a preview that succeeded, and the engine's own last word after
it. That word is the event `cancelEvent`: the engine sends it at the end of every operation, whether cancelled or not
(Pulumi, pkg/engine/update.go), so its absence is what tells that a stream was cut off.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

from infra.gate.change import FailedPreview
from infra.gate.diagnostics import EngineRefused, Words, one_line, violation
from infra.gate.normalising import Told
from infra.gate.steps import OPERATIONS, STACK, State, Step, flag, read_step, table, text, type_of
from infra.gate.values import Values

LINE = 64 * 2**20
"""Bytes of a line at most; an event holds two states of one resource, and those seldom take 1 MiB."""

_ENVELOPE = frozenset({"sequence", "timestamp"})


def read_events(file: IO[bytes]) -> Told:
    """Read a stream of events.

    Args:
        file: from its beginning; what is still printed is waited for.

    Raises:
        EngineRefused: the engine says what went wrong.
        FailedPreview: it is not a whole, succeeded preview.
        OSError: it cannot be read.
    """
    stream = _Stream()
    try:
        for number, event in _lines(file):
            stream.take(event, number)
        stream.words.refuse_errors()
        return stream.told_whole()
    except FailedPreview:
        stream.words.refuse_errors()  # says more than that something is missing
        raise


def _lines(file: IO[bytes]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    number = 0
    while line := file.readline(LINE):
        number += 1
        if not line.strip():
            continue
        if len(line) == LINE:
            raise FailedPreview(f"line {number} is longer than any event")
        try:
            event = json.loads(line.decode(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            cut = " (the file ends in it: it was cut off)" if not line.endswith(b"\n") else ""
            raise FailedPreview(f"line {number} is no event of the engine's{cut}") from error
        yield number, table(event, f"line {number}")


def _refuse_constant(name: str) -> object:
    raise ValueError(name)


class _Stream:
    """What was read so far."""

    def __init__(self) -> None:
        self.words = Words()
        self._told = Told(whole=True)
        self._values = Values()
        self._summary: tuple[tuple[int, int], Mapping[str, Any]] | None = None
        self._end: tuple[int, int] | None = None
        self._outputs: tuple[tuple[int, int], State | None, State] | None = None
        self._begun: Counter[tuple[str, str]] = Counter()
        self._place = 0, 0
        self._preludes = 0
        self._takers: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
            "preludeEvent": self._take_prelude,
            "resourcePreEvent": self._take_step,
            "resOutputsEvent": self._take_outputs,
            "diagnosticEvent": self.words.add,
            "policyEvent": self._take_violation,
            "policyRemediationEvent": self._take_remediation,
            "summaryEvent": self._take_summary,
            "cancelEvent": self._take_end,
            "errorEvent": lambda raw: self._take_error(text(raw, "error", "an error")),
            "resOpFailedEvent": lambda _: self._take_error("an operation on a resource failed"),
            **dict.fromkeys(_WORDLESS, lambda _: None),
        }

    def take(self, event: Mapping[str, Any], number: int) -> None:
        """Take one event.

        Args:
            event: with one payload.
            number: of its line, from 1.
        """
        kinds = [kind for kind in event if kind not in _ENVELOPE and event[kind] is not None]
        if len(kinds) != 1 or kinds[0] not in self._takers:
            shown = ", ".join(repr(kind)[:40] for kind in kinds[:3]) or "nothing"
            raise FailedPreview(f"line {number} is no event that this version of the gate knows: {shown}")
        sequence = event.get("sequence", 0)
        if not isinstance(sequence, int):
            raise FailedPreview(f"line {number} has a sequence that is no number")
        self._place = sequence, number
        self._takers[kinds[0]](table(event[kinds[0]], f"line {number}"))

    def told_whole(self) -> Told:
        """Return what was told.

        Raises:
            FailedPreview: something of it is missing.
        """
        if self._summary is None:
            raise FailedPreview("it is cut off, or the preview was: there is no summary of the engine's at its end")
        self._refuse_violations()
        _check_summary(self._summary[1])
        if self._end is None:
            raise FailedPreview("it is cut off: the engine's last event is missing")
        if self._end[0] < self._summary[0][0]:
            raise FailedPreview("the preview was cancelled before its end")
        self._check_ends()
        self._told.counts = counts(self._summary[1].get("resourceChanges"))
        self._told.warnings |= self.words.warnings
        if self._outputs:
            _, old, new = self._outputs
            self._told.outputs_before, self._told.outputs_after = old.outputs if old else {}, new.outputs
        else:
            self._told.outputs_before = self._told.outputs_after = {}
        return self._told

    def _refuse_violations(self) -> None:
        """Say which policy made a preview fail: the engine has no other error then."""
        forbidding = sorted((one.policy, one.urn, one.message) for one in self._told.violations if one.mandatory)
        if forbidding and self._summary and self._summary[1].get("result", "succeeded") != "succeeded":
            policy, urn, message = forbidding[0]
            name = f" of {urn.rpartition('::')[2]}" if urn else ""
            more = f" (and {len(forbidding) - 1} more)" if forbidding[1:] else ""
            raise EngineRefused(f"the preview failed: the policy {policy} says{name}: {message}{more}")

    def _check_ends(self) -> None:
        """Refuse a stream that tells the beginning of a step and not its end, or a `pulumi refresh`: it tells another
        operation at the end, which is of the state only."""
        for (urn, operation), count in sorted(self._begun.items()):
            if count > 0 and operation == "refresh":
                raise FailedPreview("it is of `pulumi refresh`, and not of a preview")
            if count > 0:
                raise FailedPreview(f"it is not whole: what came of the step of {urn} is missing")

    def _take_prelude(self, _: Mapping[str, Any]) -> None:
        self._preludes += 1
        if self._preludes > 1:
            raise FailedPreview("it holds more than one preview")

    def _take_step(self, raw: Mapping[str, Any]) -> None:
        step = self._step(raw)
        self._told.steps.append(step)
        self._begun[step.urn, step.operation] += 1

    def _take_outputs(self, raw: Mapping[str, Any]) -> None:
        metadata = table(raw.get("metadata"), "what came of a step")
        operation, urn = metadata.get("op"), metadata.get("urn")
        if not isinstance(operation, str) or operation not in OPERATIONS or not isinstance(urn, str):
            self._step(raw)  # says what is wrong
            raise FailedPreview("what came of a step is of no step")
        self._begun[urn, operation] -= 1
        if operation not in {"read", "refresh"} and STACK not in urn:
            return
        step = self._step(raw)
        if operation == "read" and step.new:
            self._told.read[step.urn] = step.new.outputs
        elif operation == "refresh" and step.new is None and step.old and not step.old.condemned:
            self._told.gone.add(step.urn)
        elif type_of(step.urn) == STACK and step.new and (self._outputs is None or self._place > self._outputs[0]):
            self._outputs = self._place, step.old, step.new

    def _step(self, raw: Mapping[str, Any]) -> Step:
        metadata = table(raw.get("metadata"), "a step")
        return read_step(metadata, self._values, metadata.get("old"), metadata.get("new"))

    def _take_violation(self, raw: Mapping[str, Any]) -> None:
        if found := violation(raw):
            self._told.violations.add(found)

    def _take_remediation(self, raw: Mapping[str, Any]) -> None:
        name, policy = text(raw, "resourceUrn", "a policy").rpartition("::")[2], text(raw, "policyName", "a policy")
        self._told.warnings.add(one_line(f"{name}: the policy {policy} alters what the program declares"))

    def _take_summary(self, raw: Mapping[str, Any]) -> None:
        if self._summary:
            raise FailedPreview("it holds more than one preview")
        self._summary = self._place, raw

    def _take_end(self, _: Mapping[str, Any]) -> None:
        if self._end:
            raise FailedPreview("it holds more than one preview")
        self._end = self._place

    def _take_error(self, message: str) -> None:
        self.words.add({"severity": "error", "message": message})


_WORDLESS = (
    "stdoutEvent",
    "policyLoadEvent",
    "policyAnalyzeSummaryEvent",
    "policyRemediateSummaryEvent",
    "policyAnalyzeStackSummaryEvent",
    "startDebuggingEvent",
    "progressEvent",
)
"""Events that say nothing of what would become of a resource (Pulumi, sdk/go/common/apitype/events.go)."""


def counts(raw: object) -> Mapping[str, int]:
    """Return how many resources the engine counts, by operation.

    Args:
        raw: `resourceChanges`, or the `changeSummary` of a saved document.

    Raises:
        FailedPreview: it is no count.
    """
    found = table(raw, "the engine's count")
    for operation, count in found.items():
        if operation not in OPERATIONS:
            raise FailedPreview(f"an operation that this version of the gate does not know: {operation!r:.60}")
        if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count < 2**31:
            raise FailedPreview("the engine's count is no count")
    return found


def _check_summary(summary: Mapping[str, Any]) -> None:
    """Refuse a summary of something else than a preview that succeeded; an older engine leaves the result out."""
    where = "the summary"
    if not flag(summary, "isPreview", where):
        raise FailedPreview("it is of an update, and not of a preview")
    if flag(summary, "maybeCorrupt", where):
        raise FailedPreview("the engine says that the stack's state may be corrupt")
    result = summary.get("result", "succeeded")
    if result != "succeeded":
        raise FailedPreview(f"the preview did not succeed: the engine says {result!r:.40}")
