"""Where the server is and who asks: the provider's configuration, and libpq's environment for what it leaves out.

Owns names, defaults and refusals of the settings. Leaves connecting to `connections`.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from infra.sandbox.plugins import checking
from infra.sandbox.plugins.properties import Property, Shape, Table
from infra.sandbox.plugins.provider import Failure, Properties, ProviderError, Resource
from infra.sandbox.plugins.values import Value, reveal

_TEXT = Property(shape=Shape.STRING)
_FLAG = Property(shape=Shape.BOOLEAN)

TABLE: Final[Table] = {
    "scheme": Property(shape=Shape.STRING, choices=("postgres", "awspostgres", "gcppostgres")),
    "host": _TEXT,
    "port": Property(shape=Shape.INTEGER, minimum=1, maximum=65535),
    "database": _TEXT,
    "username": _TEXT,
    "password": Property(shape=Shape.STRING, secret=True),
    "databaseUsername": _TEXT,
    "superuser": _FLAG,
    "sslmode": Property(
        shape=Shape.STRING, choices=("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
    ),
    "sslMode": _TEXT,
    "sslrootcert": _TEXT,
    "clientcert": Property(
        shape=Shape.OBJECT,
        fields={
            "cert": Property(shape=Shape.STRING, required=True),
            "key": Property(shape=Shape.STRING, required=True),
            "sslinline": _FLAG,
        },
    ),
    "connectTimeout": Property(shape=Shape.INTEGER, minimum=-1),
    "maxConnections": Property(shape=Shape.INTEGER, minimum=-1),
    "expectedVersion": _TEXT,
    "awsRdsIamAuth": _FLAG,
    "awsRdsIamProfile": _TEXT,
    "awsRdsIamRegion": _TEXT,
    "awsRdsIamProviderRoleArn": _TEXT,
    "azureIdentityAuth": _FLAG,
    "azureTenantId": _TEXT,
    "gcpIamImpersonateServiceAccount": _TEXT,
}

_ENGINES_OWN = frozenset({"version", "pluginDownloadURL", "__internal"})
_CONNECTIONS = 20  # the official plugin's default
_MOST_CONNECTIONS = 64  # for "unlimited": as many as `--parallel 64` can use, a third of the sandbox server's 200


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One server and one user of it.

    Args:
        database: the database that work without one of its own is done in.
        connections: how many connections may be open at once.
        timeout: seconds to wait for a connection.
        parameters: what libpq is told; its `repr` is hidden, as the password is among it.
    """

    database: str
    connections: int
    timeout: int
    parameters: Mapping[str, Any] = field(repr=False)

    @property
    def address(self) -> str:
        """The server, as messages name it."""
        return f"{self.parameters['host']}:{self.parameters['port']}"


def check(inputs: Properties) -> list[Failure]:
    """Judge the settings without contacting anything; settings that are not known yet are passed over."""
    nobody = Resource(urn="", type="pulumi:providers:postgresql", name="")
    given = {name: value for name, value in _decoded(inputs).items() if name not in _ENGINES_OWN}
    _, failures = checking.check(TABLE, nobody, {}, given, b"")
    return failures


def read(config: Properties, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of `config`, completed by the environment.

    Args:
        config: the provider's configuration, checked and without secret marks.
        environment: variables such as PGHOST; what is set in `config` wins.

    Raises:
        ProviderError: the configuration asks for something that only exists in a cloud.
    """
    given = {name: value for name, value in _decoded(config).items() if name not in _ENGINES_OWN}
    nobody = Resource(urn="", type="pulumi:providers:postgresql", name="")
    checked, failures = checking.check(TABLE, nobody, {}, given, b"")
    if failures:
        raise ProviderError("; ".join(f"postgresql:{failure.property} {failure.reason}" for failure in failures))
    plain = reveal(checked)
    _refuse_clouds(plain)

    def setting(name: str, variable: str, default: Value) -> Value:
        return plain.get(name) or environment.get(variable) or default

    timeout = _number(setting("connectTimeout", "PGCONNECT_TIMEOUT", 180), "connectTimeout")
    wanted = plain.get("maxConnections", _CONNECTIONS)
    parameters = {
        "host": setting("host", "PGHOST", "localhost"),
        "port": _number(setting("port", "PGPORT", 5432), "port"),
        "user": setting("username", "PGUSER", "postgres"),
        "password": setting("password", "PGPASSWORD", None),
        "sslmode": plain.get("sslmode") or plain.get("sslMode") or environment.get("PGSSLMODE") or "require",
        "sslrootcert": setting("sslrootcert", "PGSSLROOTCERT", None),
        "fallback_application_name": "tenantry offline postgresql plugin",
        **_client_certificate(plain.get("clientcert")),
    }
    return Settings(
        database=setting("database", "PGDATABASE", "postgres"),
        connections=min(wanted, _MOST_CONNECTIONS) if wanted > 0 else _MOST_CONNECTIONS,
        timeout=timeout if timeout > 0 else 180,
        parameters={name: value for name, value in parameters.items() if value is not None},
    )


def _decoded(config: Properties) -> dict[str, Value]:
    """Undo the JSON that Pulumi wraps objects of a provider's configuration in."""
    result = dict(config)
    text = reveal(result.get("clientcert"))
    if isinstance(text, str):
        try:
            result["clientcert"] = json.loads(text)
        except ValueError:
            result["clientcert"] = text
    return result


def _refuse_clouds(plain: Properties) -> None:
    if plain.get("scheme", "postgres") != "postgres":
        raise ProviderError(
            "postgresql:scheme asks for a cloud's own proxy, which the offline plugin cannot reach; use postgres"
        )
    for name in ("awsRdsIamAuth", "azureIdentityAuth"):
        if plain.get(name):
            raise ProviderError(f"postgresql:{name} needs a cloud; the offline plugin only knows passwords")


def _client_certificate(given: Value) -> dict[str, str]:
    if not given:
        return {}
    if given.get("sslinline"):
        raise ProviderError("postgresql:clientcert must name files; the offline plugin takes no inline certificate")
    return {"sslcert": given["cert"], "sslkey": given["key"]}


def _number(value: Value, name: str) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise ProviderError(f"postgresql:{name} must be a whole number") from error
