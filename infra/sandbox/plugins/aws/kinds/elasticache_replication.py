"""Replication groups. Servers are the cloud's affair.

The calls that make and delete one are in its entry and `ReplicationGroup.delete` alone. Changes are applied at once,
whatever `applyImmediately` says.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.kinds import engine_versions
from infra.sandbox.plugins.aws.tagging import Tagging
from infra.sandbox.plugins.properties import Property, Shape, Table
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

CACHE_TAGS = Tagging(
    listing="list_tags_for_resource",
    found="TagList",
    tag="add_tags_to_resource",
    untag="remove_tags_from_resource",
    subject="ResourceName",
)
"""ElastiCache's way of tagging, by ARN."""

_NAMES: Mapping[str, str] = {
    "authTokenWo": "AuthToken",
    "description": "ReplicationGroupDescription",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "multiAzEnabled": "MultiAZEnabled",
    "nodeType": "CacheNodeType",
    "parameterGroupName": "CacheParameterGroupName",
    "preferredCacheClusterAzs": "PreferredCacheClusterAZs",
    "securityGroupNames": "CacheSecurityGroupNames",
    "subnetGroupName": "CacheSubnetGroupName",
    "nodeGroupConfigurations": "NodeGroupConfiguration",
    "authTokenUpdateStrategy": "",
    "finalSnapshotIdentifier": "",
    "applyImmediately": "",
}
_TOLD_BY_NODES: Mapping[str, str] = {
    "engine": "Engine",
    "engineVersion": "EngineVersion",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "subnetGroupName": "CacheSubnetGroupName",
}
_TOKEN = {"minimum": 16, "maximum": 128}  # AUTH tokens in the ElastiCache guide
_ON = "enabled"


class ReplicationGroup(Kind):
    """Much of it is told by its nodes only, and the number of nodes is changed by calls of its own."""

    @cached_property
    def table(self) -> Table:
        """Its inputs; CloudFormation says nothing of how long a token is."""
        inputs = super().table
        tokens: dict[str, Property] = {
            name: replace(inputs[name], minimum=_TOKEN["minimum"], maximum=_TOKEN["maximum"], secret=True)
            for name in ("authToken", "authTokenWo")
        }
        assert tokens["authToken"].shape is Shape.STRING
        return {**inputs, **tokens}

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Leave it as it is: its creation takes everything."""

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties, those that its first node tells included."""
        told = super().told(cloud, region, id, answer)
        shard, *others = answer["NodeGroups"]
        members = answer.get("MemberClusters", [])
        client = cloud.client(self.service, region)
        (node,) = client.describe_cache_clusters(CacheClusterId=members[0])["CacheClusters"]
        endpoint = answer.get("ConfigurationEndpoint") or shard.get("PrimaryEndpoint") or {}
        told |= {name: node.get(key) for name, key in _TOLD_BY_NODES.items()}
        if answer.get("Status") in self.broken:
            told["status"] = answer["Status"]  # no output of the type, and told in trouble only
        return told | {
            "replicationGroupId": id,
            "arn": answer["ARN"],
            "description": answer["Description"],
            "automaticFailoverEnabled": answer.get("AutomaticFailover") == _ON,
            "multiAzEnabled": answer.get("MultiAZ") == _ON,
            "numCacheClusters": len(members),
            "numNodeGroups": 1 + len(others),
            "replicasPerNodeGroup": len(shard.get("NodeGroupMembers", [])) - 1,
            "port": endpoint.get("Port"),
            "engineVersionActual": node.get("EngineVersion"),
            "parameterGroupName": (node.get("CacheParameterGroup") or {}).get("CacheParameterGroupName"),
            "securityGroupIds": [group["SecurityGroupId"] for group in node.get("SecurityGroups", [])],
            "primaryEndpointAddress": (shard.get("PrimaryEndpoint") or {}).get("Address"),
            "readerEndpointAddress": (shard.get("ReaderEndpoint") or {}).get("Address"),
            "configurationEndpointAddress": (answer.get("ConfigurationEndpoint") or {}).get("Address"),
        }

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Change it at once; nodes come before what needs them, and go after it."""
        before, after = old.get("numCacheClusters"), new.get("numCacheClusters")
        client, said = cloud.client(self.service, region), {"ReplicationGroupId": id, "ApplyImmediately": True}
        if before is not None and after is not None and int(after) > int(before):
            client.increase_replica_count(**said, NewReplicaCount=int(after) - 1)
        super().update(cloud, region, id, {**old, "authToken": None}, {**new, "authToken": None})
        token = new.get("authToken") or new.get("authTokenWo")
        strategy = new.get("authTokenUpdateStrategy") or "ROTATE"
        before_token = old.get("authToken") or old.get("authTokenWo")
        if token and (token != before_token or strategy != (old.get("authTokenUpdateStrategy") or "ROTATE")):
            client.modify_replication_group(**said, AuthToken=token, AuthTokenUpdateStrategy=strategy)
        if before is not None and after is not None and int(after) < int(before):
            client.decrease_replica_count(**said, NewReplicaCount=int(after) - 1)

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it, after a last snapshot if the program wants one."""
        snapshot = known.get("finalSnapshotIdentifier")
        said = {"FinalSnapshotIdentifier": snapshot} if snapshot else {}
        Kind.delete(replace(self, deleting=replace(self.deleting, constants=said)), cloud, region, id, known)

    def unavailable(self, cloud: Cloud, region: str, inputs: Properties) -> list[tuple[str, str]]:
        """Return whether the cloud lacks the engine's version."""
        return engine_versions.of_cache(cloud.client(self.service, region), inputs)

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what ElastiCache refuses whatever there is."""
        found = []
        if inputs.get("authToken") and not inputs.get("transitEncryptionEnabled"):
            found.append(("authToken", "needs transitEncryptionEnabled"))
        if inputs.get("kmsKeyId") and not inputs.get("atRestEncryptionEnabled"):
            found.append(("kmsKeyId", "needs atRestEncryptionEnabled"))
        if inputs.get("multiAzEnabled") and not inputs.get("automaticFailoverEnabled"):
            found.append(("multiAzEnabled", "needs automaticFailoverEnabled"))
        nodes = inputs.get("numCacheClusters")
        if inputs.get("automaticFailoverEnabled") and nodes is not None and int(nodes) < 2:
            found.append(("numCacheClusters", "must be 2 or more with automaticFailoverEnabled"))
        return found


REPLICATION_GROUP = ReplicationGroup(
    token="aws:elasticache/replicationGroup:ReplicationGroup",
    noun="ElastiCache Replication Group",
    service="elasticache",
    schema="AWS::ElastiCache::ReplicationGroup",
    identifier="ReplicationGroup.ReplicationGroupId",
    creating=Call(method="create_replication_group"),
    reading=Call(method="describe_replication_groups", subject="ReplicationGroupId", result="ReplicationGroups[0]"),
    changing=(
        Call(
            method="modify_replication_group",
            subject="ReplicationGroupId",
            constants={"ApplyImmediately": True},
            sends=frozenset(
                {
                    "autoMinorVersionUpgrade",
                    "automaticFailoverEnabled",
                    "clusterMode",
                    "description",
                    "engine",
                    "engineVersion",
                    "ipDiscovery",
                    "maintenanceWindow",
                    "multiAzEnabled",
                    "nodeType",
                    "notificationTopicArn",
                    "parameterGroupName",
                    "securityGroupIds",
                    "snapshotRetentionLimit",
                    "snapshotWindow",
                    "transitEncryptionEnabled",
                    "transitEncryptionMode",
                }
            ),
        ),
    ),
    deleting=Call(method="delete_replication_group", subject="ReplicationGroupId"),
    tagging=CACHE_TAGS,
    names=_NAMES,
    schema_names={
        "description": "ReplicationGroupDescription",
        "maintenanceWindow": "PreferredMaintenanceWindow",
        "nodeType": "CacheNodeType",
        "parameterGroupName": "CacheParameterGroupName",
        "securityGroupNames": "CacheSecurityGroupNames",
        "subnetGroupName": "CacheSubnetGroupName",
    },
    unchecked={
        "applyImmediately": "a parameter of changes",
        "authTokenUpdateStrategy": "a parameter of changes",
        "authTokenWo": "Terraform's own way to give a token",
        "authTokenWoVersion": "Terraform's own way to give a token",
        "finalSnapshotIdentifier": "a parameter of the deletion",
        "logDeliveryConfigurations.destination": "an object in CloudFormation",
        "nodeGroupConfigurations.primaryOutpostArn": "CloudFormation has no such property",
        "nodeGroupConfigurations.replicaOutpostArns": "CloudFormation has no such property",
    },
    defaults={"engine": "redis", "autoMinorVersionUpgrade": True, "automaticFailoverEnabled": False},
    automatic={"replicationGroupId": 40},
    computed=frozenset(
        {
            "applyImmediately",
            "atRestEncryptionEnabled",
            "clusterMode",
            "engineVersion",
            "ipDiscovery",
            "maintenanceWindow",
            "multiAzEnabled",
            "networkType",
            "nodeType",
            "numCacheClusters",
            "numNodeGroups",
            "parameterGroupName",
            "port",
            "replicasPerNodeGroup",
            "securityGroupIds",
            "snapshotWindow",
            "subnetGroupName",
            "transitEncryptionEnabled",
            "transitEncryptionMode",
        }
    ),
    replace=frozenset({"subnetGroupName", "securityGroupNames"}),
    secret=frozenset({"authToken"}),
    sets=frozenset({"securityGroupIds", "userGroupIds"}),
    limits={  # as the API reference of CreateReplicationGroup says
        "engine": {"choices": ("redis", "valkey")},
        "replicationGroupId": {"pattern": "^[a-zA-Z](-?[a-zA-Z0-9])*$", "maximum": 40},
        "snapshotRetentionLimit": {"minimum": 0, "maximum": 35},
    },
    broken=frozenset({"create-failed", "failed"}),
    asked="engineVersion",
    same_place=frozenset({"replicationGroupId"}),
)
