"""An instance is made of the services that it was started with."""

import json
from collections.abc import Iterator

import pytest

from infra.errors import TenantryError
from infra.sandbox import instance as instances
from infra.sandbox import lifecycle
from tests.sandbox.servers.harness import quiet

NAME = "test-asked-for"


@pytest.fixture
def deleted() -> Iterator[None]:
    """Delete the instance after the test."""
    yield
    lifecycle.down(NAME, quiet, delete=True)


def running() -> set[str]:
    """Return the processes that run, by the names that users read; make sure that no other row is shown."""
    instance = instances.load(NAME)
    assert instance is not None
    rows = lifecycle.status(instance)
    assert all(row.healthy for row in rows)
    return {row.name for row in rows}


@pytest.mark.usefixtures("deleted")
def test_an_instance_has_what_was_asked_for_and_keeps_it_when_more_is() -> None:
    lifecycle.up(NAME, quiet, {"postgresql"})
    assert running() == {"postgresql", "tls-proxy"}
    lifecycle.up(NAME, quiet, {"cloud"})
    assert running() == {"postgresql", "tls-proxy", "cloud"}
    lifecycle.down(NAME, quiet)
    lifecycle.up(NAME, quiet, {"cloud"})
    assert running() == {"postgresql", "tls-proxy", "cloud"}


@pytest.mark.usefixtures("deleted")
def test_a_damaged_record_of_the_services_is_named() -> None:
    instance = lifecycle.up(NAME, quiet, {"cloud"})
    lifecycle.down(NAME, quiet)
    record = instance.directory / "services.json"
    assert json.loads(record.read_text()) == ["cloud"]
    record.write_text("{")
    with pytest.raises(TenantryError, match="the instance's record is damaged"):
        lifecycle.up(NAME, quiet, {"cloud"})
    record.unlink()


def test_an_instance_that_somebody_else_has_just_deleted_is_an_error_only_when_it_was_named() -> None:
    lifecycle.down("test-nowhere", quiet, missing_ok=True)
    with pytest.raises(TenantryError, match="no such sandbox instance"):
        lifecycle.down("test-nowhere", quiet)
