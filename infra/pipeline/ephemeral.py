"""Environments that live shortly, one for a pull request: `pr-12`, made like another one, and gone after a while.

Owns what its stack file says, and when its time is over. What differs from the environment that it is made like: names,
addresses and who applies it; nothing is protected, copied to another region or kept; images and secrets are the other
one's. It has no hosts, since nobody would delegate a zone to it in time: it is reached inside its network. Leaves
making and deleting it to the Pulumi CLI, and judging it to the gate.
"""

import copy
import datetime
import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from infra.errors import TenantryError
from infra.pipeline.account import Account
from infra.settings import SETTINGS_KEY, tenant_file
from infra.settings.schema import HEADER
from infra.settings.stack_file import StackFile

ENVIRONMENT = "ephemeral"
"""The GitHub environment whose jobs apply them, as bootstrap/roles.yaml is given it."""

KEY = "encryptedkey"
"""Where a stack file and a state have the key of the state's secrets."""

_STACK = re.compile(r"pr-([1-9]\d{0,8})", re.ASCII)

_LEFT_OUT = ("dns", "gateway", "alarms", "cells", "budget")
"""Settings that it does without: hosts and their door, whom to wake, other stacks, and a warning of a month's costs."""

_OF_HOSTS = ("hosts", "tenant_hosts")
"""The same of services."""

_OTHERS: dict[str, None] = {"audit": None, "registry": None, "edge": None}
"""What the other environment has for both, or nobody reaches."""

_BLOCKS = ipaddress.IPv4Network("10.128.0.0/9")
"""Where their networks are, and no other environment's."""

_PROTECTED = ("cluster", "database", "storage", "secrets")
_PROTECTED_EACH = ("redis", "queues")


def stack_of(pull_request: int) -> str:
    """Return the stack of a pull request.

    Args:
        pull_request: its number.
    """
    return f"pr-{pull_request}"


def text(pull_request: int, base: StackFile, account: Account, key: str = "") -> str:
    """Return the stack file of a pull request's environment.

    Args:
        pull_request: its number.
        base: the stack file that it is made like, which is valid.
        account: where the pipeline signs in for it.
        key: the key of its state's secrets, encrypted; empty before there is one.

    Raises:
        TenantryError: that environment has no account or no network of its own.
    """
    raw = copy.deepcopy(base.settings)
    if not isinstance(raw, dict) or not {"aws", "network"} <= raw.keys():
        raise TenantryError(
            "no environment can be made like it", base.path.name, "name one with `aws` and `network`", exit_code=2
        )
    stack, former = stack_of(pull_request), str(raw["aws"]["name"])
    raw = {name: value for name, value in raw.items() if name not in _LEFT_OUT} | _OTHERS
    aws = {name: value for name, value in raw["aws"].items() if name != "recovery_region"}
    raw["aws"] = {**aws, "name": _name(former, base.stack, stack), "tags": {**aws["tags"], "environment": stack}}
    raw["network"] = {**raw["network"], "block": str(_block(pull_request, str(raw["network"]["block"])))}
    raw["tenant_file"] = tenant_file.name_of(base.stack, base.settings)
    for section in _PROTECTED:
        raw[section] = {**(raw.get(section) or {}), "protect": False}
    raw["queues"] = raw.get("queues", {"mail": {}})
    for section in _PROTECTED_EACH:
        raw[section] = {name: {**(one or {}), "protect": False} for name, one in raw.get(section, {}).items()}
    for service in raw.get("services", {}).values():
        for field in _OF_HOSTS:
            service.pop(field, None)
    raw["cluster"]["administrators"] = {"deployer": account.apply_role}
    raw["secrets"]["copies_of"] = former
    secrets = {"secretsprovider": account.secrets_provider, **({KEY: key} if key else {})}
    content = {**secrets, "config": {SETTINGS_KEY: raw}}
    written = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)
    return f"{HEADER}\n# Made by `tenantry pipeline ephemeral write {pull_request}`; not in Git.\n{written}"


def over(
    stacks: Sequence[Mapping[str, Any]], now: datetime.datetime, hours: int
) -> tuple[Sequence[int], Sequence[int]]:
    """Return the pull requests whose environments are there: those whose time is over, and the others.

    Args:
        stacks: what `pulumi stack ls --json` lists.
        now: the time.
        hours: how long one stays after its last update.
    """
    dead: list[int] = []
    alive: list[int] = []
    for one in stacks:
        found = _STACK.fullmatch(str(one["name"]).rpartition("/")[2])
        if found is None:
            continue
        updated = one.get("lastUpdate")
        age = None if updated is None else now - datetime.datetime.fromisoformat(str(updated).replace("Z", "+00:00"))
        # One that was never updated holds nothing that costs; it may be about to be.
        is_over = age is not None and age > datetime.timedelta(hours=hours)
        (dead if is_over else alive).append(int(found[1]))
    return sorted(dead), sorted(alive)


def _name(former: str, base: str, stack: str) -> str:
    """Return what its resources' names begin with: as the other's, with its own stack's name for the other's."""
    head = former.removesuffix(f"-{base}")
    return f"{head}-{stack}"


def _block(pull_request: int, like: str) -> ipaddress.IPv4Network:
    """Return its addresses; two of them may have the same, as their networks never meet."""
    size = ipaddress.IPv4Network(like).prefixlen
    count = 2 ** (size - _BLOCKS.prefixlen)
    step = 2 ** (_BLOCKS.max_prefixlen - size)
    return ipaddress.IPv4Network((int(_BLOCKS.network_address) + (pull_request % count) * step, size))
