"""Cases: releases, how many pods there are, whether there is room for them, and who makes it all."""

import copy
from collections.abc import Sequence
from typing import Any

from tests.gate.corpus.base_cloud import ACCOUNT, REGION
from tests.gate.corpus.base_cluster import image, migration
from tests.gate.corpus.case import NEWER, Case, Change, Settings, added, optional, put, together, without
from tests.gate.corpus.declaring import Program

_IMAGE = ("spec", "template", "spec", "containers", 0, "image")
_ROLE = ("metadata", "annotations", "tenantry.dev/role")
_DATABASE = "database-instance"


def _rolled(*slots: str, digit: int = 7) -> Change:
    return together(*(put(slot, *_IMAGE, to=image(digit)) for slot in slots))


def _switched(service: str) -> Change:
    return together(
        put(f"{service}-blue", *_ROLE, to="candidate"),
        put(f"{service}-green", *_ROLE, to="active"),
        put(f"{service}-service", "spec", "selector", "tenantry.dev/slot", to="green"),
    )


def _migrated(digit: int, phase: str | None) -> Change:
    def change(program: Program) -> None:
        said: dict[str, Any] = copy.deepcopy(migration(digit, phase))
        program.set("migrate", "spec", to=said["spec"])

    return change


_RELEASES: Sequence[Case] = (
    Case(
        name="both-slots-roll",
        change=_rolled("api-blue", "api-green"),
        fires=["both-slots-changed"],
    ),
    Case(
        name="candidate-rolls",
        change=_rolled("api-green"),
        silent=["both-slots-changed", "active-slot-ends", "image-by-tag"],
        saved=True,
    ),
    Case(
        name="active-slot-deleted",
        change=together(without("api-service", "api-blue", "api-blue-budget")),
        fires=["active-slot-ends"],
    ),
    Case(
        name="candidate-deleted",
        change=without("api-green", "api-green-budget"),
        silent=["active-slot-ends", "budget-missing", "disruption-allowed"],
    ),
    Case(
        name="traffic-to-fewer-pods",
        change=_switched("storefront"),
        fires=["traffic-to-unready-slot"],
    ),
    Case(name="traffic-to-as-many-pods", change=_switched("api"), silent=["traffic-to-unready-slot"], saved=True),
    Case(
        name="traffic-to-a-slot-that-rolls",
        change=together(_switched("api"), _rolled("api-green")),
        fires=["traffic-to-unready-slot"],
    ),
    Case(name="migration-of-no-phase", change=_migrated(7, None), fires=["migration-without-phase"]),
    Case(name="migration-contracts", change=_migrated(7, "contract"), fires=["migration-without-phase"]),
    Case(name="migration-expands", change=_migrated(7, "expand"), silent=["migration-without-phase"]),
    Case(
        name="release-without-migration",
        change=_rolled("storefront-green"),
        fires=["migration-left-out"],
    ),
    Case(
        name="release-with-migration",
        change=together(_rolled("storefront-green"), _migrated(7, "expand")),
        silent=["migration-left-out"],
    ),
)

_NUMBERS: Sequence[Case] = (
    Case(
        name="pods-below-the-floor",
        change=put("storefront-scale", "spec", "minReplicas", to=2),
        fires=["replicas-below-floor"],
    ),
    Case(
        name="pods-fewer",
        change=put("storefront-scale", "spec", "minReplicas", to=3),
        fires=["replicas-lowered"],
        silent=["replicas-below-floor"],
    ),
    Case(name="pods-more", change=put("storefront-scale", "spec", "minReplicas", to=5), silent=["replicas-lowered"]),
    Case(
        name="drained-of-more",
        change=put("storefront-blue-budget", "spec", "maxUnavailable", to=2),
        fires=["disruption-allowed"],
    ),
    Case(
        name="database-without-standby",
        change=put(_DATABASE, "multiAz", to=False),
        fires=["database-alone", "redundancy-lowered"],
    ),
    Case(
        name="sessions-with-another-node",
        change=put("sessions-store", "numCacheClusters", to=3),
        silent=["redundancy-lowered"],
    ),
)


def _pool(most: int) -> Change:
    """Return the change that declares nodes; those of a cluster that nobody asks for before they are made."""
    inputs = {
        "clusterName": "example",
        "nodeRoleArn": "${storefront-role.arn}",
        "subnetIds": ["${subnet-a.id}", "${subnet-b.id}"],
        "instanceTypes": ["m7i.large"],
        "scalingConfig": {"minSize": 1, "desiredSize": 1, "maxSize": most},
    }
    return added("aws:eks/nodeGroup:NodeGroup", "general", inputs, parent="network")


_MANY = put("api-green", "spec", "replicas", to=25)

_ROOM: Sequence[Case] = (
    Case(name="nodes-too-few", change=together(_MANY, _pool(1)), fires=["nodes-exceeded"]),
    Case(name="nodes-enough", change=together(_MANY, _pool(6)), silent=["nodes-exceeded"]),
    Case(name="quota-too-small", change=put("quota", "spec", "hard", "pods", to="5"), fires=["quota-exceeded"]),
    Case(name="quota-just-enough", change=put("quota", "spec", "hard", "pods", to="20"), silent=["quota-exceeded"]),
    Case(
        name="too-many-connections", change=put("pool-app", "connectionLimit", to=500), fires=["connections-exceeded"]
    ),
    Case(name="more-connections", change=put("pool-app", "connectionLimit", to=80), silent=["connections-exceeded"]),
)

_PASSWORDS = ("database-password", "tenant-shoe-shop-password", "tenant-book-store-password")
_TAGS = {"owner": "platform-team", "environment": "example", "cost-centre": "commerce"}
_ANOTHER = added(
    "pulumi:providers:aws",
    "aws-two",
    {"region": REGION, "allowedAccountIds": [ACCOUNT], "defaultTags": {"tags": _TAGS}},
)


def _images_by_another(program: Program) -> None:
    _ANOTHER(program)
    for name in ("images", "images-kept"):  # what is declared refers to what stands above it
        program.resources[name] = program.resources.pop(name)
    program.option("images", provider="aws-two")


_PROVIDERS: Sequence[Case] = (
    Case(
        name="another-region",  # everything is replaced, and the engine refuses for what is protected
        change=put("aws", "region", to="eu-west-1"),
        fails=True,
    ),
    Case(
        name="another-account-too",
        change=put("aws", "allowedAccountIds", to=[ACCOUNT, "210987654321"]),
        fires=["provider-moved"],
    ),
    Case(
        name="another-tag",
        change=put("aws", "defaultTags", "tags", "environment", to="examples"),
        silent=["provider-moved", "tags-missing"],
    ),
    Case(
        name="queue-in-another-region",
        change=put("mail-queue", "region", to="eu-west-1"),
        fires=["region-changed", "stateful-delete"],
    ),
    Case(name="queue-in-its-region", change=put("mail-queue", "region", to="eu-central-1"), silent=["region-changed"]),
    Case(
        name="images-by-another-provider",
        change=_images_by_another,
        fires=["provider-changed"],
    ),
    Case(
        name="queue-by-another-provider",
        change=together(
            _ANOTHER, added("aws:sqs/queue:Queue", "orders", {"name": "example-orders"}, provider="aws-two")
        ),
        silent=["provider-changed", "provider-moved"],
    ),
    Case(
        name="passwords-by-a-newer-version",
        change=together(
            *(optional(name, version=NEWER) for name in ("database-password", "tenant-shoe-shop-password"))
        ),
        fires=["provider-changed"],
    ),
)


def _budget(raw: Settings) -> None:
    raw["budget"] = {"monthly_usd": 400}


_OTHERS: Sequence[Case] = (
    Case(
        name="over-budget",
        change=put(_DATABASE, "instanceClass", to="db.r7g.xlarge"),
        settings=_budget,
        fires=["budget"],
    ),
    Case(
        name="within-budget",
        change=put(_DATABASE, "instanceClass", to="db.t4g.small"),
        settings=_budget,
        silent=["budget"],
    ),
    Case(
        name="policies-kept",
        change=put("images", "tags", to={"owner": "platform-team"}),
        policed=True,
        silent=["policy-mandatory", "policy-advisory"],
    ),
    Case(
        name="policy-advises-against",
        change=put("images", "tags", to={"owner": "everybody"}),
        policed=True,
        fires=["policy-advisory"],
        silent=["policy-mandatory"],
    ),
    Case(
        name="policy-forbids",
        change=put("images", "tags", to={"owner": "nobody"}),
        policed=True,
        fails=True,
        saved=True,
    ),
)

CASES = (*_OTHERS, *_RELEASES, *_NUMBERS, *_ROOM, *_PROVIDERS)
