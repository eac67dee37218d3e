"""Clusters and what belongs to them: what is refused and when, what EKS fills in, and what a deletion needs."""

from typing import Any

import pytest

from infra.sandbox.plugins.values import Unknown
from tests.plugins.aws.examples.eks import cluster
from tests.plugins.aws.world import World
from tests.plugins.client import Refused

CLUSTER = "aws:eks/cluster:Cluster"
GROUP = "aws:eks/nodeGroup:NodeGroup"
ADDON = "aws:eks/addon:Addon"
ENTRY = "aws:eks/accessEntry:AccessEntry"
POLICY = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
PODS = "aws:eks/podIdentityAssociation:PodIdentityAssociation"

_NO_ROLE = "arn:aws:iam::123456789012:role/nobody"
_NO_SUBNET = "subnet-0123456789abcdef0"
_NO_GROUP = "sg-0123456789abcdef0"


def _cluster(world: World, **more: Any) -> dict[str, Any]:
    network = {"subnetIds": [world.subnet("a"), world.subnet("b")], "endpointPrivateAccess": True}
    return {"roleArn": world.role, "vpcConfig": network, "version": "1.34", **more}


def _group(world: World, name: str, **more: Any) -> dict[str, Any]:
    sizes = {"minSize": 1, "maxSize": 2, "desiredSize": 1}
    said = {"clusterName": name, "nodeRoleArn": world.role, "subnetIds": [world.subnet()], "scalingConfig": sizes}
    return {**said, **more}


@pytest.mark.parametrize(
    ("token", "given", "property_", "allowed"),
    [
        (CLUSTER, {"enabledClusterLogTypes": ["everything"]}, "enabledClusterLogTypes[0]", "audit"),
        (CLUSTER, {"accessConfig": {"authenticationMode": "NONE"}}, "accessConfig.authenticationMode", "API"),
        (CLUSTER, {"vpcConfig": {"subnets": []}}, "vpcConfig.subnets", "subnetIds"),
        (GROUP, {"instanceTypes": ["m7g.enormous"]}, "instanceTypes[0]", "must be one of"),
        (GROUP, {"scalingConfig": {"minSize": -1}}, "scalingConfig.minSize", "0 or more"),
        (GROUP, {"taints": [{"key": "only", "effect": "NEVER"}]}, "taints[0].effect", "NO_SCHEDULE"),
        (ADDON, {"resolveConflictsOnCreate": "PRESERVED"}, "resolveConflictsOnCreate", "OVERWRITE"),
        (ADDON, {"configurationValues": "replicas: 2"}, "configurationValues", "must be a JSON object"),
        (POLICY, {"accessScope": {"type": "village"}}, "accessScope.type", "namespace"),
        (PODS, {"namespace": None}, "namespace", "is required"),
    ],
)
def test_wrong_input_fails_in_the_preview(
    world: World, token: str, given: dict[str, Any], property_: str, allowed: str
) -> None:
    _, failures = world.object(token).check(**given)
    assert allowed in failures[property_]


def test_what_a_cluster_stands_on_must_exist(world: World) -> None:
    one = world.subnet("a")
    for wrong, told in (
        ({"roleArn": _NO_ROLE}, "nobody"),
        ({"vpcConfig": {"subnetIds": [one, _NO_SUBNET]}}, _NO_SUBNET),
        ({"vpcConfig": {"subnetIds": [one, world.subnet("b")], "securityGroupIds": [_NO_GROUP]}}, _NO_GROUP),
        ({"vpcConfig": {"subnetIds": [one]}}, "at least two different AZs"),
    ):
        with pytest.raises(Refused, match="InvalidParameterException") as refused:
            world.object(CLUSTER).create(**_cluster(world, **wrong))
        assert told in str(refused.value)


def test_a_cluster_gets_a_security_group_that_is_known_after_its_creation_only(world: World) -> None:
    said = _cluster(world)
    made = world.object(CLUSTER)
    assert isinstance(made.preview(**said)["vpcConfig"]["clusterSecurityGroupId"], Unknown)
    made.create(**said)
    group = made.outputs["vpcConfig"]["clusterSecurityGroupId"]
    found = world.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert [each["VpcId"] for each in found] == [world.vpc]
    assert made.update(preview=True, **{**said, "version": "1.35"})["vpcConfig"]["clusterSecurityGroupId"] == group
    made.delete()
    with pytest.raises(world.client("ec2").exceptions.ClientError, match="NotFound"):
        world.client("ec2").describe_security_groups(GroupIds=[group])


def test_a_protected_cluster_stays_until_it_is_no_longer_protected(world: World) -> None:
    said = _cluster(world)
    made = world.object(CLUSTER).create(**said, deletionProtection=True)
    with pytest.raises(Refused, match="InvalidRequestException"):
        made.delete()
    made.update(**said, deletionProtection=False)
    made.delete()
    assert made.refresh() == {"gone"}


def test_a_cluster_with_node_groups_stays(world: World) -> None:
    made = world.object(CLUSTER).create(**_cluster(world))
    group = world.object(GROUP).create(**_group(world, made.id))
    with pytest.raises(Refused, match="ResourceInUseException"):
        made.delete()
    group.delete()
    made.delete()
    assert made.refresh() == {"gone"}


def test_what_a_node_group_stands_on_must_exist(world: World) -> None:
    name = cluster(world)
    for wrong, code in (
        ({"clusterName": "nowhere"}, "ResourceNotFoundException"),
        ({"nodeRoleArn": _NO_ROLE}, "InvalidParameterException"),
        ({"subnetIds": [_NO_SUBNET]}, "InvalidParameterException"),
        ({"launchTemplate": {"id": "lt-0123456789abcdef0", "version": "1"}}, "InvalidRequestException"),
    ):
        with pytest.raises(Refused, match=code):
            world.object(GROUP).create(**_group(world, name, **wrong))


def test_names_are_given_once(world: World) -> None:
    said = _cluster(world, name=world.name("once"))
    world.object(CLUSTER).create(**said)
    addon = {"clusterName": said["name"], "addonName": "coredns"}
    pods = {"clusterName": said["name"], "namespace": "shop", "serviceAccount": "web", "roleArn": world.role}
    for token, again in ((ADDON, addon), (PODS, pods)):
        world.object(token).create(**again)
        with pytest.raises(Refused, match="ResourceInUseException"):
            world.object(token).create(**again)
    with pytest.raises(Refused, match="ResourceInUseException"):
        world.object(CLUSTER).create(**said)


def test_who_enters_must_exist(world: World) -> None:
    name = cluster(world)
    with pytest.raises(Refused, match="InvalidParameterException"):
        world.object(ENTRY).create(clusterName=name, principalArn=_NO_ROLE)
    view = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    scope = {"type": "cluster"}
    with pytest.raises(Refused, match="ResourceNotFoundException"):
        world.object(POLICY).create(clusterName=name, principalArn=world.role, policyArn=view, accessScope=scope)
    with pytest.raises(Refused, match="InvalidParameterException"):
        world.object(PODS).create(clusterName=name, namespace="shop", serviceAccount="web", roleArn=_NO_ROLE)


def test_the_roles_of_pods_change_in_place(world: World) -> None:
    said = {"clusterName": cluster(world), "namespace": "shop", "serviceAccount": "web"}
    pods = world.object(PODS).create(**said, roleArn=world.role)
    other = world.client("iam").create_role(RoleName=world.name("role"), AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    assert not pods.diff(**said, roleArn=other).replaces
    pods.update(**said, roleArn=other)
    assert pods.refresh() == set()
    (found,) = world.client("eks").list_pod_identity_associations(clusterName=said["clusterName"])["associations"]
    assert found["associationId"] == pods.id


def test_a_cluster_takes_what_belongs_to_it_with_it(world: World) -> None:
    made = world.object(CLUSTER).create(**_cluster(world))
    addon = world.object(ADDON).create(clusterName=made.id, addonName="coredns")
    made.delete()
    assert addon.refresh() == {"gone"}
    addon.delete()


def test_a_policy_taken_away_behind_the_programs_back_is_gone_and_a_wider_one_is_a_change(world: World) -> None:
    said = {"clusterName": cluster(world), "principalArn": world.role}
    world.object(ENTRY).create(**said)
    view = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    scope = {"type": "namespace", "namespaces": ["shop"]}
    policy = world.object(POLICY).create(**said, policyArn=view, accessScope=scope)
    eks = world.client("eks")
    eks.associate_access_policy(**said, policyArn=view, accessScope={"type": "cluster"})
    assert "accessScope" in policy.refresh()
    assert policy.diff(**said, policyArn=view, accessScope=scope).replaces
    eks.disassociate_access_policy(**said, policyArn=view)
    assert policy.refresh() == {"gone"}


def test_pods_that_got_another_role_behind_the_programs_back_are_a_change(world: World) -> None:
    said = {"clusterName": cluster(world), "namespace": "shop", "serviceAccount": "web", "roleArn": world.role}
    pods = world.object(PODS).create(**said)
    other = world.client("iam").create_role(RoleName=world.name("role"), AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    world.client("eks").update_pod_identity_association(
        clusterName=said["clusterName"], associationId=pods.id, roleArn=other
    )
    assert pods.refresh() == {"roleArn"}
    pods.update(**said)
    assert pods.refresh() == set()


def test_a_change_of_who_gets_admitted_at_creation_needs_another_cluster(world: World) -> None:
    access = {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}
    said = _cluster(world)
    made = world.object(CLUSTER).create(**said, accessConfig=access)
    wider = {**access, "bootstrapClusterCreatorAdminPermissions": True}
    assert made.diff(**said, accessConfig=wider).replaces == ["accessConfig.bootstrapClusterCreatorAdminPermissions"]
    assert not made.diff(**said, accessConfig={**access, "authenticationMode": "API_AND_CONFIG_MAP"}).replaces


def test_an_access_policy_that_eks_does_not_have_is_refused(world: World) -> None:
    subnets = [world.subnet("a"), world.subnet("b")]
    eks, name = world.client("eks"), world.name("cluster")
    eks.create_cluster(name=name, roleArn=world.role, resourcesVpcConfig={"subnetIds": subnets})
    eks.create_access_entry(clusterName=name, principalArn=world.role)
    with pytest.raises(Refused, match=r"InvalidParameterException: .*AmazonEKSEverythingPolicy"):
        world.object("aws:eks/accessPolicyAssociation:AccessPolicyAssociation").create(
            clusterName=name,
            principalArn=world.role,
            policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSEverythingPolicy",
            accessScope={"type": "cluster"},
        )
