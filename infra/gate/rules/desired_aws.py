"""What every resource in AWS must be like, changed or not.

Owns policies for AWS as it is declared. Leaves rights to `iam`, and what gets worse to the rules of changes. What only
is known after it is applied is taken for what it is named to be: a key that is not made yet encrypts.
"""

import re
from collections.abc import Iterator, Mapping

from infra.gate.change import Hidden, Properties, Resource, Value
from infra.gate.rules import statements
from infra.gate.rules.encryption import behaviours, plain_disks, protocol
from infra.gate.rules.properties import at, is_on, number, objects, parsed, text, told
from infra.gate.rules.rule import Found, rule
from infra.gate.rules.view import View

_BUCKET = "aws:s3/bucket:Bucket"
_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
_SEALED = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
_DATABASE = "aws:rds/instance:Instance"
_PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
_REDIS = "aws:elasticache/replicationGroup:ReplicationGroup"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_DISTRIBUTION = "aws:cloudfront/distribution:Distribution"

_SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")

_ENCRYPTED: Mapping[str, str] = {
    _DATABASE: "storageEncrypted",
    "aws:rds/cluster:Cluster": "storageEncrypted",
    _REDIS: "atRestEncryptionEnabled",
    "aws:ebs/volume:Volume": "encrypted",
    "aws:efs/fileSystem:FileSystem": "encrypted",
}
_KEYED: Mapping[str, str] = {
    "aws:cloudwatch/logGroup:LogGroup": "kmsKeyId",
    "aws:secretsmanager/secret:Secret": "kmsKeyId",
    "aws:cloudtrail/trail:Trail": "kmsKeyId",
}
_TAGGED = (
    _BUCKET,
    _DATABASE,
    _REDIS,
    "aws:acm/certificate:Certificate",
    "aws:cloudfront/distribution:Distribution",
    "aws:cloudtrail/trail:Trail",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:ec2/eip:Eip",
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/vpc:Vpc",
    "aws:ecr/repository:Repository",
    "aws:eks/cluster:Cluster",
    "aws:eks/nodeGroup:NodeGroup",
    "aws:iam/role:Role",
    "aws:kms/key:Key",
    "aws:secretsmanager/secret:Secret",
    "aws:sns/topic:Topic",
    "aws:sqs/queue:Queue",
)
_REQUIRED = ("owner", "environment", "cost-centre")
"""Tags that say whom to ask, what it is part of, and who pays (REQUIREMENTS, Cost tiers: budgets per environment)."""

Tags = Mapping[str, frozenset[str] | None]

_LEAST_DAYS = 7
"""Of backups, also outside production (REQUIREMENTS, Data: 30 d, 7 d staging)."""

_FORCES_TLS = 15
"""The PostgreSQL version from which RDS takes TLS alone where nothing is said."""


@rule("dangerous")
def bucket_not_private(view: View) -> Iterator[Found]:
    """A bucket has nothing that keeps it from the public, or only a part of it.

    Source: CIS AWS Foundations 3.0 2.1.4; AWS Security Hub S3.8
    """
    if any(
        all(is_on(one.inputs.get(name)) for name in _SWITCHES) for one in view.resources("aws:s3/accountPublicAccess")
    ):
        return
    for bucket in view.resources(_BUCKET):
        blocks = list(_of_bucket(view, bucket, _BLOCK))
        if not blocks and view.knows_beside(bucket.urn):
            yield Found(bucket.urn, "nothing keeps the bucket from the public")
        for block in blocks:
            off = [name for name in _SWITCHES if not is_on(block.inputs.get(name))]
            if off:
                yield Found(block.urn, f"only a part keeps the bucket from the public: {told(off)} off", off[0])


@rule("dangerous")
def unencrypted_at_rest(view: View) -> Iterator[Found]:
    """A database, store, disk, queue or topic is not encrypted at rest.

    Source: CIS AWS Foundations 3.0 2.2.1, 2.3.1, 2.4.1; AWS Security Hub SNS.1, SQS.1
    """
    for token, key in _ENCRYPTED.items():
        for resource in view.resources(token):
            if not is_on(resource.inputs.get(key)) and not resource.inputs.get("replicateSourceDb"):
                yield Found(resource.urn, f"encryption at rest: {told(resource.inputs.get(key))}", key)
    for template in view.resources(_TEMPLATE):
        plain = plain_disks(template.inputs)
        if plain:
            yield Found(template.urn, f"disks of nodes are not encrypted: {told(sorted(plain))}", "blockDeviceMappings")
    for queue in view.resources("aws:sqs/queue:Queue"):
        if not queue.inputs.get("kmsMasterKeyId") and queue.inputs.get("sqsManagedSseEnabled") is False:
            yield Found(queue.urn, "messages are not encrypted at rest", "sqsManagedSseEnabled")
    for topic in view.resources("aws:sns/topic:Topic"):
        if not topic.inputs.get("kmsMasterKeyId"):
            yield Found(topic.urn, "messages are not encrypted at rest", "kmsMasterKeyId")


@rule("notable")
def key_of_aws(view: View) -> Iterator[Found]:
    """Something is encrypted, but by a key of AWS's own, which nobody here can take away from anybody.

    Source: REQUIREMENTS, Security and compliance (managed keys); CIS AWS Foundations 3.0 3.5
    """
    for token, key in _KEYED.items():
        for resource in view.resources(token):
            if not resource.inputs.get(key):
                yield Found(resource.urn, "is encrypted by a key of AWS's own", key)
    for bucket in view.resources(_BUCKET):
        if view.knows_beside(bucket.urn) and not any(True for _ in _of_bucket(view, bucket, _SEALED)):
            yield Found(bucket.urn, "objects are encrypted by a key of AWS's own")


@rule("dangerous")
def tls_not_required(view: View) -> Iterator[Found]:
    """A database, store, bucket or distribution takes connections without TLS, or with one older than 1.2.

    Source: REQUIREMENTS, Data (TLS required); CIS AWS Foundations 3.0 2.1.1; AWS Security Hub CloudFront.3
    """
    for group in view.resources(_PARAMETERS):
        if _takes_plain(group.inputs):
            yield Found(group.urn, "the database takes connections without TLS", "parameters")
    for store in view.resources(_REDIS):
        switch = store.inputs.get("transitEncryptionEnabled")
        if not is_on(switch):
            yield Found(store.urn, f"TLS: {told(switch)}", "transitEncryptionEnabled")
    for bucket in view.resources(_BUCKET):
        policies = [statements.of(one.type, one.inputs) for one in _of_bucket(view, bucket, _BUCKET_POLICY)]
        known = bool(policies) or view.knows_beside(bucket.urn)
        if known and not any(policy.hidden or _refuses_plain(policy) for policy in policies):
            yield Found(bucket.urn, "its policy does not refuse requests without TLS")
    for edge in view.resources(_DISTRIBUTION):
        yield from _at_edge(edge)


@rule("dangerous")
def backups_short(view: View) -> Iterator[Found]:
    """A database has backups of fewer than seven days, or none.

    Source: REQUIREMENTS, Data (retention); AWS Security Hub RDS.11
    """
    place = "backupRetentionPeriod"
    for resource in view.resources(_DATABASE):
        days = resource.inputs.get(place)
        if not resource.inputs.get("replicateSourceDb") and (number(days) or 0) < _LEAST_DAYS:
            yield Found(resource.urn, f"days of backups: {told(days)}", place)


@rule("notable")
def database_alone(view: View) -> Iterator[Found]:
    """A database has no standby, or nothing in AWS that refuses to delete it.

    Source: AWS Security Hub RDS.5, RDS.8
    """
    for resource in view.resources(_DATABASE):
        if resource.inputs.get("replicateSourceDb"):
            continue
        if not is_on(resource.inputs.get("multiAz")):
            yield Found(resource.urn, "nothing takes over when its zone fails", "multiAz")
        if not is_on(resource.inputs.get("deletionProtection")):
            yield Found(resource.urn, "AWS does not refuse to delete it", "deletionProtection")


@rule("dangerous")
def key_not_rotated(view: View) -> Iterator[Found]:
    """A key is not rotated every year.

    Source: CIS AWS Foundations 3.0 3.6
    """
    for resource in view.resources("aws:kms/key:Key"):
        symmetric = text(resource.inputs.get("customerMasterKeySpec")) in ("", "SYMMETRIC_DEFAULT")
        if symmetric and not is_on(resource.inputs.get("enableKeyRotation")):
            yield Found(
                resource.urn, f"yearly rotation: {told(resource.inputs.get('enableKeyRotation'))}", "enableKeyRotation"
            )


@rule("dangerous")
def node_credentials_open(view: View) -> Iterator[Found]:
    """Whatever runs on a node may take its credentials with one request, as with IMDSv1.

    Source: CIS AWS Foundations 3.0 5.6; AWS Security Hub EC2.170
    """
    for resource in view.resources(_TEMPLATE):
        tokens = at(resource.inputs, "metadataOptions", "httpTokens")
        if tokens != "required":
            yield Found(
                resource.urn, f"tokens for credentials: {told(tokens or 'optional')}", "metadataOptions.httpTokens"
            )


@rule("notable")
def tags_missing(view: View) -> Iterator[Found]:
    """A resource does not say who owns it, what it is part of, or who pays.

    Source: REQUIREMENTS, Cost tiers (budgets per environment); AWS, Tagging best practices
    """
    shared = _shared_tags(view)
    for token in _TAGGED:
        for resource in view.resources(token):
            own = resource.inputs.get("tags")
            given = _given_tags(view, resource, shared)
            if given is None or isinstance(own, Hidden):
                continue
            there = {*given, *(own if isinstance(own, Mapping) else ())}
            missing = [name for name in _REQUIRED if name not in there]
            if missing:
                yield Found(resource.urn, f"without the tags {told(missing)}", "tags")


def _of_bucket(view: View, bucket: Resource, token: str) -> Iterator[Resource]:
    """Return the settings of a bucket: those of its component, or those that name it."""
    names = {text(bucket.inputs.get("bucket")), *(text(bucket.outputs.get(key)) for key in ("bucket", "id"))} - {""}
    related = set(view.related(bucket.urn, token))
    for one in view.resources(token):
        if one.urn in related or text(one.inputs.get("bucket")) in names:
            yield one


def _takes_plain(inputs: Properties) -> bool:
    family = re.fullmatch(r"(?:aurora-)?postgres(?:ql)?(\d+)", text(inputs.get("family")))
    if family is None or isinstance(inputs.get("parameters"), Hidden):
        return False
    listed = {text(one.get("name")): one.get("value") for one in objects(inputs.get("parameters"))}
    forced = listed.get("rds.force_ssl")
    return told(forced) != "1" if forced is not None else int(family[1]) < _FORCES_TLS


def _refuses_plain(policy: statements.Document) -> bool:
    return any('"aws:SecureTransport": "false"' in right.condition for right in policy.denied)


def _at_edge(edge: Resource) -> Iterator[Found]:
    for path, policy in behaviours(edge.inputs).items():
        if policy == "allow-all":
            yield Found(edge.urn, f"answers {path} without TLS", "viewerProtocolPolicy")
    oldest = at(edge.inputs, "viewerCertificate", "minimumProtocolVersion")
    if isinstance(oldest, str) and protocol(oldest) < (1, 2):
        yield Found(edge.urn, f"takes old TLS: {oldest}", "viewerCertificate.minimumProtocolVersion")


def _given_tags(view: View, resource: Resource, shared: Tags) -> frozenset[str] | None:
    """Return the tags that its provider gives a resource; None where they cannot be seen.

    Which provider that is is told of what changes. What stays has those that any gives: it was judged when it came.
    """
    change = view.change(resource.urn)
    if change is not None and change.provider_after:
        return shared.get(change.provider_after)
    found = frozenset[str]()
    for given in shared.values():
        if given is None:
            return None
        found |= given
    return found if shared else None


def _shared_tags(view: View) -> Tags:
    """Return the URN of each provider -> the tags that it gives to all that it makes; None where they are hidden."""
    found: dict[str, frozenset[str] | None] = {}
    for provider in view.resources("pulumi:providers:aws"):
        given: Value = parsed(provider.inputs.get("defaultTags"))
        listed = at(given, "tags")
        hidden = isinstance(given, Hidden) or isinstance(listed, Hidden)
        found[provider.urn] = None if hidden else frozenset(listed if isinstance(listed, Mapping) else ())
    return found


RULES = (
    bucket_not_private,
    unencrypted_at_rest,
    key_of_aws,
    tls_not_required,
    backups_short,
    database_alone,
    key_not_rotated,
    node_credentials_open,
    tags_missing,
)
