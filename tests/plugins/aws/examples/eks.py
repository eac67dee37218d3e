"""Examples of clusters, node groups, add-ons and who may enter."""

from typing import Any

from tests.plugins.aws.world import Example, World

_ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
_VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


def cluster(world: World) -> str:
    """Make a cluster and return its name."""
    name = world.name("cluster")
    world.client("eks").create_cluster(
        name=name,
        roleArn=world.role,
        version="1.34",
        resourcesVpcConfig={"subnetIds": [world.subnet("a"), world.subnet("b")]},
        accessConfig={"authenticationMode": "API"},
    )
    return name


def _new_role(world: World) -> str:
    made = world.client("iam").create_role(RoleName=world.name("role"), AssumeRolePolicyDocument="{}")
    return str(made["Role"]["Arn"])


def _entry(world: World) -> dict[str, Any]:
    said = {"clusterName": cluster(world), "principalArn": _new_role(world)}
    world.client("eks").create_access_entry(**said)
    return said


def _template(world: World) -> str:
    made = world.client("ec2").create_launch_template(
        LaunchTemplateName=world.name("template"), LaunchTemplateData={"InstanceType": "m7g.large"}
    )
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


def _scale(world: World, identity: str) -> None:
    name, _, group = identity.partition(":")
    world.client("eks").update_nodegroup_config(clusterName=name, nodegroupName=group, scalingConfig={"maxSize": 9})


def _open(world: World, identity: str) -> None:
    world.client("eks").update_cluster_config(name=identity, resourcesVpcConfig={"endpointPublicAccess": True})


def _configure(world: World, identity: str) -> None:
    name, _, addon = identity.partition(":")
    world.client("eks").update_addon(clusterName=name, addonName=addon, configurationValues='{"replicaCount": 9}')


def _regroup(world: World, identity: str) -> None:
    name, _, principal = identity.partition(":")
    world.client("eks").update_access_entry(clusterName=name, principalArn=principal, kubernetesGroups=["others"])


def _pods(world: World) -> dict[str, Any]:
    return {"clusterName": cluster(world), "namespace": "shop", "serviceAccount": "web", "roleArn": world.role}


EXAMPLES: tuple[Example, ...] = (
    Example(
        token="aws:eks/cluster:Cluster",
        inputs=lambda world: {
            "name": world.name("cluster"),
            "version": "1.34",
            "roleArn": world.role,
            "vpcConfig": {
                "subnetIds": [world.subnet("a"), world.subnet("b")],
                "endpointPrivateAccess": True,
                "endpointPublicAccess": False,
            },
            "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
            "encryptionConfig": {
                "provider": {"keyArn": world.client("kms").create_key()["KeyMetadata"]["Arn"]},
                "resources": ["secrets"],
            },
            "enabledClusterLogTypes": ["audit", "api"],
            "upgradePolicy": {"supportType": "STANDARD"},
            "tags": {"owner": "shop"},
        },
        change={
            "version": "1.35",
            "enabledClusterLogTypes": ["audit"],
            "tags": {"owner": "platform"},
        },
        replacement={"name": "another"},
        drift=_open,
        drifted=frozenset({"vpcConfig"}),
        unimported=frozenset({"bootstrapSelfManagedAddons"}),
    ),
    Example(
        token="aws:eks/nodeGroup:NodeGroup",
        inputs=lambda world: {
            "clusterName": cluster(world),
            "nodeGroupName": world.name("pool"),
            "nodeRoleArn": world.role,
            "subnetIds": [world.subnet("a")],
            "instanceTypes": ["m7g.large"],
            "amiType": "AL2023_ARM_64_STANDARD",
            "capacityType": "ON_DEMAND",
            "launchTemplate": {"id": _template(world), "version": "1"},
            "scalingConfig": {"minSize": 1, "maxSize": 3, "desiredSize": 1},
            "updateConfig": {"maxUnavailablePercentage": 33},
            "labels": {"pool": "shop"},
            "tags": {"owner": "shop"},
        },
        change={
            "scalingConfig": {"minSize": 2, "maxSize": 4, "desiredSize": 2},
            "labels": {"tier": "web"},
            "taints": [{"key": "only", "value": "shop", "effect": "NO_SCHEDULE"}],
            "version": "1.35",
            "tags": {"owner": "platform"},
        },
        replacement={"instanceTypes": ["m7g.xlarge"]},
        drift=_scale,
        drifted=frozenset({"scalingConfig"}),
    ),
    Example(
        token="aws:eks/addon:Addon",
        inputs=lambda world: {
            "clusterName": cluster(world),
            "addonName": "coredns",
            "configurationValues": '{"replicaCount": 2}',
            "resolveConflictsOnCreate": "OVERWRITE",
            "resolveConflictsOnUpdate": "PRESERVE",
        },
        change={"configurationValues": '{"replicaCount": 3}', "tags": {"owner": "shop"}},
        replacement={"addonName": "kube-proxy"},
        drift=_configure,
        drifted=frozenset({"configurationValues"}),
        unimported=frozenset({"resolveConflictsOnCreate", "resolveConflictsOnUpdate"}),
    ),
    Example(
        token="aws:eks/accessEntry:AccessEntry",
        inputs=lambda world: {
            "clusterName": cluster(world),
            "principalArn": _new_role(world),
            "kubernetesGroups": ["viewers"],
        },
        change={"kubernetesGroups": ["viewers", "editors"], "tags": {"owner": "shop"}},
        replacement={"type": "EC2_LINUX"},
        drift=_regroup,
        drifted=frozenset({"kubernetesGroups"}),
    ),
    Example(
        token="aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        inputs=lambda world: {
            **_entry(world),
            "policyArn": _ADMIN,
            "accessScope": {"type": "namespace", "namespaces": ["shop"]},
        },
        replacement={"policyArn": _VIEW},
    ),
    Example(
        token="aws:eks/podIdentityAssociation:PodIdentityAssociation",
        inputs=_pods,
        change={"tags": {"owner": "shop"}},
        replacement={"serviceAccount": "jobs"},
        import_id=lambda thing: f"{thing.inputs['clusterName']},{thing.id}",
    ),
)
