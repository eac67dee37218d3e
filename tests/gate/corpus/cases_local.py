"""Cases of the real program: the stack `local` with one of its settings changed, as a user would."""

from collections.abc import Callable, Sequence
from typing import Any

from tests.gate.corpus.case import Case, Settings
from tests.gate.corpus.recordings import UNCHANGED

_IMAGE = "registry.tenantry.invalid/storefront@sha256:" + "7" * 64


def _set(*path: str, to: Any) -> Callable[[Settings], None]:
    def change(raw: Settings) -> None:
        *above, last = path
        place = raw
        for key in above:
            place = place[key]
        place[last] = to

    return change


def _tenant(slug: str, **said: Any) -> Callable[[Settings], None]:
    def change(raw: Settings) -> None:
        next(one for one in raw["tenants"] if one["slug"] == slug).update(said)

    return change


def _no_tenant(slug: str) -> Callable[[Settings], None]:
    def change(raw: Settings) -> None:
        raw["tenants"] = [one for one in raw["tenants"] if one["slug"] != slug]

    return change


def _candidate(raw: Settings) -> None:
    slots = raw["services"]["storefront"]["slots"]
    slots["green"] = {**slots["blue"], "image": _IMAGE}


def _case(
    name: str,
    settings: Callable[[Settings], None] | None,
    fires: Sequence[str] = (),
    *,
    fails: bool = False,
    **more: Any,
) -> Case:
    found = () if fails else ("database-alone", *fires)  # so it is declared: the stack has one small database
    return Case(
        name=f"local-{name}", change=lambda _: None, settings=settings, real=True, fires=found, fails=fails, **more
    )


CASES: Sequence[Case] = (
    _case(UNCHANGED, None),
    _case(
        "backups-shorter",
        _set("database", "backup_retention_days", to=1),
        fires=["backup-retention-lowered", "backups-short"],
        saved=True,
    ),
    _case(
        "backups-longer",
        _set("database", "backup_retention_days", to=14),
        silent=["backup-retention-lowered"],
    ),
    _case("tenant-removed", _no_tenant("book-store"), fails=True),  # the program itself refuses
    _case("tenant-suspended", _tenant("book-store", lifecycle={"state": "suspended"}), fires=["tenant-closed"]),
    _case(
        "administrator-added",
        _set("cluster", "administrators", "operators", to="arn:aws:iam::123456789012:role/ops"),
        fires=["cluster-access-widened"],
    ),
    _case(
        "nodes-more",
        _set("cluster", "node_pools", "general", "maximum", to=5),
        silent=["cluster-access-widened", "nodes-exceeded", "nodes-lowered"],
    ),
    _case("nodes-fewer", _set("cluster", "node_pools", "general", "maximum", to=2), fires=["nodes-lowered"]),
    _case(
        "secret-rotated",
        _set("secrets", "generated", "jwt", "rotated_at", to="2026-11-22T00:00:00Z"),
        fires=["password-rotated"],
    ),
    _case("candidate-comes", _candidate, silent=["both-slots-changed", "traffic-to-unready-slot"]),
    _case("image-changed", _set("services", "storefront", "slots", "blue", "image", to=_IMAGE)),
    _case("cache-with-a-replica", _set("redis", "cache", "nodes", to=2)),
)
