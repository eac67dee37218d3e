"""What the rules of a security group permit, in parts that cannot be divided.

A program groups rules by ports and lists their sources; AWS groups them as it likes. Both are compared by the parts:
one protocol, one range of ports and one source each.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from infra.sandbox.plugins.aws.kind import Answer
from infra.sandbox.plugins.aws.kinds.network_checks import block_problem
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

ALL: Final = "-1"
_PROTOCOLS: Final = {"all": ALL, "icmp": "icmp", "tcp": "tcp", "udp": "udp", "icmpv6": "icmpv6"}
_NUMBERS: Final = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
_ICMP: Final = ("icmp", "icmpv6")
_LAST_PORT: Final = 65535
_LAST_TYPE: Final = 255  # of ICMP, one byte
_PROTOCOL_NUMBERS: Final = range(-1, 256)
_DESCRIPTION: Final = re.compile(r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}")  # IpRange in EC2's API reference

_SOURCES: Final = {
    "cidrBlocks": ("IpRanges", "CidrIp"),
    "ipv6CidrBlocks": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListIds": ("PrefixListIds", "PrefixListId"),
    "securityGroups": ("UserIdGroupPairs", "GroupId"),
}
"""Property of a rule -> AWS's list of such sources, and what one is called in it."""


@dataclass(frozen=True, order=True)
class Permission:
    """One protocol, one range of ports, one source.

    Args:
        protocol: its name, or its number where it has none.
        first: the first port, or the type for ICMP; 0 for all protocols.
        last: the last port, or the code for ICMP; 0 for all protocols.
        kind: the property of a rule that lists such sources.
        source: a block, or an id.
        description: what it is for; moto keeps none for a prefix list.
    """

    protocol: str
    first: int
    last: int
    kind: str
    source: str
    description: str

    def sent(self) -> dict[str, Any]:
        """Return it as AWS takes it."""
        listed, called = _SOURCES[self.kind]
        described = {"Description": self.description} if self.description else {}
        ports = {} if self.protocol == ALL else {"FromPort": self.first, "ToPort": self.last}
        return {"IpProtocol": self.protocol, **ports, listed: [{called: self.source, **described}]}


def protocol(text: str) -> str:
    """Return AWS's name of a protocol, its number where AWS has none."""
    return _NUMBERS.get(text, _PROTOCOLS.get(text.lower(), text))


def stated(rules: Iterable[Properties], group: str) -> list[Permission]:
    """Return the parts of a program's rules.

    Args:
        rules: as `ingress` and `egress` have them.
        group: the id of the group, which `self` means.
    """
    found = []
    for rule in rules:
        name = protocol(str(rule["protocol"]))
        ports = (0, 0) if name == ALL else (int(rule["fromPort"]), int(rule["toPort"]))
        sources = [(kind, source) for kind in _SOURCES for source in rule.get(kind) or []]
        sources += [("securityGroups", group)] if rule.get("self") else []
        for kind, source in sources:
            described = "" if kind == "prefixListIds" else str(rule.get("description") or "")
            found.append(Permission(name, *ports, kind, str(source), described))
    return found


def told(answer: Iterable[Answer]) -> list[Permission]:
    """Return the parts of what AWS says of a group.

    Args:
        answer: its `IpPermissions` or `IpPermissionsEgress`.
    """
    found = []
    for permission in answer:
        name = protocol(str(permission["IpProtocol"]))
        ports = (0, 0) if name == ALL else (int(permission.get("FromPort", -1)), int(permission.get("ToPort", -1)))
        for kind, (listed, called) in _SOURCES.items():
            for source in permission.get(listed) or []:
                described = str(source.get("Description") or "")
                found.append(Permission(name, *ports, kind, str(source[called]), described))
    return found


def change(client: Any, verb: str, direction: str, group: str, permissions: Iterable[Permission]) -> None:
    """Revoke or authorize permissions; does nothing for none.

    Args:
        client: of EC2.
        verb: `revoke` or `authorize`.
        direction: `ingress` or `egress`.
        group: the group's id.
        permissions: which.
    """
    sent = [permission.sent() for permission in sorted(permissions)]
    if sent:
        getattr(client, f"{verb}_security_group_{direction}")(GroupId=group, IpPermissions=sent)


def rules_of(permissions: Iterable[Permission], known: Iterable[Properties], group: str) -> list[Value]:
    """Return the rules that a program would state for `permissions`.

    Args:
        permissions: what a group has.
        known: the rules that the program states; those that are still whole keep their place and words.
        group: the id of the group.
    """
    left, kept = set(permissions), []
    for rule in known:
        parts = set(stated([rule], group))
        if parts <= left:
            left -= parts
            kept.append(dict(rule))
    merged: dict[tuple[str, int, int, str], dict[str, Value]] = {}
    for part in sorted(left):
        rule = merged.setdefault(
            (part.protocol, part.first, part.last, part.description),
            {"protocol": part.protocol, "fromPort": part.first, "toPort": part.last}
            | ({"description": part.description} if part.description else {}),
        )
        if part.kind == "securityGroups" and part.source == group:
            rule["self"] = True
        else:
            rule.setdefault(part.kind, []).append(part.source)
    return [*kept, *merged.values()]


def problems(path: str, rule: Properties) -> list[tuple[str, str]]:
    """Return (property, what is wrong) for a rule of a program.

    Args:
        path: where it is, with a dot behind it; empty for a rule of its own.
        rule: with `protocol`, `fromPort` and `toPort`.
    """
    found = range_problems(path, rule, {"protocol": "protocol", "fromPort": "fromPort", "toPort": "toPort"})
    if protocol(str(rule["protocol"])) == ALL and (rule["fromPort"], rule["toPort"]) != (0, 0):
        found.append((f"{path}fromPort", "and toPort must both be 0 for protocol -1, which has no ports"))
    for name, version in (("cidrBlocks", 4), ("ipv6CidrBlocks", 6)):
        wrong = ((index, block_problem(str(text), version)) for index, text in enumerate(rule.get(name) or []))
        found += [(f"{path}{name}[{index}]", reason) for index, reason in wrong if reason is not None]
    if not any(rule.get(name) for name in (*_SOURCES, "self")):
        found.append(
            (path.removesuffix(".") or "cidrBlocks", f"needs at least one of {', '.join((*_SOURCES, 'self'))}")
        )
    return found + description_problems(path, rule)


def description_problems(path: str, rule: Properties) -> list[tuple[str, str]]:
    """Return what is wrong with a rule's description.

    Args:
        path: where it is, with a dot behind it; empty for a rule of its own.
        rule: its properties.
    """
    if _DESCRIPTION.fullmatch(str(rule.get("description") or "")):
        return []
    return [(f"{path}description", "must be at most 255 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*")]


def range_problems(path: str, rule: Properties, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what is wrong with a rule's protocol and ports.

    Args:
        path: where it is, with a dot behind it; empty for a rule of its own.
        rule: its properties.
        names: what it calls `protocol`, `fromPort` and `toPort`.
    """
    name = protocol(str(rule[names["protocol"]]))
    number = int(name) if name.lstrip("-").isdigit() else None
    if name not in _PROTOCOLS.values() and (number is None or number not in _PROTOCOL_NUMBERS):
        return [(f"{path}{names['protocol']}", "must be tcp, udp, icmp, icmpv6, -1 or a protocol number from 0 to 255")]
    if name == ALL:
        return []
    greatest, least = (_LAST_TYPE, -1) if name in _ICMP else (_LAST_PORT, 0)
    if number is not None:
        least = -1  # AWS ignores ports of other protocols and tells -1
    found = []
    for end in ("fromPort", "toPort"):
        value = rule.get(names[end])
        if value is not None and not least <= value <= greatest:
            found.append((f"{path}{names[end]}", f"must be from {least} to {greatest} for {name}"))
    first, last = rule.get(names["fromPort"]), rule.get(names["toPort"])
    if not found and name in ("tcp", "udp") and first is not None and last is not None and first > last:
        found.append((f"{path}{names['toPort']}", f"must not be below {names['fromPort']}"))
    return found
