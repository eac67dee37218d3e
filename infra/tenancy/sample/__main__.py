"""A migration: makes the sample's tables in the pool, once; `python -m infra.tenancy.sample`."""

from infra.tenancy import sample
from infra.tenancy.programs import log_in, run, say
from infra.tenant_guard import POOL_SCHEMA


def migrate() -> None:
    """Make the tables, or find them made.

    Raises:
        TenantryError: it is not told where the database is.
        psycopg.Error: the server cannot be reached, or refuses.
    """
    with log_in() as connection:
        made = sample.install(connection, POOL_SCHEMA, pool=True)
    tables = f"{len(sample.TABLES)} tables in schema {POOL_SCHEMA}"
    say(f"made {tables}" if made else f"nothing to do, there are {tables}")


if __name__ == "__main__":
    run(migrate)
