"""Encryption, at rest and on the way, that is lowered.

Owns keys, certificates' protocols and who must speak TLS. Leaves keys that are deleted to `stateful`, and policies that
refuse plain connections to `iam`, where a refusal that is taken away is told.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from infra.gate.change import Change, Hidden, Properties, Value
from infra.gate.rules.lowering import REMOVED, SWITCHED_OFF, Guard, Order, lowered, ranked
from infra.gate.rules.properties import at, differs, is_hidden, objects, text, told
from infra.gate.rules.rule import Found, rule
from infra.gate.rules.view import View

_REDIS = "aws:elasticache/replicationGroup:ReplicationGroup"
_DATABASE = "aws:rds/instance:Instance"
_PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
_BUCKET = "aws:s3/bucket:Bucket"
_BUCKET_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
_DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
_GATEWAY = "kubernetes:gateway.networking.k8s.io/v1:Gateway"
_ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"

_BY_KEY: Mapping[str, Sequence[tuple[str | int, ...]]] = {
    _DATABASE: [("kmsKeyId",), ("performanceInsightsKmsKeyId",)],
    "aws:rds/cluster:Cluster": [("kmsKeyId",)],
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": [("kmsKeyId",)],
    _REDIS: [("kmsKeyId",)],
    _BUCKET_ENCRYPTION: [("rules", 0, "applyServerSideEncryptionByDefault", "kmsMasterKeyId")],
    "aws:cloudtrail/trail:Trail": [("kmsKeyId",)],
    "aws:cloudwatch/logGroup:LogGroup": [("kmsKeyId",)],
    "aws:ebs/volume:Volume": [("kmsKeyId",)],
    "aws:ecr/repository:Repository": [("encryptionConfigurations", 0, "kmsKey")],
    "aws:efs/fileSystem:FileSystem": [("kmsKeyId",)],
    "aws:eks/cluster:Cluster": [("encryptionConfig", "provider", "keyArn")],
    "aws:secretsmanager/secret:Secret": [("kmsKeyId",)],
    "aws:sns/topic:Topic": [("kmsMasterKeyId",)],
    "aws:sqs/queue:Queue": [("kmsMasterKeyId",)],
}
"""Type token -> where the key is that it is encrypted by."""

_AT_REST: Sequence[Guard] = (
    Guard(_DATABASE, ("storageEncrypted",), "encryption at rest", SWITCHED_OFF),
    Guard("aws:rds/cluster:Cluster", ("storageEncrypted",), "encryption at rest", SWITCHED_OFF),
    Guard(_REDIS, ("atRestEncryptionEnabled",), "encryption at rest", SWITCHED_OFF),
    Guard("aws:ebs/volume:Volume", ("encrypted",), "encryption at rest", SWITCHED_OFF),
    Guard("aws:efs/fileSystem:FileSystem", ("encrypted",), "encryption at rest", SWITCHED_OFF),
    Guard("aws:dynamodb/table:Table", ("serverSideEncryption", "enabled"), "encryption by a key of ours", SWITCHED_OFF),
    Guard("aws:sqs/queue:Queue", ("sqsManagedSseEnabled",), "encryption at rest", SWITCHED_OFF),
    Guard("aws:kms/key:Key", ("enableKeyRotation",), "yearly rotation of the key", SWITCHED_OFF),
    Guard("aws:kms/key:Key", ("isEnabled",), "the key itself", SWITCHED_OFF, True),
    Guard(
        _BUCKET_ENCRYPTION,
        ("rules", 0, "applyServerSideEncryptionByDefault", "sseAlgorithm"),
        "encryption of objects",
        ranked("AES256", "aws:kms", "aws:kms:dsse"),
    ),
    Guard(
        "aws:ecr/repository:Repository",
        ("encryptionConfigurations", 0, "encryptionType"),
        "encryption of images",
        ranked("AES256", "KMS", "KMS_DSSE"),
    ),
)

_VERSION = re.compile(r"(?:TLS13|TLS|FS)[v_-]?(\d)(?:[._-](\d))?(?!\d)")


def protocol(policy: Value) -> tuple[int, int]:
    """Return the oldest TLS version that a policy of AWS takes, as its name says; (0, 0) where it says none.

    Names are those of CloudFront (`TLSv1.2_2021`), of load balancers (`ELBSecurityPolicy-TLS13-1-2-2021-06`), of API
    Gateway (`TLS_1_2`) and of settings (`TLSv1.2`). Older ones of load balancers, as `ELBSecurityPolicy-2016-08`, name
    a date alone, and take TLS 1.0.

    Args:
        policy: its name.
    """
    name = text(policy)
    found = _VERSION.search(name)
    if found is None:
        return (1, 0) if name.startswith("ELBSecurityPolicy") else (0, 0)
    return int(found[1]), int(found[2] or 0)


_TLS = Order(lambda before, after: protocol(after) < protocol(before), worst=None)

_ON_THE_WAY: Sequence[Guard] = (
    Guard(_REDIS, ("transitEncryptionEnabled",), "TLS", SWITCHED_OFF),
    Guard(_REDIS, ("transitEncryptionMode",), "TLS", ranked("preferred", "required")),
    Guard(_REDIS, ("authToken",), "the password of Redis", REMOVED),
    Guard(_DISTRIBUTION, ("viewerCertificate", "minimumProtocolVersion"), "oldest TLS", _TLS),
    Guard("aws:lb/listener:Listener", ("sslPolicy",), "oldest TLS", _TLS),
    Guard(
        "aws:lb/listener:Listener",
        ("protocol",),
        "what the listener speaks",
        ranked("HTTP", "TCP", "TLS", "HTTPS"),
    ),
    Guard("aws:apigateway/domainName:DomainName", ("securityPolicy",), "oldest TLS", _TLS),
    Guard(
        "pulumi:providers:postgresql",
        ("sslmode",),
        "how the server is checked",
        ranked("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    ),
    Guard(
        "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy",
        ("securityHeadersConfig", "strictTransportSecurity"),
        "browsers are told to speak TLS alone",
        REMOVED,
    ),
    Guard(
        "aws:ec2/launchTemplate:LaunchTemplate",
        ("metadataOptions", "httpTokens"),
        "who may read a node's credentials",
        ranked("optional", "required"),
    ),
)

# Of PostgreSQL 15 and later RDS forces TLS by default; who asks for it must not stop asking.
_SERVER: Mapping[str, Order] = {
    "rds.force_ssl": ranked("0", "1"),
    "ssl_min_protocol_version": _TLS,
    "password_encryption": ranked("md5", "scram-sha-256"),
    "rds.accepted_password_auth_method": ranked("md5+scram", "scram"),
}


_LISTENERS: Mapping[tuple[str, ...], Order] = {
    ("protocol",): ranked("TCP", "HTTP", "TLS", "HTTPS"),
    ("tls", "mode"): ranked("Passthrough", "Terminate"),
    ("tls", "certificateRefs"): REMOVED,
}


@rule("dangerous")
def encryption_lowered(view: View) -> Iterator[Found]:
    """Something is no longer encrypted at rest, or no longer by a key of ours.

    Source: REQUIREMENTS, Security and compliance; CIS AWS Foundations 3.0 2.2.1, 2.3.1, 3.5
    """
    yield from lowered(view, _AT_REST)
    yield from _keys(view, removed=True)
    for change in view.changes("aws:ec2/launchTemplate:LaunchTemplate", "update", "replace"):
        before, after = (plain_disks(inputs) for inputs in (change.before, change.after))
        if after - before:
            reason = f"disks of nodes are no longer encrypted: {told(sorted(after))}"
            yield Found(change.urn, reason, "blockDeviceMappings")
    for change in view.changes(_BUCKET_ENCRYPTION, "delete"):
        if not any(view.ends(urn) for urn in view.related(change.urn, _BUCKET)):
            yield Found(change.urn, "objects are no longer encrypted by a key of ours")


@rule("notable")
def key_changed(view: View) -> Iterator[Found]:
    """Another key encrypts what is written from now on; the former must stay as long as anything is encrypted by it.

    Source: AWS KMS, Deleting keys
    """
    yield from _keys(view, removed=False)


@rule("dangerous")
def tls_lowered(view: View) -> Iterator[Found]:
    """Connections may be plain, or speak an older TLS than before.

    Source: REQUIREMENTS, Security and compliance (TLS 1.3), Data (TLS required); CIS AWS Foundations 3.0 2.1.1
    """
    yield from lowered(view, _ON_THE_WAY)
    for change in view.changes(_PARAMETERS, "update", "replace"):
        yield from _server(change)
    for change in view.changes(_DISTRIBUTION, "update", "replace"):
        yield from _viewers(change)


@rule("dangerous")
def gateway_plain(view: View) -> Iterator[Found]:
    """The gateway no longer ends TLS for a host, or serves one without it.

    Source: Kubernetes Gateway API, TLS; REQUIREMENTS, Security and compliance
    """
    for change in view.changes(_GATEWAY, "update", "replace"):
        yield from _listeners(change)
    plain = {name for gateway in view.resources(_GATEWAY) for name in _plain(gateway.inputs)}
    for change in view.changes(_ROUTE, "create", "update", "replace"):
        if _serves(change.after, plain) and not _serves(change.before, plain):
            yield Found(change.urn, f"answers without TLS, at listener {told(sorted(plain))}", "spec.parentRefs")


def _keys(view: View, *, removed: bool) -> Iterator[Found]:
    for token, places in _BY_KEY.items():
        for change in view.changes(token, "update", "replace"):
            for keys in places:
                before, after = at(change.before, *keys), at(change.after, *keys)
                path = ".".join(str(key) for key in keys)
                # An engine may say of a whole object that it differs; only what is hidden cannot be compared.
                if before is None or (before == after and not (is_hidden(after) and differs(change, *keys))):
                    continue
                if after is None and removed:
                    yield Found(change.urn, "is no longer encrypted by a key of ours", path)
                elif after is not None and not removed:
                    yield Found(change.urn, f"another key: {told(before)} -> {told(after)}", path)


def plain_disks(inputs: Properties) -> set[str]:
    """Return the disks of a launch template that are not encrypted.

    Args:
        inputs: of it.
    """
    disks = objects(inputs.get("blockDeviceMappings"))
    return {text(disk.get("deviceName")) for disk in disks if at(disk, "ebs", "encrypted") in (None, False, "false")}


def _server(change: Change) -> Iterator[Found]:
    place = "parameters"
    if isinstance(change.after.get(place), Hidden):
        if differs(change, place):
            yield Found(change.urn, "whether the server takes TLS alone cannot be seen in this preview", place)
        return
    before, after = (_parameters(inputs) for inputs in (change.before, change.after))
    for name, order in _SERVER.items():
        old, new = before.get(name), after.get(name)
        if old is None or old == new:
            continue
        if is_hidden(new) or order.weaker(old, new):
            yield Found(change.urn, f"{name}: {told(old)} -> {told(new)}", place)


def _parameters(inputs: Properties) -> dict[str, Value]:
    return {text(one.get("name")): one.get("value") for one in objects(inputs.get("parameters"))}


def _viewers(change: Change) -> Iterator[Found]:
    """Return paths of a distribution that may be asked without TLS from now on; one that leads to TLS may."""
    before, after = (behaviours(inputs) for inputs in (change.before, change.after))
    for path, policy in after.items():
        if before.get(path) != policy and (policy == "allow-all" or is_hidden(policy)):
            reason = f"requests for {path} without TLS: {told(before.get(path))} -> {told(policy)}"
            yield Found(change.urn, reason, "viewerProtocolPolicy")


def behaviours(inputs: Properties) -> dict[str, Value]:
    """Return what a distribution does with requests without TLS: path -> its policy.

    Args:
        inputs: of it.
    """
    found = {"everything else": at(inputs, "defaultCacheBehavior", "viewerProtocolPolicy")}
    for one in objects(inputs.get("orderedCacheBehaviors")):
        found[text(one.get("pathPattern"))] = one.get("viewerProtocolPolicy")
    return found


def _listeners(change: Change) -> Iterator[Found]:
    place = ("spec", "listeners")
    if isinstance(at(change.after, *place), Hidden):
        if differs(change, *place):
            yield Found(change.urn, "its listeners cannot be seen in this preview", "spec.listeners")
        return
    before, after = (
        {text(one.get("name")): one for one in objects(at(inputs, *place))} for inputs in (change.before, change.after)
    )
    for name, old in before.items():
        for keys, order in _LISTENERS.items() if name in after else ():
            was, will = at(old, *keys), at(after[name], *keys)
            if was != will and (is_hidden(will) or order.weaker(was, will)):
                yield Found(
                    change.urn, f"{' '.join(keys)} of listener {name}: {told(was)} -> {told(will)}", "spec.listeners"
                )


def _plain(inputs: Properties) -> Iterator[str]:
    """Return the listeners that speak no TLS."""
    for one in objects(at(inputs, "spec", "listeners")):
        if one.get("protocol") in ("HTTP", "TCP"):
            yield text(one.get("name"))


def _serves(inputs: Properties, plain: set[str]) -> bool:
    """Whether a route answers at a listener without TLS with anything but a redirect."""
    parents = {text(one.get("sectionName")) for one in objects(at(inputs, "spec", "parentRefs"))}
    backends = any(one.get("backendRefs") for one in objects(at(inputs, "spec", "rules")))
    return backends and bool(plain) and bool(parents & {*plain, ""})  # without a section, at all listeners


RULES = (encryption_lowered, key_changed, tls_lowered, gateway_plain)
