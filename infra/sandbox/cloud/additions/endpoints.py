"""VPC endpoints beyond moto: a gateway endpoint keeps a route in each of its route tables when these change.

moto writes the routes at the creation only, and its deletion then fails on a table that was added later.
"""

from typing import Any

from moto.ec2.models.vpcs import VPCBackend

_plain = VPCBackend.modify_vpc_endpoint


def _modify(self: Any, vpc_id: str, *arguments: Any, **named: Any) -> None:
    """Change an endpoint, and its routes with its route tables; `vpc_id` is the endpoint's, as moto calls it."""
    endpoint = self.vpc_end_points.get(vpc_id)
    before = set(endpoint.route_table_ids or ()) if endpoint else set()
    _plain(self, vpc_id, *arguments, **named)
    if endpoint is None or not endpoint.destination_prefix_list_id:
        return
    prefixes, after = endpoint.destination_prefix_list_id, set(endpoint.route_table_ids or ())
    for table in sorted(after - before):
        self.create_route(table, None, gateway_id=vpc_id, destination_prefix_list_id=prefixes)
    for table in sorted(before - after):
        self.delete_route(table, prefixes)


def install() -> None:
    """Let moto's EC2 change endpoints so."""
    VPCBackend.modify_vpc_endpoint = _modify  # type: ignore[method-assign]  # what an addition is
