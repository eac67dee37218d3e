"""Cases: tenants that come, change and go."""

import json
from collections.abc import Callable, Sequence

from tests.gate.corpus.base_cluster import tenant
from tests.gate.corpus.base_server import tenant as own_tenant
from tests.gate.corpus.case import Case, Change, Settings, put, together
from tests.gate.corpus.declaring import Program

_ARCHIVE = "0" * 64  # the SHA-256 of what was exported before the end


def _entry(slug: str, **said: str) -> Change:
    def change(program: Program) -> None:
        known = json.loads(program.inputs("tenants")["data"][slug])
        program.set("tenants", "data", slug, to=json.dumps({**known, **said}, sort_keys=True))

    return change


def _gone(slug: str) -> Change:
    def change(program: Program) -> None:
        component = f"tenant-{slug}"
        own = [name for name in program.resources if name == component or name.startswith(f"{component}-")]
        program.remove(*own)
        program.set("tenants", "data", slug, to=None)

    return change


def _state(slug: str, state: str) -> Callable[[Settings], None]:
    def change(raw: Settings) -> None:
        for one in raw["tenants"]:
            if one["slug"] == slug:
                one["lifecycle"] = {"state": state, "export": _ARCHIVE}

    return change


def _renamed(program: Program) -> None:
    data = program.inputs("tenants")
    program.remove("tenants")
    program.add("kubernetes:core/v1:ConfigMap", "registry-tenants", data, parent="registry", depends_on=["namespace"])


def _aliased(program: Program) -> None:
    _renamed(program)
    program.option("registry-tenants", aliases=["tenants"])


CASES: Sequence[Case] = (
    Case(name="tenant-of-the-pool-gone", change=_gone("corner-shop"), fires=["tenant-removed"], saved=True),
    Case(
        name="tenant-of-the-pool-gone-as-declared",
        change=_gone("corner-shop"),
        settings=_state("corner-shop", "deleted"),
        fires=["tenant-deleted"],
        silent=["tenant-removed"],
    ),
    Case(
        name="tenant-with-a-schema-gone",
        change=_gone("shoe-shop"),
        fires=["stateful-delete", "tenant-removed"],
    ),
    Case(
        name="tenant-with-a-schema-gone-as-declared",
        change=_gone("shoe-shop"),
        settings=_state("shoe-shop", "deleted"),
        fires=["tenant-deleted"],
        silent=["tenant-removed", "stateful-delete"],
    ),
    Case(
        name="tenant-comes",
        change=together(
            lambda program: own_tenant(program, "tea-house", "tenantry:tenant:SchemaTenant"),
            put("tenants", "data", "tea-house", to=tenant("tea-house", "pro", "schema")),
        ),
        silent=["tenant-removed", "tenant-deleted", "tenant-closed", "database-rights-widened", "tenants-hidden"],
        saved=True,
    ),
    Case(name="tenant-suspended", change=_entry("shoe-shop", state="suspended"), fires=["tenant-closed"]),
    Case(
        name="tenant-upgraded",
        change=_entry("shoe-shop", plan="enterprise"),
        silent=["tenant-closed", "tenant-moved"],
    ),
    Case(name="tenant-moved", change=_entry("corner-shop", isolation="schema"), fires=["tenant-moved"]),
    Case(
        name="tenants-all-secret",
        change=put("tenants", "data", to={"secret": {"shoe-shop": tenant("shoe-shop", "pro", "schema")}}),
        fires=["tenants-hidden"],
    ),
    Case(
        name="tenants-secret",
        change=put("tenants", "data", "shoe-shop", to={"secret": tenant("shoe-shop", "pro", "schema")}),
    ),
    Case(name="registry-renamed", change=_renamed, fires=["tenant-removed"]),
    Case(name="registry-renamed-with-alias", change=_aliased, silent=["tenant-removed"]),
)
