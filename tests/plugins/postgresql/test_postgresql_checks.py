"""What the postgresql plugin refuses before it contacts a server."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from infra.sandbox.plugins.postgresql import settings
from infra.sandbox.plugins.provider import ProviderError
from infra.sandbox.plugins.values import UNKNOWN, Secret
from tests.plugins.client import Refused, running, without_pg
from tests.plugins.postgresql.harness import MODULE, Engine

GRANT = {"role": "r", "database": "d", "privileges": ["USAGE"]}


@pytest.fixture(scope="module")
def offline() -> Iterator[Engine]:
    """A plugin whose server does not exist: whatever works here contacts nothing."""
    with running(MODULE, without_pg(os.environ)) as plugin:
        plugin.configure(host="127.0.0.1", port="1", password=Secret("p"))
        yield Engine(plugin)


@pytest.mark.parametrize(
    ("kind", "inputs", "path", "words"),
    [
        ("Role", {"name": "x" * 64}, "name", "63 bytes at most"),
        ("Role", {"name": "é" * 32}, "name", "63 bytes at most"),
        ("Role", {"name": ""}, "name", "not empty"),
        ("Role", {"login": "maybe"}, "login", "true or false"),
        ("Role", {"connectionLimit": -2}, "connectionLimit", "-1 or more"),
        ("Role", {"connection_limit": 1}, "connection_limit", "is not known; allowed are assumeRole"),
        ("Role", {"roles": "one"}, "roles", "a list"),
        ("Role", {"roles": ["ok", "x" * 64]}, "roles[1]", "63 bytes"),
        ("Role", {"password": Secret(5)}, "password", "a string"),
        (
            "Role",
            {"password": "p", "passwordWo": "q", "passwordWoVersion": "1"},
            "password",
            "together with passwordWo",
        ),
        ("Role", {"passwordWo": "q"}, "passwordWo", "needs passwordWoVersion"),
        ("Role", {"encryptedPassword": False}, "encryptedPassword", "must be true"),
        ("Role", {"statementTimeout": -1}, "statementTimeout", "0 or more"),
        ("Database", {"connectionLimit": "few"}, "connectionLimit", "a whole number"),
        ("Database", {"isTemplate": 1}, "isTemplate", "true or false"),
        ("Schema", {"policies": [{"usge": True}]}, "policies[0].usge", "is not known"),
        ("Schema", {"ifNotExists": "no"}, "ifNotExists", "true or false"),
        ("Extension", {"version": 1}, "version", "a string"),
        ("Function", {}, "body", "is required"),
        ("Function", {"body": "x", "parallel": "safe"}, "parallel", "UNSAFE, RESTRICTED, SAFE"),
        ("Function", {"body": "x", "args": [{"name": "a"}]}, "args[0].type", "is required"),
        (
            "Function",
            {"body": "x", "args": [{"type": "int", "mode": "in"}]},
            "args[0].mode",
            "IN, OUT, INOUT, VARIADIC",
        ),
        ("GrantRole", {"role": "a"}, "grantRole", "is required"),
        ("Grant", {**GRANT, "objectType": "view"}, "objectType", "one of database, function"),
        ("Grant", {**GRANT, "objectType": "schema"}, "schema", "is required"),
        ("Grant", {**GRANT, "objectType": "database"}, "privileges[0]", "ALL, CREATE, CONNECT, TEMPORARY"),
        ("Grant", {**GRANT, "objectType": "schema", "schema": "s", "objects": ["o"]}, "objects", "cannot be given"),
        ("Grant", {**GRANT, "objectType": "schema", "schema": "s", "columns": ["o"]}, "columns", "only be given for"),
        ("Grant", {**GRANT, "objectType": "foreign_server"}, "objects", "exactly one"),
        (
            "Grant",
            {**GRANT, "objectType": "schema", "schema": "s", "role": "public", "withGrantOption": True},
            "withGrantOption",
            "must be false",
        ),
        ("DefaultPrivileges", {**GRANT, "objectType": "table"}, "owner", "is required"),
        (
            "DefaultPrivileges",
            {**GRANT, "owner": "o", "objectType": "schema", "schema": "s"},
            "schema",
            "cannot be given",
        ),
    ],
)
def test_a_wrong_input_fails_in_the_preview(
    offline: Engine, kind: str, inputs: dict[str, Any], path: str, words: str
) -> None:
    assert words in offline(kind, "thing").check(**inputs)[1][path]


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("Role", {"password": Secret("p"), "roles": ["a"]}),
        ("Database", {"owner": UNKNOWN}),
        ("Schema", {"database": UNKNOWN}),
        ("Extension", {"name": "vector"}),
        ("Function", {"body": "x"}),
        ("Grant", {**GRANT, "objectType": "schema", "schema": UNKNOWN, "role": UNKNOWN}),
        ("GrantRole", {"role": "a", "grantRole": UNKNOWN}),
        ("DefaultPrivileges", {**GRANT, "owner": "o", "objectType": "type"}),
    ],
)
def test_a_preview_contacts_nothing(offline: Engine, kind: str, inputs: dict[str, Any]) -> None:
    thing = offline(kind, "thing")
    outputs = thing.preview(**inputs)
    for name, value in inputs.items():
        assert outputs[name] == value
    thing.inputs, thing.outputs, thing.id = thing.inputs_for(**inputs), outputs, "id"
    thing.update(preview=True, **inputs)
    thing.changes(**inputs)


def test_names_are_made_of_the_logical_name_and_seven_digits(offline: Engine) -> None:
    for kind in ("Role", "Database", "Schema", "Extension"):
        name = offline(kind, "tenant").inputs_for()["name"]
        assert name.startswith("tenant-")
        assert len(name) == len("tenant-") + 7


def test_a_name_that_an_interrupted_creation_used_is_made_again(offline: Engine) -> None:
    assert offline("Role", "r").check(entropy=b"1")[0]["name"] == offline("Role", "r").check(entropy=b"2")[0]["name"]
    assert offline("Role", "r").inputs_for()["name"] != offline("Role", "r", stack="other").inputs_for()["name"]


def test_a_replacement_gets_a_name_of_its_own_which_is_made_again_too(offline: Engine) -> None:
    database = offline("Database", "replaced-name")
    database.inputs = database.inputs_for()
    first = database.inputs["name"]
    assert database.inputs_for(encoding="SQL_ASCII")["name"] == first
    names = {database.check(fresh=True, encoding="SQL_ASCII")[0]["name"] for _ in range(2)}
    assert len(names) == 1
    assert first not in names


def test_defaults_are_the_official_ones(offline: Engine) -> None:
    role = offline("Role", "r").inputs_for(name="r")
    assert {name: value for name, value in role.items() if name not in ("name", "__defaults")} == {
        "login": False,
        "encryptedPassword": True,
        "validUntil": "infinity",
        "connectionLimit": -1,
        "superuser": False,
        "createDatabase": False,
        "createRole": False,
        "inherit": True,
        "replication": False,
        "bypassRowLevelSecurity": False,
        "skipDropRole": False,
        "skipReassignOwned": False,
    }
    schema = offline("Schema", "s").inputs_for(name="s")
    assert (schema["ifNotExists"], schema["dropCascade"]) == (True, False)


def test_a_type_that_is_not_there_is_named(offline: Engine) -> None:
    with pytest.raises(Refused, match="no resource type postgresql:index/publication:Publication; it has Database"):
        offline("Publication", "p").check()


def test_a_function_that_is_not_there_is_named(offline: Engine) -> None:
    from pulumi.runtime.proto import provider_pb2

    request = provider_pb2.InvokeRequest(tok="postgresql:index/getTables:getTables")
    with pytest.raises(Refused, match="offline postgresql plugin has no function postgresql:index/getTables"):
        offline.plugin.call("Invoke", request)


@pytest.mark.parametrize(
    ("config", "path", "words"),
    [
        ({"port": "http"}, "port", "a whole number"),
        ({"port": "70000"}, "port", "65535 at most"),
        ({"sslmode": "verify"}, "sslmode", "one of disable"),
        ({"superuser": "perhaps"}, "superuser", "true or false"),
        ({"hots": "x"}, "hots", "is not known"),
        ({"scheme": "mysql"}, "scheme", "one of postgres"),
        ({"clientcert": '{"cert": "c"}'}, "clientcert.key", "is required"),
        ({"clientcert": "no json"}, "clientcert", "an object"),
    ],
)
def test_wrong_settings_are_named(offline: Engine, config: dict[str, Any], path: str, words: str) -> None:
    assert words in offline.plugin.check_config(**config)[path]


def test_settings_as_pulumi_writes_them_are_accepted(offline: Engine) -> None:
    config = {
        "port": "5432",
        "superuser": "false",
        "maxConnections": "4",
        "connectTimeout": 10,
        "password": Secret("p"),
        "host": UNKNOWN,
        "clientcert": '{"cert": "c", "key": "k"}',
        "version": "3.18.2",
    }
    assert offline.plugin.check_config(**config) == {}


def test_what_the_settings_leave_out_comes_from_libpqs_environment() -> None:
    environment = {
        "PGHOST": "db",
        "PGPORT": "6543",
        "PGUSER": "admin",
        "PGPASSWORD": "canary",
        "PGDATABASE": "main",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/ca.pem",
    }
    found = settings.read({"username": "other"}, environment)
    assert found.database == "main"
    assert found.connections == 20
    assert {name: found.parameters[name] for name in ("host", "port", "user", "sslmode", "sslrootcert")} == {
        "host": "db",
        "port": 6543,
        "user": "other",
        "sslmode": "verify-full",
        "sslrootcert": "/ca.pem",
    }
    assert "canary" not in repr(found)


def test_without_any_setting_the_official_defaults_hold() -> None:
    found = settings.read({}, {})
    assert found.database == "postgres"
    assert found.timeout == 180
    assert (found.parameters["user"], found.parameters["sslmode"]) == ("postgres", "require")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"scheme": "awspostgres"}, "scheme asks for a cloud"),
        ({"awsRdsIamAuth": "true"}, "awsRdsIamAuth needs a cloud"),
        ({"clientcert": '{"cert": "c", "key": "k", "sslinline": true}'}, "must name files"),
        ({"port": "x"}, "postgresql:port must be a whole number"),
    ],
)
def test_what_only_a_cloud_has_is_refused(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ProviderError, match=words):
        settings.read(config, {})
