"""The blast radius: which cells, tenants and services a change touches, and so how many people approve it.

Owns who depends on which part of a stack. What nobody knows here touches everybody: a wrong guess must not make a
change look smaller. A service's own change touches the service and no tenant by itself; who meets a new slot is what
routes say, and a change of those touches the tenants of their hosts. Leaves who there is to `fleet`.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from infra.gate.change import Change, Value
from infra.gate.fleet import REGISTRY, Cells, Fleet, Member, entries, fleet_of
from infra.gate.rules.properties import at, texts
from infra.gate.rules.view import View
from infra.gate.verdict import Blast
from infra.settings.cells import HOME
from infra.settings.gate import ApprovalSettings
from infra.settings.models import StackSettings

_NOTHING_RUNS = ("read", "outputs")
"""Kinds of changes by which nothing that runs becomes another."""

_COSMETIC = ("tags", "tagsAll", "defaultTags")
"""Properties by which a resource is found and paid for, and nothing else."""

_ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"


@dataclass
class _Touched:
    """What is touched, as far as changes were looked at."""

    tenants: set[str] = field(default_factory=set)
    services: set[str] = field(default_factory=set)
    cells: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)

    def once(self, part: str) -> bool:
        """Whether something is looked at for the first time: thousands of changes may touch thousands of tenants."""
        first = part not in self.done
        self.done.add(part)
        return first


@dataclass(frozen=True)
class _Part:
    """A changed resource, and the part of the stack that it belongs to.

    Args:
        change: the change.
        name: the logical name of the component below the stack that it is part of, or its own.
        inner: the name of the nearest component above it.
        view: the preview.
        fleet: who there is.
    """

    change: Change
    name: str
    inner: str
    view: View
    fleet: Fleet


_Look = Callable[[_Part, _Touched], None]


def blast(view: View, environment: StackSettings | None = None, cells: Cells | None = None) -> Blast:
    """Return whom a change touches.

    Args:
        view: the preview, with the stack's settings.
        environment: of a cell's stack, the settings of its environment, where they are known.
        cells: what `cells_of` says of its environment.
    """
    fleet = fleet_of(view, environment, cells)
    touched = _Touched()
    for change in view.preview.changes:
        if change.kind not in _NOTHING_RUNS and not _is_cosmetic(change):
            kind, name, inner = _place(view, change)
            _look(kind)(_Part(change, name, inner, view, fleet), touched)
    members = [fleet.members.get(slug, Member(slug, cell=fleet.cell)) for slug in sorted(touched.tenants)]
    plans = defaultdict[str, list[str]](list)
    for member in members:
        plans[member.plan].append(member.slug)
    reached = touched.cells.union(*(fleet.cells_of(member) for member in members))
    total = sum(member.counts or member.slug in touched.tenants for member in fleet.members.values())
    approvals = fleet.settings.gate.approvals if fleet.settings is not None else ApprovalSettings()
    return Blast(
        environment=fleet.environment,
        cells=sorted(reached),
        tenants=dict(sorted(plans.items())),
        services=sorted(touched.services),
        all_tenants=max(total, len(members)),
        approvals=_approvals(approvals, len(reached), len(members), max(total, len(members))),
    )


def _approvals(settings: ApprovalSettings, cells: int, tenants: int, of: int) -> int:
    """Return how many people approve what touches so many cells and tenants."""
    wide = cells > 1 or tenants * 100 > settings.tenants_percent * of
    return settings.wide if wide else settings.usual


def _is_cosmetic(change: Change) -> bool:
    """Whether nothing but tags is changed."""
    first = [path.partition(".")[0].partition("[")[0] for path in (one.path for one in change.properties)]
    return change.kind == "update" and bool(first) and all(key in _COSMETIC for key in first)


def _place(view: View, change: Change) -> tuple[str, str, str]:
    """Return the type of the component below the stack that a resource is part of, its name, and the nearest's name.

    The type stands in the URN; names of components that a document does not tell of are those of the nearest known.
    """
    above = list(view.ancestors(change.urn))
    names = [urn.rpartition("::")[2] for urn in above] or [change.name]
    parts = change.urn.split("::")
    chain = parts[2].split("$") if len(parts) > 2 else [change.type]
    return chain[0], names[-1], names[0]


def _everybody(part: _Part, touched: _Touched) -> None:
    fleet = part.fleet
    if not touched.once("everybody"):
        return
    touched.tenants.update(one.slug for one in fleet.everybody)
    touched.cells.update(fleet.cells if fleet.cell == HOME else [fleet.cell])
    touched.services.update(fleet.services)


def _nobody(part: _Part, touched: _Touched) -> None:
    del part, touched


def _server(part: _Part, touched: _Touched) -> None:
    """The database server: who has data in it, and the services that read it."""
    if touched.once("server"):
        touched.tenants.update(one.slug for one in part.fleet.on_its_server)
        touched.services.update(part.fleet.services)


def _shared_database(part: _Part, touched: _Touched) -> None:
    """What pool and schema tenants share in it, or the pool's own tables; of isolation nobody knows, too."""
    within = ("pool", "unknown") if part.inner.endswith("-pool") else ("pool", "schema", "unknown")
    if touched.once(" ".join(within)):
        touched.tenants.update(one.slug for one in part.fleet.on_its_server if one.isolation in within)
        touched.services.update(part.fleet.services)


def _tenant(part: _Part, touched: _Touched) -> None:
    """The tenant that a component is called after; its own parts are called after it in turn."""
    name, members = part.name.removeprefix("tenant-"), part.fleet.members
    ends = [position for position, character in enumerate(f"{name}-") if character == "-"]
    slugs = (name[:end] for end in reversed(ends))
    touched.tenants.add(next((slug for slug in slugs if slug in members), name))


def _registry(part: _Part, touched: _Touched) -> None:
    """The tenants whose entries change; all, where the content cannot be seen."""
    before, after = (inputs.get("data") for inputs in (part.change.before, part.change.after))
    if part.change.type == REGISTRY:
        return
    if not all(data is None or isinstance(data, Mapping) for data in (before, after)):
        _everybody(part, touched)
        return
    touched.tenants.update(_differing(entries(before), entries(after), whole=part.change.kind != "update"))


def _differing(before: Mapping[str, Value], after: Mapping[str, Value], *, whole: bool) -> set[str]:
    return {key for key in {*before, *after} if whole or before.get(key) != after.get(key)}


def _routes(part: _Part, touched: _Touched) -> None:
    """The tenants whose hosts a route has or had, and its service; all, where a host stands for all."""
    change, fleet = part.change, part.fleet
    if change.type != _ROUTE:
        return
    before, after = (set(texts(at(inputs, "spec", "hostnames"))) for inputs in (change.before, change.after))
    moved = change.kind == "update" and all(one.path.startswith("spec.hostnames") for one in change.properties)
    hosts = before ^ after if moved else before | after
    if not hosts or any(host.startswith("*") for host in hosts):
        _everybody(part, touched)
        return
    slugs = (host.removesuffix(f".{fleet.zone}") if fleet.zone else host.partition(".")[0] for host in hosts)
    touched.tenants.update(slug for slug in slugs if slug in fleet.members)
    touched.services.update(_services_named(fleet, change.name.partition("-")[2]))


def _service(part: _Part, touched: _Touched) -> None:
    """The service that a component is called after, or its job."""
    settings = part.fleet.settings
    job = settings.jobs.get(part.name.removeprefix("job-")) if settings is not None else None
    found = {job.service} if job is not None else _services_named(part.fleet, part.name)
    touched.services.update(found or part.fleet.services)


def _policy(part: _Part, touched: _Touched) -> None:
    """The service whose pods a policy is about; everybody, where it is about others."""
    found = _services_named(part.fleet, part.change.name.partition("-")[2].removeprefix("service-"))
    if found:
        touched.services.update(found)
    elif part.change.type.startswith("kubernetes:"):
        _everybody(part, touched)


def _flags(part: _Part, touched: _Touched) -> None:
    if part.change.type.startswith("kubernetes:"):
        touched.services.update(_services_named(part.fleet, part.change.name.partition("-")[2]))


def _secret(part: _Part, touched: _Touched) -> None:
    """The services that read a declared secret; all, where nothing tells."""
    settings = part.fleet.settings
    secret = settings.secrets.declared.get(part.name.removeprefix("secret-")) if settings is not None else None
    touched.services.update(part.fleet.services if secret is None else secret.services)


def _queue(part: _Part, touched: _Touched) -> None:
    settings, name = part.fleet.settings, part.name.removeprefix("queue-")
    services = settings.services.items() if settings is not None else ()
    using = {service for service, one in services if name in one.queues}
    touched.services.update(using if settings is not None else part.fleet.services)


def _all_services(part: _Part, touched: _Touched) -> None:
    touched.services.update(part.fleet.services)


def _key(part: _Part, touched: _Touched) -> None:
    """Of the keys that are not parts of what they encrypt: tenants' own credentials, and services' secrets."""
    if part.name.startswith("secrets-"):
        touched.services.update(part.fleet.services)
    elif part.name.startswith("tenants-"):
        if touched.once("tenants' keys"):
            alone = (one.slug for one in part.fleet.everybody if one.isolation != "pool")
            touched.tenants.update(alone)
    else:
        _everybody(part, touched)


def _cluster(part: _Part, touched: _Touched) -> None:
    """A service's rights in the cloud, or all that runs in the cluster."""
    pods = part.view.owner(part.change.urn, "tenantry:cluster:PodIdentity").rpartition("cluster-pods-")[2]
    if pods in part.fleet.services:
        touched.services.add(pods)
    else:
        _everybody(part, touched)


def _configurations(part: _Part, touched: _Touched) -> None:
    """A version's file never changes and a tenant is led to another by the registry; only its end touches anybody."""
    if part.change.kind in ("delete", "replace", "forget"):
        _everybody(part, touched)


def _services_named(fleet: Fleet, name: str) -> set[str]:
    """Return the service that a name begins with; none where it begins with none."""
    found = [service for service in fleet.services if name == service or name.startswith(f"{service}-")]
    return {max(found, key=len)} if found else set()


_LOOKS: Mapping[str, _Look] = {
    "pulumi:pulumi:Stack": _nobody,
    "tenantry:audit:": _nobody,
    "tenantry:budget:": _nobody,
    "tenantry:cluster:": _cluster,
    "tenantry:database:": _server,
    "tenantry:database:TenantPool": _shared_database,
    "tenantry:dns:CertificateWatch": _nobody,
    "tenantry:dns:HealthCheck": _nobody,
    "tenantry:encryption:": _key,
    "tenantry:gateway:Routes": _routes,
    "tenantry:jobs:": _service,
    "tenantry:network:NetworkPolicies": _policy,
    "tenantry:network:OperatorAccess": _nobody,
    "tenantry:queue:": _queue,
    "tenantry:registry:": _all_services,
    "tenantry:secret:": _secret,
    "tenantry:secret:RotationAlarm": _nobody,
    "tenantry:secret:SecretFiles": _service,
    "tenantry:service:": _service,
    "tenantry:service:FeatureFlags": _flags,
    "tenantry:service:Priorities": _all_services,
    "tenantry:storage:LogBucket": _nobody,
    "tenantry:tenant:Configurations": _configurations,
    "tenantry:tenant:DatabaseTenant": _tenant,
    "tenantry:tenant:SchemaTenant": _tenant,
    REGISTRY: _registry,
    "tenantry:watch:": _nobody,
}
"""What the type token of a part begins with -> how it is found whom it serves; the longest counts."""


def _look(kind: str) -> _Look:
    found = [prefix for prefix in _LOOKS if kind.startswith(prefix)]
    return _LOOKS[max(found, key=len)] if found else _everybody
