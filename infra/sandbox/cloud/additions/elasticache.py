"""ElastiCache beyond moto: parameter groups (in `elasticache_parameters`), the nodes of replication groups, changes of
both, deletions, and refusals of what does not exist or is in use.

What moto gets wrong: a group has one node whatever is asked for, its readers no endpoint, and a deleted one stays.
"""

from typing import Any

from moto.core.responses import ActionResult
from moto.elasticache import urls
from moto.elasticache.exceptions import ElastiCacheException

from infra.sandbox.cloud.additions import references
from infra.sandbox.cloud.additions.elasticache_parameters import ParameterGroups

_CHANGEABLE = {
    "AutoMinorVersionUpgrade": "auto_minor_version_upgrade",
    "CacheParameterGroupName": "cache_parameter_group_name",
    "EngineVersion": "engine_version",
    "PreferredMaintenanceWindow": "preferred_maintenance_window",
    "SecurityGroupIds": "security_group_ids",
    "SnapshotWindow": "snapshot_window",
    "NotificationTopicArn": "notification_topic_arn",
    "TransitEncryptionEnabled": "transit_encryption_enabled",
    "TransitEncryptionMode": "transit_encryption_mode",
    "IpDiscovery": "ip_discovery",
}


class Additions(ParameterGroups):
    """moto's ElastiCache with the rest."""

    def create_cache_subnet_group(self) -> ActionResult:
        """As moto, unless a subnet does not exist."""
        self._insist_on_subnets()
        return super().create_cache_subnet_group()

    def modify_cache_subnet_group(self) -> ActionResult:
        """Change description and subnets."""
        self._insist_on_subnets()
        name = self.params["CacheSubnetGroupName"]
        (group,) = self.elasticache_backend.describe_cache_subnet_groups(name)
        wanted = self.params.get("SubnetIds")
        if wanted:
            subnets = [self._subnet(identity) for identity in wanted]
            group.subnet_ids, group.vpc_id = wanted, subnets[0].vpc_id
            group.subnets = [
                {"subnet_identifier": subnet.id, "subnet_availability_zone": {"Name": subnet.availability_zone}}
                for subnet in subnets
            ]
        group.cache_subnet_group_description = self.params.get(
            "CacheSubnetGroupDescription", group.cache_subnet_group_description
        )
        return ActionResult({"CacheSubnetGroup": group})

    def delete_cache_subnet_group(self) -> ActionResult:
        """Delete it, unless a replication group is in it."""
        name = self.params["CacheSubnetGroupName"]
        self.elasticache_backend.describe_cache_subnet_groups(name)
        groups = self.elasticache_backend.replication_groups.values()
        users = [group.replication_group_id for group in groups if group.cache_subnet_group_name == name]
        if users:
            what = f"Cache subnet group {name} is currently in use by {', '.join(users)}."
            raise ElastiCacheException("CacheSubnetGroupInUse", what)
        del self.elasticache_backend.cache_subnet_groups[name]
        return ActionResult({})

    def create_replication_group(self) -> ActionResult:
        """As moto, unless what it stands on does not exist; with as many nodes as asked for."""
        said = self.params
        if said.get("CacheSubnetGroupName"):
            self.elasticache_backend.describe_cache_subnet_groups(said["CacheSubnetGroupName"])
        self._insist_on_references()
        if said.get("AuthToken") and not said.get("TransitEncryptionEnabled"):
            what = "The AUTH token is only supported when encryption-in-transit is enabled."
            raise ElastiCacheException("InvalidParameterCombination", what)
        answer = super().create_replication_group()
        group = self.elasticache_backend.replication_groups[said["ReplicationGroupId"]]
        if said.get("NumCacheClusters"):
            self._resize(group, int(said["NumCacheClusters"]))
        for shard in group.node_groups:
            if "reader_endpoint_address" in shard:
                shard["reader_endpoint"] = {"address": shard["reader_endpoint_address"], "port": group.port}
        return answer

    def modify_replication_group(self) -> ActionResult:
        """As moto, and what else can be changed."""
        self._insist_on_references()
        answer = super().modify_replication_group()
        group = self.elasticache_backend.replication_groups[self.params["ReplicationGroupId"]]
        for parameter, attribute in _CHANGEABLE.items():
            if self.params.get(parameter) is not None:
                setattr(group, attribute, self.params[parameter])
        if self.params.get("AuthToken"):
            group.auth_token_enabled = True
        return answer

    def increase_replica_count(self) -> ActionResult:
        """Add nodes."""
        return self._recounted()

    def decrease_replica_count(self) -> ActionResult:
        """Remove nodes."""
        return self._recounted()

    def delete_replication_group(self) -> ActionResult:
        """As moto, after a last snapshot if one is wanted; then it is gone."""
        name = self.params["ReplicationGroupId"]
        last = self.params.get("FinalSnapshotIdentifier")
        if last:
            self.elasticache_backend.create_snapshot(last, name, None, None, None)
        answer = super().delete_replication_group()
        del self.elasticache_backend.replication_groups[name]
        return answer

    def describe_cache_clusters(self) -> ActionResult:
        """As moto, and the nodes of replication groups, which tell what their group does not."""
        wanted = self.params.get("CacheClusterId")
        nodes = {
            node: group
            for group in self.elasticache_backend.replication_groups.values()
            for node in group.member_clusters
        }
        if wanted in nodes:
            return ActionResult({"CacheClusters": [self._node(wanted, nodes[wanted])]})
        return super().describe_cache_clusters()

    def _recounted(self) -> ActionResult:
        name = self.params["ReplicationGroupId"]
        (group,) = self.elasticache_backend.describe_replication_groups(name)
        self._resize(group, int(self.params["NewReplicaCount"]) + 1)
        return ActionResult({"ReplicationGroup": group})

    def _resize(self, group: Any, nodes: int) -> None:
        """Make a group without cluster mode have so many nodes."""
        (shard,) = group.node_groups
        group.member_clusters.clear()
        shard["node_group_members"].clear()
        group._set_node_members_clusters_disabled(
            member_clusters=group.member_clusters,
            replication_group_id=group.replication_group_id,
            replication_group_domain=shard["primary_endpoint_address"].removeprefix("master."),
            node_group=shard,
            preferred_cache_cluster_azs=[],
            num_cache_clusters=nodes,
            replicas_per_node_group=nodes - 1,
        )

    def _node(self, identity: str, group: Any) -> dict[str, Any]:
        groups = [{"SecurityGroupId": one, "Status": "active"} for one in group.security_group_ids or []]
        return {
            "CacheClusterId": identity,
            "ReplicationGroupId": group.replication_group_id,
            "CacheClusterStatus": "available",
            "Engine": group.engine,
            "EngineVersion": group.engine_version,
            "CacheNodeType": group.cache_node_type,
            "CacheSubnetGroupName": group.cache_subnet_group_name,
            "CacheParameterGroup": {
                "CacheParameterGroupName": group.cache_parameter_group_name,
                "ParameterApplyStatus": "in-sync",
            },
            "SecurityGroups": groups,
            "PreferredMaintenanceWindow": group.preferred_maintenance_window,
            "AutoMinorVersionUpgrade": group.auto_minor_version_upgrade,
        }

    def _insist_on_references(self) -> None:
        name = self.params.get("CacheParameterGroupName")
        if name and not name.startswith("default."):
            self.parameter_group(name)
        for identity in self.params.get("SecurityGroupIds") or []:
            if references.security_group(self.current_account, self.region, identity) is None:
                raise ElastiCacheException("InvalidParameterValue", f"The security group '{identity}' does not exist.")

    def _insist_on_subnets(self) -> None:
        for identity in self.params.get("SubnetIds") or []:
            self._subnet(identity)

    def _subnet(self, identity: str) -> Any:
        subnet = references.subnet(self.current_account, self.region, identity)
        if subnet is None:
            raise ElastiCacheException("InvalidSubnet", f"The subnet ID '{identity}' does not exist.")
        return subnet


def install() -> None:
    """Let moto's ElastiCache answer with the additions."""
    urls.url_paths.update(dict.fromkeys(urls.url_paths, Additions.dispatch))
