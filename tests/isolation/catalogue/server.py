"""Leaving the database: files, programs, settings and replication of the server."""

from typing import Final

from tests.isolation.model import Attack, Win


def _attack(name: str, *steps: str, win: Win = Win.DONE, can: bool = True) -> Attack:
    return Attack(category="server", name=name, steps=steps, win=win, superuser_can=can)


ATTACKS: Final = (
    _attack("run a program", "COPY (SELECT 1) TO PROGRAM 'cat >&2'"),
    _attack("read from a program", "CREATE TEMP TABLE x (a text)", "COPY x FROM PROGRAM 'echo stolen'"),
    _attack("read a file into a table", "COPY {place}.later (note) FROM '/etc/hostname'", can=False),
    _attack("write a file", "COPY (TABLE {customers}) TO '/tmp/tenantry-stolen'", can=False),
    _attack("read a file", "SELECT pg_read_file('PG_VERSION')"),
    _attack("read a file in binary", "SELECT pg_read_binary_file('global/pg_control')"),
    _attack("look for a file", "SELECT pg_stat_file('PG_VERSION')"),
    _attack("list the data", "SELECT pg_ls_dir('base')"),
    _attack("list the log", "SELECT pg_ls_waldir()"),
    _attack("list temporary files", "SELECT pg_ls_tmpdir()"),
    _attack("list archives", "SELECT pg_ls_archive_statusdir()"),
    _attack("the log's name", "SELECT pg_current_logfile()"),
    _attack("a file as a large object", "SELECT lo_import('/etc/hostname')"),
    _attack("load a library", "LOAD '/lib/x86_64-linux-gnu/libm.so.6'", can=False),
    _attack("a setting of the server", "ALTER SYSTEM SET log_statement = 'all'", can=False),
    _attack("no triggers and no foreign keys", "SET session_replication_role = replica"),
    _attack("all statements in the log", "SET log_statement = 'all'"),
    _attack("other libraries for new sessions", "SET session_preload_libraries = 'auto_explain'"),
    _attack("where libraries are", "SET dynamic_library_path = '/tmp'"),
    _attack("changes of system tables", "SET allow_system_table_mods = on"),
    _attack("where the data is", "SHOW data_directory"),
    _attack("where the rules are", "SELECT current_setting('hba_file')"),
    _attack("what preloads", "SELECT count(*) FROM pg_settings WHERE name = 'config_file'", win=Win.ANSWER),
    _attack("reload", "SELECT pg_reload_conf()"),
    _attack("another log", "SELECT pg_rotate_logfile()"),
    _attack("promote", "SELECT pg_promote(false)", can=False),
    _attack("another segment of the log", "SELECT pg_switch_wal()"),
    _attack("a point to restore to", "SELECT pg_create_restore_point('x')"),
    _attack("a backup", "SELECT pg_backup_start('x', true)"),
    _attack("a checkpoint", "CHECKPOINT"),
    _attack("a replication slot", "SELECT pg_create_physical_replication_slot('x', false, true)"),
    _attack("a slot that decodes", "SELECT pg_create_logical_replication_slot('x', 'test_decoding')", can=False),
    _attack("changes of a slot", "SELECT pg_logical_slot_peek_changes('x', NULL, NULL)", can=False),
    _attack("the end of a slot", "SELECT pg_drop_replication_slot('x')", can=False),
    _attack("an origin of replication", "SELECT pg_replication_origin_create('x')"),
    _attack("another database through a link", "SELECT dblink_connect('dbname={b_database}')", can=False),
    _attack(
        "a query through a link",
        "SELECT * FROM dblink('dbname={b_database}', 'TABLE customers') AS t(a text)",
        can=False,
    ),
    _attack(
        "a snapshot of another session",
        "BEGIN ISOLATION LEVEL REPEATABLE READ",
        "SET TRANSACTION SNAPSHOT '00000003-0000001B-1'",
        can=False,
    ),
    _attack("a transaction that stays", "BEGIN", "PREPARE TRANSACTION 'x'", can=False),
    _attack("rows of the catalogs", "UPDATE pg_authid SET rolsuper = true WHERE rolname = CURRENT_USER"),
    _attack("rights in the catalogs", "UPDATE pg_class SET relrowsecurity = false"),
    _attack("a table's file", "SELECT pg_read_binary_file(pg_relation_filepath('{b_schema}.customers'))"),
)
