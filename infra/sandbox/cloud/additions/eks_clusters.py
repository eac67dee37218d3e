"""Clusters and node groups of EKS beyond moto: what they were told is told again, the security group that EKS makes,
new versions, tags of everything, and refusals of roles, subnets and groups that do not exist.
"""

import time
from typing import Any
from urllib.parse import unquote

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.models import ec2_backends
from moto.eks.exceptions import InvalidParameterException, InvalidRequestException, ResourceNotFoundException
from moto.eks.responses import EKSResponse
from moto.moto_api._internal import mock_random

from infra.sandbox.cloud.additions import references

Record = dict[str, Any]

_RECORDS = "tenantry_records"
_ZONES = 2  # "Subnets specified must be in at least two different AZs"
_KEPT = {
    "accessConfig": "access_config",
    "upgradePolicy": "upgrade_policy",
    "deletionProtection": "deletion_protection",
    "zonalShiftConfig": "zonal_shift_config",
    "computeConfig": "compute_config",
    "storageConfig": "storage_config",
}
_ARNS = frozenset({"accessEntryArn", "addonArn", "associationArn"})
_NETWORK = {"endpointPublicAccess": True, "endpointPrivateAccess": False}


class Clusters(EKSResponse):
    """moto's EKS with whole clusters and node groups."""

    def create_cluster(self) -> ActionResult:
        """As moto, unless what it stands on does not exist."""
        said = self.said()
        network = said["resourcesVpcConfig"]
        self.insist_on_role(said["roleArn"])
        subnets = self._insist_on_network(network)
        if len({subnet.availability_zone for subnet in subnets}) < _ZONES:
            raise InvalidParameterException(message="Subnets specified must be in at least two different AZs")
        answer = super().create_cluster()
        cluster: Any = self.cluster(said["name"])
        self._keep(cluster, {"accessConfig": {"authenticationMode": "CONFIG_MAP"}, **said})
        group = self._ec2.create_security_group(
            f"eks-cluster-sg-{cluster.name}-{mock_random.randint(10**8, 10**9)}",
            "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as "
            "any managed workloads.",
            subnets[0].vpc_id,
            tags={f"kubernetes.io/cluster/{cluster.name}": "owned", "aws:eks:cluster-name": cluster.name},
        )
        made = {"vpcId": subnets[0].vpc_id, "clusterSecurityGroupId": group.id}
        public = {} if network.get("endpointPublicAccess") is False else {"publicAccessCidrs": ["0.0.0.0/0"]}
        cluster.resources_vpc_config = {**_NETWORK, **public, **network, **made}
        # moto's is one for all clusters of a region, and another one after each start.
        issuer = f"https://oidc.eks.{self.region}.amazonaws.com/id/{mock_random.uuid4().hex.upper()}"
        cluster.identity = {"oidc": {"issuer": issuer}}
        return answer

    def update_cluster_config(self) -> ActionResult:
        """Change what is said and leave the rest, where moto replaces it."""
        said = self.said()
        cluster = self.cluster(said["name"])
        network = said.get("resourcesVpcConfig") or {}
        self._insist_on_network(network)
        cluster.resources_vpc_config = {**cluster.resources_vpc_config, **network}
        if said.get("logging"):
            cluster.logging = said["logging"]
        self._keep(cluster, said)
        return self.update_of("ConfigUpdate")

    def update_cluster_version(self) -> ActionResult:
        """Change the version."""
        said = self.said()
        self.cluster(said["name"]).version = said["version"]
        return self.update_of("VersionUpdate")

    def associate_encryption_config(self) -> ActionResult:
        """Encrypt what was not."""
        said = self.said()
        self.cluster(said["clusterName"]).encryption_config = said["encryptionConfig"]
        return self.update_of("AssociateEncryptionConfig")

    def delete_cluster(self) -> ActionResult:
        """As moto, unless it is protected; its security group goes with it."""
        cluster = self.cluster(self.said()["name"])
        if getattr(cluster, "deletion_protection", False):
            what = f"Cluster {cluster.name} has deletion protection enabled. Disable it before you delete the cluster."
            raise InvalidRequestException(clusterName=cluster.name, message=what)
        answer = super().delete_cluster()
        self._ec2.delete_security_group(group_id=cluster.resources_vpc_config["clusterSecurityGroupId"])
        return answer

    def create_nodegroup(self) -> ActionResult:
        """As moto, unless what it stands on does not exist; its version is its cluster's."""
        said = self.said()
        cluster = self.cluster(said["clusterName"])
        self.insist_on_role(said["nodeRole"])
        self._insist_on_network({"subnetIds": said["subnets"]})
        self._insist_on_template(said.get("launchTemplate") or {})
        answer = super().create_nodegroup()
        group = cluster.nodegroups[said["nodegroupName"]]
        group.version = said.get("version") or cluster.version
        group.update_config = said.get("updateConfig") or {"maxUnavailable": 1}
        group.node_repair_config = said.get("nodeRepairConfig")
        group.remote_access = said.get("remoteAccess")  # moto makes up a key that nobody asked for
        if said.get("launchTemplate"):
            group.disk_size = None  # the template's affair
        return answer

    def update_nodegroup_version(self) -> ActionResult:
        """Change version, release and launch template."""
        said = self.said()
        group = self._node_group(said["clusterName"], said["nodegroupName"])
        self._insist_on_template(said.get("launchTemplate") or {})
        group.version = said.get("version") or group.version
        group.release_version = said.get("releaseVersion") or group.release_version
        if said.get("launchTemplate"):
            group.launch_template = {**group.launch_template, **said["launchTemplate"]}
        return self.update_of("VersionUpdate")

    def describe_update(self) -> ActionResult:
        """Tell that a change is done: here they are at once."""
        return ActionResult({"update": {"id": self.said()["updateId"], "status": "Successful", "errors": []}})

    def tag_resource(self) -> ActionResult:
        """Tag anything."""
        self._tags().update(self._get_param("tags"))
        return EmptyResult()

    def untag_resource(self) -> ActionResult:
        """Remove tags from anything."""
        for key in self.querystring.get("tagKeys", []):
            self._tags().pop(key, None)
        return EmptyResult()

    def list_tags_for_resource(self) -> ActionResult:
        """Tell the tags of anything."""
        return ActionResult({"tags": self._tags()})

    def said(self) -> Record:
        """Return the request's parameters by AWS's names."""
        self.parse_parameters(self.normalized_request)
        return dict(self.params)

    def cluster(self, name: str) -> Any:
        """Return moto's cluster; refuses one that there is not."""
        return self.eks_backend.describe_cluster(name)

    def records(self, cluster: Any) -> dict[str, dict[str, Record]]:
        """Return what else belongs to a cluster, and goes with it: what it is -> key -> what was said."""
        kept: dict[str, dict[str, Record]] = vars(cluster).setdefault(_RECORDS, {})
        return kept

    def update_of(self, kind: str) -> ActionResult:
        """Return the answer to a change, which is done at once."""
        identity = str(mock_random.uuid4())
        said = {
            "id": identity,
            "status": "Successful",
            "type": kind,
            "params": [],
            "createdAt": time.time(),
            "errors": [],
        }
        return ActionResult({"update": said})

    def insist_on_role(self, arn: str) -> None:
        """Refuse a role that there is not."""
        if not references.has_role(self.current_account, arn):
            what = f"Role with arn: {arn}, could not be assumed because it does not exist."
            raise InvalidParameterException(message=what)

    @property
    def _ec2(self) -> Any:
        return ec2_backends[self.current_account][self.region]

    def _insist_on_network(self, network: Record) -> list[Any]:
        found = []
        for identity in network.get("subnetIds") or []:
            subnet = references.subnet(self.current_account, self.region, identity)
            if subnet is None:
                raise InvalidParameterException(message=f"The subnet ID '{identity}' does not exist")
            found.append(subnet)
        for identity in network.get("securityGroupIds") or []:
            if references.security_group(self.current_account, self.region, identity) is None:
                raise InvalidParameterException(message=f"The security group '{identity}' does not exist")
        return found

    def _insist_on_template(self, template: Record) -> None:
        known = self._ec2.launch_templates
        name, identity = template.get("name"), template.get("id")
        if (identity and identity not in known) or (name and name not in {each.name for each in known.values()}):
            raise InvalidRequestException(message=f"Launch template {identity or name} not found.")

    def _keep(self, cluster: Any, said: Record) -> None:
        for name, attribute in _KEPT.items():
            value = said.get(name)
            if isinstance(value, dict):
                value = {**(getattr(cluster, attribute, None) or {}), **value}
            if value is not None:
                setattr(cluster, attribute, value)

    def _node_group(self, cluster: str, name: str) -> Any:
        return self.eks_backend.describe_nodegroup(cluster, name)

    def _tags(self) -> dict[str, str]:
        """Return the tags of the resource that the path names."""
        arn = unquote(self.path).removeprefix("/tags/")
        for cluster in self.eks_backend.clusters.values():
            owned: list[Any] = [cluster, *cluster.nodegroups.values()]
            tags = {each.arn: each.tags for each in owned}
            kept = [record for records in self.records(cluster).values() for record in records.values()]
            tags |= {value: record["tags"] for record in kept for name, value in record.items() if name in _ARNS}
            if arn in tags:
                found: dict[str, str] = tags[arn]
                return found
        raise ResourceNotFoundException(message=f"No resource found for arn: {arn}")
