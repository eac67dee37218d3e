"""What holds something that cannot be made again, and ends.

Owns which types hold what. Leaves protection against it to `protection`, and tenants that leave as declared to
`tenants`.
"""

from collections.abc import Iterator, Mapping

from infra.gate.change import ENDS, Change
from infra.gate.rules.properties import at, objects, text
from infra.gate.rules.rule import Found, rule
from infra.gate.rules.view import View, type_of

_CACHE_GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
_CACHE_PARAMETERS = "aws:elasticache/parameterGroup:ParameterGroup"
_PASSWORD = "random:index/randomPassword:RandomPassword"  # noqa: S105  # a type token

_HOLDS: Mapping[str, str] = {
    "aws:backup/vault:Vault": "its backups",
    "aws:cloudtrail/trail:Trail": "the record of who did what",
    "aws:cloudwatch/logGroup:LogGroup": "its logs",
    "aws:dynamodb/table:Table": "its rows",
    "aws:ebs/snapshot:Snapshot": "what it is a copy of",
    "aws:ebs/volume:Volume": "its files",
    "aws:ecr/repository:Repository": "its images",
    "aws:efs/fileSystem:FileSystem": "its files",
    "aws:elasticache/cluster:Cluster": "what it keeps",
    "aws:kms/key:Key": "everything that it encrypts",
    "aws:kms/replicaKey:ReplicaKey": "everything that it encrypts in its region",
    "aws:rds/cluster:Cluster": "its databases",
    "aws:rds/clusterSnapshot:ClusterSnapshot": "the backup in it",
    "aws:rds/instance:Instance": "its databases",
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": "the backups in another region",
    "aws:rds/snapshot:Snapshot": "the backup in it",
    "aws:rds/snapshotCopy:SnapshotCopy": "the backup in it",
    "aws:s3/bucket:Bucket": "its objects",
    "aws:s3/bucketV2:BucketV2": "its objects",
    "aws:secretsmanager/secret:Secret": "its values, for whoever reads it",
    "aws:sqs/queue:Queue": "its messages",
    "kubernetes:apps/v1:StatefulSet": "its pods, which have data of their own",
    "kubernetes:core/v1:Namespace": "everything in it",
    "kubernetes:core/v1:PersistentVolume": "its files",
    "kubernetes:core/v1:PersistentVolumeClaim": "its files",
    "kubernetes:core/v1:Secret": "what pods log in with",
    "postgresql:index/database:Database": "its tables",
    "postgresql:index/extension:Extension": "columns and functions of its types",
    "postgresql:index/role:Role": "who owns or reads tables",
    "postgresql:index/schema:Schema": "its tables",
    _PASSWORD: "the password, which its database or store keeps",
    "tls:index/privateKey:PrivateKey": "the key, and every certificate of it",
}
"""Type token -> what is lost with a resource of it."""

_FOUNDATIONS: Mapping[str, str] = {
    "aws:ec2/subnet:Subnet": "everything that has an address in it",
    "aws:ec2/vpc:Vpc": "everything in the network",
    "aws:eks/cluster:Cluster": "everything that runs in it",
    "aws:eks/nodeGroup:NodeGroup": "the pods on its nodes, until there are others",
}
"""Type token -> what goes away with a resource of it, though it holds nothing."""


@rule("dangerous")
def stateful_delete(view: View) -> Iterator[Found]:
    """Something that holds data, keys or credentials is deleted or replaced.

    What belongs to a tenant that the settings say is deleted is left to `tenant-deleted`; a password that is rotated by
    a declared time to `password-rotated`, and a cache that loses nothing to `cache-emptied`.

    Source: DESIGN 6 (RDS); REQUIREMENTS, Recovery
    """
    for change in _ending(view):
        held = _HOLDS.get(change.type)
        if change.type == _CACHE_GROUP and not _is_cache(view, change):
            held = "the sessions in it"
        if held is None or _is_declared(view, change) or _is_rotation(change):
            continue
        yield Found(change.urn, f"{_how(change)}: with it goes {held}")


@rule("dangerous")
def foundation_delete(view: View) -> Iterator[Found]:
    """A network, a cluster or its nodes are deleted or replaced, and all that is in them stops.

    Source: DESIGN 6; REQUIREMENTS, Alerts (99.9 % uptime)
    """
    for change in _ending(view):
        if change.type in _FOUNDATIONS:
            yield Found(change.urn, f"{_how(change)}: with it goes {_FOUNDATIONS[change.type]}")


@rule("notable")
def cache_emptied(view: View) -> Iterator[Found]:
    """A Redis that only caches is deleted or replaced: nothing is lost, and the database is asked for all of it.

    Source: REQUIREMENTS, Data (allkeys-lru cache)
    """
    for change in _ending(view):
        if change.type == _CACHE_GROUP and _is_cache(view, change):
            yield Found(change.urn, f"{_how(change)}: the cache begins empty, and the database answers in its place")


@rule("notable")
def password_rotated(view: View) -> Iterator[Found]:
    """A generated password changes, because the settings say that it was rotated.

    Source: REQUIREMENTS, Secrets
    """
    for change in view.changes(_PASSWORD, "replace"):
        if _is_rotation(change):
            moment = at(change.after, "keepers", "rotated_at")
            yield Found(change.urn, f"a new value, as rotated at {moment}; whoever has the old one must get it")


@rule("notable")
def stateful_left(view: View) -> Iterator[Found]:
    """Something that holds data is no longer looked after, and stays where it is.

    Source: DESIGN 6
    """
    for change in view.preview.changes:
        left = change.kind == "forget" or (change.kind == "delete" and change.retained)
        if left and (change.type in _HOLDS or change.type == _CACHE_GROUP or change.type in _FOUNDATIONS):
            yield Found(change.urn, "stays where it is, but no update will change or delete it again")


def _ending(view: View) -> Iterator[Change]:
    """Return what is gone afterwards: what is deleted but stays is not, and what replaces it begins empty."""
    for change in view.preview.changes:
        if change.kind in ENDS and not (change.kind == "delete" and change.retained):
            yield change


def _how(change: Change) -> str:
    if change.kind == "delete":
        return "deleted"
    causes = [one.path for one in change.properties if one.replaces]
    because = f", as {' and '.join(causes[:2])} changes" if causes else ""
    return f"replaced{because}"


def _is_declared(view: View, change: Change) -> bool:
    return change.kind == "delete" and view.leaves(change.urn)


def _is_rotation(change: Change) -> bool:
    """Whether nothing but a declared time makes another password."""
    if change.type != _PASSWORD or change.kind != "replace" or not text(at(change.after, "keepers", "rotated_at")):
        return False
    others = [
        {key: part for key, part in inputs.items() if key != "keepers"} for inputs in (change.before, change.after)
    ]
    return change.before.get("keepers") != change.after.get("keepers") and others[0] == others[1]


def _is_cache(view: View, change: Change) -> bool:
    """Whether a Redis evicts what it has no room for, so that nobody keeps anything in it alone.

    Without a parameter group of the same component, it counts as one that keeps.
    """
    for urn in view.related(change.urn, _CACHE_PARAMETERS):
        if view.parent(urn) != change.parent:
            continue
        known = view.change(urn)
        group = view.resource(urn)
        inputs = known.before if known is not None and known.before else group.inputs if group is not None else {}
        parameters = objects(at(inputs, "parameters"))
        policies = [text(at(one, "value")) for one in parameters if at(one, "name") == "maxmemory-policy"]
        return any(policy.startswith(("allkeys", "volatile")) for policy in policies)
    return False


def is_stateful(urn: str) -> bool:
    """Whether a resource holds something that cannot be made again.

    Args:
        urn: Pulumi's name of it.
    """
    return type_of(urn) in _HOLDS or type_of(urn) == _CACHE_GROUP


RULES = (stateful_delete, foundation_delete, cache_emptied, password_rotated, stateful_left)
