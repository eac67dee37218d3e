"""What rules look at: a preview, the stack's settings, and who belongs to whom.

Owns the indexes, each made once, when it is first asked for. Leaves what is wrong with anything to the rules.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from infra.gate.change import ENDS, Change, Kind, Preview, Resource
from infra.gate.verdict import Cost
from infra.settings.cells import CellStackSettings
from infra.settings.models import StackSettings
from infra.settings.tenants import State

_STACK = "pulumi:pulumi:Stack"
_TENANTS = ("tenantry:tenant:SchemaTenant", "tenantry:tenant:DatabaseTenant")
_TENANT_PREFIX = "tenant-"


@dataclass(frozen=True)
class View:
    """What a rule looks at.

    Args:
        preview: the preview.
        settings: those of the stack; None when its file could not be loaded.
        stack: its name.
        cost: what it would cost, as far as that is estimated.
    """

    preview: Preview
    settings: StackSettings | CellStackSettings | None
    stack: str
    cost: Cost | None = None

    @cached_property
    def stack_urn(self) -> str:
        """The URN of the stack itself."""
        return f"urn:pulumi:{self.stack}::{self.preview.project}::{_STACK}::{self.preview.project}-{self.stack}"

    def changes(self, prefix: str, *kinds: Kind) -> Iterator[Change]:
        """Return changes of resources whose type token begins with a text, in the preview's order by type.

        Args:
            prefix: as `aws:rds/` or `aws:rds/instance:Instance`.
            kinds: which kinds; none for all.
        """
        for token, found in self._changes_by_type.items():
            if token.startswith(prefix):
                yield from (change for change in found if not kinds or change.kind in kinds)

    def resources(self, prefix: str) -> Iterator[Resource]:
        """Return resources that there will be whose type token begins with a text.

        Args:
            prefix: as `kubernetes:apps/` or `aws:s3/bucket:Bucket`.
        """
        for token, found in self._resources_by_type.items():
            if token.startswith(prefix):
                yield from found

    def change(self, urn: str) -> Change | None:
        """Return what becomes of a resource; None where it stays as it is."""
        return self._changes.get(urn)

    def resource(self, urn: str) -> Resource | None:
        """Return a resource as it will be; None where there will be none."""
        return self.preview.resources.get(urn)

    def parent(self, urn: str) -> str:
        """Return the URN of a resource's parent; empty for one below the stack, or one that nobody knows."""
        known = self.preview.resources.get(urn) or self._changes.get(urn)
        return known.parent if known is not None else ""

    def ancestors(self, urn: str) -> Iterator[str]:
        """Return the URNs of all components that a resource is below, the nearest first, without the stack."""
        seen = {urn}
        above = self.parent(urn)
        while above and above not in seen and f"::{_STACK}::" not in above:
            seen.add(above)
            yield above
            above = self.parent(above)

    def owner(self, urn: str, prefix: str) -> str:
        """Return the URN of the nearest component above a resource, or itself, of a type; empty without one.

        Args:
            urn: of the resource.
            prefix: what the component's type token begins with, as `tenantry:service:Service`.
        """
        return next((one for one in (urn, *self.ancestors(urn)) if type_of(one).startswith(prefix)), "")

    def children(self, urn: str) -> Sequence[str]:
        """Return the URNs of what is directly below a component, now or afterwards, sorted."""
        return self._children.get(urn, ())

    def related(self, urn: str, prefix: str) -> Iterator[str]:
        """Return the URNs of resources of a type that are parts of the same component, or of one of its parts, sorted.

        Args:
            urn: of the resource.
            prefix: what the others' type token begins with.
        """
        own = list(self.ancestors(urn))
        found = {child for above in own[1:] for child in self.children(above)}
        waiting, seen = own[:1], set[str]()
        while waiting:
            below = [child for child in self.children(waiting.pop()) if child not in seen]
            seen.update(below)
            waiting.extend(below)
        found |= seen
        yield from sorted(other for other in found if other != urn and type_of(other).startswith(prefix))

    def is_new(self, urn: str) -> bool:
        """Whether this update makes a resource for the first time."""
        change = self._changes.get(urn)
        return change is not None and change.kind == "create"

    def knows_beside(self, urn: str) -> bool:
        """Whether all that there is beside a resource is told, so that what is not there is missing.

        A saved document leaves out what stays as it is; of what is new, what belongs to it is new as well.
        """
        return self._tells_all or self.is_new(urn)

    def ends(self, urn: str) -> bool:
        """Whether this update deletes or replaces a resource."""
        change = self._changes.get(urn)
        return change is not None and change.kind in ENDS

    def tenant(self, urn: str) -> str | None:
        """Return the slug of the tenant that a resource belongs to alone; None for what serves all."""
        for prefix in _TENANTS:
            component = self.owner(urn, prefix)
            if component:
                return component.rpartition("::")[2].removeprefix(_TENANT_PREFIX)
        return None

    def tenant_state(self, slug: str) -> State | None:
        """Return what the settings say of a tenant's life; None where they do not name it, or were not loaded."""
        return self._tenant_states.get(slug)

    def leaves(self, urn: str) -> bool:
        """Whether a resource belongs to a tenant that the settings say is deleted."""
        slug = self.tenant(urn)
        return slug is not None and self.tenant_state(slug) == "deleted"

    @cached_property
    def _tells_all(self) -> bool:
        return len(self.preview.resources.keys() - self._changes.keys()) >= self.preview.same

    @cached_property
    def account(self) -> str | None:
        """The AWS account that the stack is in; None where neither settings nor its provider tell."""
        aws = getattr(self.settings, "aws", None)
        if aws is not None:
            return str(aws.account_id)
        for provider in self.resources("pulumi:providers:aws"):
            allowed = re.findall(r"\d{12}", str(provider.inputs.get("allowedAccountIds", "")))
            if len(allowed) == 1:
                return str(allowed[0])
        return None

    @cached_property
    def _tenant_states(self) -> Mapping[str, State]:
        if self.settings is None:
            return {}
        listed = [*self.settings.tenants, *getattr(self.settings, "cell_tenants", ())]
        return {tenant.slug: tenant.lifecycle.state for tenant in listed}

    @cached_property
    def _changes(self) -> Mapping[str, Change]:
        return {change.urn: change for change in self.preview.changes}

    @cached_property
    def _changes_by_type(self) -> Mapping[str, Sequence[Change]]:
        found: dict[str, list[Change]] = defaultdict(list)
        for change in self.preview.changes:
            found[change.type].append(change)
        return dict(sorted(found.items()))

    @cached_property
    def _resources_by_type(self) -> Mapping[str, Sequence[Resource]]:
        found: dict[str, list[Resource]] = defaultdict(list)
        for _, resource in sorted(self.preview.resources.items()):
            found[resource.type].append(resource)
        return dict(sorted(found.items()))

    @cached_property
    def _urns(self) -> Sequence[str]:
        return sorted({*self.preview.resources, *self._changes})

    @cached_property
    def _children(self) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for urn in self._urns:
            found[self.parent(urn)].append(urn)
        return dict(found)


def type_of(urn: str) -> str:
    """Return the type token of a resource.

    Args:
        urn: Pulumi's name of it, in which the types of its parents stand before its own, with `$` between them.
    """
    parts = urn.split("::")
    return parts[2].rpartition("$")[2] if len(parts) > 2 else ""
