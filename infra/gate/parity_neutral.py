"""The words by which one environment is told from another, put away, so that two of them can be compared.

Owns what counts as such a word, which is this and nothing else, in texts, keys and logical names, in this order:

| written | stands for |
|---|---|
| `{name}` | `aws.name`, with which names begin that are unique in the account |
| `{zone}` | `dns.zone`, at the end of a host or alone |
| `{account}` | `aws.account_id` |
| `{region}`, `{recovery_region}` | `aws.region` and `aws.recovery_region`; a zone is `{region}a` |
| `{network}+0.0.16.0` | an address of `network.block`, by its distance from the first one |
| `{environment}` | the stack's name as a word, and not in a domain's name |
| `{digest}` | the digest of an image, `sha256:` and 64 hexadecimal digits: releases meet one environment first |

Everything else that differs is a difference. Leaves which of those are meant to the list.
"""

import ipaddress
import json
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import TypeVar

from infra.gate.change import Properties, Value
from infra.gate.parity_graph import Declared
from infra.settings.models import StackSettings

Neutral = Callable[[str], str]

_Key = TypeVar("_Key", bound=Hashable)

_Step = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]
"""What is looked for, and what is put there instead."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}(?![0-9a-f])")
_ADDRESS = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])")


def neutral(stack: str, settings: StackSettings) -> Neutral:
    """Return what puts the words of one environment away from a text.

    Args:
        stack: its name.
        settings: its settings.
    """
    steps = list(_steps(stack, settings))

    def put_away(text: str) -> str:
        for pattern, instead in steps:
            text = pattern.sub(instead, text)
        return text

    return put_away


def neutralised(resources: Sequence[Declared], put_away: Neutral) -> list[Declared]:
    """Return resources without the words of their environment; texts that are JSON become what they say.

    Args:
        resources: as the program declares them.
        put_away: of their environment.
    """
    names = _keys([(one.types, one.name) for one in resources], lambda key: (key[0], put_away(key[1])))
    return [
        Declared(types, name, _properties(one.properties, put_away))
        for one, (types, name) in zip(resources, names, strict=True)
    ]


def _steps(
    stack: str, settings: StackSettings
) -> Iterator[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]]:
    aws, network, dns = settings.aws, settings.network, settings.dns
    if aws is not None:
        yield re.compile(rf"(?<![A-Za-z0-9]){re.escape(aws.name)}(?![A-Za-z0-9])"), "{name}"
    if dns is not None:
        yield re.compile(rf"(?<![A-Za-z0-9-]){re.escape(dns.zone)}(?!\.?[A-Za-z0-9-])"), "{zone}"
    if aws is not None:
        yield re.compile(rf"(?<!\d){aws.account_id}(?!\d)"), "{account}"
        yield re.compile(rf"(?<![A-Za-z0-9]){aws.region}(?!\d)"), "{region}"
        if aws.recovery_region is not None:
            yield re.compile(rf"(?<![A-Za-z0-9]){aws.recovery_region}(?!\d)"), "{recovery_region}"
    if network is not None:
        block = ipaddress.IPv4Network(str(network.block))
        yield _ADDRESS, lambda found: _distance(found[0], block)
    yield re.compile(rf"(?<![A-Za-z0-9.]){re.escape(stack)}(?![A-Za-z0-9])"), "{environment}"
    yield _DIGEST, "{digest}"


def _distance(address: str, block: ipaddress.IPv4Network) -> str:
    try:
        found = ipaddress.IPv4Address(address)
    except ipaddress.AddressValueError:
        return address
    if found not in block:
        return address
    return f"{{network}}+{ipaddress.IPv4Address(int(found) - int(block.network_address))}"


def _properties(properties: Properties, put_away: Neutral) -> dict[str, Value]:
    keys = _keys(list(properties), put_away)
    return {key: _value(value, put_away) for key, value in zip(keys, properties.values(), strict=True)}


def _value(value: Value, put_away: Neutral) -> Value:
    if isinstance(value, str):
        said = _said(value)
        return put_away(value) if said is None else _value(said, put_away)
    if isinstance(value, Mapping):
        return _properties(value, put_away)
    if isinstance(value, Sequence):
        return [_value(item, put_away) for item in value]
    return value


def _said(text: str) -> Value:
    """Return the object or list that a text is in JSON, as policies are; None for every other text."""
    if not text.startswith(("{", "[")):
        return None
    try:
        said: Value = json.loads(text)
    except ValueError:
        return None
    return said


def _keys(keys: Sequence[_Key], put_away: Callable[[_Key], _Key]) -> list[_Key]:
    """Return keys without the words of their environment, where no two become one by that."""
    found = [put_away(key) for key in keys]
    counts = Counter(found)
    return [new if counts[new] == 1 else key for key, new in zip(keys, found, strict=True)]
