"""Cases: who may do what, in AWS, in the cluster and in the database."""

from collections.abc import Sequence
from typing import Any

from tests.gate.corpus.base_cloud import ACCOUNT, REGION, allowed, federated, owner, policy, tls_only, trust
from tests.gate.corpus.base_cluster import kubernetes
from tests.gate.corpus.case import Case, Change, added, put
from tests.gate.corpus.declaring import Program

_OBJECTS = "arn:aws:s3:::example-uploads/*"
_QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:example-mail"
_ANOTHER = "210987654321"
_RBAC = "rbac.authorization.k8s.io/v1"


def _storefront(*statements: dict[str, Any]) -> Change:
    return put("storefront-reads", "policy", to=policy(*statements))


def _views(*statements: dict[str, Any]) -> Change:
    return put("views-logs", "policy", to=policy(*statements))


def _attached(name: str) -> Change:
    inputs = {"role": "${ci-role.name}", "policyArn": f"arn:aws:iam::aws:policy/{name}"}
    return added("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "ci-more", inputs)


def _sending(**condition: Any) -> Change:
    statement = allowed(["sqs:SendMessage"], _QUEUE, Principal="*", **condition)
    return put("mail-policy", "policy", to=policy(statement))


def _bound(role: str) -> Change:
    def change(program: Program) -> None:
        bound = {
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": "storefront", "namespace": "example"}],
        }
        kubernetes(program, f"{_RBAC}:RoleBinding", "more", bound, parent="platform", depends_on=["namespace"])

    return change


_ROLES: Sequence[Case] = (
    Case(
        name="role-writes-too",
        change=_storefront(allowed(["s3:GetObject", "s3:PutObject"], _OBJECTS)),
        fires=["iam-widened"],
        saved=True,
    ),
    Case(
        name="role-reads-less",
        change=_storefront(allowed(["s3:GetObject"], "arn:aws:s3:::example-uploads/public/*")),
        silent=["iam-widened"],
    ),
    Case(
        name="bucket-takes-plain-connections",
        change=put(
            "uploads-policy",
            "policy",
            to=policy(
                allowed(
                    ["s3:GetObject"], _OBJECTS, Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/example-storefront"}
                )
            ),
        ),
        fires=["iam-refusal-removed", "iam-widened", "tls-not-required"],
    ),
    Case(
        name="bucket-refuses-more",
        change=put(
            "uploads-policy",
            "policy",
            to=policy(
                tls_only("example-uploads"),
                {**allowed(["s3:DeleteObjectVersion"], _OBJECTS, Principal="*"), "Effect": "Deny"},
            ),
        ),
        silent=["iam-refusal-removed", "iam-resource-public"],
    ),
    Case(
        name="boundary-gone",
        change=put("storefront-role", "permissionsBoundary", to=None),
        fires=["iam-refusal-removed"],
    ),
    Case(
        name="key-of-another-account",
        change=put("uploads-key", "policy", to=policy(owner(), owner(_ANOTHER, ["kms:Decrypt"]))),
        fires=["iam-trusts-outside", "iam-widened"],
    ),
    Case(
        name="key-of-the-account-twice",
        change=put("uploads-key", "policy", to=policy(owner(), owner(actions=["kms:Decrypt"]))),
        silent=["iam-trusts-outside", "iam-widened"],
    ),
    Case(
        name="role-of-anybody",
        change=put("storefront-role", "assumeRolePolicy", to=policy({**trust(), "Principal": "*"})),
        fires=["iam-trusts-anyone", "iam-widened"],
    ),
    Case(
        name="role-of-another-service",
        change=put("storefront-role", "assumeRolePolicy", to=policy(trust("lambda.amazonaws.com"))),
        fires=["iam-widened"],
        silent=["iam-trusts-anyone", "iam-federated-unbound"],
    ),
    Case(
        name="ci-of-everybody",
        change=put("ci-role", "assumeRolePolicy", to=policy(federated(None))),
        fires=["iam-federated-unbound", "iam-widened"],
    ),
    Case(
        name="ci-of-production",
        change=put("ci-role", "assumeRolePolicy", to=policy(federated("repo:tenantry/shop:environment:production"))),
        fires=["iam-widened"],
        silent=["iam-federated-unbound"],
    ),
    Case(
        name="everything-of-a-service",
        change=_views(allowed(["logs:*"], "*")),
        fires=["iam-widened", "iam-wildcard"],
    ),
    Case(
        name="everything-of-a-log",
        change=_views(allowed(["logs:*"], f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/tenantry/example/*")),
        fires=["iam-widened"],
        silent=["iam-wildcard"],
    ),
    Case(
        name="ci-administers",
        change=_attached("AdministratorAccess"),
        fires=["iam-administrator", "iam-widened"],
    ),
    Case(name="ci-reads", change=_attached("ReadOnlyAccess"), fires=["iam-widened"], silent=["iam-administrator"]),
    Case(name="queue-of-everybody", change=_sending(), fires=["iam-resource-public", "iam-widened"]),
    Case(
        name="queue-of-a-topic",
        change=_sending(Condition={"ArnEquals": {"aws:SourceArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:example-events"}}),
        fires=["iam-widened"],
        silent=["iam-resource-public"],
    ),
)

_READS = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}

_CLUSTER: Sequence[Case] = (
    Case(
        name="pods-read-secrets",
        change=put("reader", "rules", to=[{**_READS, "resources": ["configmaps", "secrets"]}]),
        fires=["cluster-role-widened"],
    ),
    Case(
        name="pods-list-nothing",
        change=put("reader", "rules", to=[{**_READS, "verbs": ["get"]}]),
        silent=["cluster-role-widened"],
    ),
    Case(name="pods-administer", change=_bound("cluster-admin"), fires=["cluster-administrator"]),
    Case(name="pods-view", change=_bound("view"), silent=["cluster-administrator"]),
)

_DATABASE: Sequence[Case] = (
    Case(name="login-makes-roles", change=put("pool-app", "createRole", to=True), fires=["database-rights-widened"]),
    Case(
        name="login-passes-row-security",
        change=put("pool-app", "bypassRowLevelSecurity", to=True),
        fires=["database-rights-widened"],
    ),
    Case(
        name="login-times-out", change=put("pool-app", "statementTimeout", to=5000), silent=["database-rights-widened"]
    ),
    Case(
        name="public-may-connect",
        change=put("public-nothing", "privileges", to=["CONNECT"]),
        fires=["database-rights-widened"],
    ),
)

CASES = (*_ROLES, *_CLUSTER, *_DATABASE)
