"""Cases: what must be so of all that is declared, changed or not; and what the stack tells others."""

from collections.abc import Sequence

from tests.gate.corpus.base_cloud import ACCOUNT
from tests.gate.corpus.case import Case, added, put, together, without

_SPEC = ("spec", "template", "spec")
_CONTAINER = (*_SPEC, "containers", 0)
_CLOSED = (*_CONTAINER, "securityContext")
_SLOT = "api-green"  # takes no traffic
_TOPIC = "aws:sns/topic:Topic"
_LOGS = "aws:cloudwatch/logGroup:LogGroup"


_AWS: Sequence[Case] = (
    Case(
        name="disks-plain",
        change=put("nodes", "blockDeviceMappings", 0, "ebs", "encrypted", to="false"),
        fires=["encryption-lowered", "unencrypted-at-rest"],
    ),
    Case(
        name="disks-larger",
        change=put("nodes", "blockDeviceMappings", 0, "ebs", "volumeSize", to=80),
        silent=["encryption-lowered", "unencrypted-at-rest", "node-credentials-open"],
    ),
    Case(name="topic-plain", change=added(_TOPIC, "events", {"name": "example-events"}), fires=["unencrypted-at-rest"]),
    Case(
        name="topic-encrypted",
        change=added(_TOPIC, "events", {"name": "example-events", "kmsMasterKeyId": "${flow-key.arn}"}),
        silent=["unencrypted-at-rest"],
    ),
    Case(
        name="logs-by-the-key-of-aws",
        change=added(_LOGS, "more-logs", {"name": "/tenantry/example/more", "retentionInDays": 90}),
        fires=["key-of-aws"],
    ),
    Case(
        name="node-credentials-open",
        change=put("nodes", "metadataOptions", "httpTokens", to="optional"),
        fires=["node-credentials-open", "tls-lowered"],
    ),
    Case(
        name="nobody-pays",
        change=put("aws", "defaultTags", "tags", "cost-centre", to=None),
        fires=["tags-missing"],
    ),
)

_PODS: Sequence[Case] = (
    Case(
        name="image-by-tag",
        change=put(_SLOT, *_CONTAINER, "image", to="registry.tenantry.invalid/storefront:1.2.3"),
        fires=["image-by-tag"],
    ),
    Case(name="pods-of-the-node", change=put(_SLOT, *_SPEC, "hostNetwork", to=True), fires=["pod-privileged"]),
    Case(
        name="pods-at-low-ports",
        change=put(_SLOT, *_CLOSED, "capabilities", "add", to=["NET_BIND_SERVICE"]),
        silent=["pod-privileged"],
    ),
    Case(
        name="pods-as-root",
        change=put(_SLOT, *_SPEC, "securityContext", "runAsNonRoot", to=False),
        fires=["pod-as-root"],
    ),
    Case(
        name="pods-as-another",
        change=put(_SLOT, *_SPEC, "securityContext", "runAsUser", to=10002),
        silent=["pod-as-root", "root-writable"],
    ),
    Case(name="pods-write", change=put(_SLOT, *_CLOSED, "readOnlyRootFilesystem", to=False), fires=["root-writable"]),
    Case(
        name="pods-without-limit",
        change=put(_SLOT, *_CONTAINER, "resources", "limits", to=None),
        fires=["pod-without-resources"],
    ),
    Case(
        name="pods-with-more-memory",
        change=put(_SLOT, *_CONTAINER, "resources", "limits", "memory", to="512Mi"),
        silent=["pod-without-resources"],
    ),
    Case(name="budget-gone", change=without(f"{_SLOT}-budget"), fires=["budget-missing", "disruption-allowed"]),
)

_PLAIN = "known-to-everybody"  # not planted as a secret is: here it is none, which is what is wrong

_SECRETS: Sequence[Case] = (
    Case(
        name="variable-with-a-password",
        change=put(_SLOT, *_CONTAINER, "env", to=[{"name": "DATABASE_PASSWORD", "value": _PLAIN}]),
        fires=["secret-in-plain-text"],
    ),
    Case(
        name="variable-with-a-path",
        change=put(_SLOT, *_CONTAINER, "env", to=[{"name": "DATABASE_PASSWORD", "value": "/run/secrets/password"}]),
        silent=["secret-in-plain-text"],
    ),
    Case(
        name="password-unmarked",
        change=put("server", "password", to=_PLAIN),  # what a resource has is marked by its provider
        fires=["secret-unmarked"],
    ),
    Case(
        name="password-marked",
        change=put("server", "password", to={"secret": "canary-of-another-password"}),
        silent=["secret-unmarked"],
    ),
    Case(
        name="password-in-pods",
        change=put("credentials", "stringData", "PASSWORD", to={"secret": "canary-of-other-pods"}),
        silent=["secret-unmarked", "stateful-delete"],
    ),
    Case(name="output-gone", change=without("address"), fires=["output-removed"]),
    Case(
        name="output-added",
        change=added("output", "number", {"value": ACCOUNT}),
        silent=["output-removed", "output-in-plain-text"],
    ),
    Case(
        name="output-with-a-password",
        change=added("output", "url", {"value": f"postgresql://tenantry:{_PLAIN}@database/example"}),
        fires=["output-in-plain-text"],
    ),
    Case(
        name="output-with-a-secret",
        change=together(
            added("output", "url", {"value": {"secret": "postgresql://tenantry:canary-of-the-output@database/x"}}),
            added("output", "password", {"value": "${database-password.result}"}),
        ),
        silent=["output-in-plain-text"],
    ),
)

CASES = (*_AWS, *_PODS, *_SECRETS)
