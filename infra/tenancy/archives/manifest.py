"""What an archive says of itself: whose rows it holds, of which tables, in which shape.

Owns the format and its limits. An archive is a ZIP file of one member per table, rows as PostgreSQL's COPY writes them
as text, and `manifest.json`. Its comment seals it: the SHA-256 of every byte before. Nothing in it depends on when or
where it was made, so that equal rows give equal bytes; when it was taken is in the file's name and date.
"""

from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

MANIFEST = "manifest.json"
LARGEST_MANIFEST = 16 * 2**20
"""Bytes; ours: 1,600 columns, PostgreSQL's most, take 0.1 MB."""

LONGEST_ROW = 32 * 2**20
"""Bytes of one row as text; ours. A row is held in memory, several times over while it is imported."""

CHUNK = 2**20
"""Bytes of rows that are held at a time, and sent as one batch."""

SEAL = b"sha256:"
DIGEST = 64  # letters of a SHA-256 in hexadecimal

TENANT_COLUMN = "tenant_id"
"""What tells whose a row is, where tables are shared."""

Isolation = Literal["pool", "schema", "database"]


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable")
    return text


_Name = Annotated[str, Field(min_length=1, max_length=63), AfterValidator(_printable)]  # 63: PostgreSQL's NAMEDATALEN


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Column(_Part):
    """A column as PostgreSQL names it and its type; a type of the tenant's schema stands there without the schema."""

    name: _Name
    type: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_printable)]


class Table(_Part):
    """The rows of one table.

    Args:
        name: the table's, in the tenant's schema.
        columns: in the order of the values in a row; generated ones are left out.
        order: the columns that rows are sorted by, texts by their bytes; empty for all columns, as text.
        rows: how many there are.
        size: of them all, in bytes of COPY's text.
        sha256: of that text.
    """

    name: _Name
    columns: Annotated[tuple[Column, ...], Field(min_length=1, max_length=1600)]
    order: Annotated[tuple[_Name, ...], Field(max_length=1600)]
    rows: Annotated[int, Field(ge=0)]
    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]

    @property
    def member(self) -> str:
        """The name of its member of the ZIP file."""
        return f"tables/{quote(self.name, safe='')}.tsv"

    @property
    def names(self) -> tuple[str, ...]:
        """Its columns' names."""
        return tuple(column.name for column in self.columns)

    @model_validator(mode="after")
    def _consistent(self) -> "Table":
        if len(set(self.names)) < len(self.names) or len(set(self.order)) < len(self.order):
            raise ValueError("a column stands there twice")
        if not set(self.order) <= set(self.names):
            raise ValueError("sorted by a column that it does not have")
        return self


class Manifest(_Part):
    """What is in an archive.

    Args:
        format: tells it from other files.
        version: of the format.
        tenant: the slug of the tenant whose rows they are.
        isolation: its isolation when they were taken.
        whole: whether these are all of its tables.
        tables: by name.
    """

    format: Literal["tenantry-tenant-archive"] = "tenantry-tenant-archive"
    version: Literal[1] = 1
    tenant: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,62}$")]
    isolation: Isolation
    whole: bool
    tables: Annotated[tuple[Table, ...], Field(max_length=10_000)]

    @model_validator(mode="after")
    def _once(self) -> "Manifest":
        names = [table.name for table in self.tables]
        if len(set(names)) < len(names):
            raise ValueError("a table stands there twice")
        return self
