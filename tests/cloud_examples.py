"""Components on AWS that several tests start from, with the arguments of a production environment."""

import datetime
from dataclasses import replace
from functools import cache
from typing import Any

import pulumi
import pulumi_aws

from components.acm_certificate import AcmCertificate, AcmCertificateArgs
from components.alarms import Alarms, AlarmsArgs
from components.audit import Audit, AuditArgs
from components.backup_copy import BackupCopy, BackupCopyArgs
from components.bucket import Bucket, BucketArgs
from components.bucket_replication import BucketReplication, BucketReplicationArgs
from components.budget import Budget, BudgetArgs
from components.certificate_watch import CertificateWatch, CertificateWatchArgs
from components.cluster import Cluster, ClusterArgs
from components.copied_secret import CopiedSecret, CopiedSecretArgs
from components.database import Database, DatabaseArgs, Replica
from components.declared_secret import DeclaredSecret, DeclaredSecretArgs
from components.dns import Dns, DnsArgs
from components.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.firewall import Firewall, FirewallArgs
from components.generated_secret import GeneratedSecret, GeneratedSecretArgs
from components.health_check import HealthCheck, HealthCheckArgs
from components.log_bucket import LogBucket, LogBucketArgs
from components.network import Network, NetworkArgs
from components.node_pool import NodeKind
from components.queue import Queue, QueueArgs
from components.redis import Redis, RedisArgs
from components.registry import Registry, RegistryArgs
from components.rotation_alarm import RotationAlarm, RotationAlarmArgs
from tests.cloud_outputs import REGION
from tests.harness import Graph, graph_of

ZONES = ("eu-central-1a", "eu-central-1b", "eu-central-1c")
OPERATORS = "arn:aws:iam::123456789012:role/operators"


def network_args(**changes: Any) -> NetworkArgs:
    """Return a network of three zones."""
    return replace(NetworkArgs(block="10.20.0.0/16", zones=ZONES), **changes)


def cluster_args(**changes: Any) -> ClusterArgs:
    """Return a cluster in the subnets of three zones, with one pool."""
    args = ClusterArgs(
        cluster_name="shop",
        version="1.34",
        subnets={zone: f"subnet-{zone}" for zone in ZONES},
        egress=[],
        node_pools={"general": NodeKind(instance_types=["m7i.large"], minimum=1, maximum=5)},
        administrators={"operators": OPERATORS},
    )
    return replace(args, **changes)


def database_args(**changes: Any) -> DatabaseArgs:
    """Return a PostgreSQL server."""
    args = DatabaseArgs(
        identifier="shop",
        vpc_id="vpc-1",
        subnet_ids=["subnet-1", "subnet-2"],
        engine_version="17.6",
        instance_class="db.r8g.large",
        max_connections=450,
    )
    return replace(args, **changes)


def redis_args(**changes: Any) -> RedisArgs:
    """Return a cache."""
    args = RedisArgs(
        vpc_id="vpc-1", subnet_ids=["subnet-1", "subnet-2"], engine_version="8.1", node_type="cache.r7g.large"
    )
    return replace(args, **changes)


@cache
def cloud_graph() -> Graph:
    """Return every component on AWS, each standing on the others as in an environment; made once, as it is the same."""
    return graph_of(_declare)


def _declare() -> None:
    opts = pulumi.ResourceOptions(providers=[pulumi_aws.Provider("cloud", region=REGION)])
    mail = _governance(opts)
    network = Network("network", network_args(), opts)
    data = list(network.data_subnets.values())
    within = cluster_args(subnets=network.private_subnets, egress=network.egress, endpoints=network.endpoints)
    cluster = Cluster("cluster", within, opts)
    database = Database("database", database_args(vpc_id=network.vpc_id, subnet_ids=data), opts)
    copy = BackupCopyArgs(instance_arn=database.arn, region="eu-west-1", retention_days=30)
    BackupCopy("backup-copy", copy, opts)
    database.replicate("replica", Replica(instance_class="db.r8g.large"), opts)
    cache = Redis("cache", redis_args(vpc_id=network.vpc_id, subnet_ids=data), opts)
    logs = LogBucket("logs", LogBucketArgs(), opts)
    bucket = Bucket("uploads", BucketArgs(access_logs=logs.bucket), opts)
    copied = Bucket("uploads-copy", BucketArgs(region="eu-west-1"), opts)
    replication = BucketReplicationArgs(source=bucket, copy=copied, copy_region="eu-west-1")
    BucketReplication("uploads-replication", replication, opts)
    images = RegistryArgs(prefix="shop", repositories=("api",), recovery_region="eu-west-1", replicated=("shop",))
    registry = Registry("registry", images, opts)
    api = cluster.pod_identity("api", "tenantry", "api")
    mail.grant_send("api", api.role)
    mail.grant_consume("api", api.role)
    for store in (database, cache):
        store.allow_from("cluster", cluster.security_group_id)
        store.grant_credentials("api", api.role)
    bucket.grant_read("api", api.role)
    bucket.grant_write("api", api.role)
    registry.grant_pull("api", api.role)
    registry.grant_push("api", api.role)
    _secrets(api.role, opts)
    _names(cluster, opts)
    watch = CertificateWatchArgs(
        cluster=cluster,
        vpc_id=network.vpc_id,
        subnets=list(network.private_subnets.values()),
        namespace="gateway",
        certificate="certificate-certificate",
        alarm_topic_arn="arn:aws:sns:eu-central-1:123456789012:alarms",
    )
    CertificateWatch("certificate-watch", watch, opts)


def _secrets(reader: pulumi.Input[str], opts: pulumi.ResourceOptions) -> None:
    keys = {
        region: EncryptionKey(f"secrets-{region}", EncryptionKeyArgs(description="", region=region), opts).arn
        for region in (REGION, "eu-west-1")
    }
    kept = DeclaredSecretArgs(
        secret_name="shop/payment", description="", key_arn=keys[REGION], replica_keys={"eu-west-1": keys["eu-west-1"]}
    )
    drawn = GeneratedSecretArgs(
        bytes=32, rotated_at="2026-11-01T00:00:00Z", stored=replace(kept, secret_name="shop/jwt")
    )
    DeclaredSecret("secret-payment", kept, opts).grant_read("api", reader)
    GeneratedSecret("secret-jwt", drawn, opts).secret.grant_read("api", reader)
    CopiedSecret("secret-copied", CopiedSecretArgs(secret_name="other/jwt"), opts).grant_read("api", reader)
    due = datetime.datetime(2027, 1, 30, tzinfo=datetime.UTC)
    alarm = RotationAlarmArgs(secret_name="shop/jwt", remedy="rotate it", due=due, topic_arn="arn:alarms")
    RotationAlarm("rotation-jwt", alarm, opts)


def _governance(opts: pulumi.ResourceOptions) -> Queue:
    topic = Alarms("alarms", AlarmsArgs(emails=["oncall@example.com"]), opts).topic_arn
    spent = BudgetArgs(budget_name="shop", monthly_usd=1500, environment="example", alarm_topic_arn=topic)
    Budget("budget", spent, opts)
    Audit("audit", AuditArgs(trail_name="shop", alarm_topic_arn=topic), opts)
    return Queue("mail", QueueArgs(alarm_topic_arn=topic), opts)


def _names(cluster: Cluster, opts: pulumi.ResourceOptions) -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:alarms"
    dns = Dns("dns", DnsArgs(zone="shop.example.com", authorities=["amazon.com"]), opts)
    names = cluster.pod_identity("external-dns", "external-dns", "external-dns")
    dns.grant_discovery("external-dns", names.role)
    certificate = AcmCertificateArgs(zone_id=dns.zone_id, host="shop.example.com", wildcard=True, alarm_topic_arn=topic)
    AcmCertificate("certificate", certificate, opts)
    check = HealthCheckArgs(host="shop.example.com", path="/", alarm_topic_arn=topic)
    HealthCheck("health-shop.example.com/", check, opts)
    Firewall("edge", FirewallArgs(scope="REGIONAL", allow=["203.0.113.0/24"]), opts)
