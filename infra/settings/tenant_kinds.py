"""Domain types of tenants, as those in `kinds`: where they are listed, their configurations, what was exported."""

from typing import Annotated

from pydantic import Field, StringConstraints

TenantFilePath = Annotated[
    str,
    StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+\.yaml$", max_length=1024),
    Field(description="A file's path, as `stacks/tenants/production.yaml`; it ends with `.yaml`."),
]

ConfigurationName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=40),
    Field(description="A version of configurations: lower-case letters, digits, dots and dashes, as `2026-11-01`."),
]

Colour = Annotated[
    str,
    StringConstraints(pattern=r"^#[0-9a-f]{6}$"),
    Field(description="A colour, as `#1a2b3c`: six hexadecimal digits in lower case."),
]

Sha256 = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{64}$"),
    Field(description="A SHA-256 checksum: 64 hexadecimal digits in lower case."),
]

CellName = Annotated[
    str,
    StringConstraints(pattern=r"^(home|cell-[0-9]{2,4})$"),
    Field(description="`home`, or `cell-` and two to four digits, as `cell-02`."),
]

CellStackName = Annotated[
    str,
    StringConstraints(pattern=r"^cell-[0-9]{2,4}$"),
    Field(description="`cell-` and two to four digits, as `cell-02`."),
]
