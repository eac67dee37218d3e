"""What all pods and namespaces must be like."""

from typing import Any

import pytest

from infra.gate.change import Hidden, Properties
from infra.gate.rules import desired_pods as rules
from infra.gate.rules.rule import Rule
from tests.gate.rules.cases import found, there, updated

UNKNOWN = Hidden.UNKNOWN
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
CRON_JOB = "kubernetes:batch/v1:CronJob"
NAMESPACE = "kubernetes:core/v1:Namespace"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
IMAGE = "shop/api@sha256:" + "1" * 64

CONTEXT = {"readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False}
RESOURCES = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}


def pods(spec: dict[str, Any] | None = None, replicas: int = 1, **container: Any) -> Properties:
    whole = {"name": "api", "image": IMAGE, "securityContext": CONTEXT, "resources": RESOURCES, **container}
    whole = {key: value for key, value in whole.items() if value is not None}
    inner = {"securityContext": {"runAsNonRoot": True, "runAsUser": 10001}, "containers": [whole], **(spec or {})}
    template = {"metadata": {"labels": {"app": "api", "slot": "blue"}}, "spec": inner}
    return {"metadata": {"name": "api", "namespace": "shop"}, "spec": {"replicas": replicas, "template": template}}


WRONG: list[tuple[Rule, Properties]] = [
    (rules.image_by_tag, pods(image="shop/api:1.2")),
    (rules.image_by_tag, pods(image="shop/api@sha256:abc")),
    (rules.image_by_tag, pods(image=UNKNOWN)),
    (rules.image_by_tag, pods({"containers": UNKNOWN})),
    (rules.image_by_tag, {"spec": UNKNOWN}),
    (rules.image_by_tag, pods({"initContainers": [{"name": "first", "image": "shop/api"}]})),
    (rules.pod_privileged, pods({"hostNetwork": True})),
    (rules.pod_privileged, pods({"volumes": [{"name": "a", "hostPath": {"path": "/var/run"}}]})),
    (rules.pod_privileged, pods(securityContext={"privileged": True})),
    (rules.pod_privileged, pods(securityContext={"allowPrivilegeEscalation": True})),
    (rules.pod_privileged, pods(securityContext={"capabilities": {"add": ["SYS_ADMIN"]}})),
    (rules.pod_privileged, pods(ports=[{"hostPort": 80}])),
    (rules.pod_as_root, pods({"securityContext": {}})),
    (rules.pod_as_root, pods({"securityContext": {"runAsNonRoot": UNKNOWN}})),
    (rules.pod_as_root, pods(securityContext={"runAsNonRoot": False})),
    (rules.pod_as_root, pods(securityContext={"runAsUser": 0})),
    (rules.root_writable, pods(securityContext={})),
    (rules.pod_without_resources, pods(resources=None)),
    (rules.pod_without_resources, pods(resources={"requests": RESOURCES["requests"]})),
    (rules.budget_missing, pods(replicas=2)),
]


@pytest.mark.parametrize(("rule", "inputs"), WRONG)
def test_pods_are_not_so(rule: Rule, inputs: Properties) -> None:
    assert len(found(rule, there(DEPLOYMENT, inputs))) == 1


@pytest.mark.parametrize(
    "inputs",
    [
        pods(),
        pods(securityContext={**CONTEXT, "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}}),
        pods({"volumes": [{"name": "tmp", "emptyDir": {}}], "hostNetwork": False}),
        pods(ports=[{"containerPort": 80}]),
        pods({"securityContext": {}}, securityContext={**CONTEXT, "runAsNonRoot": True}),
    ],
)
def test_pods_may_be_so(inputs: Properties) -> None:
    for rule in rules.RULES:
        assert not found(rule, there(DEPLOYMENT, inputs)), rule.name


def test_all_that_has_pods_is_looked_at() -> None:
    deployment: Any = pods(image="shop/api:1")
    template = deployment["spec"]["template"]
    for token, inputs in (
        ("kubernetes:batch/v1:Job", {"spec": {"template": template}}),
        (CRON_JOB, {"spec": {"jobTemplate": {"spec": {"template": template}}}}),
        ("kubernetes:apps/v1:StatefulSet", {"spec": {"template": template}}),
        ("kubernetes:core/v1:Pod", {"spec": template["spec"]}),
    ):
        assert found(rules.image_by_tag, there(token, inputs)), token
    assert not found(rules.image_by_tag, there("kubernetes:core/v1:Service", {"spec": {"template": template}}))


def test_a_namespace_may_say_what_containers_get() -> None:
    limits = there("kubernetes:core/v1:LimitRange", {"metadata": {"namespace": "shop"}})
    assert not found(rules.pod_without_resources, there(DEPLOYMENT, pods(resources=None)), limits)


def budget(namespace: str = "shop", **labels: str) -> Properties:
    return {"metadata": {"namespace": namespace}, "spec": {"selector": {"matchLabels": labels}}}


def test_several_pods_have_a_budget() -> None:
    several = there(DEPLOYMENT, pods(replicas=3))
    assert not found(rules.budget_missing, several, there(BUDGET, budget(app="api")))
    assert found(rules.budget_missing, several, there(BUDGET, budget(app="web")))
    assert found(rules.budget_missing, several, there(BUDGET, budget(namespace="other", app="api")))


def closing(namespace: Any = "shop", selector: Any = None) -> Properties:
    spec = {"podSelector": selector or {}, "policyTypes": ["Ingress", "Egress"]}
    return {"metadata": {"namespace": namespace}, "spec": spec}


def space(level: Any = "restricted", name: Any = "shop") -> Properties:
    labels = {} if level is None else {"pod-security.kubernetes.io/enforce": level}
    return {"metadata": {"name": name, "labels": labels}}


def test_a_namespace_is_closed() -> None:
    one = there(NAMESPACE, space())
    assert found(rules.namespace_open, one)
    assert found(rules.namespace_open, one, there(POLICY, closing("other")))
    assert found(rules.namespace_open, one, there(POLICY, closing(selector={"matchLabels": {"app": "api"}})))
    assert not found(rules.namespace_open, one, there(POLICY, closing()))
    parent = "urn:pulumi:example::tenantry::tenantry:namespace:WorkloadNamespace::platform"
    unnamed = there(NAMESPACE, space(name=UNKNOWN), parent=parent)
    assert not found(rules.namespace_open, unnamed, there(POLICY, closing(UNKNOWN), parent=parent))


@pytest.mark.parametrize(
    ("level", "fires"), [("restricted", False), ("baseline", False), ("privileged", True), (None, True)]
)
def test_a_namespace_admits_no_dangerous_pods(level: Any, fires: bool) -> None:
    assert bool(found(rules.namespace_admits_all, there(NAMESPACE, space(level)))) is fires


def test_what_a_saved_document_leaves_out_is_not_missing() -> None:
    rolled = updated(DEPLOYMENT, pods(replicas=3), pods(replicas=4))
    named = {"metadata": {"name": "shop"}}
    labelled = updated(NAMESPACE, named, {"metadata": {"name": "shop", "labels": {"team": "shop"}}})
    for rule, change in ((rules.budget_missing, rolled), (rules.namespace_open, labelled)):
        assert found(rule, change)
        assert not found(rule, change, same=9)
