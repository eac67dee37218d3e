"""Marks that say which resource an object was made for, kept as the object's comment.

An engine that is killed while an object is being created leaves one that its state does not know. The next update
creates it again; the mark, written in the same transaction as the object, shows that it is the very same resource's,
so it can be taken over. Anybody else's object is refused, as the official plugin refuses it.

A mark also names its *incarnation*, which the resource's outputs repeat. A replacement that is created before the old
resource is deleted can thus take over its object, and the deletion sees that the object is no longer the old one's.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass

from infra.sandbox.plugins.properties import META
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value


@dataclass(frozen=True)
class Tag:
    """The mark of one resource's object.

    Args:
        owner: a digest of the resource's URN.
        incarnation: which of the objects made for it this one is.
    """

    owner: str
    incarnation: str

    @classmethod
    def new(cls, urn: str) -> "Tag":
        """Return the mark of an object that is about to be made for `urn`."""
        return cls(hashlib.sha256(urn.encode()).hexdigest()[:40], secrets.token_hex(8))

    @classmethod
    def of_state(cls, urn: str, outputs: Properties) -> "Tag":
        """Return the mark that the object of a resource in the state should bear; incarnation "" if unknown."""
        return cls(cls.new(urn).owner, meta(outputs).get("incarnation", ""))

    @property
    def text(self) -> str:
        """The comment."""
        return f"pulumi:{self.owner}:{self.incarnation}"

    @property
    def temporary_name(self) -> str:
        """A name for the object until it is complete: nobody else's, the same at every attempt, within 63 bytes."""
        return f"pulumi:{self.owner}"

    def owns(self, comment: str | None) -> bool:
        """Whether an object with that comment was made for this resource."""
        return comment is not None and comment.startswith(f"pulumi:{self.owner}:")

    def was_superseded(self, comment: str | None) -> bool:
        """Whether an object with that comment now belongs to this resource's replacement."""
        return bool(self.incarnation) and self.owns(comment) and comment != self.text


def meta(outputs: Properties) -> dict[str, Value]:
    """Return what an earlier operation noted in the outputs."""
    text = outputs.get(META)
    return json.loads(text) if isinstance(text, str) else {}
