"""Caches and what they need: groups of subnets and parameters, and replication groups."""

from infra.sandbox.plugins.aws.kind import Call, Kind
from infra.sandbox.plugins.aws.kinds.elasticache_replication import CACHE_TAGS, REPLICATION_GROUP
from infra.sandbox.plugins.aws.kinds.parameter_groups import ParameterGroup
from infra.sandbox.plugins.aws.kinds.subnet_groups import SubnetGroup

KINDS: tuple[Kind, ...] = (
    SubnetGroup(
        token="aws:elasticache/subnetGroup:SubnetGroup",
        noun="ElastiCache Subnet Group",
        service="elasticache",
        schema="AWS::ElastiCache::SubnetGroup",
        identifier="CacheSubnetGroup.CacheSubnetGroupName",
        creating=Call(method="create_cache_subnet_group"),
        reading=Call(
            method="describe_cache_subnet_groups", subject="CacheSubnetGroupName", result="CacheSubnetGroups[0]"
        ),
        changing=(
            Call(
                method="modify_cache_subnet_group",
                subject="CacheSubnetGroupName",
                sends=frozenset({"description", "subnetIds"}),
            ),
        ),
        deleting=Call(method="delete_cache_subnet_group", subject="CacheSubnetGroupName"),
        tagging=CACHE_TAGS,
        names={"name": "CacheSubnetGroupName", "description": "CacheSubnetGroupDescription"},
        schema_names={"name": "CacheSubnetGroupName"},
        defaults={"description": "Managed by Pulumi"},
        automatic={"name": 255},
        replace=frozenset({"name"}),
        sets=frozenset({"subnetIds"}),
        same_place=frozenset({"name"}),
    ),
    ParameterGroup(
        token="aws:elasticache/parameterGroup:ParameterGroup",
        noun="ElastiCache Parameter Group",
        service="elasticache",
        schema="AWS::ElastiCache::ParameterGroup",
        identifier="CacheParameterGroup.CacheParameterGroupName",
        creating=Call(method="create_cache_parameter_group"),
        reading=Call(
            method="describe_cache_parameter_groups",
            subject="CacheParameterGroupName",
            result="CacheParameterGroups[0]",
        ),
        deleting=Call(method="delete_cache_parameter_group", subject="CacheParameterGroupName"),
        tagging=CACHE_TAGS,
        names={"name": "CacheParameterGroupName", "family": "CacheParameterGroupFamily", "parameters": ""},
        schema_names={"name": "CacheParameterGroupName", "family": "CacheParameterGroupFamily"},
        unchecked={"parameters": "a free map in the schema; engines have hundreds"},
        defaults={"description": "Managed by Pulumi"},
        automatic={"name": 255},
        replace=frozenset({"name", "family", "description"}),
        sets=frozenset({"parameters"}),
        same_place=frozenset({"name"}),
    ),
    REPLICATION_GROUP,
)
