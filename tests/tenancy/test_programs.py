"""The programs of the tools image, as a job runs them."""

import os
import subprocess
import sys

import pytest

from tests.tenancy.pool import Pool


def ran(module: str, url: str | None) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    for name in ("DIRECT_DATABASE_URL", "REGISTRY_DIRECTORY"):
        known.pop(name, None)
    return subprocess.run(
        [sys.executable, "-m", module],
        env=known if url is None else {**known, "DIRECT_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_samples_migration_makes_its_tables_once(pool: Pool) -> None:
    url = pool.url(pool.migrator)
    first, second = ran("infra.tenancy.sample", url), ran("infra.tenancy.sample", url)
    assert (first.returncode, first.stdout, first.stderr) == (0, "made 9 tables in schema pool\n", "")
    assert (second.returncode, second.stdout) == (0, "nothing to do, there are 9 tables in schema pool\n")


@pytest.mark.parametrize(
    ("module", "told"),
    [
        (
            "infra.tenancy.sample",
            "DIRECT_DATABASE_URL is not set, the environment, run it as a job with the pool's migration login",
        ),
        ("infra.tenancy.lifecycle", "REGISTRY_DIRECTORY is not set, the environment, name the registry's folder in it"),
    ],
)
def test_a_program_that_is_not_told_what_it_needs_says_so(module: str, told: str) -> None:
    ended = ran(module, None)
    assert (ended.returncode, ended.stderr) == (2, f"error: {told}\n")


def test_a_refusal_of_the_server_is_one_line(pool: Pool) -> None:
    told = ran("infra.tenancy.sample", pool.url(pool.app))
    assert told.returncode == 1
    assert told.stderr.startswith("error: permission denied for schema pool")
    assert told.stderr.count("\n") == 1
