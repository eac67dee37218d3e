"""What answers for hosts that are closed: every request gets a word, and when to come back if that is known.

Owns nginx's configuration, its pods and its Service; the image is anybody's nginx. Leaves which hosts lead here to
`Routes`. Gateway API itself has no answer of its own to give, in its standard channel.
"""

import hashlib
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import ConfigMap, ContainerArgsDict, PodSpecArgsDict, Service
from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components.pods import DRAIN_SECONDS, container_security, pod_security, spread_over_zones
from infra.naming import labels

PORT = 8080
"""Of the container and of the Service."""

_REPLICAS = 2  # one may be lost; nothing else depends on it
_FOLDER = "/etc/maintenance"
_CHECKSUM_ANNOTATION = "tenantry.dev/configuration-checksum"
_TERMINATION_GRACE_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class MaintenanceArgs:
    """Arguments of `Maintenance`.

    Args:
        namespace: the Kubernetes namespace.
        image: nginx, by digest.
        message: what people read; one line.
        retry_after_seconds: when clients may come back; None where nobody knows.
    """

    namespace: pulumi.Input[str]
    image: str
    message: str
    retry_after_seconds: int | None


class Maintenance(pulumi.ComponentResource):
    """Answers anybody, whatever is asked; it calls nobody and keeps nothing.

    With 503 and Retry-After where clients may come back, and with 403 where they may not: what is closed for good is no
    fault of the server's, which alarms and releases count 5xx as, and nothing that a client should ask for again.
    """

    service: pulumi.Output[str]
    """The Service's name, known once it has ready endpoints."""

    def __init__(self, name: str, args: MaintenanceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:gateway:Maintenance", name, None, opts)
        self._name = name
        self._args = args
        self._selector = {"app.kubernetes.io/name": name, "app.kubernetes.io/component": "maintenance"}
        data = {"nginx.conf": _configuration(args.retry_after_seconds), "message.txt": f"{args.message}\n"}
        answer = ConfigMap(f"{name}-answer", metadata=self._metadata("answer"), data=data, opts=self._child())
        self._open()
        pods = self._deployment(answer, hashlib.sha256("".join(data.values()).encode()).hexdigest())
        self.service = self._service(pods).metadata.apply(lambda metadata: metadata.name or name)
        self.register_outputs({"service": self.service})

    def _child(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(after))

    def _metadata(self, role: str | None = None) -> ObjectMetaArgsDict:
        name = f"{self._name}-{role}" if role else self._name
        return {"name": name, "namespace": self._args.namespace, "labels": labels(self._name, "maintenance")}

    def _open(self) -> NetworkPolicy:
        """Let everybody in: what it says is for the public, and gateways of each class come from elsewhere."""
        return NetworkPolicy(
            f"{self._name}-open",
            metadata=self._metadata(),
            spec={
                "pod_selector": {"match_labels": self._selector},
                "policy_types": ["Ingress", "Egress"],
                "ingress": [{"ports": [{"protocol": "TCP", "port": PORT}]}],
            },
            opts=self._child(),
        )

    def _deployment(self, answer: ConfigMap, checksum: str) -> Deployment:
        pod_labels = labels(self._name, "maintenance")
        return Deployment(
            f"{self._name}-pods",
            metadata=self._metadata(),
            spec={
                "replicas": _REPLICAS,
                "selector": {"match_labels": self._selector},
                "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": 1, "max_unavailable": 0}},
                "template": {
                    "metadata": {"labels": pod_labels, "annotations": {_CHECKSUM_ANNOTATION: checksum}},
                    "spec": self._pod(answer),
                },
            },
            opts=self._child(),
        )

    def _pod(self, answer: ConfigMap) -> PodSpecArgsDict:
        return {
            "automount_service_account_token": False,
            "termination_grace_period_seconds": _TERMINATION_GRACE_SECONDS,
            "security_context": pod_security(),
            "topology_spread_constraints": spread_over_zones(self._selector),
            "containers": [self._container()],
            "volumes": [
                {"name": "answer", "config_map": {"name": answer.metadata.name}},
                {"name": "tmp", "empty_dir": {}},
            ],
        }

    def _container(self) -> ContainerArgsDict:
        return {
            "name": "nginx",
            "image": self._args.image,
            "command": ["nginx", "-e", "stderr", "-c", f"{_FOLDER}/nginx.conf"],
            "ports": [{"name": "http", "container_port": PORT}],
            # By TCP: no path of it answers 200.
            "readiness_probe": {"tcp_socket": {"port": "http"}, "period_seconds": 5},
            "liveness_probe": {"tcp_socket": {"port": "http"}, "period_seconds": 10, "failure_threshold": 6},
            "lifecycle": {"pre_stop": {"sleep": {"seconds": DRAIN_SECONDS}}},
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
            "security_context": container_security(),
            "volume_mounts": [
                {"name": "answer", "mount_path": _FOLDER, "read_only": True},
                {"name": "tmp", "mount_path": "/tmp"},  # noqa: S108  # inside the container
            ],
        }

    def _service(self, pods: Deployment) -> Service:
        return Service(
            self._name + "-service",
            metadata=self._metadata(),
            spec={"selector": self._selector, "ports": [{"name": "http", "port": PORT, "target_port": "http"}]},
            opts=self._child(pods),
        )


def _configuration(retry_after_seconds: int | None) -> str:
    """Return nginx.conf: writes to /tmp alone, and answers before it has read a body, however large.

    Load balancers of AWS take targets out of service that do not answer their checks with 200.
    """
    folders = "\n".join(
        f"  {module}_temp_path /tmp/{module};" for module in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    status = 403 if retry_after_seconds is None else 503
    retry = "" if retry_after_seconds is None else f"\n      add_header Retry-After {retry_after_seconds} always;"
    return f"""\
daemon off;
worker_processes 1;
pid /tmp/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  server_tokens off;
  default_type text/plain;
  charset utf-8;
  client_max_body_size 0;
{folders}
  server {{
    listen {PORT};
    root {_FOLDER};
    error_page 404 ={status} /message.txt;
    error_page {status} /message.txt;
    location / {{
      if ($http_user_agent ~ "^ELB-HealthChecker/") {{ return 200; }}
      return {status};
    }}
    location = /message.txt {{
      internal;{retry}
      add_header Cache-Control no-store always;
    }}
  }}
}}
"""
