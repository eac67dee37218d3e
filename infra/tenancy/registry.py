"""The cell's registry of tenants, as a pod finds it: a folder with one file per tenant, of all its ConfigMaps.

Owns reading it, and the question which tenants are not served now. Leaves writing it to `components.tenant_registry`.
"""

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.errors import TenantryError

_OPEN = ("active", "offboarding")  # who leaves is let in until the data is exported
_CLOSED = ("suspended", "deleted")
_REMEDY = "run `pulumi up` of the stack, which writes the registry"


@dataclass(frozen=True, kw_only=True)
class RegisteredTenant:
    """What the registry says of a tenant, as far as its lifecycle goes.

    Args:
        slug: the tenant.
        isolation: `pool`, `schema` or `database`.
        state: `trial`, `active`, `suspended`, `offboarding` or `deleted`.
        ends: when its trial does; None for never.
        database: where its data is; None where an older registry does not say.
    """

    slug: str
    isolation: str
    state: str
    ends: datetime.datetime | None = None
    database: str | None = None

    def closed_because(self, now: datetime.datetime) -> str | None:
        """Return why the tenant is not served; None where it is.

        Args:
            now: the moment that is asked for.
        """
        if self.state in _CLOSED:
            return self.state
        if self.ends is not None and self.ends <= now:
            return f"its trial ended at {self.ends:%Y-%m-%dT%H:%M:%SZ}"
        return None


def read(folder: Path) -> Sequence[RegisteredTenant]:
    """Return all tenants of the registry, by slug.

    Args:
        folder: where its ConfigMaps are mounted.

    Raises:
        TenantryError: the folder is not there, or holds what is no entry.
    """
    if not folder.is_dir():
        raise TenantryError(
            "no registry is mounted", str(folder), "name the folder that its ConfigMaps are mounted at", 2
        )
    # The kubelet keeps the files of a volume below names with two dots, and links to them.
    return [_entry(file) for file in sorted(folder.iterdir()) if not file.name.startswith(".")]


def _entry(file: Path) -> RegisteredTenant:
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
        return _tenant(file.name, known)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        problem = f"no entry of a tenant ({type(error).__name__})"
        raise TenantryError(problem, f"{file.name} of the registry", _REMEDY) from None


def _tenant(slug: str, known: Mapping[str, str]) -> RegisteredTenant:
    state, ends = known.get("state", "active"), known.get("ends")
    if state not in (*_OPEN, *_CLOSED, "trial"):
        raise ValueError(state)
    return RegisteredTenant(
        slug=slug,
        isolation=known["isolation"],
        state=state,
        ends=_moment(ends) if state == "trial" and ends else None,
        database=known.get("database"),
    )


def _moment(text: str) -> datetime.datetime:
    moment = datetime.datetime.fromisoformat(text)
    return moment.replace(tzinfo=datetime.UTC) if moment.tzinfo is None else moment.astimezone(datetime.UTC)
