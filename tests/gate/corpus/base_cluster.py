"""What the base has in the cluster: a service with two slots, its jobs, its tenants, and what closes them off."""

import json
from typing import Any

from tests.gate.corpus.declaring import Inputs, Program

NAMESPACE = "example"
_REGISTRY = "registry.tenantry.invalid"


def image(digit: int, name: str = "storefront") -> str:
    """Return an image by digest."""
    return f"{_REGISTRY}/{name}@sha256:{str(digit) * 64}"


TOOLS = image(6, "tenantry/tools")


def labelled(name: str, component: str, **more: str) -> dict[str, str]:
    """Return the labels of an object."""
    own = {"app.kubernetes.io/name": name, "app.kubernetes.io/component": component}
    return {**own, "app.kubernetes.io/part-of": "tenantry", **more}


def kubernetes(
    program: Program, token: str, name: str, inputs: Inputs, *, called: str = "", parent: str = "", **options: Any
) -> None:
    """Declare an object of Kubernetes in the base's namespace; the kind and the version follow from its type."""
    version, _, kind = token.partition(":")
    metadata = {"name": called or name, "namespace": NAMESPACE, **inputs.pop("metadata", {})}
    said = {"apiVersion": version.removeprefix("core/").removeprefix("apps/"), "kind": kind}
    known = {"apps/v1": "apps/v1", "core/v1": "v1"}
    said["apiVersion"] = known.get(version, version)
    if parent:
        options["parent"] = parent
    program.add(f"kubernetes:{token}", name, said | {"metadata": metadata} | inputs, **options)


def template(labels: dict[str, str], digit: int = 1, **more: Any) -> Inputs:
    """Return pods as ours are: closed, small, and probed."""
    closed = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    probe = {"httpGet": {"path": "/health", "port": "http"}}
    container = {
        "name": "service",
        "image": image(digit),
        "securityContext": closed,
        "ports": [{"name": "http", "containerPort": 3000}],
        "readinessProbe": probe,
        "livenessProbe": probe,
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "env": [{"name": "SHOP_TOKEN", "value": {"secret": "canary-of-the-variable"}}],
    }
    spread = {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels},
    }
    return {
        "metadata": {"labels": labels},
        "spec": {
            "automountServiceAccountToken": False,
            "serviceAccountName": "storefront",
            "terminationGracePeriodSeconds": 5,
            "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
            "topologySpreadConstraints": [spread],
            "containers": [container | more],
        },
    }


def slot(service: str, colour: str, role: str, digit: int, replicas: int) -> Inputs:
    """Return the Deployment of a slot."""
    labels = labelled(service, "service", **{"tenantry.dev/slot": colour})
    selector = {"app.kubernetes.io/name": service, "tenantry.dev/slot": colour}
    return {
        "metadata": {"labels": labels, "annotations": {"tenantry.dev/role": role}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": selector},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
            "template": template(labels, digit),
        },
    }


def migration(digit: int, phase: str | None) -> Inputs:
    """Return the Job of a migration; its pods are simulated, as its image is not the sandbox's own."""
    labels = labelled("storefront", "migration")
    said: Inputs = {"name": "job", "command": ["migrate"], "ports": [], "env": []}
    if phase is not None:
        said["env"] = [{"name": "MIGRATION_PHASE", "value": phase}]
    pods = template(labels, digit, **said)
    pods["spec"]["restartPolicy"] = "Never"
    for probe in ("readinessProbe", "livenessProbe"):
        del pods["spec"]["containers"][0][probe]
    return {
        "metadata": {"labels": labels, "annotations": {"pulumi.com/replaceUnready": "true"}},
        "spec": {"backoffLimit": 0, "activeDeadlineSeconds": 900, "template": pods},
    }


def tenant(slug: str, plan: str, isolation: str) -> str:
    """Return a tenant's entry in the registry."""
    return json.dumps({"plan": plan, "isolation": isolation, "state": "active"}, sort_keys=True)


def add_cluster(program: Program) -> None:
    """Declare it."""
    switches = {"enableConfigMapMutable": True, "enableSecretMutable": True}
    program.add("pulumi:providers:kubernetes", "cluster", switches)
    _namespaces(program)
    _jobs(program)
    _services(program)
    _gateway(program)


def _namespaces(program: Program) -> None:
    program.add("tenantry:namespace:WorkloadNamespace", "platform")
    levels = {"enforce": "restricted", "audit": "restricted", "warn": "baseline"}
    security = {f"pod-security.kubernetes.io/{mode}": level for mode, level in levels.items()}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": security}}
    program.add("kubernetes:core/v1:Namespace", "namespace", namespace, parent="platform")
    inside: Inputs = {"parent": "platform", "depends_on": ["namespace"]}
    deny = {"spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}}
    kubernetes(program, "networking.k8s.io/v1:NetworkPolicy", "deny", deny, **inside)
    peer = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "admin"}}}
    spec: Inputs = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "storefront"}}}
    spec |= {"policyTypes": ["Ingress"]}
    spec |= {"ingress": [{"from": [peer], "ports": [{"port": 3000, "protocol": "TCP"}]}]}
    kubernetes(program, "networking.k8s.io/v1:NetworkPolicy", "storefront-callers", {"spec": spec}, **inside)
    quota = {"spec": {"hard": {"pods": "50", "requests.cpu": "8", "requests.memory": "16Gi"}}}
    kubernetes(program, "core/v1:ResourceQuota", "quota", quota, **inside)
    account = {"automountServiceAccountToken": False}
    kubernetes(program, "core/v1:ServiceAccount", "account", account, called="storefront", **inside)
    files = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}}}
    for name in ("files", "kept-files"):
        claim = {**files, "metadata": {"annotations": {"pulumi.com/skipAwait": "true"}}}
        kubernetes(program, "core/v1:PersistentVolumeClaim", name, claim, **inside)
    program.option("kept-files", retain_on_delete=True)
    reads = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]
    kubernetes(program, "rbac.authorization.k8s.io/v1:Role", "reader", {"rules": reads}, **inside)
    bound = {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "storefront", "namespace": NAMESPACE}],
    }
    kubernetes(program, "rbac.authorization.k8s.io/v1:RoleBinding", "reads", bound, **inside)
    credentials = {"stringData": {"PASSWORD": {"secret": "canary-of-the-pods"}}}
    kubernetes(program, "core/v1:Secret", "credentials", credentials, **inside)


def _services(program: Program) -> None:
    _service(program, "storefront", {"blue": 4, "green": 2})
    used = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "storefront-blue"}
    scale = {"spec": {"scaleTargetRef": target, "minReplicas": 4, "maxReplicas": 10, "metrics": [used]}}
    token = "autoscaling/v2:HorizontalPodAutoscaler"
    kubernetes(program, token, "storefront-scale", scale, parent="storefront", depends_on=["storefront-blue"])
    program.option("storefront-blue", ignore_changes=["spec.replicas"])
    _service(program, "api", {"blue": 3, "green": 3})


def _service(program: Program, service: str, replicas: dict[str, int]) -> None:
    """Declare a service with a slot that takes the traffic, and another one that waits."""
    program.add("tenantry:service:Service", service)
    for digit, (colour, role) in enumerate((("blue", "active"), ("green", "candidate")), start=1):
        name, inputs = f"{service}-{colour}", slot(service, colour, role, digit, replicas[colour])
        selector = {"matchLabels": {**inputs["spec"]["selector"]["matchLabels"]}}
        after: Inputs = {"parent": service, "depends_on": ["account", "quota", "migrate"]}
        kubernetes(program, "apps/v1:Deployment", name, inputs, parent=service, depends_on=after["depends_on"])
        budget = {"spec": {"maxUnavailable": 1, "selector": selector}}
        after["depends_on"] = [name]
        kubernetes(program, "policy/v1:PodDisruptionBudget", f"{name}-budget", budget, called=name, **after)
    pods = {"app.kubernetes.io/name": service, "tenantry.dev/slot": "blue"}
    said = {"spec": {"selector": pods, "ports": [{"name": "http", "port": 3000, "targetPort": "http"}]}}
    kubernetes(program, "core/v1:Service", f"{service}-service", said, called=service, parent=service)
    program.option(f"{service}-service", depends_on=[f"{service}-blue"])


def _gateway(program: Program) -> None:
    program.add("tenantry:gateway:Gateway", "gateway")
    here: Inputs = {"parent": "gateway", "depends_on": ["namespace"]}
    own = {"allowedRoutes": {"namespaces": {"from": "Same"}}}
    certificate = {"mode": "Terminate", "certificateRefs": [{"name": "gateway-certificate"}]}
    secure: Inputs = {"name": "hosts", "protocol": "HTTPS", "port": 443, "hostname": "*.example.tenantry.example"}
    plain: Inputs = {"name": "http", "protocol": "HTTP", "port": 80}
    listeners = [plain | own, secure | own | {"tls": certificate}]
    entry: Inputs = {"spec": {"gatewayClassName": "istio", "listeners": listeners}}
    entry["metadata"] = {"annotations": {"pulumi.com/skipAwait": "true"}}
    kubernetes(program, "gateway.networking.k8s.io/v1:Gateway", "entry", entry, called="gateway", **here)
    spec: Inputs = {"parentRefs": [{"name": "gateway", "sectionName": "hosts"}]}
    spec["hostnames"] = ["app.example.tenantry.example"]
    backends = [{"name": "storefront-blue", "port": 3000, "weight": 100}]
    backends += [{"name": "storefront-green", "port": 3000, "weight": 0}]
    spec["rules"] = [{"backendRefs": backends}]
    route = {"spec": spec, "metadata": {"annotations": {"pulumi.com/skipAwait": "true"}}}
    kubernetes(program, "gateway.networking.k8s.io/v1:HTTPRoute", "route", route, **here)


def _jobs(program: Program) -> None:
    program.add("tenantry:jobs:MigrationJob", "storefront-migration")
    after: Inputs = {"parent": "storefront-migration", "depends_on": ["account", "quota"]}
    kubernetes(program, "batch/v1:Job", "migrate", migration(1, "expand"), **after)
    program.add("tenantry:tenant:TenantRegistry", "registry")
    entries = {
        "corner-shop": tenant("corner-shop", "free", "pool"),
        "shoe-shop": tenant("shoe-shop", "pro", "schema"),
        "book-store": tenant("book-store", "enterprise", "database"),
    }
    entry: Inputs = {"data": entries, "metadata": {"labels": labelled("registry", "tenant-registry")}}
    here: Inputs = {"parent": "registry", "depends_on": ["namespace"]}
    kubernetes(program, "core/v1:ConfigMap", "tenants", entry, **here)
