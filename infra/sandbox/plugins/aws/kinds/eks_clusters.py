"""Clusters. Where the cloud is not backed, `endpoint` and `certificateAuthority` are simulated.

The calls that make and delete a cluster are in `Cluster.create` and the entry alone.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.kinds import engine_versions
from infra.sandbox.plugins.aws.kinds.eks_waiting import UNDER_WAY, wait
from infra.sandbox.plugins.aws.tagging import EKS
from infra.sandbox.plugins.properties import Table
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_ACCESS = {"endpointPrivateAccess": False, "endpointPublicAccess": True}


class Cluster(Kind):
    """Its kinds of logs are told as what is on and what is off, and its version is changed by a call of its own."""

    @cached_property
    def table(self) -> Table:
        """Its inputs; the API is reached from the internet unless the program says otherwise, as EKS has it."""
        inputs = super().table
        network = inputs["vpcConfig"]
        stated = {name: replace(network.fields[name], default=value) for name, value in _ACCESS.items()}
        return {**inputs, "vpcConfig": replace(network, fields={**network.fields, **stated})}

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it."""
        return super().create(cloud, region, {**inputs, "logging": _logging(inputs)}, tags)

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Leave it as it is: its creation takes everything."""

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties, with the logs that are on and the issuer of its identities, once it is made."""
        if answer.get("status") in UNDER_WAY:
            client = cloud.client(self.service, region)
            wait(client, "cluster_active", name=id)
            answer = client.describe_cluster(name=id)["cluster"]
        told = super().told(cloud, region, id, answer)
        logs = answer.get("logging", {}).get("clusterLogging", [])
        issuer = answer.get("identity", {}).get("oidc", {}).get("issuer")
        told["enabledClusterLogTypes"] = [kind for setup in logs if setup.get("enabled") for kind in setup["types"]]
        told["identities"] = [{"oidcs": [{"issuer": issuer}]}]
        return told

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Change one thing after the other, as EKS wants it."""
        super().update(cloud, region, id, old, new)
        client = cloud.client(self.service, region)
        if sorted(old.get("enabledClusterLogTypes") or []) != sorted(new.get("enabledClusterLogTypes") or []):
            client.update_cluster_config(name=id, logging=_logging(new))
        if new.get("version") and old.get("version") != new["version"]:
            client.update_cluster_version(name=id, version=new["version"])

    def unavailable(self, cloud: Cloud, region: str, inputs: Properties) -> list[tuple[str, str]]:
        """Return whether the cloud lacks the engine's version."""
        return engine_versions.of_cluster(cloud.client(self.service, region), inputs)

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it, and return once it is gone."""
        super().delete(cloud, region, id, known)
        wait(cloud.client(self.service, region), "cluster_deleted", name=id)


def _logging(inputs: Properties) -> dict[str, Value]:
    on = list(inputs.get("enabledClusterLogTypes") or [])
    off = [kind for kind in _LOGS if kind not in on]
    setups = [{"types": on, "enabled": True}, {"types": off, "enabled": False}]
    return {"clusterLogging": [setup for setup in setups if setup["types"]]}


KINDS: tuple[Kind, ...] = (
    Cluster(
        token="aws:eks/cluster:Cluster",
        noun="EKS Cluster",
        service="eks",
        schema="AWS::EKS::Cluster",
        identifier="cluster.name",
        creating=Call(method="create_cluster"),
        reading=Call(method="describe_cluster", subject="name", result="cluster"),
        changing=(
            Call(
                method="update_cluster_config",
                subject="name",
                alone=True,
                sends=frozenset(
                    {
                        "accessConfig",
                        "computeConfig",
                        "deletionProtection",
                        "kubernetesNetworkConfig",
                        "remoteNetworkConfig",
                        "storageConfig",
                        "upgradePolicy",
                        "vpcConfig",
                        "zonalShiftConfig",
                    }
                ),
            ),
        ),
        deleting=Call(method="delete_cluster", subject="name"),
        tagging=EKS,
        names={"vpcConfig": "resourcesVpcConfig", "enabledClusterLogTypes": "", "clusterId": "id"},
        schema_names={
            "vpcConfig": "ResourcesVpcConfig",
            "vpcConfig.subnetIds": "ResourcesVpcConfig/SubnetIds",
            "enabledClusterLogTypes": "Logging/ClusterLogging/EnabledTypes/Type",
        },
        unchecked={
            "defaultAddonsToRemoves": "Terraform's own",
            "forceUpdateVersion": "a parameter of changes",
            "vpcConfig.clusterSecurityGroupId": "an output",
            "vpcConfig.vpcId": "an output",
        },
        defaults={"bootstrapSelfManagedAddons": True, "deletionProtection": False},
        computed=frozenset({"accessConfig", "kubernetesNetworkConfig", "upgradePolicy", "version"}),
        replace=frozenset({"accessConfig.bootstrapClusterCreatorAdminPermissions", "kubernetesNetworkConfig.ipFamily"}),
        automatic={"name": 100},
        sets=frozenset({"enabledClusterLogTypes", "vpcConfig.subnetIds"}),
        filled={"vpcConfig": frozenset({"clusterSecurityGroupId", "publicAccessCidrs", "vpcId"})},
        limits={"name": {"pattern": "^[0-9A-Za-z][A-Za-z0-9_-]*$"}},  # the API reference of CreateCluster
        broken=frozenset({"FAILED"}),
        asked="version",
        same_place=frozenset({"name"}),
    ),
)
