"""Names: automatic names, namespaces and field managers.

Automatic names and field managers follow from the URN instead of chance. An engine killed while it creates leaves an
object that no state knows; the next update computes the same name and the same field manager, recognises the object as
its own and takes it over, where a random name would leave it behind and a random manager would conflict with it.
"""

import hashlib
import threading
from collections.abc import Mapping

from infra.sandbox.plugins.kubernetes.manifests import (
    AUTONAMED,
    FIELD_MANAGER,
    STORED_MANAGER,
    annotation,
    peek,
    with_annotation,
    with_metadata,
)
from infra.sandbox.plugins.values import UNKNOWN, Value

_DIGITS = 8  # as official names have


class Autonaming:
    """The automatic names of one engine run.

    A replacement needs another name than the object it replaces; it follows from the old name. The engine asks for it
    by checking a resource a second time, without its old inputs, so the old name is remembered in between.
    """

    def __init__(self) -> None:
        """Start with no memory."""
        self._lock = threading.Lock()
        self._replaced: dict[str, str] = {}

    def named(self, urn: str, name: str, old: Mapping[str, Value], new: Mapping[str, Value]) -> dict[str, Value]:
        """Return `new` with a name: its own, the old automatic one, or a fresh one.

        Args:
            urn: the resource's URN.
            name: its logical name.
            old: its old inputs; empty when it is new or being replaced.
            new: its inputs.
        """
        old_name = peek(old, "metadata", "name")
        if isinstance(old_name, str):
            with self._lock:
                self._replaced[urn] = old_name
        if is_named(new):
            return dict(new)
        if isinstance(old_name, str) and is_autonamed(old):
            return with_annotation(with_metadata(new, {"name": old_name}), AUTONAMED, "true")
        if old:
            return dict(new)
        with self._lock:
            predecessor = self._replaced.get(urn, "")
        fresh = f"{name}-{_digest(urn, predecessor)}"
        return with_annotation(with_metadata(new, {"name": fresh}), AUTONAMED, "true")


def is_named(inputs: Mapping[str, Value]) -> bool:
    """Whether the inputs carry a name, known or not."""
    metadata, name = peek(inputs, "metadata"), peek(inputs, "metadata", "name")
    return metadata is UNKNOWN or name is UNKNOWN or bool(name)


def is_autonamed(inputs: Mapping[str, Value]) -> bool:
    """Whether the name is an automatic one."""
    return annotation(inputs, AUTONAMED) == "true"


def field_manager(urn: str, inputs: Mapping[str, Value], outputs: Mapping[str, Value]) -> str:
    """Return the field manager: the program's, the one of the state, or the one that follows from the URN."""
    stored = peek(outputs, STORED_MANAGER)
    if chosen := annotation(inputs, FIELD_MANAGER):
        return chosen
    return stored if isinstance(stored, str) and stored else f"pulumi-kubernetes-{_digest(urn)}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_DIGITS]
