"""Account quotas: what AWS refuses to a new account, refused here too.

Defaults and error codes from AWS's pages "Amazon VPC quotas" and "Error codes for the Amazon EC2 API". As with AWS, a
region's default VPC counts. Leaves quotas of other services out: moto knows none, and the platform is far from them.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import moto.core.models
from moto.backends import get_backend

from infra.sandbox.cloud.calls import Call
from infra.sandbox.cloud.journal import Application
from infra.sandbox.cloud.refusals import Answer, Refusal

Measure = Callable[[Any, Call], int]
"""How many there are already, in the EC2 backend of a region, of what a call would add one to."""


@dataclass(frozen=True)
class Quota:
    """One quota of EC2.

    Args:
        name: what it is set by.
        action: what adds one.
        default: AWS's value.
        code: AWS's error code.
        message: AWS's text.
        measure: how many there are.
    """

    name: str
    action: str
    default: int
    code: str
    message: str
    measure: Measure


def _subnets(ec2: Any, call: Call) -> int:
    wanted = call.form.get("VpcId")
    return sum(subnet.vpc_id == wanted for zone in ec2.subnets.values() for subnet in zone.values())


def _nat_gateways(ec2: Any, call: Call) -> int:
    zones = {name: zone for zone, subnets in ec2.subnets.items() for name in subnets}
    wanted = zones.get(call.form.get("SubnetId", ""))
    living = [gateway for gateway in ec2.nat_gateways.values() if gateway.state in {"pending", "available"}]
    return sum(zones.get(gateway.subnet_id) == wanted for gateway in living)


QUOTAS = (
    Quota(
        "vpcs",
        "CreateVpc",
        5,
        "VpcLimitExceeded",
        "The maximum number of VPCs has been reached.",
        lambda ec2, _call: len(ec2.vpcs),
    ),
    Quota(
        "elastic-ips",
        "AllocateAddress",
        5,
        "AddressLimitExceeded",
        "The maximum number of addresses has been reached.",
        lambda ec2, _call: len(ec2.addresses),
    ),
    Quota(
        "internet-gateways",
        "CreateInternetGateway",
        5,
        "InternetGatewayLimitExceeded",
        "The maximum number of internet gateways has been reached.",
        lambda ec2, _call: len(ec2.internet_gateways),
    ),
    Quota(
        "nat-gateways-per-zone",
        "CreateNatGateway",
        5,
        "NatGatewayLimitExceeded",
        "The maximum number of NAT gateways has been reached.",
        _nat_gateways,
    ),
    Quota(
        "subnets-per-vpc",
        "CreateSubnet",
        200,
        "SubnetLimitExceeded",
        "The maximum number of subnets has been reached.",
        _subnets,
    ),
    Quota(
        "security-groups",
        "CreateSecurityGroup",
        2500,
        "SecurityGroupLimitExceeded",
        "The maximum number of security groups has been reached.",
        lambda ec2, _call: sum(len(groups) for groups in ec2.groups.values()),
    ),
)


class Quotas:
    """An application that refuses what would exceed a quota, per region.

    Args:
        application: what is asked otherwise; no second call runs between the count and its effect.
        path: the file of the values that were set, so that they last.
    """

    def __init__(self, application: Application, path: Path) -> None:
        self._application = application
        self._path = path
        self._values = {quota.name: quota.default for quota in QUOTAS}
        if path.exists():
            self._values |= json.loads(path.read_text())

    def values(self) -> dict[str, int]:
        """Return every quota by name."""
        return dict(self._values)

    def set(self, values: Mapping[str, object]) -> None:
        """Change some quotas, for good.

        Args:
            values: new values by name.

        Raises:
            ValueError: there is no such quota, or a value is not a whole number of 0 or more.
        """
        for name, value in values.items():
            if name not in self._values:
                raise ValueError(f"no such quota: {name}; there are {', '.join(self._values)}")
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise ValueError(f"{name} must be a whole number, 0 or more")
        changed = {**self._values, **{name: value for name, value in values.items() if isinstance(value, int)}}
        temporary = self._path.with_suffix(".tmp")
        temporary.write_text(json.dumps(changed))
        temporary.replace(self._path)
        self._values = changed

    def __call__(self, call: Call) -> Answer:
        """Answer `call`, or refuse it as EC2 does."""
        if call.service == "ec2":
            for quota in QUOTAS:
                if call.stated_action == quota.action and self._is_reached(quota, call):
                    return Refusal(quota.code, quota.message).answer(call)
        return self._application(call)

    def _is_reached(self, quota: Quota, call: Call) -> bool:
        regions = get_backend("ec2")[moto.core.models.DEFAULT_ACCOUNT_ID]
        return call.region in regions and quota.measure(regions[call.region], call) >= self._values[quota.name]
