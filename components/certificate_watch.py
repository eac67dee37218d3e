"""The watch over certificates that cert-manager keeps in the cluster: their ends are metrics of a pod there.

Owns a workspace of Amazon Managed Service for Prometheus, the collector that reads the metric, the rules, and the way
to the environment's alarms. AWS runs all of it, so there is no image and no pod of ours. Leaves the certificates to
`ClusterCertificate`, and a brought cluster to the monitoring that it has already.

Facts are those of the service's user guide, "Set up managed collectors for Amazon EKS" unless another page is named.
"""

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import yaml
from pulumi_aws import amp, ec2, vpc

from components.account import Account
from components.cluster import Cluster
from infra.tags import tags

METRICS_PORT = 9402
"""Where every pod of cert-manager tells its metrics (cert-manager, "Prometheus Metrics")."""

_API_PORT = 443
_METRIC = "certmanager_certificate_expiration_timestamp_seconds"
_CERT_MANAGER = "cert-manager"  # the namespace that the EKS add-on runs in
_DAY = 86_400

# The collector takes 30 s or more. A certificate's end changes once in two months: this only tells how soon it is seen.
_ASKED_EVERY = "5m"

# A pod that is replaced leaves a gap; the last answer of an hour bridges it.
_REMEMBERED = "1h"

# How long something must be wrong. A renewal begins 30 days before the end and takes minutes; one that fails is tried
# again after an hour, then after two (cert-manager, "Certificate Resource", reissuance).
_PATIENCE = "6h"

# Alert manager repeats while something stays wrong; 5 days at most ("Create an alert manager configuration").
_TOLD_EVERY = "24h"


@dataclass(frozen=True, kw_only=True)
class CertificateWatchArgs:
    """Arguments of `CertificateWatch`.

    Args:
        cluster: it lets the collector in; its API answers inside the network, and it takes access entries.
        vpc_id: the network.
        subnets: one in each of two to five availability zones, with a free address each.
        namespace: of the certificate that must be there.
        certificate: its name in Kubernetes.
        warning_days: an alarm when a certificate ends sooner. cert-manager renews 30 days before the end, so more than
            30 would be an alarm before each renewal.
        alarm_topic_arn: a topic in the provider's region that lets `aps.amazonaws.com` publish (`Alarms`).
    """

    cluster: Cluster
    vpc_id: pulumi.Input[str]
    subnets: Sequence[pulumi.Input[str]]
    namespace: pulumi.Input[str]
    certificate: str
    alarm_topic_arn: pulumi.Input[str]
    warning_days: int = 30


class CertificateWatch(pulumi.ComponentResource):
    """Somebody is told of every certificate of the cluster that ends soon and is not renewed, or was never issued.

    The same when nothing is known of the zone's certificate for hours: cert-manager does not run, the collector does
    not reach it, or the certificate is gone. The collector reaches the API and that one port, and nobody reaches it.
    It may list the cluster's pods, by an access entry that AWS makes with it (no other may be made for its role).
    """

    workspace_id: pulumi.Output[str]
    """The workspace, where the alerts can be looked at."""

    def __init__(self, name: str, args: CertificateWatchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:dns:CertificateWatch", name, None, opts)
        self._name = name
        self._args = args
        workspace = self._workspace()
        self._scraper(workspace, self._way_in())
        self._rules(workspace)
        self._notify(workspace)
        self.workspace_id = workspace.id
        self.register_outputs({"workspace_id": self.workspace_id})

    def _child(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(depends_on))

    def _workspace(self) -> amp.Workspace:
        name = f"{self._name}-workspace"
        # No key of our own: a collector would need two roles more, and the ends of public certificates are no secret.
        # The empty tag is the collector's, which puts it there (aws.amp.Scraper, "Ignoring changes").
        own = {**tags(name, "dns"), "AMPAgentlessScraper": ""}
        return amp.Workspace(name, alias=name, tags=own, opts=self._child())

    def _way_in(self) -> ec2.SecurityGroup:
        name = f"{self._name}-group"
        group = ec2.SecurityGroup(
            name,
            vpc_id=self._args.vpc_id,
            description="What collects the ends of certificates",
            tags=tags(name, "dns"),
            opts=self._child(),
        )
        for port in (_API_PORT, METRICS_PORT):
            rule = f"{self._name}-to-{port}"
            vpc.SecurityGroupEgressRule(
                rule,
                security_group_id=group.id,
                referenced_security_group_id=self._args.cluster.security_group_id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                description="to the cluster",
                tags=tags(rule, "dns"),
                opts=self._child(),
            )
            self._args.cluster.allow_from(self._name, group.id, port=port)
        return group

    def _scraper(self, workspace: amp.Workspace, group: ec2.SecurityGroup) -> amp.Scraper:
        name = f"{self._name}-collector"
        place: amp.ScraperSourceEksArgsDict = {
            "cluster_arn": self._args.cluster.arn,
            "security_group_ids": [group.id],
            "subnet_ids": list(self._args.subnets),
        }
        return amp.Scraper(
            name,
            alias=name,
            source={"eks": place},
            destination={"amp": {"workspace_arn": workspace.arn}},
            scrape_configuration=_yaml(_scrape_configuration()),
            tags=tags(name, "dns"),
            opts=self._child(),
        )

    def _rules(self, workspace: amp.Workspace) -> amp.RuleGroupNamespace:
        name = f"{self._name}-rules"
        known = pulumi.Output.all(cluster=self._args.cluster.cluster_name, namespace=self._args.namespace)
        return amp.RuleGroupNamespace(
            name,
            workspace_id=workspace.id,
            data=known.apply(lambda one: _yaml(_rules(self._args, one["cluster"], one["namespace"]))),
            tags=tags(name, "dns"),
            opts=self._child(),
        )

    def _notify(self, workspace: amp.Workspace) -> amp.AlertManagerDefinition:
        known = pulumi.Output.all(topic=self._args.alarm_topic_arn, region=Account(self).region)
        return amp.AlertManagerDefinition(
            f"{self._name}-alerts",
            workspace_id=workspace.id,
            definition=known.apply(lambda one: _alert_manager(one["topic"], one["region"])),
            opts=self._child(),
        )


def _scrape_configuration() -> Mapping[str, object]:
    """Return what the collector reads: of cert-manager's pods the one metric, and nothing of any other pod."""
    pods = {
        "action": "keep",
        "source_labels": ["__meta_kubernetes_namespace", "__meta_kubernetes_pod_container_port_number"],
        "regex": f"{_CERT_MANAGER};{METRICS_PORT}",
    }
    job = {
        "job_name": _CERT_MANAGER,
        "kubernetes_sd_configs": [{"role": "pod"}],
        "relabel_configs": [pods],
        "metric_relabel_configs": [{"action": "keep", "source_labels": ["__name__"], "regex": _METRIC}],
    }
    return {"global": {"scrape_interval": _ASKED_EVERY}, "scrape_configs": [job]}


def _rules(args: CertificateWatchArgs, cluster: str, namespace: str) -> Mapping[str, object]:
    """Return a rules file as Prometheus takes it ("Create a rules file").

    The metric is 0 while a certificate was never issued (cert-manager, pkg/metrics), which is a very early end. A new
    pod tells of the same certificate under another address: of what is remembered, the latest end counts.
    """
    left = f"max by (namespace, name) (last_over_time({_METRIC}[{_REMEMBERED}])) - time()"
    ours = f"{{namespace={json.dumps(namespace)}, name={json.dumps(args.certificate)}}}"
    alerts = {
        "CertificateEndsSoon": (
            f"{left} < {args.warning_days * _DAY}",
            "{{ $labels.namespace }}/{{ $labels.name }} ends in less than "
            f"{args.warning_days} days and is not renewed, or was never issued",
        ),
        "CertificateUnknown": (
            f"absent_over_time({_METRIC}{ours}[{_REMEMBERED}])",
            f"nothing is known of {namespace}/{args.certificate}: the certificate, cert-manager or its metric is gone",
        ),
    }
    rules = [
        {
            "alert": alert,
            "expr": expression,
            "for": _PATIENCE,
            "labels": {"cluster": cluster},
            "annotations": {"summary": summary},
        }
        for alert, (expression, summary) in alerts.items()
    ]
    return {"groups": [{"name": "certificates", "rules": rules}]}


def _alert_manager(topic_arn: str, region: str) -> str:
    """Return alert manager's definition: one receiver, for which the region is required ("Configure alert manager")."""
    receiver = {
        "topic_arn": topic_arn,
        "sigv4": {"region": region},
        "subject": "Certificates of the cluster: {{ .Status }}",
        "send_resolved": True,
    }
    configuration = {
        "route": {"receiver": "alarms", "group_by": ["alertname"], "repeat_interval": _TOLD_EVERY},
        "receivers": [{"name": "alarms", "sns_configs": [receiver]}],
    }
    return "alertmanager_config: |\n" + textwrap.indent(_yaml(configuration), "  ")


def _yaml(value: Mapping[str, object]) -> str:
    return yaml.safe_dump(value, sort_keys=False, width=1000)
