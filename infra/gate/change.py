"""What a preview would do, as the gate sees it: plain values, in one order, without anything secret.

Owns the words of the gate. Leaves reading them from what the engine prints to `infra.gate.document`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal


class Hidden(Enum):
    """A value that is not there to be read; equal to itself only, and no text of a user's looks like it."""

    UNKNOWN = "known after apply"
    SECRET = "secret"  # noqa: S105 - a name


Value = None | bool | int | float | str | Hidden | Sequence["Value"] | Mapping[str, "Value"]
"""A property: what JSON can say, and what is hidden. Lists are lists, objects are dicts with text keys."""

Properties = Mapping[str, Value]

Kind = Literal["create", "update", "replace", "delete", "import", "read", "forget", "options", "outputs"]
"""What becomes of a resource.

`replace` is one change, whichever of the engine's three operations told of it. `forget` drops it from the state and
leaves it where it is. `options` is a resource whose properties stay while its protection or its provider does not.
`outputs` are the stack's own.
"""

ENDS: frozenset[Kind] = frozenset({"delete", "replace"})
"""Kinds after which what was there is not."""


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """One property that differs.

    Args:
        path: Pulumi's property path, as `tags.owner`, `rules[0].host` or `data["a.b"]`.
        kind: what becomes of it.
        before: its value; None where it is added.
        after: its value; None where it is deleted.
        replaces: whether the resource is replaced because of it.
    """

    path: str
    kind: Literal["add", "update", "delete"]
    before: Value = None
    after: Value = None
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One resource that does not stay as it is.

    Args:
        urn: Pulumi's name of it.
        type: its type token, as `aws:rds/instance:Instance`.
        kind: what becomes of it.
        properties: what differs, sorted by path; of a creation or deletion every input, as `add` or `delete`.
        before: all its inputs in the state; empty where it is created.
        after: all its inputs as declared; empty where it is deleted.
        outputs: what the state has of it beside its inputs; empty where it is created.
        parent: its parent's URN; empty for the stack.
        protected_before: whether the engine refuses to delete it now.
        protected_after: whether it would afterwards.
        provider_before: the URN of its provider, as it is now; empty for a component.
        provider_after: the URN of its provider afterwards.
        retained: whether deleting it leaves it where it is.
        deletes_first: of a replacement, whether the old one ends before the new one begins.
    """

    urn: str
    type: str
    kind: Kind
    properties: Sequence[PropertyChange] = ()
    before: Properties = field(default_factory=dict)
    after: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    protected_before: bool = False
    protected_after: bool = False
    provider_before: str = ""
    provider_after: str = ""
    retained: bool = False
    deletes_first: bool = False

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.rpartition("::")[2]

    def property(self, path: str) -> PropertyChange | None:
        """Return what becomes of one property, by its whole path; None where it stays."""
        return next((one for one in self.properties if one.path == path), None)


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource as it will be, changed or not.

    Args:
        urn: Pulumi's name of it.
        type: its type token.
        inputs: as declared.
        outputs: what the state has of it beside that; empty where it is new.
        parent: its parent's URN; empty for the stack.
        protected: whether the engine refuses to delete it.
    """

    urn: str
    type: str
    inputs: Properties
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    protected: bool = False

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True, slots=True)
class Violation:
    """What a policy pack of the user's said, which `pulumi preview --json` leaves out.

    Args:
        urn: of the resource; empty for the whole stack.
        policy: its name, as `PACK/POLICY`.
        mandatory: whether the policy is enforced as `mandatory`.
        message: its own words, in one line.
    """

    urn: str
    policy: str
    mandatory: bool
    message: str


@dataclass(frozen=True)
class Preview:
    """A preview that came to its end.

    Args:
        stack: its name.
        project: its project's name.
        changes: sorted by URN; each URN is there once.
        resources: URN -> every resource that there will be.
        same: how many stay as they are.
        violations: what policy packs said; empty where the document cannot tell.
        warnings: what the engine and the program warned of, sorted, without repetition.
        tells_outputs: whether changes of the stack's outputs are among the changes; a saved `--json` document has none.
    """

    stack: str
    project: str
    changes: Sequence[Change]
    resources: Mapping[str, Resource] = field(default_factory=dict)
    same: int = 0
    violations: Sequence[Violation] = ()
    warnings: Sequence[str] = ()
    tells_outputs: bool = False


class FailedPreview(Exception):
    """There is no preview to judge: it failed, was broken off, or is not whole."""
