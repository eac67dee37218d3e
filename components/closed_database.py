"""A PostgreSQL database that only granted roles can connect to.

Owns the database, what PUBLIC loses, and the vector extension. Leaves schemas and roles to `IsolatedSchema`.
"""

from dataclasses import dataclass

import pulumi
from pulumi_postgresql import Database, Extension, Grant


@dataclass(frozen=True, kw_only=True)
class ClosedDatabaseArgs:
    """Arguments of `ClosedDatabase`.

    Args:
        database: the PostgreSQL name.
        restored: whether it came with a backup, together with all that is made in it here.
    """

    database: str
    restored: bool = False


class ClosedDatabase(pulumi.ComponentResource):
    """No role connects to this database that was not granted it; pgvector is ready in it."""

    database: pulumi.Output[str]
    """The PostgreSQL name, known once PUBLIC is shut out and the extension is there."""

    def __init__(self, name: str, args: ClosedDatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:database:ClosedDatabase", name, None, opts)
        self.database = closed_database(name, args, pulumi.ResourceOptions(parent=self))
        self.register_outputs({"database": self.database})


def closed_database(name: str, args: ClosedDatabaseArgs, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Declare what a closed database consists of, as children of whichever component is given as their parent.

    Args:
        name: their logical names begin so.
        args: which database.
        opts: of each, with their parent.

    Returns:
        The PostgreSQL name, known once PUBLIC is shut out and the extension is there.
    """
    if args.restored:
        return pulumi.Output.from_input(args.database)
    database = Database(f"{name}-database", name=args.database, opts=opts)
    closed = Grant(
        f"{name}-public",
        database=database.name,
        role="public",
        object_type="database",
        privileges=[],
        opts=opts,
    )
    vector = Extension(f"{name}-vector", name="vector", database=database.name, opts=opts)
    return pulumi.Output.all(database.name, closed.id, vector.id).apply(lambda parts: str(parts[0]))
