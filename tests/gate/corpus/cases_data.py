"""Cases: what is kept, for how long, under which key, and what keeps it from being deleted."""

from collections.abc import Sequence

from tests.gate.corpus.base_cloud import behaviour, kept_images
from tests.gate.corpus.base_cluster import kubernetes
from tests.gate.corpus.case import Case, added, optional, put, together, without
from tests.gate.corpus.declaring import Program

_DATABASE = "database-instance"
_SSE = ("rules", 0, "applyServerSideEncryptionByDefault")
_REGIONS = ("eu-west-1", "eu-north-1", "eu-south-1")
_WARN = ("metadata", "labels", "pod-security.kubernetes.io/warn")
_ENFORCE = ("metadata", "labels", "pod-security.kubernetes.io/enforce")


def _redirect(program: Program) -> None:
    rule = {"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}]}
    spec = {"parentRefs": [{"name": "gateway", "sectionName": "http"}], "rules": [rule]}
    route = {"spec": spec, "metadata": {"annotations": {"pulumi.com/skipAwait": "true"}}}
    kubernetes(program, "gateway.networking.k8s.io/v1:HTTPRoute", "redirect", route, parent="gateway")


_STATEFUL: Sequence[Case] = (
    Case(name="claim-deleted", change=without("files"), fires=["stateful-delete"], saved=True),
    Case(
        name="claim-left",
        change=without("kept-files"),
        fires=["stateful-left"],
        silent=["stateful-delete"],
    ),
    Case(name="sessions-replaced", change=put("sessions-store", "port", to=6380), fires=["stateful-delete"]),
    Case(
        name="cache-replaced",
        change=put("cache-store", "port", to=6380),
        fires=["cache-emptied"],
        silent=["stateful-delete"],
    ),
    Case(
        name="sessions-described",
        change=put("sessions-store", "description", to="carts"),
        silent=["stateful-delete", "cache-emptied", "stateful-left"],
    ),
    Case(
        name="password-rotated",
        change=put("database-password", "keepers", "rotated_at", to="2026-11-20T00:00:00Z"),
        fires=["password-rotated"],
        silent=["stateful-delete"],
    ),
    Case(
        name="password-longer",
        change=put("database-password", "length", to=40),
        fires=["stateful-delete"],
        silent=["password-rotated"],
    ),
    Case(name="subnet-moved", change=put("subnet-b", "cidrBlock", to="10.10.9.0/24"), fires=["foundation-delete"]),
    Case(
        name="subnet-tagged",
        change=put("subnet-b", "tags", to={"tier": "private"}),
        silent=["foundation-delete", "endpoint-public"],
    ),
    Case(name="protected-database-deleted", change=without(_DATABASE), fails=True, saved=True),
)

_PROTECTION: Sequence[Case] = (
    Case(
        name="database-unprotected",
        change=optional(_DATABASE, protect=False),
        fires=["protection-lowered"],
        saved=True,
    ),
    Case(name="images-protected", change=optional("images", protect=True), silent=["protection-lowered"]),
    Case(
        name="database-deletable",
        change=put(_DATABASE, "deletionProtection", to=False),
        fires=["database-alone", "deletion-protection-lowered"],
    ),
    Case(
        name="database-grows",
        change=together(put(_DATABASE, "allocatedStorage", to=40), put(_DATABASE, "maxAllocatedStorage", to=200)),
        silent=["deletion-protection-lowered", "deletion-less-reversible", "database-alone", "redundancy-lowered"],
    ),
    Case(
        name="last-snapshot-skipped",
        change=put(_DATABASE, "skipFinalSnapshot", to=True),
        fires=["deletion-less-reversible"],
    ),
    Case(
        name="key-window-shorter",
        change=put("database-key", "deletionWindowInDays", to=7),
        fires=["deletion-less-reversible"],
    ),
    Case(
        name="key-window-longer",
        change=put("uploads-key", "deletionWindowInDays", to=30),
        silent=["deletion-less-reversible", "key-not-rotated"],
    ),
    Case(
        name="lock-shorter",
        change=put("audit-lock", "rule", "defaultRetention", "days", to=30),
        fires=["object-lock-lowered"],
    ),
    Case(
        name="lock-longer",
        change=put("audit-lock", "rule", "defaultRetention", "days", to=400),
        silent=["object-lock-lowered"],
    ),
    Case(
        name="bucket-tagged",
        change=put("uploads-bucket", "tags", to={"data-class": "customers"}),
        silent=["bucket-not-private", "key-of-aws", "tls-not-required", "tags-missing"],
        saved=True,
    ),
    Case(
        name="versions-suspended",
        change=put("uploads-versions", "versioningConfiguration", "status", to="Suspended"),
        fires=["versioning-lowered"],
    ),
    Case(
        name="versions-begun",
        change=added(
            "aws:s3/bucketVersioning:BucketVersioning",
            "audit-versions",
            {"bucket": "${audit-bucket.id}", "versioningConfiguration": {"status": "Enabled"}},
            parent="audit",
        ),
        silent=["versioning-lowered"],
    ),
    Case(name="trail-unproved", change=put("trail", "enableLogFileValidation", to=False), fires=["record-lowered"]),
    Case(name="flow-unrecorded", change=without("flow"), fires=["record-lowered"]),
    Case(name="trail-tagged", change=put("trail", "tags", to={"owner": "security-team"}), silent=["record-lowered"]),
    Case(name="alarm-gone", change=without("mail-waits"), fires=["alarm-removed"]),
    Case(name="alarm-sooner", change=put("mail-waits", "threshold", to=200), silent=["alarm-removed"]),
    Case(
        name="pods-less-secure",
        change=put("namespace", *_ENFORCE, to="baseline"),
        fires=["pod-security-lowered"],
        silent=["namespace-admits-all"],
    ),
    Case(
        name="pods-of-all-kinds",
        change=put("namespace", *_ENFORCE, to="privileged"),
        fires=["namespace-admits-all", "pod-security-lowered"],
    ),
    Case(
        name="pods-more-secure",
        change=put("namespace", *_WARN, to="restricted"),
        silent=["pod-security-lowered"],
        saved=True,
    ),
)

_RETENTION: Sequence[Case] = (
    Case(
        name="backups-shorter",
        change=put(_DATABASE, "backupRetentionPeriod", to=7),
        fires=["backup-retention-lowered"],
        silent=["backups-short"],
        saved=True,
    ),
    Case(
        name="backups-far-too-short",
        change=put(_DATABASE, "backupRetentionPeriod", to=3),
        fires=["backup-retention-lowered", "backups-short"],
    ),
    Case(
        name="backups-longer",
        change=put(_DATABASE, "backupRetentionPeriod", to=35),
        silent=["backup-retention-lowered"],
        saved=True,
    ),
    Case(name="logs-shorter", change=put("database-logs", "retentionInDays", to=30), fires=["log-retention-lowered"]),
    Case(name="logs-longer", change=put("database-logs", "retentionInDays", to=365), silent=["log-retention-lowered"]),
    Case(
        name="objects-expire-sooner",
        change=put("uploads-lifecycle", "rules", 0, "noncurrentVersionExpiration", "noncurrentDays", to=30),
        fires=["object-expiry-shortened"],
    ),
    Case(
        name="objects-expire-later",
        change=put("uploads-lifecycle", "rules", 0, "noncurrentVersionExpiration", "noncurrentDays", to=180),
        silent=["object-expiry-shortened"],
    ),
    Case(
        name="fewer-images", change=put("images-kept", "policy", to=kept_images(10)), fires=["image-expiry-shortened"]
    ),
    Case(
        name="more-images", change=put("images-kept", "policy", to=kept_images(50)), silent=["image-expiry-shortened"]
    ),
    Case(
        name="messages-shorter",
        change=put("mail-queue", "messageRetentionSeconds", to=86_400),
        fires=["message-retention-lowered"],
    ),
    Case(
        name="messages-longer",
        change=put("mail-queue", "messageRetentionSeconds", to=1_209_600),
        silent=["message-retention-lowered"],
    ),
    Case(
        name="secret-copied-no-more",
        change=put("database-secret", "replicas", to=[{"region": "eu-west-1"}]),
        fires=["copies-removed"],
    ),
    Case(
        name="secret-copied-further",
        change=put("database-secret", "replicas", to=[{"region": one} for one in _REGIONS]),
        silent=["copies-removed"],
    ),
)

_ENCRYPTION: Sequence[Case] = (
    Case(
        name="objects-by-the-keys-of-s3",
        change=put("uploads-encrypted", *_SSE, to={"sseAlgorithm": "AES256"}),
        fires=["encryption-lowered"],
    ),
    Case(
        name="objects-encrypted-twice",
        change=put("uploads-encrypted", *_SSE, "sseAlgorithm", to="aws:kms:dsse"),
        silent=["encryption-lowered", "key-changed"],
    ),
    Case(
        name="key-never-rotated",
        change=put("database-key", "enableKeyRotation", to=False),
        fires=["encryption-lowered", "key-not-rotated"],
    ),
    Case(
        name="objects-by-another-key",
        change=put("uploads-encrypted", *_SSE, "kmsMasterKeyId", to="${database-key.arn}"),
        fires=["key-changed"],
        silent=["encryption-lowered"],
    ),
    Case(
        name="server-without-tls",
        change=put("database-parameters", "parameters", 0, "value", to="0"),
        fires=["tls-lowered", "tls-not-required"],
    ),
    Case(
        name="sessions-without-tls",
        change=put("sessions-store", "transitEncryptionMode", to="preferred"),
        fires=["tls-lowered"],
    ),
    Case(
        name="viewers-without-tls",
        change=put("distribution", "defaultCacheBehavior", to=behaviour("allow-all")),
        fires=["tls-lowered", "tls-not-required"],
    ),
    Case(
        name="viewers-with-tls-alone",
        change=put("distribution", "defaultCacheBehavior", to=behaviour("https-only")),
        silent=["tls-lowered", "tls-not-required"],
    ),
    Case(
        name="listener-plain",
        change=put("route", "spec", "parentRefs", 0, "sectionName", to="http"),
        fires=["gateway-plain"],
    ),
    Case(name="listener-redirects", change=_redirect, silent=["gateway-plain"]),
)

CASES = (*_STATEFUL, *_PROTECTION, *_RETENTION, *_ENCRYPTION)
