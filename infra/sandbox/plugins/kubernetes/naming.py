"""Names: automatic names, namespaces and field managers.

Automatic names and field managers follow from the URN instead of chance. An engine killed while it creates leaves an
object that no state knows; the next update computes the same name and the same field manager, recognises the object as
its own and takes it over, where a random name would leave it behind and a random manager would conflict with it.

A replacement's name follows from the name of the object that it replaces, and that object is marked with it before the
replacement is created: the engine may be killed when its state holds the old object only, as one to delete, and then
asks for the name of a new resource. Without the mark it would get the name of the object that it goes on to delete.
"""

import hashlib
import threading
from collections.abc import Callable, Mapping

from infra.sandbox.plugins.kubernetes.manifests import (
    AUTONAMED,
    FIELD_MANAGER,
    STORED_MANAGER,
    annotation,
    peek,
    with_annotation,
    with_metadata,
)
from infra.sandbox.plugins.provider import Failure
from infra.sandbox.plugins.values import UNKNOWN, Value

_DIGITS = 8  # as official names have
_LONGEST_CHAIN = 10  # interrupted replacements of one resource, one after the other


class Autonaming:
    """The automatic names of one engine run.

    A replacement needs another name than the object it replaces; it follows from the old name. The engine asks for it
    by checking a resource a second time, without its old inputs, so the old name is remembered in between.
    """

    def __init__(self) -> None:
        """Start with no memory."""
        self._lock = threading.Lock()
        self._replaced: dict[str, str] = {}

    def predecessor(self, urn: str) -> str:
        """Return the name of the object that the resource has had in this run, empty without one."""
        with self._lock:
            return self._replaced.get(urn, "")

    def named(
        self,
        urn: str,
        name: str,
        old: Mapping[str, Value],
        new: Mapping[str, Value],
        successor: Callable[[str], str],
    ) -> dict[str, Value]:
        """Return `new` with a name: its own, the old automatic one, or a fresh one.

        Args:
            urn: the resource's URN.
            name: its logical name.
            old: its old inputs; empty when it is new or being replaced.
            new: its inputs.
            successor: gives the name that an existing object is marked with, empty without a mark.
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
        predecessor = self.predecessor(urn)
        fresh = f"{name}-{_digest(urn, predecessor)}"
        for _ in range(_LONGEST_CHAIN if not predecessor else 0):
            following = successor(fresh)
            if not following:
                break
            fresh = following
        return with_annotation(with_metadata(new, {"name": fresh}), AUTONAMED, "true")


def is_named(inputs: Mapping[str, Value]) -> bool:
    """Whether the inputs carry a name, known or not."""
    metadata, name = peek(inputs, "metadata"), peek(inputs, "metadata", "name")
    return metadata is UNKNOWN or name is UNKNOWN or bool(name)


def failures(inputs: Mapping[str, Value], *, patch: bool) -> list[Failure]:
    """Judge what the server cannot: the name of a Patch resource, and what would be another object's URL."""
    name = peek(inputs, "metadata", "name")
    if patch and not is_named(inputs):
        return [Failure("metadata.name", "Patch resources require metadata.name: whose fields to own")]
    if peek(inputs, "metadata", "generateName") and not is_named(inputs):
        text = "not supported with server-side apply; leave it out for autonaming"
        return [Failure("metadata.generateName", text)]
    if isinstance(name, str) and {"/", "%"} & set(name):
        return [Failure("metadata.name", "may not contain / or %: no URL leads to such an object")]
    return []


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
