"""Keeps moto small and quick: what it reads and almost nobody asks for is read when asked for, and read once.

The offerings of instance types in every region of the world are 95 MiB of Python objects in moto 5.2.5, of 220 KiB
compressed, for `DescribeInstanceTypeOfferings` and for starting instances. Which modules it has, moto asks the disk at
each request, which took as long as answering, and which methods a service has, it looks up anew.
"""

import functools
from collections.abc import Iterator
from typing import Any

from moto import backends
from moto.core import responses
from moto.core.utils import method_names_from_class
from moto.utilities import utils

from infra.sandbox import service_models

_OFFERINGS = "ec2/resources/instance_type_offerings/"
_load = utils.load_resource
_modules = backends.list_of_moto_modules


class Offerings:
    """What one region offers; read from moto's file each time it is gone through, and not kept.

    Args:
        resource: moto's name of the file, as `ec2/resources/instance_type_offerings/region/eu-west-1.json.gz`.
    """

    def __init__(self, resource: str) -> None:
        self._resource = resource
        self._is_imported = False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if not self._is_imported:
            self._is_imported = True  # moto's import goes through all of them, to write down what is added below
            return iter(())
        kind = self._resource.removeprefix(_OFFERINGS).partition("/")[0]
        return iter([{**offering, "LocationType": kind} for offering in _load(self._resource)])


@functools.cache
def _known_modules() -> frozenset[str]:
    return frozenset(_modules())


def take_over() -> None:
    """Let moto read lazily; before the first request, for that is when moto imports EC2."""
    service_models.keep_small()
    utils.load_resource = lambda resource: Offerings(resource) if resource.startswith(_OFFERINGS) else _load(resource)
    backends.list_of_moto_modules = _known_modules
    vars(responses)["method_names_from_class"] = functools.cache(method_names_from_class)
