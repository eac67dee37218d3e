"""A name of the shared database is taken when the server can make all that comes of it, and refused when not."""

import pytest
from pydantic import ValidationError

from infra.naming import POSTGRESQL_NAME_BYTES, application_role, migration_role, owner_role
from infra.settings import database_names
from infra.settings.database import BroughtDatabase
from infra.tenant_guard import POOL_SCHEMA


def test_the_longest_name_leaves_as_much_room_as_the_longest_role_takes() -> None:
    prefix = f"{'d' * database_names.LONGEST}_{POOL_SCHEMA}"
    roles = (owner_role(prefix), application_role(prefix), migration_role(prefix))
    assert max(map(len, roles)) == POSTGRESQL_NAME_BYTES


@pytest.mark.parametrize("name", ["d" * 49, "tenantry", "tenants", "pgshop", "postgres_two", "template", "t", "cells"])
def test_a_name_that_is_only_near_a_refused_one_is_taken(name: str) -> None:
    assert BroughtDatabase.model_validate({"existing": {}, "name": name}).name == name


@pytest.mark.parametrize("name", ["d" * 50, "rdsadmin", "pg", "tenant", "cell_02"])
def test_a_brought_server_refuses_the_same_names(name: str) -> None:
    with pytest.raises(ValidationError):
        BroughtDatabase.model_validate({"existing": {}, "name": name})
