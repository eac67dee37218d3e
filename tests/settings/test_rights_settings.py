"""What services do with buckets and queues: each wrong setting is told by its path, with what is allowed or to do."""

from typing import Any

import pytest

from infra.settings.loader import load
from infra.settings.rights import variables
from tests.examples import ENVIRONMENT, declared_settings, raw_declared_settings, raw_settings
from tests.settings.wrong import ROOT, SECTION, SLUG, Change, problems_of, with_changes

BUCKETS, QUEUES = "services.storefront.buckets", "services.storefront.queues"
PURPOSES = "not allowed; take one of: uploads, exports, assets, backups"
NO_BUCKET = "no such bucket; add it to storage, or remove it here"
NO_QUEUE = "no such queue; add it to queues, or remove it here"
GIVEN = "set by the platform; take another name"
TOO_MANY = (
    "too many rights for one role of AWS, with those on buckets: 16 at most, and read_write and both are two each; "
    "remove some"
)
NO_ENDPOINT = "without sqs, by which services reach their queues; add it, or remove their queues"
EXISTING = {"existing": {"context": "some-cluster", "security_group_id": "sg-0123456789abcdef0"}}
MANY = {f"queue-{number}": {} for number in range(20)}


def no_identity(field: str) -> str:
    return (
        "asks for a declared cluster: pods of a brought one have no AWS identity to use them with; declare cluster, or "
        f"remove {field}"
    )


# changes, path of the error, what is said
WRONG: list[tuple[list[Change], str, str]] = [
    ([(BUCKETS, ["uploads"])], BUCKETS, SECTION),
    ([(BUCKETS, "uploads")], BUCKETS, SECTION),
    ([(BUCKETS, {"images": "read"})], f"{BUCKETS}.images", PURPOSES),
    ([(BUCKETS, {"uploads": "readwrite"})], f"{BUCKETS}.uploads", "not allowed; take one of: read, write, read_write"),
    ([(BUCKETS, {"uploads": True})], f"{BUCKETS}.uploads", "not allowed; take one of: read, write, read_write"),
    ([(BUCKETS, {"uploads": ["read"]})], f"{BUCKETS}.uploads", "not allowed; take one of: read, write, read_write"),
    ([(BUCKETS, {"exports": "read"}), ("storage", {"exports": None})], f"{BUCKETS}.exports", NO_BUCKET),
    ([(BUCKETS, {"backups": "write"}), ("storage", None)], f"{BUCKETS}.backups", NO_BUCKET),
    ([(BUCKETS, {"uploads": "read"}), ("cluster", EXISTING)], BUCKETS, no_identity("buckets")),
    ([(QUEUES, ["mail"])], QUEUES, SECTION),
    ([(QUEUES, {"Mail": "send"})], f"{QUEUES}.Mail", SLUG),
    ([(QUEUES, {"mail": "receive"})], f"{QUEUES}.mail", "not allowed; take one of: send, consume, both"),
    ([(QUEUES, {"mail": None})], f"{QUEUES}.mail", "not allowed; take one of: send, consume, both"),
    ([(QUEUES, {"orders": "send"})], f"{QUEUES}.orders", NO_QUEUE),
    ([(QUEUES, {"mail": "send"}), ("queues", {})], f"{QUEUES}.mail", NO_QUEUE),
    ([(QUEUES, {"mail": "send"}), ("cluster", EXISTING)], QUEUES, no_identity("queues")),
    (
        [(QUEUES, {"mail": "send"}), ("network.interface_endpoints", ["sts"])],
        "network.interface_endpoints",
        NO_ENDPOINT,
    ),
    ([(QUEUES, {"mail": "send"}), ("network.interface_endpoints", [])], "network.interface_endpoints", NO_ENDPOINT),
    ([(QUEUES, dict.fromkeys(MANY, "send")), ("queues", MANY)], QUEUES, TOO_MANY),
    (
        [
            (BUCKETS, dict.fromkeys(("uploads", "exports", "assets", "backups"), "read_write")),
            (QUEUES, dict.fromkeys(list(MANY)[:5], "both")),
            ("queues", MANY),
        ],
        QUEUES,
        TOO_MANY,
    ),
    (
        [(BUCKETS, {"uploads": "read"}), ("services.storefront.environment", {"BUCKET_UPLOADS": "mine"})],
        "services.storefront.environment.BUCKET_UPLOADS",
        GIVEN,
    ),
    (
        [(BUCKETS, {"uploads": "read"}), ("services.storefront.environment", {"AWS_REGION": "eu-west-1"})],
        "services.storefront.environment.AWS_REGION",
        GIVEN,
    ),
    (
        [
            (QUEUES, {"dead-end": "both"}),
            ("queues", {"dead-end": {}}),
            ("services.storefront.environment", {"QUEUE_DEAD_END_URL": "https://mq.example"}),
        ],
        "services.storefront.environment.QUEUE_DEAD_END_URL",
        GIVEN,
    ),
    ([("services.storefront.bucket", {})], "services.storefront.bucket", "unknown key; did you mean buckets?"),
    ([("services.storefront.queue", {})], "services.storefront.queue", "unknown key; did you mean queues?"),
]


def changed(changes: list[Change]) -> dict[str, Any]:
    """Return valid settings after changes, each a dotted path and what is put there."""
    return with_changes(raw_declared_settings(), changes)


@pytest.mark.parametrize(("changes", "path", "said"), WRONG)
def test_a_wrong_right_is_told_at_its_path(changes: list[Change], path: str, said: str) -> None:
    assert problems_of(changed(changes)) == (f"{ROOT}.{path}: {said}",)


def test_on_a_cluster_and_a_database_that_are_brought_nobody_has_rights() -> None:
    raw = raw_settings()
    raw["services"]["storefront"] |= {"buckets": {"uploads": "read"}, "queues": {"mail": "both"}}
    with_fields = {f"{ROOT}.{BUCKETS}: {no_identity('buckets')}", f"{ROOT}.{QUEUES}: {no_identity('queues')}"}
    assert set(problems_of(raw)) == with_fields


def test_a_service_has_no_rights_unless_it_says_so() -> None:
    storefront = declared_settings().services["storefront"]
    assert (storefront.buckets, storefront.queues) == ({}, {})


def test_what_a_service_does_not_use_is_free_to_name_variables_after() -> None:
    raw = raw_settings()
    own = {"BUCKET_UPLOADS": "mine", "QUEUE_MAIL_URL": "amqp://mq.example", "AWS_REGION": "eu-west-1"}
    raw["services"]["storefront"]["environment"] = own
    assert load("example", raw, ENVIRONMENT).services["storefront"].environment == own


def test_as_many_rights_as_a_role_has_room_for_are_fine() -> None:
    rights = dict.fromkeys(list(MANY)[:4], "both")
    every = dict.fromkeys(("uploads", "exports", "assets", "backups"), "read_write")
    found = load("example", changed([(BUCKETS, every), (QUEUES, rights), ("queues", MANY)]), {})
    assert len(found.services["storefront"].queues) == 4


def test_endpoints_of_the_users_choice_are_fine_with_the_one_for_queues() -> None:
    found = load("example", changed([(QUEUES, {"mail": "send"}), ("network.interface_endpoints", ["sqs"])]), {})
    assert found.network is not None
    assert found.network.interface_endpoints == ("sqs",)


def test_each_bucket_and_queue_has_a_variable_and_the_region_is_told_once() -> None:
    assert variables(("uploads", "backups"), ("mail", "dead-end")) == (
        *("BUCKET_UPLOADS", "BUCKET_BACKUPS", "QUEUE_MAIL_URL", "QUEUE_DEAD_END_URL"),
        "AWS_REGION",
    )
    assert variables((), ()) == ()
