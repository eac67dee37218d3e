"""The names of REST operations: which one a method and a path mean, by botocore's service models.

Only faults ask for it. A model is loaded when its service is first asked for and takes some megabytes.
"""

import re
from functools import cache
from typing import NamedTuple

import botocore.exceptions
import botocore.loaders


class _Route(NamedTuple):
    method: str
    path: re.Pattern[str]
    query: frozenset[str]
    weight: int
    name: str


def name_of(service: str, method: str, path: str, query: frozenset[str]) -> str:
    """Return the operation's name, as `CreateCluster`; empty when nothing fits.

    Args:
        service: its signing name.
        method: the HTTP method, in capitals.
        path: the decoded path.
        query: the names of the query's parameters.
    """
    fitting = [
        route
        for route in _routes(service)
        if route.method == method and route.query <= query and route.path.fullmatch(path)
    ]
    return max(fitting, key=lambda route: (len(route.query), route.weight)).name if fitting else ""


@cache
def _routes(service: str) -> list[_Route]:
    try:
        model = botocore.loaders.Loader().load_service_model(service, "service-2")
    except botocore.exceptions.UnknownServiceError:
        return []
    routes = []
    for name, operation in model["operations"].items():
        path, _, query = operation["http"]["requestUri"].partition("?")
        names = frozenset(part.partition("=")[0] for part in query.split("&") if part)
        literal = re.sub(r"\{[^}]*\}", "", path)
        routes.append(_Route(operation["http"]["method"], _pattern(path), names, len(literal), name))
    return routes


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]*\})", template.rstrip("/"))
    pattern = "".join(
        (".+" if part.endswith("+}") else "[^/]+") if part.startswith("{") else re.escape(part) for part in parts
    )
    return re.compile(pattern + "/?", re.DOTALL)
