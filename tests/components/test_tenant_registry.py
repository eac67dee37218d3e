"""The registry of a cell: small enough whatever its size, and no more moves than must."""

import json
from typing import Any

from components.tenant_registry import SHARD_BYTES, RegistryEntry, shards
from tests.examples import environment_graph
from tests.harness import Graph

LIMIT = 4_000


def entries(count: int, size: int = 200) -> dict[str, str]:
    return {f"shop-{number}": "x" * size for number in range(count)}


def place(found: Any) -> dict[str, int]:
    return {slug: position for position, shard in enumerate(found) for slug in shard}


def many(count: int) -> Graph:
    def add(raw: dict[str, Any]) -> None:
        raw["tenants"] += [{"slug": f"shop-{number:035}", "plan": "free"} for number in range(count)]

    return environment_graph(add)


def test_every_tenant_is_in_one_shard_and_no_shard_is_too_big() -> None:
    for count in (0, 1, 2, 17, 18, 40, 500):
        found = shards(entries(count), LIMIT)
        assert sorted(slug for shard in found for slug in shard) == sorted(entries(count))
        assert all(sum(len(key) + len(text) for key, text in shard.items()) <= LIMIT for shard in found)
        assert len(found).bit_count() == 1, "a power of two"


def test_where_a_tenant_is_follows_from_the_tenants_alone() -> None:
    forwards = entries(300)
    backwards = dict(reversed(forwards.items()))
    assert shards(forwards, LIMIT) == shards(backwards, LIMIT)
    assert [list(shard) for shard in shards(backwards, LIMIT)] == [list(shard) for shard in shards(forwards, LIMIT)]


def test_twice_as_many_shards_take_keys_from_one_each() -> None:
    before, after = place(shards(entries(60), LIMIT)), shards(entries(130), LIMIT)
    assert len(after) > max(before.values()) + 1
    half = max(before.values()) + 1
    assert all(position % half == before[slug] for slug, position in place(after).items() if slug in before)


def test_an_entry_too_big_for_a_shard_has_one_of_its_own_and_no_end_is_waited_for_in_vain() -> None:
    assert [len(shard) for shard in shards({"shop": "x" * (LIMIT + 1)}, LIMIT)] == [1]


def test_an_entry_says_what_there_is_and_leaves_out_what_there_is_not() -> None:
    entry = RegistryEntry(plan="free", isolation="pool", database="tenantry", schema="pool", credentials="c")
    assert json.loads(entry.serialised()) == {
        "plan": "free",
        "isolation": "pool",
        "state": "active",
        "database": "tenantry",
        "schema": "pool",
        "credentials": "c",
    }


def test_a_fleet_of_thousands_is_in_several_config_maps_with_the_same_label() -> None:
    graph = many(4_000)
    maps = [node for node in graph.of_type(":ConfigMap") if node.name.startswith("registry-")]
    assert [node.plain("metadata", "name") for node in maps] == ["tenants", "tenants-1"]
    assert sum(len(node.plain("data")) for node in maps) == 4_003
    for node in maps:
        assert node.plain("metadata", "labels", "app.kubernetes.io/component") == "tenant-registry"
        assert sum(len(key) + len(text) for key, text in node.plain("data").items()) <= SHARD_BYTES
    first, second = maps
    assert graph.reaches(first, second), "a key is where it goes to before it leaves where it was"


def test_an_entry_waits_for_what_its_tenant_has() -> None:
    graph = environment_graph()
    registry = graph.named("registry-tenants")
    for name in (
        "tenants-guard",
        "tenants-pool-credentials",
        "tenant-book-store-data-app",
        "tenant-book-store-data-sequence-defaults",
        "tenant-book-store-data-credentials",
        "tenant-department-store-data-sequence-defaults",
        "tenant-department-store-account",
    ):
        assert graph.named(name).urn in registry.dependencies, name


def test_one_more_tenant_of_the_pool_is_one_more_key_of_one_resource_and_a_small_preview() -> None:
    before, after = many(600), many(601)
    assert before.nodes.keys() == after.nodes.keys()
    changed = [node for urn, node in after.nodes.items() if node.inputs != before.nodes[urn].inputs]
    assert [node.name for node in changed] == ["registry-tenants"]
    known, now = before.named("registry-tenants").plain("data"), changed[0].plain("data")
    assert {slug: now[slug] for slug in known} == known
    (added,) = now.keys() - known.keys()
    assert len(now[added]) < 1024
    # Of a plain output the engine prints what has not changed as well: 144 KB of 600 tenants, seen.
    outputs = {name for name, value in after.exports.items() if value != before.exports[name]}
    assert outputs == {"tenants"}
    assert outputs <= after.secret_exports
