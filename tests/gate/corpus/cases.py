"""All cases of the corpus.

Owns their collection, and the settings that they are judged by. Leaves what they are to the modules beside it, one for
each subject.
"""

from collections.abc import Mapping
from types import MappingProxyType

from infra.settings.loader import load
from infra.settings.models import StackSettings
from tests.examples import GREEN_IMAGE, raw_declared_settings
from tests.gate.corpus import (
    cases_cluster,
    cases_data,
    cases_declared,
    cases_local,
    cases_network,
    cases_rights,
    cases_tenants,
)
from tests.gate.corpus.case import Case, Settings
from tests.gate.corpus.recordings import UNCHANGED

STACK = "example"

_ALL = (
    Case(name=UNCHANGED, change=lambda _: None, saved=True),
    *cases_data.CASES,
    *cases_network.CASES,
    *cases_rights.CASES,
    *cases_cluster.CASES,
    *cases_tenants.CASES,
    *cases_declared.CASES,
    *cases_local.CASES,
)

CASES: Mapping[str, Case] = MappingProxyType({case.name: case for case in _ALL})
"""Name -> case."""

assert len(CASES) == len(_ALL), "two cases have one name"


def settings_of(case: Case) -> StackSettings:
    """Return the settings that a case is judged by: of the base's tenants and services."""

    def changed(raw: Settings) -> None:
        raw["tenants"] = [
            {"slug": "book-store", "plan": "enterprise"},
            {"slug": "corner-shop", "plan": "free"},
            {"slug": "shoe-shop", "plan": "pro"},
        ]
        raw["services"]["storefront"]["migration"] = {"image": GREEN_IMAGE, "command": ["migrate"]}
        if case.settings is not None:
            case.settings(raw)

    return load(STACK, raw_declared_settings(changed), {})
