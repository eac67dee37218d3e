"""Rights in the cluster and in the database that get more.

Owns EKS access, Kubernetes roles and PostgreSQL's. Leaves AWS to `iam`. Who is made in the same update may have any
rights but those over everything.
"""

from collections.abc import Iterator, Mapping

from infra.gate.change import Change, Hidden, Properties
from infra.gate.rules.lowering import SWITCHED_ON, Guard, lowered
from infra.gate.rules.properties import at, differs, is_on, items, listed, objects, text, texts, told
from infra.gate.rules.rule import Found, rule
from infra.gate.rules.view import View

_CLUSTER = "aws:eks/cluster:Cluster"
_ENTRY = "aws:eks/accessEntry:AccessEntry"
_ACCESS = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
_IDENTITY = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
_RBAC = "kubernetes:rbac.authorization.k8s.io/"
_ROLE = "postgresql:index/role:Role"
_GRANTS = ("postgresql:index/grant:Grant", "postgresql:index/defaultPrivileges:DefaultPrivileges")
_MEMBER = "postgresql:index/grantRole:GrantRole"

_ATTRIBUTES: Mapping[str, str] = {
    "superuser": "everything in the server",
    "bypassRowLevelSecurity": "the rows of all tenants",
    "createRole": "making other roles",
    "createDatabase": "making databases",
    "replication": "a copy of the whole server",
}
"""Attribute of a PostgreSQL role -> what it gives."""


@rule("dangerous")
def cluster_access_widened(view: View) -> Iterator[Found]:
    """Somebody gets rights in a cluster that is there, or other ones.

    Source: CIS Amazon EKS 1.4 section 4.1; AWS EKS, Access entries
    """
    new_cluster = any(True for _ in view.changes(_CLUSTER, "create"))
    for token, keys in ((_ENTRY, ("kubernetesGroups",)), (_ACCESS, ("policyArn", "accessScope")), (_IDENTITY, ())):
        for change in view.changes(token, "update", "replace"):
            for key in ("principalArn", "roleArn", *keys):
                before, after = change.before.get(key), change.after.get(key)
                if before != after or (isinstance(after, Hidden) and differs(change, key)):
                    yield Found(change.urn, f"{key}: {told(before)} -> {told(after)}", key)
        if token != _IDENTITY and not new_cluster:
            for change in view.changes(token, "create"):
                what = text(change.after.get("policyArn")).rpartition("/")[2]
                gets = f"gets {what}" if what else "may enter the cluster"
                yield Found(change.urn, f"{told(change.after.get('principalArn'))} {gets}")


@rule("dangerous")
def cluster_role_widened(view: View) -> Iterator[Found]:
    """A role of Kubernetes allows more, or more have it.

    Source: CIS Kubernetes 5.1; Kubernetes, RBAC good practices
    """
    for change in view.changes(_RBAC, "update", "replace"):
        for key, words in (("rules", _rules), ("subjects", _subjects)):
            if isinstance(change.after.get(key), Hidden):
                if differs(change, key):
                    yield Found(change.urn, f"{key} cannot be seen in this preview", key)
                continue
            more = sorted(words(change.after) - words(change.before))
            if more:
                yield Found(change.urn, f"{key} more: {listed(more)}", key)


@rule("dangerous")
def cluster_administrator(view: View) -> Iterator[Found]:
    """Somebody may do everything in the cluster by a role of Kubernetes.

    Source: CIS Kubernetes 5.1.1, 5.1.3
    """
    for resource in view.resources(_RBAC):
        if text(at(resource.inputs, "roleRef", "name")) == "cluster-admin":
            yield Found(resource.urn, f"{listed(sorted(_subjects(resource.inputs)))} may do everything", "roleRef")
        if any(one.startswith("* of *") for one in _rules(resource.inputs)):
            yield Found(resource.urn, "allows everything on everything", "rules")


@rule("dangerous")
def database_rights_widened(view: View) -> Iterator[Found]:
    """A role of PostgreSQL gets rights that it did not have, or rights over all tenants.

    Source: DESIGN 6 (PostgreSQL); REQUIREMENTS, Security and compliance (no cross-tenant access)
    """
    yield from lowered(view, [Guard(_ROLE, (name,), gives, SWITCHED_ON) for name, gives in _ATTRIBUTES.items()])
    for change in view.changes(_ROLE, "create"):
        for name, gives in _ATTRIBUTES.items():
            value = change.after.get(name)
            if is_on(value) or isinstance(value, Hidden):
                yield Found(change.urn, f"{gives}: off -> {told(value)}", name)
    for change in view.changes(_ROLE, "update", "replace"):
        yield from _more(change, "roles", "is a member of more")
    yield from _granted(view)


def _granted(view: View) -> Iterator[Found]:
    """Return what roles may do more, and who becomes another that was there."""
    for token in _GRANTS:
        for change in view.changes(token, "update", "replace"):
            yield from _more(change, "privileges", "may do more")
        for change in view.changes(token, "create"):
            privileges = change.after.get("privileges")
            if _is_everybodys(change.after) and privileges:
                yield Found(change.urn, f"every role gets {told(privileges)}", "privileges")
        for change in view.changes(token, "delete"):
            ends = any(view.ends(urn) for urn in view.related(change.urn, "postgresql:index/database:Database"))
            if _is_everybodys(change.before) and not change.before.get("privileges") and not ends:
                yield Found(change.urn, "nothing keeps every role out of it any more", "privileges")
    new = {text(change.after.get("name")) for change in view.changes(_ROLE, "create")}
    for change in view.changes(_MEMBER, "create", "update", "replace"):
        member, role = change.after.get("role"), change.after.get("grantRole")
        if not new & {text(member), text(role)}:
            yield Found(change.urn, f"{told(member)} becomes {told(role)}")


def _is_everybodys(inputs: Properties) -> bool:
    """Whether a grant is to PUBLIC, which is every role; one of no privileges takes those away that it has of old."""
    return text(inputs.get("role")).lower() == "public"


def _more(change: Change, key: str, words: str) -> Iterator[Found]:
    after = change.after.get(key)
    if isinstance(after, Hidden):
        if differs(change, key):
            yield Found(change.urn, f"{key} cannot be seen in this preview", key)
        return
    hidden = {told(one) for one in items(after) if isinstance(one, Hidden)}
    more = sorted((set(texts(after)) | hidden) - set(texts(change.before.get(key))))
    if more:
        yield Found(change.urn, f"{words}: {listed(more)}", key)


def _rules(inputs: Properties) -> set[str]:
    """Return what a role allows, as `get of pods`."""
    found = set()
    for one in objects(inputs.get("rules")):
        for verb in texts(one.get("verbs")):
            found |= {f"{verb} of {resource}" for resource in texts(one.get("resources"))}
    return found


def _subjects(inputs: Properties) -> set[str]:
    return {f"{text(one.get('kind'))} {text(one.get('name'))}" for one in objects(inputs.get("subjects"))}


RULES = (cluster_access_widened, cluster_role_widened, cluster_administrator, database_rights_widened)
