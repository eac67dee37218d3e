"""The tables of resource types as `tables` makes them, kept between processes.

Each run of the engine starts a plugin, which would make the same tables of the same types from the sources of the SDK
and AWS's schemas. They are made of nothing else, so that the versions of both and the sources here tell what is old.
"""

import functools
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from infra.sandbox.kept import kept, of_sources
from infra.sandbox.plugins.aws import sdk, tables
from infra.sandbox.plugins.properties import Property, Shape, Table

_SOURCES: Final = ("constraints.py", "kept_tables.py", "schemas.py", "sdk.py", "tables.py", "../properties.py")
_USUAL: Final = {**vars(Property(shape=Shape.STRING)), "shape": None}


def table(token: str, *, schema: str, **arguments: Mapping[str, Any] | frozenset[str]) -> Table:
    """Return the table of a type.

    Args:
        token: the type, as `aws:eks/cluster:Cluster`.
        schema: the CloudFormation type; empty where there is none.
        arguments: the others of `tables.table`, by name.

    Raises:
        ProviderError: the SDK has no such type, or AWS no such schema.
        ValueError: an argument names an input or a schema property that does not exist.
    """
    said = [(name, sorted(given.items() if isinstance(given, Mapping) else given)) for name, given in arguments.items()]

    def made() -> dict[str, Any]:
        whole = tables.table(token, schema=schema, **arguments)  # type: ignore[arg-type]  # by name, as it takes them
        return {name: _packed(prop) for name, prop in whole.items()}

    packed = kept(f"table of {token}", f"{schema} {sorted(said)} {_origin()}", made)
    return {name: _unpacked(prop) for name, prop in packed.items()}


def results(token: str) -> frozenset[str]:
    """Return the outputs of a type that are no inputs.

    Raises:
        ProviderError: the SDK has no such type.
    """
    return frozenset(kept(f"results of {token}", _origin(), lambda: sorted(sdk.definition(token).outputs)))


@functools.cache
def _origin() -> str:
    """Return what tells the installed packages and the sources that make tables from others."""
    here = Path(__file__).parent
    digest = of_sources(*(here / source for source in _SOURCES))
    return f"{version('pulumi-aws')} {version('cfn-lint')} {digest}"


def _packed(prop: Property) -> dict[str, Any]:
    """Return what is unusual about a property, as it can be kept."""
    held = {name: value for name, value in vars(prop).items() if value != _USUAL[name]}
    held["shape"] = prop.shape.name
    for name in ("item", "key"):
        if name in held:
            held[name] = _packed(held[name])
    if "fields" in held:
        held["fields"] = {name: _packed(field) for name, field in prop.fields.items()}
    return held


def _unpacked(held: dict[str, Any]) -> Property:
    prop = {**held, "shape": Shape[held["shape"]]}
    for name in ("item", "key"):
        if name in prop:
            prop[name] = _unpacked(prop[name])
    if "fields" in prop:
        prop["fields"] = {name: _unpacked(field) for name, field in prop["fields"].items()}
    return Property(**prop)
