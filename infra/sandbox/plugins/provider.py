"""What a resource plugin implements: one class, plain Python values in and out.

Owns the requests, results and failures of the provider protocol. Leaves gRPC to `server`.
Every request carries unknowns and secrets as they are (see `values`); a provider keeps the marks of what it returns.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from infra.sandbox.plugins.differences import Change, differences
from infra.sandbox.plugins.values import Value

Properties = Mapping[str, Value]


class ProviderError(Exception):
    """A failure with a message for the user; the engine shows it beside the resource."""


class PartialFailure(ProviderError):
    """The resource exists but is not as wanted: the engine records it, and the next update goes on from there."""

    def __init__(
        self, message: str, *, id: str, outputs: Properties, inputs: Properties, reasons: Sequence[str]
    ) -> None:
        """Describe what was left.

        Args:
            message: one line for the user.
            id: the resource's id.
            outputs: its state as far as known.
            inputs: the inputs that it was made from.
            reasons: what went wrong, one sentence each.
        """
        super().__init__(message)
        self.id = id
        self.outputs = outputs
        self.inputs = inputs
        self.reasons = reasons


@dataclass(frozen=True)
class Failure:
    """One input that is not acceptable.

    Args:
        property: its path, or empty for the resource as a whole.
        reason: what is wrong and what is allowed; no value of it is echoed.
    """

    property: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Resource:
    """Which resource a request is about.

    Args:
        urn: the engine's name of it.
        type: the type token, as `kubernetes:apps/v1:Deployment`.
        name: the logical name.
        timeout: seconds that the user allows (`customTimeouts`), or None for the provider's own default.
        ignore_changes: the property paths under `ignoreChanges`; only a diff and an update carry them.
    """

    urn: str
    type: str
    name: str
    timeout: float | None = None
    ignore_changes: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What an update would do.

    Args:
        changes: property path -> change; empty when nothing changes.
        replace: the paths among them that cannot change in place.
        delete_before_replace: whether the old one must go before the new one comes.
    """

    changes: Mapping[str, Change] = field(default_factory=dict)
    replace: frozenset[str] = frozenset()
    delete_before_replace: bool = False


@dataclass(frozen=True, kw_only=True)
class State:
    """A resource as it is.

    Args:
        id: its id.
        outputs: every property, for the state.
        inputs: what a program would have to say to get it, for refresh and import.
    """

    id: str
    outputs: Properties
    inputs: Properties


class Provider(ABC):
    """Base of a plugin: what every one must do with resources, and what one does that has no more to say."""

    name: str
    """The package, as `kubernetes`."""

    def types(self) -> Collection[str] | None:
        """Return the tokens of the types that the plugin has; None for all that its SDK has."""
        return None

    def check_config(self, inputs: Properties) -> list[Failure]:
        """Judge the provider's own settings; nothing may be contacted."""
        del inputs
        return []

    def replacing_config(self) -> frozenset[str]:
        """Return the settings whose change makes every resource of the provider another one."""
        return frozenset()

    def diff_config(self, old: Properties, new: Properties) -> Difference:
        """Compare the provider's own settings; called before `configure`."""
        changes = differences(old, new)
        fixed = self.replacing_config()
        replace = frozenset(path for path in changes if re.split(r"[.\[]", path, maxsplit=1)[0] in fixed)
        return Difference(changes=changes, replace=replace)

    def configure(self, config: Properties) -> None:
        """Take the settings; secrets are revealed. Called once before any resource; may raise `ProviderError`."""
        del config

    def invoke(self, token: str, arguments: Properties) -> Properties:
        """Run a function."""
        del arguments
        raise ProviderError(f"the offline {self.name} plugin has no function {token}")

    @abstractmethod
    def check(
        self, resource: Resource, old: Properties, new: Properties, seed: bytes
    ) -> tuple[Properties, list[Failure]]:
        """Return the inputs with defaults and automatic names filled in, and what is wrong with them.

        Args:
            resource: which one.
            old: the inputs of the last update; empty for a new resource.
            new: the program's inputs.
            seed: entropy that is equal in preview and update, for automatic names.
        """

    @abstractmethod
    def diff(
        self, resource: Resource, id: str, old_inputs: Properties, outputs: Properties, new: Properties
    ) -> Difference:
        """Compare; `new` already carries the old values of what `ignoreChanges` names."""

    @abstractmethod
    def create(self, resource: Resource, inputs: Properties, *, preview: bool) -> tuple[str, Properties]:
        """Create it and return id and outputs; in a preview contact nothing that writes, and return an empty id."""

    @abstractmethod
    def read(self, resource: Resource, id: str, inputs: Properties, outputs: Properties) -> State | None:
        """Return how it is now, or None when it is gone. Inputs and outputs are empty for an import."""

    @abstractmethod
    def update(
        self,
        resource: Resource,
        id: str,
        old_inputs: Properties,
        outputs: Properties,
        new: Properties,
        *,
        preview: bool,
    ) -> Properties:
        """Change it in place and return its outputs."""

    @abstractmethod
    def delete(self, resource: Resource, id: str, inputs: Properties, outputs: Properties) -> None:
        """Delete it and return once it is gone; succeeds when it is gone already."""

    def cancel(self) -> None:  # noqa: B027 - most have nothing to end
        """Make every request under way end soon: the user pressed Ctrl-C."""

    def close(self) -> None:  # noqa: B027 - most have nothing to give back
        """Give back connections; the process is about to end."""
