"""The older type of security group rule: one resource for one range of ports and any number of sources.

AWS has no such thing; it is the parts of the group's permissions that the program states. Its id is the plugin's own.
"""

import dataclasses
import zlib
from collections.abc import Iterable, Mapping
from typing import Final

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.kinds.permissions import Permission, change, problems, stated, told
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_LISTED: Final = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}
_LISTS: Final = ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds")
_OTHERS: Final = ("sourceSecurityGroupId", "self")
_IMPORTED: Final = 6
"""Parts of an id to import: group, type, protocol, first and last port, and at least one source."""


class SecurityGroupRule(Kind):
    """A rule that may have many sources; only its description changes in place."""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Authorize its parts."""
        del tags
        parts = _parts(inputs)
        change(cloud.client("ec2", region), "authorize", inputs["type"], inputs["securityGroupId"], parts)
        return _id(inputs)

    def read(self, cloud: Cloud, region: str, id: str, known: Properties) -> dict[str, Value] | None:
        """Return its properties, with those of its sources that the group still has; None when it has none."""
        if "securityGroupId" not in known:
            return None
        group = super().read(cloud, region, id, known)
        found = _found(group, known) if group is not None else []
        if not found:
            return None
        bare, sources = _bare(found), [part.source for part in found]
        whole = _bare(_parts(known)) == bare
        lists = {
            name: known[name] if whole else [source for source in known[name] if source in sources]
            for name in _LISTS
            if known.get(name)
        }
        same = {name: known[name] for name in ("type", "protocol", "fromPort", "toPort", "securityGroupId")}
        described = next((part.description for part in found if part.description), None)
        others = {name: known[name] for name in _OTHERS if known.get(name) and _sources(known, name) <= set(sources)}
        return {**same, **lists, **others, "description": described}

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return what its group permits, among which `read` finds it."""
        del cloud, region, id
        return {direction: told(answer.get(listed) or []) for direction, listed in _LISTED.items()}

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Describe its parts anew, and authorize those that others have revoked."""
        group = super().read(cloud, region, id, new)
        client, parts = cloud.client("ec2", region), _parts(new)
        existing = _bare(_found(group, new)) if group is not None else set()
        missing = [part for part in parts if not _bare([part]) <= existing]
        change(client, "authorize", new["type"], new["securityGroupId"], missing)
        if old.get("description") != new.get("description"):
            method = getattr(client, f"update_security_group_rule_descriptions_{new['type']}")
            method(GroupId=new["securityGroupId"], IpPermissions=[part.sent() for part in parts])

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Revoke its parts, those that are there."""
        group = super().read(cloud, region, id, known)
        if group is not None:
            parts = _found(group, known)
            change(cloud.client("ec2", region), "revoke", known["type"], known["securityGroupId"], parts)

    def imported(self, id: str) -> dict[str, Value]:
        """Return what `GROUP_TYPE_PROTOCOL_FROM_TO_SOURCE...` says; an id of its own says nothing."""
        parts = id.split("_")
        if len(parts) < _IMPORTED:
            return {}
        names = ("securityGroupId", "type", "protocol")
        result: dict[str, Value] = dict(zip(names, parts, strict=False))
        result |= {"fromPort": int(parts[3]), "toPort": int(parts[4])}
        for source in parts[5:]:
            if source == "self":
                result["self"] = True
            elif source.startswith("sg-"):
                result["sourceSecurityGroupId"] = source
            else:
                name = "prefixListIds" if source.startswith("pl-") else "cidrBlocks"
                result.setdefault("ipv6CidrBlocks" if ":" in source else name, []).append(source)
        return result

    def lasting_id(self, id: str, properties: Properties) -> str:
        """Return the id that is made from its parts."""
        return _id(properties)

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what is wrong with its direction, its ports and its sources."""
        found = problems("", _rule(inputs))
        if inputs["type"] not in _LISTED:
            found.append(("type", f"must be one of {', '.join(_LISTED)}"))
        if inputs.get("sourceSecurityGroupId"):
            wrong = ("cidrBlocks", "ipv6CidrBlocks", "self")
            found += [
                (name, "cannot be given together with sourceSecurityGroupId") for name in wrong if inputs.get(name)
            ]
        return found


def _rule(inputs: Properties) -> dict[str, Value]:
    """Return it as a rule of a group's own."""
    source = inputs.get("sourceSecurityGroupId")
    return {**inputs, "securityGroups": [source] if source else []}


def _parts(inputs: Properties) -> list[Permission]:
    return stated([_rule(inputs)], str(inputs["securityGroupId"]))


def _id(inputs: Properties) -> str:
    said = [inputs["securityGroupId"], inputs["type"], *map(repr, sorted(_bare(_parts(inputs))))]
    return f"sgrule-{zlib.crc32(' '.join(said).encode())}"


def _bare(parts: Iterable[Permission]) -> set[Permission]:
    """Return the parts without their descriptions, by which AWS does not tell them apart."""
    return {dataclasses.replace(part, description="") for part in parts}


def _found(group: Properties, known: Properties) -> list[Permission]:
    """Return the parts of a group that are those of a rule."""
    wanted = _bare(_parts(known))
    return [part for part in group[known["type"]] if _bare([part]) <= wanted]


def _sources(known: Properties, name: str) -> set[Value]:
    return {known["securityGroupId"] if name == "self" else known[name]}


_LIST_REASON: Final = "AWS's schema has one source for each rule"

KINDS: tuple[Kind, ...] = (
    SecurityGroupRule(
        token="aws:ec2/securityGroupRule:SecurityGroupRule",
        noun="EC2 Security Group Rule",
        service="ec2",
        schema="AWS::EC2::SecurityGroupIngress",
        identifier="",
        creating=Call(method="authorize_security_group_ingress"),
        reading=Call(
            method="describe_security_groups", subject="GroupIds[]", by="securityGroupId", result="SecurityGroups[0]"
        ),
        deleting=Call(method="revoke_security_group_ingress"),
        schema_names={"protocol": "IpProtocol", "securityGroupId": "GroupId"},
        unchecked={
            **dict.fromkeys(_LISTS, _LIST_REASON),
            "self": "the official provider's own",
            "type": "AWS has a schema for each direction; `contradictions` checks it",
        },
        replace=frozenset({*_LISTS, "type", "self"}),
        defaults={"self": False},
        same_place=frozenset({"securityGroupId", "type"}),  # a part that both have would be a duplicate
    ),
)
