"""The parameters of a PostgreSQL server on RDS, as inputs of its parameter group.

Pure. pgaudit and pg_stat_statements are loaded here; `CREATE EXTENSION` is left to who reads the statistics. Without
it pgaudit logs every statement of its classes all the same, but for the kind and name of the objects of DDL.
"""

from collections.abc import Sequence

from pulumi_aws import rds

_LIBRARIES = ("pg_stat_statements", "pgaudit")

AT_START = "pending-reboot"
"""How RDS applies what PostgreSQL reads when it starts, and no sooner."""


def parameters(
    *, max_connections: int, slow_statement_ms: int, audit: Sequence[str]
) -> list[rds.ParameterGroupParameterArgsDict]:
    """Return what differs from RDS's own parameters.

    Args:
        max_connections: of the server.
        slow_statement_ms: statements that take longer are logged.
        audit: the classes of statements that pgaudit logs; none for nothing.
    """
    return [
        # Since 15 this is RDS's own value, which it keeps as "at start" whatever is asked for: anything else would show
        # as a change for ever. A new server starts with it anyway.
        {"name": "rds.force_ssl", "value": "1", "apply_method": AT_START},
        {"name": "log_min_duration_statement", "value": str(slow_statement_ms)},
        {"name": "pgaudit.log", "value": ",".join(audit) or "none"},
        {"name": "max_connections", "value": str(max_connections), "apply_method": AT_START},
        {"name": "shared_preload_libraries", "value": ",".join(_LIBRARIES), "apply_method": AT_START},
    ]
