"""VPC endpoints beyond moto: a gateway endpoint keeps a route in each of its route tables when these change.

moto writes the routes at the creation only, and its deletion then fails on a table that was added later.
"""

from moto.ec2.models.vpcs import VPCBackend

_plain = VPCBackend.modify_vpc_endpoint


def _modify(
    self: VPCBackend,
    vpc_id: str,
    policy_doc: str,
    add_subnets: list[str] | None,
    remove_subnets: list[str] | None,
    remove_route_tables: list[str] | None,
    add_route_tables: list[str] | None,
    add_security_groups: list[str] | None,
    remove_security_groups: list[str] | None,
) -> None:
    """Change an endpoint, and its routes with its route tables; `vpc_id` is the endpoint's, as moto calls it."""
    endpoint = self.vpc_end_points[vpc_id] if vpc_id in self.vpc_end_points else None
    before = set(endpoint.route_table_ids or ()) if endpoint else set()
    _plain(
        self,
        vpc_id,
        policy_doc,
        add_subnets,
        remove_subnets,
        remove_route_tables,
        add_route_tables,
        add_security_groups,
        remove_security_groups,
    )
    prefixes = endpoint.destination_prefix_list_id if endpoint else None
    if endpoint is None or not prefixes:
        return
    after = set(endpoint.route_table_ids or ())
    for table in sorted(after - before):
        self.create_route(table, None, gateway_id=vpc_id, destination_prefix_list_id=prefixes)  # type: ignore[attr-defined]  # of the class that moto mixes this one into
    for table in sorted(before - after):
        self.delete_route(table, prefixes)  # type: ignore[attr-defined]  # likewise


def install() -> None:
    """Let moto's EC2 change endpoints so."""
    VPCBackend.modify_vpc_endpoint = _modify  # type: ignore[method-assign]  # what an addition is
