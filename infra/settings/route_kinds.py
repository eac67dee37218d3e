"""Domain types of routes, as those in `kinds`: paths, cookies, and what is said where nobody answers."""

from typing import Annotated

from pydantic import Field, StringConstraints

PathPrefix = Annotated[
    str,
    StringConstraints(
        pattern=r"^/([A-Za-z0-9_~-][A-Za-z0-9._~-]*(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*)?$", max_length=256
    ),
    Field(description="A path as `/api`, with everything below it; `/` for all, otherwise no slash at its end."),
]

CookieName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=64),
    Field(description="A cookie's name: letters, digits, dashes and underscores; begins with a letter."),
]

ObjectName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$", max_length=253),
    Field(description="The name of a Kubernetes object: lower-case letters, digits, dashes and dots."),
]

Sentence = Annotated[
    str,
    StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=500),
    Field(description="Text of one line, 500 characters at most."),
]
