"""What the programs of the tools image have in common: their login to the pool's database, and how they fail."""

import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import psycopg

from infra.errors import TenantryError

_URL = "DIRECT_DATABASE_URL"


def log_in() -> psycopg.Connection[Any]:
    """Log in to the server itself, as whoever `DIRECT_DATABASE_URL` says; each statement is a transaction of its own.

    Raises:
        TenantryError: the variable is not set.
        psycopg.Error: the server cannot be reached, or refuses.
    """
    url = os.environ.get(_URL)
    if not url:
        raise TenantryError(
            f"{_URL} is not set", "the environment", "run it as a job with the pool's migration login", 2
        )
    return psycopg.connect(url, autocommit=True)


def run(program: Callable[[], None]) -> NoReturn:
    """Run a program to its end, and leave with 0, or with one line of what was wrong."""
    try:
        program()
    except TenantryError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    except psycopg.Error as error:
        told = " ".join(str(error).split())  # the server's words, with its hint; no statement and no password
        sys.stderr.write(f"error: {told}, the pool's database, mend it and run this again\n")
        sys.exit(1)
    sys.exit(0)


def say(text: str) -> None:
    """Write a line to the log."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
