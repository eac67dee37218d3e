"""Changing the target's rows, and learning of them by what cannot be written."""

from typing import Final

from infra.tenancy.sample import TABLES
from tests.isolation.model import POOL, Attack, Win

_ALL: Final = (*TABLES, "later")
_NEW: Final = "INSERT INTO {customers} ({column}email, name) VALUES ({value}'new@x.example', 'x')"
_ID: Final = "INSERT INTO {customers} ({column}id, email, name) VALUES ({value}'{customer}', 'new@x.example', 'x')"


def _attack(name: str, *steps: str, win: Win = Win.ROWS, undone: bool = False, superuser_can: bool = True) -> Attack:
    return Attack(category="write", name=name, steps=steps, win=win, undone=undone, superuser_can=superuser_can)


_BY_TABLE: Final = tuple(
    attack
    for table in _ALL
    for attack in (
        Attack(
            category="delete",
            name=f"delete from {table}",
            steps=(f"DELETE FROM {{place}}.{table}{{of_b}}",),
            win=Win.ROWS,
            superuser_can=table in ("cart_items", "order_items", "later", "addresses", "product_images"),
        ),
        Attack(
            category="delete", name=f"truncate {table}", steps=(f"TRUNCATE {{place}}.{table} CASCADE",), win=Win.DONE
        ),
    )
)

_WRITES: Final = (
    _attack("insert", _NEW),
    _attack("insert and return", f"{_NEW} RETURNING *"),
    _attack("insert from a query", "INSERT INTO {customers} ({column}email, name) SELECT {value}'q@x.example', 'q'"),
    _attack("insert defaults", "INSERT INTO {place}.later ({column}note) VALUES ({value}'x')"),
    _attack("insert or change", _ID + " ON CONFLICT ({column}id) DO UPDATE SET name = 'x'"),
    _attack("insert or leave", _ID + " ON CONFLICT DO NOTHING", superuser_can=False),
    _attack("update", "UPDATE {customers} SET name = 'x'{of_b}"),
    _attack("update and return", "UPDATE {customers} SET name = name{of_b} RETURNING *"),
    _attack(
        "update and return without a filter",
        "UPDATE {customers} SET born = born RETURNING *",
        win=Win.SECRET,
        undone=True,
    ),
    _attack("update by the id", "UPDATE {customers} SET name = 'x' WHERE id = '{customer}'"),
    _attack(
        "update by a join",
        "UPDATE {orders} o SET note = 'x' FROM {customers} c WHERE c.id = o.customer_id AND c.id = '{customer}'",
    ),
    _attack("delete by the id", "DELETE FROM {customers} WHERE id = '{customer}'", superuser_can=False),
    _attack("delete by a join", "DELETE FROM {place}.later USING {customers} c WHERE c.id = '{customer}'"),
    _attack("delete and return without a filter", "DELETE FROM {place}.later RETURNING *", win=Win.SECRET, undone=True),
    _attack(
        "a change in a common table expression",
        "WITH x AS (UPDATE {customers} SET name = name{of_b} RETURNING *) TABLE x",
    ),
    _attack(
        "merge into it",
        "MERGE INTO {customers} c USING (VALUES ('{customer}'::uuid)) v(id) ON c.id = v.id WHEN MATCHED THEN UPDATE SET name = 'x'",
    ),
    _attack(
        "merge rows that are missing",
        "MERGE INTO {customers} c USING (VALUES (1)) v(n) ON false WHEN NOT MATCHED THEN INSERT ({column}email, name) VALUES ({value}'m@x.example', 'm')",
    ),
    _attack(
        "merge and delete",
        "MERGE INTO {place}.later l USING (VALUES (1)) v(n) ON l.note = '{secret}' WHEN MATCHED THEN DELETE",
    ),
    _attack(
        "a cursor's row",
        "BEGIN",
        "DECLARE c CURSOR FOR SELECT * FROM {customers}{of_b} FOR UPDATE",
        "MOVE c",
        "UPDATE {customers} SET name = 'x' WHERE CURRENT OF c",
    ),
    _attack("copy into it", "COPY {place}.later (note) FROM STDIN", win=Win.DONE),
    _attack(
        "write by a block",
        "DO $$BEGIN UPDATE {customers} SET name = 'x'{of_b}; IF NOT FOUND THEN RAISE 'none'; END IF; END$$",
        win=Win.DONE,
    ),
    _attack("write by a prepared statement", "PREPARE w AS UPDATE {customers} SET name = 'x'{of_b}", "EXECUTE w"),
    _attack(
        "write by the view", "UPDATE {place}.later_notes SET note = 'x' WHERE note = '{secret}'", superuser_can=False
    ),
)

_SEQUENCES: Final = tuple(
    Attack(category="sequences", name=name, steps=steps, win=win, within_pool=within, superuser_can=can)
    for name, steps, win, within, can in (
        ("the next value", ("SELECT nextval('{place}.order_numbers')",), Win.DONE, False, True),
        ("the current value", ("SELECT currval('{place}.order_numbers')",), Win.DONE, False, False),
        ("the last value of any", ("SELECT lastval()",), Win.DONE, True, False),
        ("look at it", ("SELECT last_value FROM {place}.order_numbers",), Win.ROWS, False, True),
        (
            "its last value by a function",
            ("SELECT pg_sequence_last_value('{place}.order_numbers'::regclass)",),
            Win.ANSWER,
            False,
            True,
        ),
        (
            "its state by a function",
            ("SELECT last_value FROM pg_get_sequence_data('{place}.order_numbers'::regclass)",),
            Win.ANSWER,
            False,
            True,
        ),
        ("set it", ("SELECT setval('{place}.order_numbers', 1)",), Win.DONE, True, True),
        ("set that of the later table", ("SELECT setval('{place}.later_id_seq', 1)",), Win.DONE, True, True),
        ("restart it", ("ALTER SEQUENCE {place}.order_numbers RESTART",), Win.DONE, True, True),
        ("take it", ("ALTER SEQUENCE {place}.order_numbers OWNER TO CURRENT_USER",), Win.DONE, True, True),
        ("drop it", ("DROP SEQUENCE {place}.order_numbers CASCADE",), Win.DONE, True, True),
    )
)


def _probe(name: str, step: str, *guesses: str) -> Attack:
    return Attack(category="probe", name=name, steps=(step,), guesses=guesses, targets=(POOL,), superuser_can=False)


_PROBES: Final = (
    _probe(
        "a customer of the same id",
        "INSERT INTO {customers} (id, email, name) VALUES ('{guess}', 'p@x.example', 'p')",
        "{customer}",
        "{nobody}",
    ),
    _probe(
        "a customer of the same address",
        "INSERT INTO {customers} (email, name) VALUES ('{guess}', 'p')",
        "{email}",
        "nobody@x.example",
    ),
    _probe(
        "a customer of the same id, or none",
        "INSERT INTO {customers} (id, email, name) VALUES ('{guess}', 'p@x.example', 'p') ON CONFLICT DO NOTHING",
        "{customer}",
        "{nobody}",
    ),
    _probe(
        "an order of the target's customer",
        "INSERT INTO {orders} (customer_id, total) VALUES ('{guess}', 1)",
        "{customer}",
        "{nobody}",
    ),
    _probe(
        "an order of the same number",
        "INSERT INTO {orders} (number, customer_id, total) SELECT {guess}, id, 1 FROM {customers} LIMIT 1",
        "{order_number}",
        "999999999",
    ),
    _probe(
        "a cart of the target's customer",
        "INSERT INTO {place}.carts (customer_id) VALUES ('{guess}')",
        "{customer}",
        "{nobody}",
    ),
    _probe(
        "its own customer gets the target's id",
        "UPDATE {customers} SET id = '{guess}' WHERE email LIKE '%.1@%'",
        "{customer}",
        "{nobody}",
    ),
    _probe(
        "its own order goes to the target's customer",
        "UPDATE {orders} SET customer_id = '{guess}'",
        "{customer}",
        "{nobody}",
    ),
    _probe("its own row goes to another tenant", "UPDATE {place}.later SET tenant_id = '{guess}'", "{b}", "nobody"),
    _probe(
        "a row for another tenant",
        "INSERT INTO {place}.later (tenant_id, note) VALUES ('{guess}', 'x')",
        "{b}",
        "nobody",
    ),
    _probe("a row of that id", "SELECT FROM {customers} WHERE id = '{guess}'", "{customer}", "{nobody}"),
    _probe("a row of that value", "SELECT FROM {customers} WHERE name = '{guess}'", "{secret}", "{nobody}"),
)

ATTACKS: Final = (*_BY_TABLE, *_WRITES, *_SEQUENCES, *_PROBES)
