"""The connection budget: what services may open, and what the pooler's pods may hold."""

import pytest

from infra.connections import LEAST_POOL, PER_PROCESS, RESERVED, available, clients, least_connections, pools


def test_services_may_open_75_connections_for_each_process_in_both_slots() -> None:
    assert clients([(3, PER_PROCESS)]) == 75 * 3 * 2
    assert clients([(3, 75), (1, 10)]) == (3 * 75 + 10) * 2
    assert clients([]) == 0


def test_what_the_server_and_the_program_keep_is_not_available() -> None:
    assert available(450) == 450 - RESERVED


@pytest.mark.parametrize("max_connections", [100, 200, 450, 901, 5000])
@pytest.mark.parametrize("replicas", [2, 3, 7])
def test_all_pools_together_stay_below_70_percent_of_what_is_available(max_connections: int, replicas: int) -> None:
    shares = pools(max_connections=max_connections, replicas=replicas, tenant=2, own_databases=3)
    assert shares.total <= available(max_connections) * 0.7
    assert shares.total > available(max_connections) * 0.7 - shares.pods - 1


def test_a_pod_more_than_wanted_is_counted_while_they_roll() -> None:
    assert pools(max_connections=450, replicas=3, tenant=2, own_databases=0).pods == 4


def test_tenants_with_their_own_database_have_their_connections_first() -> None:
    without = pools(max_connections=450, replicas=3, tenant=2, own_databases=0)
    with_ten = pools(max_connections=450, replicas=3, tenant=2, own_databases=10)
    assert without.shared - with_ten.shared == 20


@pytest.mark.parametrize(("replicas", "tenant", "own"), [(2, 1, 0), (3, 2, 10), (5, 3, 33)])
def test_the_least_server_has_just_enough(replicas: int, tenant: int, own: int) -> None:
    least = least_connections(replicas=replicas, tenant=tenant, own_databases=own)
    fits = pools(max_connections=least, replicas=replicas, tenant=tenant, own_databases=own)
    short = pools(max_connections=least - 1, replicas=replicas, tenant=tenant, own_databases=own)
    assert fits.shared >= LEAST_POOL
    assert short.shared < LEAST_POOL
