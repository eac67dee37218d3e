"""What the system catalogs tell of the target, where PostgreSQL can keep it.

Names it cannot keep: of databases, roles and, within a database, of schemas, tables and columns; see `known`.
"""

from typing import Final

from tests.isolation.model import Attack, Win


def _attack(name: str, query: str, win: Win = Win.SECRET, within_pool: bool = True, can: bool = True) -> Attack:
    return Attack(category="pg_catalog", name=name, steps=(query,), win=win, within_pool=within_pool, superuser_can=can)


_STATISTICS: Final = (
    _attack(
        "the most common values",
        "SELECT most_common_vals::text, histogram_bounds::text FROM pg_stats WHERE tablename <> 'pg_authid'",
    ),
    _attack("statistics as they are stored", "SELECT stavalues1::text, stavalues2::text FROM pg_statistic"),
    _attack(
        "statistics of the target's tables",
        "SELECT * FROM pg_stats WHERE schemaname = '{b_schema}' AND schemaname <> '{a_schema}'",
        Win.ROWS,
        within_pool=False,
        can=False,
    ),
    _attack("extended statistics", "SELECT * FROM pg_statistic_ext_data", Win.ROWS, can=False),
    _attack("extended statistics of expressions", "SELECT most_common_vals::text FROM pg_stats_ext_exprs", can=False),
)

_PASSWORDS: Final = (
    _attack("password hashes", "SELECT rolpassword FROM pg_authid WHERE rolname = '{b_role}'", Win.ANSWER),
    _attack("password hashes by the view", "SELECT passwd FROM pg_shadow WHERE usename = '{b_role}'", Win.ANSWER),
    _attack("password hashes of all", "SELECT count(rolpassword) FROM pg_authid", Win.ANSWER),
    _attack("users of foreign servers", "SELECT * FROM pg_user_mapping", Win.ROWS, can=False),
    _attack("connections of subscriptions", "SELECT subconninfo FROM pg_subscription", Win.ROWS, can=False),
    _attack("who may connect from where", "SELECT * FROM pg_hba_file_rules", Win.ROWS),
    _attack("the server's settings in files", "SELECT * FROM pg_file_settings", Win.ROWS),
    _attack("names in identity maps", "SELECT count(*) FROM pg_ident_file_mappings", Win.DONE),
)

_SESSIONS: Final = tuple(
    Attack(category="sessions", name=name, steps=(query,), win=win, within_pool=within, superuser_can=can)
    for name, query, win, within, can in (
        ("what the target asks", "SELECT query FROM pg_stat_activity", Win.SECRET, False, True),
        ("what one session asks", "SELECT query FROM pg_stat_get_activity({victim})", Win.SECRET, False, True),
        (
            "what backends ask",
            "SELECT pg_stat_get_backend_activity(pg_stat_get_backend_idset())",
            Win.SECRET,
            False,
            True,
        ),
        (
            "where the target is",
            "SELECT host(client_addr), state, xact_start::text FROM pg_stat_activity WHERE pid = {victim} AND state IS NOT NULL",
            Win.ROWS,
            False,
            True,
        ),
        ("end the target's session", "SELECT pg_terminate_backend({victim})", Win.DONE, False, False),
        ("cancel the target's statement", "SELECT pg_cancel_backend({victim})", Win.DONE, False, True),
        (
            "memory of the target's session in the log",
            "SELECT pg_log_backend_memory_contexts({victim})",
            Win.DONE,
            True,
            True,
        ),
        ("memory of the server", "SELECT * FROM pg_shmem_allocations", Win.ROWS, True, True),
        ("memory of its backend", "SELECT * FROM pg_backend_memory_contexts", Win.ROWS, True, True),
        (
            "prepared statements of others",
            "SELECT statement FROM pg_prepared_statements WHERE statement NOT LIKE '%pg_prepared%'",
            Win.ROWS,
            True,
            False,
        ),
        ("cursors of others", "SELECT statement FROM pg_cursors", Win.ROWS, True, False),
        ("prepared transactions", "SELECT gid FROM pg_prepared_xacts", Win.ROWS, True, False),
        (
            "replicas",
            "SELECT client_addr FROM pg_stat_replication WHERE client_addr IS NOT NULL",
            Win.ROWS,
            True,
            False,
        ),
        ("statistics reset", "SELECT pg_stat_reset()", Win.DONE, True, True),
        ("statistics of one table reset", "SELECT pg_stat_reset_single_table_counters(0)", Win.DONE, True, True),
    )
)

_NAMES: Final = (
    _attack(
        "tables, by the standard's view",
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = '{b_schema}' AND '{place}' <> '{a_schema}' AND table_schema <> '{a_schema}'",
        Win.ANSWER,
        within_pool=False,
        can=False,
    ),
    _attack(
        "columns, by the standard's view",
        "SELECT count(*) FROM information_schema.columns WHERE table_schema = '{b_schema}' AND table_schema <> '{a_schema}'",
        Win.ANSWER,
        within_pool=False,
        can=False,
    ),
    _attack(
        "schemas, by the standard's view",
        "SELECT count(*) FROM information_schema.schemata WHERE schema_name = '{b_schema}' AND schema_name <> '{a_schema}'",
        Win.ANSWER,
        within_pool=False,
        can=False,
    ),
    _attack(
        "sequences, by the standard's view",
        "SELECT count(*) FROM information_schema.sequences WHERE sequence_schema = '{b_schema}' AND sequence_schema <> '{a_schema}'",
        Win.ANSWER,
        within_pool=False,
        can=False,
    ),
    _attack(
        "views, by the standard's view",
        "SELECT count(*) FROM information_schema.views WHERE table_schema = '{b_schema}' AND table_schema <> '{a_schema}'",
        Win.ANSWER,
        within_pool=False,
        can=False,
    ),
    _attack(
        "roles, by the standard's view",
        "SELECT count(*) FROM information_schema.applicable_roles WHERE role_name IN ('{b_owner}', '{b_reader}', '{b_role}')",
        Win.ANSWER,
        within_pool=False,
        can=False,
    ),
    _attack(
        "privileges, by the standard's view",
        "SELECT count(*) FROM information_schema.role_table_grants WHERE grantee = '{b_role}'",
        Win.ANSWER,
        within_pool=False,
        can=False,
    ),
    _attack(
        "how far sequences are",
        "SELECT max(last_value) FROM pg_sequences WHERE schemaname = '{b_schema}' AND schemaname <> '{a_schema}'",
        Win.ANSWER,
        within_pool=False,
        can=False,
    ),
    _attack(
        "schemas of other databases",
        "SELECT count(*) FROM pg_namespace WHERE nspname = '{b_schema}' AND '{b_database}' <> current_database() AND nspname <> '{a_schema}'",
        Win.ANSWER,
        within_pool=False,
        can=False,
    ),
    _attack(
        "how large the target's database is",
        "SELECT pg_database_size('{b_database}') WHERE '{b_database}' <> current_database()",
        Win.ROWS,
        can=False,
    ),
    _attack("how large tablespaces are", "SELECT pg_tablespace_size('pg_global')", Win.DONE),
)

ATTACKS: Final = (*_STATISTICS, *_PASSWORDS, *_SESSIONS, *_NAMES)
