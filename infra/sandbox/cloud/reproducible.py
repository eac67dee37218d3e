"""Chance and time of a moto process, so that a journal replayed gives the same cloud.

Owns what moto draws ids from and asks the time of: its own random source, Python's, `os.urandom` (which is `uuid4` and
the material of KMS keys) and the clock. Within `pinned` they follow from a seed and a moment. Left alone: keys that
OpenSSL makes (EC2 key pairs, asymmetric KMS keys), and the creation date of an S3 bucket.
"""

import contextlib
import datetime
import importlib.abc
import importlib.machinery
import os
import random
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import moto.core.utils as moto_clock
from moto.core.base_backend import AccountSpecificBackend
from moto.moto_api._internal import mock_random

_PYTHONS: random.Random = random.choice.__self__  # type: ignore[attr-defined]  # behind the module's functions
_true_time = time.time
_true_urandom = os.urandom


class _Imports(importlib.abc.MetaPathFinder):
    """Imports moto's modules, each within a pin of its own."""

    def __init__(self, salt: str, moment: float) -> None:
        self._salt = salt
        self._moment = moment

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not fullname.startswith("moto."):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_pinned(module: ModuleType) -> None:
                with pinned(f"{self._salt} {fullname}", self._moment):
                    execute(module)

            vars(spec.loader)["exec_module"] = execute_pinned
        return spec


class _Pin(threading.local):
    """What the current thread draws from; without effect while `entropy` is None."""

    entropy: random.Random | None = None
    moment: float = 0.0


_pin = _Pin()


@contextlib.contextmanager
def pinned(seed: int | str, moment: float) -> Iterator[None]:
    """Let chance and time of this thread follow from the arguments; may be nested. One thread at a time.

    Args:
        seed: decides all that is drawn.
        moment: the time, in seconds since 1970.
    """
    shared: tuple[random.Random, ...] = (mock_random, _PYTHONS)
    kept = [source.getstate() for source in shared]
    before = (_pin.entropy, _pin.moment)
    for source in shared:
        source.seed(seed)
    _pin.entropy, _pin.moment = random.Random(f"entropy {seed}"), moment  # noqa: S311 - a simulated cloud's
    try:
        yield
    finally:
        _pin.entropy, _pin.moment = before
        for source, state in zip(shared, kept, strict=True):
            source.setstate(state)


def take_over(salt: str, moment: float) -> None:
    """Put this module between moto and the machine; once a process, before the first request.

    A region comes to life with its first request, even a read, and gets a default VPC with drawn ids; a module of moto
    may draw when it is imported, which a first request does too. As a read is in no journal, both are pinned by name.

    Args:
        salt: what tells this cloud's ids from another cloud's.
        moment: when the cloud began, in seconds since 1970.
    """
    sys.meta_path.insert(0, _Imports(salt, moment))
    os.urandom = _urandom
    time.time = _time
    clock = type("datetime", (datetime.datetime,), {"now": classmethod(_now), "utcnow": classmethod(_now)})
    names = {name: getattr(datetime, name) for name in dir(datetime)}
    vars(moto_clock)["datetime"] = SimpleNamespace(**names | {"datetime": clock})
    original = AccountSpecificBackend.__getitem__

    def begin(self: Any, region: str) -> Any:
        if region in self.keys():
            return original(self, region)
        with pinned(f"{salt} {self.service_name} {self.account_id} {region}", moment):
            return original(self, region)

    AccountSpecificBackend.__getitem__ = begin  # type: ignore[method-assign]  # moto has no hook for it


def _urandom(size: int) -> bytes:
    return _true_urandom(size) if _pin.entropy is None else _pin.entropy.randbytes(size)


def _time() -> float:
    return _true_time() if _pin.entropy is None else _pin.moment


def _now(_kind: type, tz: datetime.tzinfo | None = None) -> datetime.datetime:
    """Answer in the real class: values of the subclass would spread through moto."""
    zone = tz or datetime.UTC
    moment = datetime.datetime.fromtimestamp(_time(), zone)
    return moment if tz else moment.replace(tzinfo=None)
