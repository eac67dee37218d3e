"""Names of which AWS makes longer ones are refused before any of those would be too long; others as long as AWS takes.

A tenant's slug is whole in all of its names. What the longest become is in `tests.contracts.test_longest_names`.
"""

import pytest

from infra import naming
from tests.examples import raw_declared_settings
from tests.settings.test_foundation_settings import Change, changed
from tests.settings.wrong import AWS_NAME, ROOT, problems_of

EXAMPLE = raw_declared_settings()
POOL, SERVICE = EXAMPLE["cluster"]["node_pools"]["general"], EXAMPLE["services"]["storefront"]
ZONE = f"{'z' * 52}.example.com"
"""A zone of 64 characters."""

TOO_LONG = "too long; 64 characters at most"
COPIES: list[Change] = [("aws.recovery_region", "eu-west-1")]

# changes, path of the error, what is said
WRONG: list[tuple[list[Change], str, str]] = [
    ([(f"services.{'s' * 39}", SERVICE)], f"services.{'s' * 39}", "too long; 38 characters at most"),
    (
        [(f"cluster.node_pools.{'p' * 31}", POOL)],
        f"cluster.node_pools.{'p' * 31}",
        "too long; 30 characters at most",
    ),
    ([("dns", {"zone": f"z{ZONE}"})], "dns.zone", TOO_LONG),
    ([("dns", {"zone": ZONE}), ("edge", {"cdn": {"host": f"s.{ZONE}"}})], "edge.cdn.host", TOO_LONG),
    (
        [("dns", {"zone": ZONE, "health_checks": [{"host": ZONE, "path": f"/{170 * 'p'}"}]})],
        "dns.health_checks[0].path",
        "too long: 234 characters at most with its host; ask for a shorter one",
    ),
    ([*COPIES, ("registry", {"also_replicates": ["a--b"]})], "registry.also_replicates[0]", AWS_NAME),
    (
        [*COPIES, ("registry", {"also_replicates": ["ab"]})],
        "registry.also_replicates[0]",
        "too short; 3 characters at least",
    ),
]


@pytest.mark.parametrize(("changes", "path", "said"), WRONG)
def test_a_name_that_aws_would_refuse_is_told_at_its_path(changes: list[Change], path: str, said: str) -> None:
    assert problems_of(changed(changes)) == (f"{ROOT}.{path}: {said}",)


LONGEST = "s" * naming.SLUG_LENGTH
SLUGS = ("a", "a-b", "a-owner", "a-app", "a-reader", "a-b-owner", "ab", "app", LONGEST)


def names_in_postgresql(slug: str) -> list[str]:
    """Return the names of a tenant's schema, database and roles."""
    schema = naming.tenant_schema(slug)
    roles = (naming.owner_role, naming.application_role, naming.reader_role, naming.migration_role)
    return [schema, naming.tenant_database(slug), *(role(schema) for role in roles)]


def test_the_longest_slug_fits_whole_into_every_name_that_is_made_of_it() -> None:
    names = names_in_postgresql(LONGEST)
    assert max(len(name.encode()) for name in names) <= naming.POSTGRESQL_NAME_BYTES
    in_kubernetes = [naming.tenant_namespace(LONGEST), naming.labels(LONGEST, "tenant")["app.kubernetes.io/name"]]
    assert max(map(len, in_kubernetes)) <= 63  # RFC 1123, as Kubernetes' own documentation has it ("Object Names")
    assert all(LONGEST in name for name in (*names, *in_kubernetes, naming.tenant_secret("e", LONGEST)))


def test_a_slug_is_a_label_of_a_host_whatever_the_zone() -> None:
    assert naming.SLUG_LENGTH <= 63  # RFC 1035, section 2.3.4
    assert len(f"{LONGEST}.{ZONE}") <= 253


def test_no_two_tenants_share_a_name() -> None:
    roles = [name for slug in SLUGS for name in names_in_postgresql(slug)[2:]]
    assert len(set(roles)) == len(roles)
    for made in (naming.tenant_schema, naming.tenant_database, naming.tenant_namespace):
        assert len({made(slug) for slug in SLUGS}) == len(SLUGS)
    assert len({naming.tenant_secret("e", slug) for slug in SLUGS}) == len(SLUGS)
