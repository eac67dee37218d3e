"""What a cloud holds: every resource of the platform's types that was created and is not gone.

Asked through AWS's own interface, as any client would. AWS's defaults do not count: default VPCs and what is in them,
managed policies, `default.*` parameter groups, AWS's own keys; neither does what is only waiting for its end.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import boto3
import jmespath
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.sandbox import service_models
from infra.sandbox.cloud.account import Identity

Entry = Mapping[str, Any]
_ACCOUNT = "AccountId"  # an argument whose value is the account that is asked
_GONE = {"deleted", "deleting", "terminated", "PendingDeletion"}


class Listing(NamedTuple):
    """How one kind is listed.

    Args:
        operation: boto3's method, as `describe_vpcs`.
        key: where the answer has the list, as a JMESPath.
        name: where an entry has its id; empty when the entry is the id.
        arguments: of the operation.
        default: whether an entry is AWS's own.
    """

    operation: str
    key: str
    name: str
    arguments: Mapping[str, object] = {}
    default: Callable[[Entry], bool] = lambda _entry: False


def _starts(name: str, *beginnings: str) -> Callable[[Entry], bool]:
    return lambda entry: str(entry[name]).startswith(beginnings)


def _is(name: str, value: object = True) -> Callable[[Entry], bool]:
    return lambda entry: entry.get(name) == value


def _main(table: Entry) -> bool:
    return any(association.get("Main") for association in table["Associations"])


GLOBAL: Mapping[str, tuple[Listing, ...]] = {
    "iam": (
        Listing("list_roles", "Roles", "RoleName", default=_starts("Path", "/aws-service-role/")),
        Listing("list_policies", "Policies", "Arn", {"Scope": "Local"}),
        Listing("list_users", "Users", "UserName"),
        Listing("list_groups", "Groups", "GroupName"),
        Listing("list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
        Listing("list_open_id_connect_providers", "OpenIDConnectProviderList", "Arn"),
    ),
    "s3": (Listing("list_buckets", "Buckets", "Name"),),
    "route53": (
        Listing("list_hosted_zones", "HostedZones", "Id"),
        Listing("list_health_checks", "HealthChecks", "Id"),
    ),
    "cloudfront": (
        Listing("list_distributions", "DistributionList.Items", "Id"),
        Listing("list_origin_access_controls", "OriginAccessControlList.Items", "Id"),
        Listing("list_cache_policies", "CachePolicyList.Items[].CachePolicy", "Id", {"Type": "custom"}),
        Listing(
            "list_response_headers_policies",
            "ResponseHeadersPolicyList.Items[].ResponseHeadersPolicy",
            "Id",
            {"Type": "custom"},
        ),
    ),
    "wafv2": (
        Listing("list_web_acls", "WebACLs", "ARN", {"Scope": "CLOUDFRONT"}),
        Listing("list_ip_sets", "IPSets", "ARN", {"Scope": "CLOUDFRONT"}),
    ),
    "budgets": (Listing("describe_budgets", "Budgets", "BudgetName", {_ACCOUNT: ""}),),
}
"""Listings of the services without regions, by boto3's name of the service."""

REGIONAL: Mapping[str, tuple[Listing, ...]] = {
    "ec2": (
        Listing("describe_vpcs", "Vpcs", "VpcId", default=_is("IsDefault")),
        Listing("describe_subnets", "Subnets", "SubnetId", default=_is("DefaultForAz")),
        Listing("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
        Listing("describe_addresses", "Addresses", "AllocationId"),
        Listing("describe_nat_gateways", "NatGateways", "NatGatewayId"),
        Listing("describe_route_tables", "RouteTables", "RouteTableId", default=_main),
        Listing("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
        Listing("describe_flow_logs", "FlowLogs", "FlowLogId"),
        Listing("describe_security_groups", "SecurityGroups", "GroupId", default=_is("GroupName", "default")),
        Listing("describe_network_acls", "NetworkAcls", "NetworkAclId", default=_is("IsDefault")),
        Listing("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
        Listing("describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
        Listing("describe_volumes", "Volumes", "VolumeId"),
        Listing("describe_snapshots", "Snapshots", "SnapshotId", {"OwnerIds": ["self"]}),
    ),
    "kms": (
        Listing("list_keys", "Keys", "KeyId"),
        Listing("list_aliases", "Aliases", "AliasName", default=_starts("AliasName", "alias/aws/")),
    ),
    "ecr": (Listing("describe_repositories", "repositories", "repositoryName"),),
    "eks": (Listing("list_clusters", "clusters", ""),),
    "rds": (
        Listing("describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
        Listing("describe_db_clusters", "DBClusters", "DBClusterIdentifier"),
        Listing("describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"),
        Listing(
            "describe_db_parameter_groups",
            "DBParameterGroups",
            "DBParameterGroupName",
            default=_starts("DBParameterGroupName", "default."),
        ),
        Listing("describe_db_snapshots", "DBSnapshots", "DBSnapshotIdentifier", {"SnapshotType": "manual"}),
    ),
    "elasticache": (
        Listing("describe_replication_groups", "ReplicationGroups", "ReplicationGroupId"),
        Listing("describe_cache_clusters", "CacheClusters", "CacheClusterId"),
        Listing(
            "describe_cache_subnet_groups",
            "CacheSubnetGroups",
            "CacheSubnetGroupName",
            default=_starts("CacheSubnetGroupName", "default"),
        ),
        Listing(
            "describe_cache_parameter_groups",
            "CacheParameterGroups",
            "CacheParameterGroupName",
            default=_starts("CacheParameterGroupName", "default."),
        ),
    ),
    "secretsmanager": (Listing("list_secrets", "SecretList", "Name"),),
    "logs": (Listing("describe_log_groups", "logGroups", "logGroupName"),),
    "cloudwatch": (Listing("describe_alarms", "MetricAlarms", "AlarmName"),),
    "sns": (
        Listing("list_topics", "Topics", "TopicArn"),
        Listing("list_subscriptions", "Subscriptions", "SubscriptionArn"),
    ),
    "amp": (
        Listing("list_workspaces", "workspaces", "workspaceId"),
        Listing("list_scrapers", "scrapers", "scraperId"),
    ),
    "acm": (Listing("list_certificates", "CertificateSummaryList", "CertificateArn"),),
    "wafv2": (
        Listing("list_web_acls", "WebACLs", "ARN", {"Scope": "REGIONAL"}),
        Listing("list_ip_sets", "IPSets", "ARN", {"Scope": "REGIONAL"}),
    ),
    "sqs": (Listing("list_queues", "QueueUrls", ""),),
    "cloudtrail": (Listing("describe_trails", "trailList", "Name", {"includeShadowTrails": False}),),
}
"""Listings of the services with regions."""

_PARTS = (
    Listing("list_nodegroups", "nodegroups", ""),
    Listing("list_fargate_profiles", "fargateProfileNames", ""),
    Listing("list_addons", "addons", ""),
    Listing("list_access_entries", "accessEntries", ""),
    Listing("list_pod_identity_associations", "associations", "associationId"),
)
"""What is inside of a cluster of EKS."""


def listed(url: str, identity: Identity, regions: Iterable[str]) -> list[str]:
    """Return what the cloud holds, as `REGION SERVICE KIND ID`, sorted; REGION is `global` for global services.

    Args:
        url: where the cloud answers.
        identity: the account, and who was known there before any program: they do not count.
        regions: where to look.
    """
    session = _session(identity.caller.key)
    known = {f"{one.kind.capitalize()}s {one.name}" for one in identity.known()}
    places = [("global", "us-east-1", GLOBAL), *((region, region, REGIONAL) for region in regions)]
    found = []
    for place, region, services in places:
        for service, listings in services.items():
            settings = Config(proxies={}, retries={"total_max_attempts": 1})
            client = session.client(service, region_name=region, endpoint_url=url, config=settings)
            for kind, name in _of_service(client, service, (_of(listing, identity) for listing in listings)):
                if f"{kind} {name}" not in known:
                    found.append(f"{place} {service} {kind} {name}")
    return sorted(found)


@functools.cache
def _session(key: str) -> boto3.Session:
    """Return boto3's session, which has read each service's model once; the next look at a cloud needs them again."""
    service_models.keep_small()
    return boto3.Session(aws_access_key_id=key, aws_secret_access_key=key)


def _of(listing: Listing, identity: Identity) -> Listing:
    if _ACCOUNT not in listing.arguments:
        return listing
    return listing._replace(arguments={**listing.arguments, _ACCOUNT: identity.account})


def _of_service(client: Any, service: str, listings: Iterable[Listing]) -> Iterator[tuple[str, str]]:
    for listing in listings:
        for name in _names(client, listing):
            if service == "kms" and listing.key == "Keys":
                facts = client.describe_key(KeyId=name)["KeyMetadata"]
                if facts["KeyManager"] == "AWS" or facts["KeyState"] in _GONE:
                    continue
            yield listing.key.partition(".")[0], name
            if service == "eks":
                yield from _of_cluster(client, name)


def _of_cluster(client: Any, cluster: str) -> Iterator[tuple[str, str]]:
    for part in _PARTS:
        for name in _names(client, part._replace(arguments={"clusterName": cluster})):
            yield part.key, f"{cluster}/{name}"


def _names(client: Any, listing: Listing) -> Iterator[str]:
    try:
        for entry in _entries(client, listing):
            if not listing.name:
                yield str(entry)
            elif not listing.default(entry) and not _GONE & {entry.get("State"), entry.get("KeyState")}:
                yield str(entry[listing.name])
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotImplemented":  # then there cannot be any
            raise


def _entries(client: Any, listing: Listing) -> Iterator[Any]:
    if client.can_paginate(listing.operation):
        pages = client.get_paginator(listing.operation).paginate(**listing.arguments)
    else:
        pages = [getattr(client, listing.operation)(**listing.arguments)]
    for page in pages:
        yield from jmespath.search(listing.key, page) or []
