"""The pooler of an environment: which connections it shares, and who logs in through it.

Owns where services find it, and how many connections their roles may have. Leaves the arithmetic to
`infra.connections`, and what a pooler is to `components.pooler`.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pulumi

from components.isolated_schema import Endpoint, Login, Server
from components.pooler import Pooler, PoolerArgs
from components.pooler_settings import PORT, PoolShape
from infra.connections import PER_PROCESS, RESERVED_DIRECT, clients
from infra.settings.database import DeclaredDatabase, PoolerSettings
from infra.settings.models import StackSettings

_NAME = "database-pooler"
_AUTHORITY = "PGSSLROOTCERT"
"""The variable that names the file of certificates that PostgreSQL's is checked with: libpq's own, and so the one that
the program's PostgreSQL provider obeys. Whom the program trusts, the pooler trusts."""


def settings_of(settings: StackSettings) -> PoolerSettings | None:
    """Return the pooler's settings; None where services connect to the server itself."""
    return settings.database.pooler if isinstance(settings.database, DeclaredDatabase) else None


def is_expendable(settings: StackSettings) -> bool:
    """Whether the stack may take all that is in the database away, as a whole: what it declares, and does not protect.

    Args:
        settings: the stack's.
    """
    return isinstance(settings.database, DeclaredDatabase) and not settings.database.protect


def through(server: Server, settings: StackSettings) -> Server:
    """Return the server as services reach it: by the pooler, if there is one.

    Args:
        server: the server itself.
        settings: the stack's.
    """
    pooler = settings_of(settings)
    if pooler is None:
        return server
    mode = "require" if pooler.certificate else "disable"
    return replace(server, pooler=Endpoint(host=f"{_NAME}.{settings.namespace}.svc", port=PORT, ssl_mode=mode))


def services_limit(settings: StackSettings) -> int:
    """Return how many connections to the server the services' role may have.

    Args:
        settings: the stack's.
    """
    pooler = settings_of(settings)
    if pooler is None:
        return max(PER_PROCESS, clients(_services(settings)))
    assert isinstance(settings.database, DeclaredDatabase)
    shares = settings.database.shares(pooler)
    return shares.shared * shares.pods + RESERVED_DIRECT


def declare(
    settings: StackSettings,
    *,
    server: Server,
    namespace: pulumi.Input[str],
    services: Login,
    tenants: Mapping[str, Login],
    opts: pulumi.ResourceOptions,
) -> Pooler | None:
    """Declare the pooler, if it is asked for.

    Args:
        settings: the stack's.
        server: where PostgreSQL is.
        namespace: of the platform's services.
        services: the role that they log in to the shared database as.
        tenants: of each tenant with a role of its own, that role.
        opts: with the cluster's provider.

    Raises:
        pulumi.RunError: the file with the server's certificate authority is not named, or cannot be read.
    """
    wanted = settings_of(settings)
    if wanted is None:
        return None
    args = PoolerArgs(
        namespace=namespace,
        service=_NAME,
        image=wanted.image,
        replicas=wanted.replicas,
        server=server,
        authority=_authority(),
        database=settings.database.name,
        services=services,
        tenants=list(tenants.values()),
        shape=_shape(settings, wanted),
        certificate=wanted.certificate,
    )
    return Pooler(_NAME, args, opts)


def _shape(settings: StackSettings, wanted: PoolerSettings) -> PoolShape:
    assert isinstance(settings.database, DeclaredDatabase)
    shares = settings.database.shares(wanted)
    own = [tenant for tenant in settings.present_tenants if tenant.effective_isolation != "pool"]
    tenants = sum(tenant.limits(settings.plans).connection_limit for tenant in own)
    return PoolShape(
        # Each pod takes all of them: the others may be lost.
        clients=max(PER_PROCESS, clients(_services(settings)) + tenants),
        shared=shares.shared,
        tenant=shares.tenant,
        prepared_statements=wanted.prepared_statements,
    )


def _services(settings: StackSettings) -> Sequence[tuple[int, int]]:
    return [(max(service.most_pods), service.database_connections) for service in settings.services.values()]


def _authority() -> str:
    file = os.environ.get(_AUTHORITY)
    if not file:
        raise _untrusted("is not set")
    try:
        return Path(file).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise _untrusted(f"names a file that cannot be read ({type(error).__name__})") from None


def _untrusted(what: str) -> pulumi.RunError:
    return pulumi.RunError(
        f"{_AUTHORITY} {what}, database.pooler, name the certificates that the server's is checked with there: those "
        "of RDS are at https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
    )
