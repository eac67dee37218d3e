"""Domain types of settings: each an annotated plain type with the rule it obeys and a one-line meaning."""

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, StringConstraints
from pydantic.fields import FieldInfo

from infra.naming import SLUG_LENGTH

Slug = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$", max_length=SLUG_LENGTH),
    Field(description="Lower-case letters, digits and dashes; begins with a letter, ends without a dash."),
]

ImageDigest = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9./:_-]*@sha256:[0-9a-f]{64}$", max_length=512),
    Field(description="An image by digest, as `registry/name@sha256:...`; a tag can move, a digest cannot."),
]

Port = Annotated[int, Field(ge=1, le=65535, description="A TCP port.")]

HttpPath = Annotated[
    str,
    StringConstraints(pattern=r"^/[^\s?#]*$", max_length=256),
    Field(description="An absolute HTTP path without query."),
]

DatabaseName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=63),
    Field(description="A PostgreSQL name that needs no quotes: lower-case letters, digits and underscores."),
]

Plan = Literal["free", "pro", "enterprise"]
Isolation = Literal["pool", "schema", "database"]
Slot = Literal["blue", "green"]
SslMode = Literal["require", "verify-ca", "verify-full"]


def meanings_by_pattern() -> dict[str, str]:
    """Return the one-line meaning of each type that has a pattern; users read it instead of the pattern."""
    meanings: dict[str, str] = {}
    for kind in (Slug, ImageDigest, HttpPath, DatabaseName):
        parts: tuple[Any, ...] = get_args(kind)[1:]
        pattern = next(part.pattern for part in parts if isinstance(part, StringConstraints))
        meanings[str(pattern)] = next(part.description or "" for part in parts if isinstance(part, FieldInfo))
    return meanings
