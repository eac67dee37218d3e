"""Parameter groups of ElastiCache, which moto does not have: what is set in them, without the engines' own values."""

from typing import Any

from moto.core.responses import ActionResult
from moto.elasticache.exceptions import ElastiCacheException
from moto.elasticache.responses import ElastiCacheResponse

_KEPT = "tenantry_parameter_groups"


class ParameterGroups(ElastiCacheResponse):
    """moto's ElastiCache with parameter groups."""

    def create_cache_parameter_group(self) -> ActionResult:
        """Keep a group without parameters of its own."""
        name = str(self.params["CacheParameterGroupName"]).lower()
        if name in self._groups:
            what = f"A CacheParameterGroup with name {name} already exists."
            raise ElastiCacheException("CacheParameterGroupAlreadyExists", what)
        arn = f"arn:aws:elasticache:{self.region}:{self.current_account}:parametergroup:{name}"
        self._groups[name] = {
            "CacheParameterGroupName": name,
            "CacheParameterGroupFamily": self.params["CacheParameterGroupFamily"],
            "Description": self.params["Description"],
            "IsGlobal": False,
            "ARN": arn,
            "parameters": {},
        }
        if self.params.get("Tags"):
            self.elasticache_backend.tagging_service.tag_resource(arn, self.params["Tags"])
        return ActionResult({"CacheParameterGroup": self._groups[name]})

    def describe_cache_parameter_groups(self) -> ActionResult:
        """Tell of one group or of all."""
        name = self.params.get("CacheParameterGroupName")
        groups = [self.parameter_group(name)] if name else list(self._groups.values())
        return ActionResult({"CacheParameterGroups": groups})

    def describe_cache_parameters(self) -> ActionResult:
        """Tell what was set; the engine's own values are not known here."""
        group = self.parameter_group(self.params["CacheParameterGroupName"])
        said = [
            {"ParameterName": name, "ParameterValue": value, "Source": "user"}
            for name, value in sorted(group["parameters"].items())
        ]
        return ActionResult({"Parameters": said})

    def modify_cache_parameter_group(self) -> ActionResult:
        """Set parameters."""
        group = self.parameter_group(self.params["CacheParameterGroupName"])
        for said in self.params["ParameterNameValues"]:
            group["parameters"][said["ParameterName"]] = said["ParameterValue"]
        return ActionResult({"CacheParameterGroupName": group["CacheParameterGroupName"]})

    def reset_cache_parameter_group(self) -> ActionResult:
        """Forget what was set, all of it or some."""
        group = self.parameter_group(self.params["CacheParameterGroupName"])
        named = [said["ParameterName"] for said in self.params.get("ParameterNameValues") or []]
        for name in list(group["parameters"]) if self.params.get("ResetAllParameters") else named:
            group["parameters"].pop(name, None)
        return ActionResult({"CacheParameterGroupName": group["CacheParameterGroupName"]})

    def delete_cache_parameter_group(self) -> ActionResult:
        """Delete it, unless a replication group uses it."""
        name = self.parameter_group(self.params["CacheParameterGroupName"])["CacheParameterGroupName"]
        groups = self.elasticache_backend.replication_groups.values()
        users = [group.replication_group_id for group in groups if group.cache_parameter_group_name == name]
        if users:
            what = f"One or more cache clusters are still members of this parameter group {name}: {', '.join(users)}."
            raise ElastiCacheException("InvalidCacheParameterGroupState", what)
        del self._groups[name]
        return ActionResult({})

    def list_tags_for_resource(self) -> ActionResult:
        """As moto, which does not know the ARNs of parameter groups."""
        arn = self.params["ResourceName"]
        if arn not in {group["ARN"] for group in self._groups.values()}:
            return super().list_tags_for_resource()
        return ActionResult({"TagList": self.elasticache_backend.tagging_service.list_tags_for_resource(arn)["Tags"]})

    def parameter_group(self, name: str) -> dict[str, Any]:
        """Return a group; refuses one that there is not."""
        found = self._groups.get(name.lower())
        if found is None:
            raise ElastiCacheException("CacheParameterGroupNotFound", f"CacheParameterGroup {name} not found.")
        return found

    @property
    def _groups(self) -> dict[str, dict[str, Any]]:
        kept: dict[str, dict[str, Any]] = vars(self.elasticache_backend).setdefault(_KEPT, {})
        return kept
