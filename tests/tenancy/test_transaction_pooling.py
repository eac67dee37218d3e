"""`SET LOCAL` behind a pooler in transaction mode: tenants that share one connection never see each other's rows."""

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.tenancy.pool import Pool, act_as
from tests.tenancy.transaction_pooler import TransactionPooler, pooling

_ROUNDS = 150
_SEEN = "SELECT DISTINCT tenant_id, pg_backend_pid() FROM pool.products"
Connection = psycopg.Connection[Any]


@pytest.fixture
def pooler(shared_pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TransactionPooler]:
    with pooling(shared_pool.url(shared_pool.app), tmp_path_factory.mktemp("p")) as pooler:
        yield pooler


def client(pooler: TransactionPooler) -> Connection:
    # Named statements are a session's; a pooler that keeps them for its clients is not what is tried here.
    return psycopg.connect(host=str(pooler.folder), user="anybody", dbname="any", prepare_threshold=None)


def seen(connection: Connection) -> set[str]:
    return {row[0] for row in connection.execute(_SEEN.encode())}


def test_two_tenants_interleaved_over_one_connection_never_see_each_others_rows(pooler: TransactionPooler) -> None:
    found: dict[str, set[tuple[str, int]]] = {"a-shop": set(), "b-shop": set()}
    together = threading.Barrier(2)

    def work(slug: str) -> None:
        with client(pooler) as connection:
            for _ in range(_ROUNDS):
                together.wait(timeout=20)
                with connection.transaction():
                    act_as(connection, slug)
                    found[slug] |= set(connection.execute(_SEEN.encode()))

    workers = [threading.Thread(target=work, args=(slug,)) for slug in found]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [{tenant for tenant, _ in rows} for rows in found.values()] == [{"a-shop"}, {"b-shop"}]
    assert len({process for rows in found.values() for _, process in rows}) == 1, "not one server connection"
    assert pooler.served == 2 * _ROUNDS
    assert pooler.turns >= _ROUNDS, "they did not take turns"


def test_nothing_is_left_by_a_transaction_that_was_committed_rolled_back_or_aborted(pooler: TransactionPooler) -> None:
    with client(pooler) as first, client(pooler) as second:
        for end in (first.commit, first.rollback):
            act_as(first, "a-shop")
            assert seen(first) == {"a-shop"}
            end()
            assert seen(second) == set()
            second.commit()
        act_as(first, "a-shop")
        with pytest.raises(psycopg.errors.DivisionByZero):
            first.execute("SELECT 1 / 0")
        first.rollback()
        assert seen(second) == set()


def test_nothing_is_left_by_a_client_that_goes_away_in_the_middle(pooler: TransactionPooler) -> None:
    first = client(pooler)
    act_as(first, "a-shop")
    assert seen(first) == {"a-shop"}
    first.close()
    with client(pooler) as second:
        assert seen(second) == set()


def test_set_local_outside_of_a_transaction_shows_nothing(pooler: TransactionPooler) -> None:
    with client(pooler) as connection:
        connection.autocommit = True
        connection.execute("SET LOCAL app.current_tenant_id = 'a-shop'")
        assert seen(connection) == set()


def test_a_statement_that_another_tenant_prepared_shows_the_rows_of_who_executes_it(pooler: TransactionPooler) -> None:
    with client(pooler) as first, client(pooler) as second:
        act_as(first, "a-shop")
        first.execute("PREPARE products_of_mine AS SELECT DISTINCT tenant_id FROM pool.products")
        for _ in range(8):  # beyond the five after which PostgreSQL takes one plan for all
            assert first.execute("EXECUTE products_of_mine").fetchall() == [("a-shop",)]
        first.commit()
        act_as(second, "b-shop")
        assert second.execute("EXECUTE products_of_mine").fetchall() == [("b-shop",)]


def test_a_tenant_set_for_the_session_is_the_next_clients_as_well(pooler: TransactionPooler) -> None:
    """Why only `SET LOCAL` will do: this is what goes wrong without it."""
    with client(pooler) as first, client(pooler) as second:
        first.execute("SET app.current_tenant_id = 'a-shop'")
        first.commit()
        assert seen(second) == {"a-shop"}
