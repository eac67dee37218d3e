"""The zone that all hosts of an environment are in.

Owns the hosted zone, who may issue certificates for it, and who may change its records. Leaves records of hosts to what
answers for them. Queries are not logged: the log group would have to be in us-east-1, open to Route 53 of every account
by a policy of which a region has ten, and each of a shop's visitors would pay for a line in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import route53

from components.account import Account
from components.iam_policy import Statement
from components.role_grant import RoleGrant, RoleGrantArgs
from infra.tags import tags

_AUTHORITY_SECONDS = 3600  # issuers ask at each issuance; an hour lets a new one in soon enough

_RECORDS = ("route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets")
_READING = ("route53:ListResourceRecordSets", "route53:ListTagsForResource", "route53:ListTagsForResources")


@dataclass(frozen=True, kw_only=True)
class DnsArgs:
    """Arguments of `Dns`.

    Args:
        zone: its name, as `shop.example.com`.
        authorities: names in CAA records of those who may issue certificates, as `amazon.com`; one at least.
        protect: whether the engine refuses to delete the zone; another one would have other name servers.
    """

    zone: str
    authorities: Sequence[str]
    protect: bool = True


class Dns(pulumi.ComponentResource):
    """Nobody but the named authorities issues certificates for hosts in the zone, and nobody changes a record who was
    not granted it. It answers once the zone above delegates to its name servers.
    """

    zone_id: pulumi.Output[str]
    """The hosted zone."""

    zone: str
    """Its name."""

    name_servers: pulumi.Output[Sequence[str]]
    """What the zone above must delegate to."""

    def __init__(self, name: str, args: DnsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:dns:Dns", name, None, opts)
        self._name = name
        self.zone = args.zone
        zone = route53.Zone(
            f"{name}-zone",
            name=args.zone,
            comment="hosts of the platform and its tenants",
            force_destroy=not args.protect,  # with the records that external-dns and cert-manager made
            tags=tags(f"{name}-zone", "dns"),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        route53.Record(
            f"{name}-authorities",
            zone_id=zone.zone_id,
            name=args.zone,
            type="CAA",
            ttl=_AUTHORITY_SECONDS,
            records=[f'0 {tag} "{authority}"' for authority in args.authorities for tag in ("issue", "issuewild")],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.zone_id = zone.zone_id
        self.name_servers = zone.name_servers
        self.register_outputs({"zone_id": self.zone_id, "zone": args.zone, "name_servers": self.name_servers})

    def grant_records(self, writer: str, role: pulumi.Input[str]) -> RoleGrant:
        """Let an IAM role read and change this zone's records, and see when a change has spread.

        Enough for cert-manager, which is told the zone's id.

        Args:
            writer: who it is, for logical names.
            role: the IAM role's name.
        """
        statements = self._records()
        args = RoleGrantArgs(role=role, description=f"{writer} writes records of {self.zone}", statements=statements)
        return RoleGrant(f"{self._name}-{writer}-writes", args, pulumi.ResourceOptions(parent=self))

    def grant_discovery(self, writer: str, role: pulumi.Input[str]) -> RoleGrant:
        """Let an IAM role read and change this zone's records, and find the zone by its name, as external-dns does.

        It reads the account's other zones by that: AWS has no narrower right to find one, and external-dns reads the
        records of each that it finds; one that refuses would keep it from writing any.

        Args:
            writer: who it is, for logical names.
            role: the IAM role's name.
        """
        find = Statement(actions=("route53:ListHostedZones", "route53:ListHostedZonesByName"), resources=("*",))
        read = Statement(actions=_READING, resources=[self._arn("*")])
        args = RoleGrantArgs(
            role=role,
            description=f"{writer} finds {self.zone} and writes its records",
            statements=(*self._records(), read, find),
        )
        return RoleGrant(f"{self._name}-{writer}-finds", args, pulumi.ResourceOptions(parent=self))

    def _arn(self, zone: pulumi.Input[str]) -> pulumi.Output[str]:
        return pulumi.Output.format("arn:{0}:route53:::hostedzone/{1}", Account(self).partition, zone)

    def _records(self) -> tuple[Statement, ...]:
        changes = pulumi.Output.format("arn:{0}:route53:::change/*", Account(self).partition)
        return (
            Statement(actions=_RECORDS, resources=[self._arn(self.zone_id)]),
            Statement(actions=("route53:GetChange",), resources=[changes]),
        )
