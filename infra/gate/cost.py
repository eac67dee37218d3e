"""What a stack would cost a month: an estimate from the dated price table beside this module, and never a bill.

Only what is billed by the hour or the month is in it; what is billed by use (traffic, requests, stored bytes) is told
as having no price, and so is every type, class and region that the table does not know. Nothing is guessed. Leaves
budgets to the verdict, and how many resources tenants cost the engine to `infra.settings.costs`.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from infra.gate.change import Preview, Properties, Value
from infra.gate.verdict import Cost

SOURCE = Path(__file__).with_name("prices.json")

_HOURS = 730
"""Of a month, as AWS counts in its own calculator."""

_ENDED = frozenset({"delete", "forget"})
_WITHOUT_BILL = frozenset({"kubernetes", "postgresql", "pulumi", "random", "tenantry"})
"""Packages whose types cost nothing themselves, those aside that AWS makes something of."""

_FINE = 60
"""Seconds of an alarm's period, below which its metric is one of high resolution."""


@dataclass(frozen=True, slots=True)
class Item:
    """So many of one thing that has a price.

    Args:
        family: of the price table.
        key: in it; empty for what cannot be read, which is known only afterwards.
        count: how many; None for the same reason.
    """

    family: str
    key: str
    count: float | None = 1


@dataclass(frozen=True)
class Prices:
    """The price table.

    Args:
        date: of all prices, as `2026-12-31`.
        hourly: family -> whether its prices are of an hour; of a month else.
        prices: family -> region -> key -> US dollars.
        free: types that cost nothing themselves.
    """

    date: str
    hourly: Mapping[str, bool]
    prices: Mapping[str, Mapping[str, Mapping[str, float]]]
    free: frozenset[str]

    def monthly(self, item: Item, region: str) -> float | None:
        """Return what so many of something cost a month; None without a price."""
        price = self.prices[item.family].get(region, {}).get(item.key)
        if price is None or item.count is None:
            return None
        return price * item.count * (_HOURS if self.hourly[item.family] else 1)


@cache
def prices() -> Prices:
    """Return the price table, read once."""
    table = json.loads(SOURCE.read_text(encoding="utf-8"))
    families = table["families"]
    return Prices(
        date=table["date"],
        hourly={name: family["unit"] == "hour" for name, family in families.items()},
        prices={name: family["prices"] for name, family in families.items()},
        free=frozenset(table["free"]),
    )


def estimate(preview: Preview, *, region: str, budget: float | None) -> Cost | None:
    """Return what the stack costs a month before and after; None where nothing in it has a price.

    Args:
        preview: what would become of it.
        region: where the resources are that do not say it.
        budget: US dollars a month that its settings allow; None where they do not say.
    """
    changed = {one.urn: one for one in preview.changes if one.kind not in {"options", "outputs"}}
    unpriced: set[str] = set()
    priced = [
        _of(one.type, one.inputs, region, unpriced) for urn, one in preview.resources.items() if urn not in changed
    ]
    stays = sum(filter(None, priced))
    before, after = stays, stays
    for one in changed.values():
        was = _of(one.type, one.before, region, unpriced) if one.before else None
        will = _of(one.type, one.after, region, unpriced) if one.after and one.kind not in _ENDED else None
        before, after = before + (was or 0), after + (will or 0)
        priced += [was, will]
    if all(one is None for one in priced):
        return None
    return Cost(round(before, 2), round(after, 2), prices().date, sorted(unpriced), budget)


def _of(kind: str, inputs: Properties, region: str, unpriced: set[str]) -> float | None:
    """Return what one resource costs a month; None for what costs nothing itself, and for what is not known."""
    count = _COUNTS.get(kind)
    if count is not None:
        return _sum(kind, count(inputs), _text(inputs.get("region")) or region, unpriced)
    if kind.partition(":")[0] not in _WITHOUT_BILL and kind not in prices().free:
        unpriced.add(kind)
    return None


def _sum(kind: str, items: Iterator[Item], region: str, unpriced: set[str]) -> float | None:
    total: float | None = None
    for item in items:
        cost = prices().monthly(item, region)
        if cost is None:
            unpriced.add(f"{kind} ({item.key or 'not known yet'} in {region})")
        else:
            total = (total or 0) + cost
    return total


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Value) -> float | None:
    """Return a number, which some providers write as a text; None for what is no number or not known yet."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,15}", value):
        return float(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _list(value: Value) -> Sequence[Value]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _map(value: Value) -> Properties:
    return value if isinstance(value, Mapping) else {}


def _database(inputs: Properties) -> Iterator[Item]:
    servers = 2 if inputs.get("multiAz") is True else 1
    if _text(inputs.get("engine")) not in {"postgres", ""}:  # a replica has its source's
        yield Item("database", f"engine {_text(inputs.get('engine'))}")
        return
    yield Item("database", _text(inputs.get("instanceClass")), servers)
    size = _number(inputs.get("allocatedStorage"))
    if "allocatedStorage" in inputs:
        kind = _text(inputs.get("storageType")) or "gp2"
        yield Item("database storage", kind, None if size is None else size * servers)


def _cache(inputs: Properties) -> Iterator[Item]:
    family = "cache valkey" if _text(inputs.get("engine")) == "valkey" else "cache redis"
    nodes = _number(inputs.get("numCacheClusters", 1))
    if "numNodeGroups" in inputs:
        groups = _number(inputs["numNodeGroups"])
        replicas = _number(inputs.get("replicasPerNodeGroup", 0))
        nodes = None if groups is None or replicas is None else groups * (1 + replicas)
    yield Item(family, _text(inputs.get("nodeType")), nodes)


def _nodes(inputs: Properties) -> Iterator[Item]:
    """Tell the nodes that a group begins with; how many an autoscaler makes of them is nobody's to know here."""
    scaling = _map(inputs.get("scalingConfig"))
    sizes = [_number(scaling.get(name)) for name in ("desiredSize", "minSize")]
    count = None if None in sizes else max(size for size in sizes if size is not None)
    spot = _text(inputs.get("capacityType")) == "SPOT"
    types = _list(inputs.get("instanceTypes"))
    name = _text(types[0]) if types else ""
    yield Item("node", f"{name} as spot" if spot else name, count)


def _endpoint(inputs: Properties) -> Iterator[Item]:
    if _text(inputs.get("vpcEndpointType")) == "Interface":
        subnets = inputs.get("subnetIds")
        yield Item("endpoint", "interface", len(_list(subnets)) or None)


def _secret(inputs: Properties) -> Iterator[Item]:
    yield Item("secret", "secret", 1 + len(_list(inputs.get("replicas"))))


def _health_check(inputs: Properties) -> Iterator[Item]:
    features = [
        _text(inputs.get("type")).startswith("HTTPS"),
        _number(inputs.get("requestInterval")) == 10,
        inputs.get("measureLatency") is True,
        bool(inputs.get("searchString")),
    ]
    yield Item("health check", "check")
    if any(features):
        yield Item("health check", "feature", sum(features))


def _firewall(inputs: Properties) -> Iterator[Item]:
    yield Item("firewall", "acl")
    yield Item("firewall", "rule", len(_list(inputs.get("rules"))))


def _alarm(inputs: Properties) -> Iterator[Item]:
    """Tell the metrics that an alarm reads: its own one, or those of an expression."""
    queries = [_map(one) for one in _list(inputs.get("metricQueries"))]
    metrics = [_map(one["metric"]) for one in queries if "metric" in one] or [inputs]
    for metric in metrics:
        period = _number(metric.get("period"))
        yield Item("alarm", "metric" if period is None or period >= _FINE else "fine metric")


def _entry(inputs: Properties) -> Iterator[Item]:
    """Tell the load balancer behind a Gateway: its class makes one of it, or a Service that asks for one."""
    del inputs
    yield Item("load balancer", "balancer")


def _service(inputs: Properties) -> Iterator[Item]:
    if _text(_map(inputs.get("spec")).get("type")) == "LoadBalancer":
        yield Item("load balancer", "balancer")


def _claim(inputs: Properties) -> Iterator[Item]:
    requests = _map(_map(_map(inputs.get("spec")).get("resources")).get("requests"))
    size = re.fullmatch(r"(\d+)Gi", _text(requests.get("storage")))
    yield Item("volume", "gp3", float(size[1]) if size else None)


def _flat(family: str, key: str) -> Callable[[Properties], Iterator[Item]]:
    return lambda _: iter([Item(family, key)])


_COUNTS: Mapping[str, Callable[[Properties], Iterator[Item]]] = {
    "aws:rds/instance:Instance": _database,
    "aws:elasticache/replicationGroup:ReplicationGroup": _cache,
    "aws:eks/nodeGroup:NodeGroup": _nodes,
    "aws:eks/cluster:Cluster": _flat("cluster", "control plane"),
    "aws:ec2/natGateway:NatGateway": _flat("nat gateway", "gateway"),
    "aws:ec2/eip:Eip": _flat("address", "ipv4"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:lb/loadBalancer:LoadBalancer": _flat("load balancer", "balancer"),
    "aws:kms/key:Key": _flat("key", "key"),
    "aws:kms/replicaKey:ReplicaKey": _flat("key", "key"),
    "aws:secretsmanager/secret:Secret": _secret,
    "aws:route53/zone:Zone": _flat("zone", "zone"),
    "aws:route53/healthCheck:HealthCheck": _health_check,
    "aws:wafv2/webAcl:WebAcl": _firewall,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "kubernetes:gateway.networking.k8s.io/v1:Gateway": _entry,
    "kubernetes:core/v1:Service": _service,
    "kubernetes:core/v1:PersistentVolumeClaim": _claim,
}
"""Type -> what of it has a price."""
