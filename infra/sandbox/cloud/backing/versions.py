"""Which versions of the engines the sandbox has, and the refusal of those that it cannot stand for.

One PostgreSQL is built, of one major version. Any minor version of it may be asked for and is told back, while the one
that is built runs: minor releases only mend. Another major version is refused, as EKS refuses another Kubernetes: its
catalogues, planner and extensions differ, and a rehearsal on the wrong one would prove nothing.

One Valkey is built too, and stands in for every older version of Valkey and for Redis OSS up to 7.1, ElastiCache's
last: ElastiCache offers none as new as the built one, and Valkey keeps to the commands and answers of what came before
it. What was asked for is told back, and the cloud's log says what runs. A newer version than the built one is refused.
"""

import re
import subprocess
import sys
from functools import cache

from infra.sandbox.cloud.calls import Call
from infra.sandbox.cloud.refusals import Refusal
from infra.sandbox.servers.wheels import postgresql_bin, valkey_server
from infra.settings.versions import CACHES

_DEFAULT_CACHE = "redis"
_REFUSED = "InvalidParameterCombination"  # what AWS answers to `Cannot find version`


@cache
def postgresql() -> str:
    """Return PostgreSQL's version, as `18.4`."""
    return _said([str(postgresql_bin() / "postgres"), "--version"], r"\(PostgreSQL\) (\d+\.\d+)")


@cache
def valkey() -> str:
    """Return Valkey's version, as `9.1`: ElastiCache names no patches."""
    return _said([str(valkey_server()), "--version"], r"v=(\d+\.\d+)")


def major(version: str) -> str:
    """Return the major part of a version."""
    return version.partition(".")[0]


def of_database(stated: str | None) -> str:
    """Return what an instance is told to have, when a program states this much."""
    return postgresql() if stated in (None, "", major(postgresql())) else str(stated)


def newest_cache(engine: str) -> str:
    """Return the newest version of a cache's engine, `valkey` or `redis`, that the sandbox stands for."""
    return valkey() if engine == "valkey" else CACHES[engine][-1]


def database_refusal(stated: str) -> Refusal | None:
    """Return why there is no PostgreSQL of this version; None where there is."""
    if major(stated) == major(postgresql()):
        return None
    built = postgresql()
    what = f"Cannot find version {stated} for postgres: the sandbox has {built}, which is any {major(built)} to it."
    return Refusal(_REFUSED, what)


def cache_refusal(engine: str, stated: str) -> Refusal | None:
    """Return why there is no cache of this version; None where the sandbox's Valkey stands for it."""
    newest = newest_cache(engine)
    if _numbers(stated) <= _numbers(newest):
        return None
    what = f"Cannot find version {stated} for {engine}: the sandbox has Valkey {valkey()}, which stands for {engine} "
    return Refusal(_REFUSED, f"{what}up to {newest}.")


def refusal(call: Call) -> Refusal | None:
    """Return why a call cannot have the version that it asks for; outside the journal, which then never sees it."""
    stated, engine = call.form.get("EngineVersion"), call.form.get("Engine")
    if not stated or call.is_read:
        return None
    if call.service == "rds":
        return database_refusal(stated) if engine in (None, "postgres") else None
    if call.service != "elasticache":
        return None
    if call.stated_action != "CreateReplicationGroup":
        return cache_refusal(engine or "valkey", stated)  # what is changed has an engine already, of either name
    refused = cache_refusal(engine or _DEFAULT_CACHE, stated)
    if refused is None and stated != valkey():
        told = f"Valkey {valkey()} stands in for {engine or _DEFAULT_CACHE} {stated}"
        print(told, file=sys.stderr, flush=True)  # noqa: T201 - its log
    return refused


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def _said(command: list[str], pattern: str) -> str:
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(pattern, said)
    assert found is not None, said
    return found[1]
