"""Names of which AWS makes longer ones are refused before any of those would be too long; others as long as AWS takes.

What the longest of them become is in `tests.contracts.test_longest_names`.
"""

import pytest

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
