"""Configurations of shops: `configs/VERSION.yaml`, one file for each version, which tenants are pinned to.

Owns what may be in one, and which of them a stack uses. A version is configuration apart from the services' code: a
tenant goes to another version, and back, by its own line. Leaves the tenants to `tenants`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import ryaml
from pydantic import Field, TypeAdapter, ValidationError

from infra.paths import PROJECT_ROOT
from infra.settings import stack_file
from infra.settings.route_kinds import Sentence
from infra.settings.section import Contradiction, Section
from infra.settings.stack_file import StackFileError
from infra.settings.tenant_kinds import Colour, ConfigurationName

FOLDER = Path("configs")
"""Where the files are, below the project's folder."""

FIELD = "configurations"
"""The setting that the files become."""

_NOT_THERE = "no such file in configs/; add it there, or name a version that is"


class ShopSettings(Section):
    """What a shop offers; the defaults are those of REQUIREMENTS, Tenants."""

    cart: bool = True
    """Whether customers have a cart."""

    cart_expiry_days: Annotated[int, Field(ge=1, le=365)] = 30
    """When a cart that nobody touches is emptied."""

    wishlist: bool = True
    """Whether customers have a wishlist."""

    compare: bool = False
    """Whether products can be compared."""

    compare_items: Annotated[int, Field(ge=2, le=10)] = 4
    """How many at most."""


class ThemeSettings(Section):
    """What a shop looks like."""

    name: Sentence = "plain"
    """The theme, as the storefront calls it."""

    primary: Colour = "#1f4e79"
    """The colour of what is to be clicked."""

    accent: Colour = "#c55a11"
    """The colour of what is to be seen."""


class Configuration(Section):
    """One version of how shops are."""

    settings: ShopSettings = ShopSettings()
    """What they offer."""

    theme: ThemeSettings = ThemeSettings()
    """What they look like."""


def named(default: object, tenants: Iterable[object]) -> list[str]:
    """Return the versions that a stack names, as they are written; whatever is no version is left out.

    Args:
        default: that of tenants that name none.
        tenants: as the tenant file has them.
    """
    written = (default, *(tenant.get("configuration") for tenant in tenants if isinstance(tenant, Mapping)))
    return sorted(version for version in {one for one in written if isinstance(one, str)} if _is_version(version))


def read(versions: Iterable[str], root: Path = PROJECT_ROOT) -> dict[str, Any]:
    """Return what the files of versions say, which nothing has checked: those that are not there are left out.

    Args:
        versions: their names.
        root: the project's folder.

    Raises:
        StackFileError: a file cannot be read, or is no mapping in YAML.
    """
    files = {version: root / FOLDER / f"{version}.yaml" for version in versions}
    return {version: _content(path) for version, path in files.items() if path.exists()}


def missing(default: object, tenants: Sequence[object], found: Collection[str]) -> Iterator[Contradiction]:
    """Return, below the settings' root, versions that are named and not there; a deleted tenant's need not be.

    Args:
        default: that of tenants that name none.
        tenants: as the tenant file has them.
        found: the versions that there are.
    """
    if _is_version(default) and default not in found:
        yield ("tenancy", "configuration"), _NOT_THERE
    for position, tenant in enumerate(tenants):
        version = tenant.get("configuration") if isinstance(tenant, Mapping) else None
        if version is not None and _is_version(version) and version not in found and not _is_deleted(tenant):
            yield ("tenants", position, "configuration"), _NOT_THERE


def _is_deleted(tenant: object) -> bool:
    lifecycle = tenant.get("lifecycle") if isinstance(tenant, Mapping) else None
    return isinstance(lifecycle, Mapping) and lifecycle.get("state") == "deleted"


def _is_version(text: object) -> bool:
    try:
        _VERSION.validate_python(text)
    except ValidationError:
        return False
    return True


_VERSION: TypeAdapter[str] = TypeAdapter(ConfigurationName)


def _content(path: Path) -> object:
    name = FOLDER / path.name
    try:
        content = ryaml.loads(stack_file.text_of(path))
    except ryaml.InvalidYamlError as error:
        raise StackFileError("not valid YAML", name, "mend it") from error
    return {} if content is None else content
