"""The cluster: who reaches its API, what its nodes may do, and in which order it comes up."""

import json
from typing import Any

import pytest

from components.cluster import Cluster
from components.node_pool import NodeKind, Taint
from tests.cloud_examples import OPERATORS, ZONES, cluster_args
from tests.cloud_outputs import CLUSTER_GROUP
from tests.harness import Graph, graph_of

BEFORE_NODES = ("eks-pod-identity-agent", "kube-proxy", "vpc-cni")
AFTER_NODES = (
    *("coredns", "metrics-server", "cert-manager", "external-dns"),
    "aws-secrets-store-csi-driver-provider",
)


def cluster(**changes: Any) -> Graph:
    args = cluster_args(**changes)

    def declare() -> dict[str, Any]:
        created = Cluster("cluster", args)
        created.grant_access("viewers", "arn:aws:iam::123456789012:role/viewers", "View", ["tenantry"])
        roles = dict(created.controller_roles)
        return {"kubeconfig": created.kubeconfig, "group": created.security_group_id, "roles": roles}

    return graph_of(declare)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return cluster()


def test_the_api_is_private_unless_addresses_are_named(graph: Graph) -> None:
    config = graph.named("cluster-cluster").plain("vpcConfig")
    assert config["endpointPrivateAccess"] is True
    assert config["endpointPublicAccess"] is False
    assert "publicAccessCidrs" not in config


def test_named_addresses_and_no_others_reach_the_api() -> None:
    config = cluster(public_access=["198.51.100.0/24"]).named("cluster-cluster").plain("vpcConfig")
    assert config["endpointPublicAccess"] is True
    assert config["publicAccessCidrs"] == ["198.51.100.0/24"]


def test_access_is_by_entries_alone_and_nobody_is_admin_by_having_created_it(graph: Graph) -> None:
    assert graph.named("cluster-cluster").plain("accessConfig") == {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": False,
    }
    assert graph.named("cluster-access-operators-entry").plain("principalArn") == OPERATORS
    policy = graph.named("cluster-access-operators-policy")
    assert policy.plain("policyArn") == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
    assert policy.plain("accessScope") == {"type": "cluster"}


def test_a_grant_can_be_kept_to_namespaces(graph: Graph) -> None:
    policy = graph.named("cluster-access-viewers-policy")
    assert policy.plain("policyArn").endswith("/AmazonEKSViewPolicy")
    assert policy.plain("accessScope") == {"type": "namespace", "namespaces": ["tenantry"]}


def test_secrets_are_encrypted_with_a_key_of_our_own(graph: Graph) -> None:
    assert graph.named("cluster-cluster").plain("encryptionConfig") == {
        "provider": {"keyArn": "arn:aws:kms:eu-central-1:123456789012:key/cluster-encryption-key"},
        "resources": ["secrets"],
    }


def test_every_kind_of_log_is_kept_for_90_days_in_a_group_that_is_there_first(graph: Graph) -> None:
    control_plane, group = graph.named("cluster-cluster"), graph.named("cluster-log")
    assert len(control_plane.plain("enabledClusterLogTypes")) == 5
    assert group.plain("name") == "/aws/eks/shop/cluster"
    assert group.plain("retentionInDays") == 90
    assert graph.reaches(control_plane, group)


def test_the_control_plane_waits_for_the_rights_of_its_role(graph: Graph) -> None:
    assert graph.reaches(graph.named("cluster-cluster"), graph.named("cluster-control-AmazonEKSClusterPolicy"))


def test_there_is_a_node_group_in_every_zone(graph: Graph) -> None:
    assert [(node.name, node.plain("subnetIds")) for node in graph.of_type(":NodeGroup")] == [
        (f"cluster-general-{zone}", [f"subnet-{zone}"]) for zone in ZONES
    ]


def test_the_number_of_nodes_is_left_to_the_autoscaler(graph: Graph) -> None:
    for node in graph.of_type(":NodeGroup"):
        assert node.ignore_changes == {"scalingConfig.desiredSize"}
        assert node.plain("scalingConfig") == {"minSize": 1, "maxSize": 5, "desiredSize": 1}


def test_a_pod_cannot_read_the_credentials_of_its_node(graph: Graph) -> None:
    metadata = graph.named("cluster-general-template").plain("metadataOptions")
    assert metadata == {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1}


def test_the_disks_of_the_nodes_are_encrypted(graph: Graph) -> None:
    (disk,) = graph.named("cluster-general-template").plain("blockDeviceMappings")
    assert disk["ebs"]["encrypted"] == "true"
    assert disk["ebs"]["volumeType"] == "gp3"
    assert disk["ebs"]["kmsKeyId"].endswith("/cluster-encryption-key")
    policy = json.loads(graph.named("cluster-encryption-key").plain("policy"))
    through = next(part for part in policy["Statement"] if part["Principal"] == {"AWS": "*"})
    assert through["Condition"] == {
        "StringEquals": {"kms:CallerAccount": "123456789012", "kms:ViaService": ["ec2.eu-central-1.amazonaws.com"]}
    }


def test_nodes_and_their_disks_carry_what_costs_are_told_apart_by() -> None:
    graph = cluster(node_tags={"environment": "shop"})
    said = graph.named("cluster-general-template").plain("tagSpecifications")
    assert [part["resourceType"] for part in said] == ["instance", "volume"]
    assert {part["tags"]["environment"] for part in said} == {"shop"}
    assert {part["tags"]["Name"] for part in said} == {"cluster-general"}


def test_nodes_follow_the_template_and_the_version_of_the_control_plane(graph: Graph) -> None:
    for node in graph.of_type(":NodeGroup"):
        assert node.plain("version") == "1.34"
        assert node.plain("launchTemplate") == {"id": "id-of-cluster-general-template", "version": "3"}


def test_nodes_join_when_networking_is_there_and_their_role_has_its_rights(graph: Graph) -> None:
    for node in graph.of_type(":NodeGroup"):
        for first in (
            "cluster-vpc-cni",
            "cluster-kube-proxy",
            "cluster-eks-pod-identity-agent",
            "cluster-nodes-AmazonEKSWorkerNodePolicy",
        ):
            assert graph.reaches(node, graph.named(first)), f"{node.name} does not wait for {first}"


def test_the_add_ons_are_those_that_the_platform_counts_on(graph: Graph) -> None:
    assert {node.plain("addonName") for node in graph.of_type(":Addon")} == {*BEFORE_NODES, *AFTER_NODES}


@pytest.mark.parametrize("addon", AFTER_NODES)
def test_addons_with_pods_of_their_own_wait_for_nodes(graph: Graph, addon: str) -> None:
    node = graph.named(f"cluster-controllers-{addon}")
    assert all(graph.reaches(node, group) for group in graph.of_type(":NodeGroup"))


@pytest.mark.parametrize("caller", ["cert-manager", "external-dns"])
def test_an_add_on_that_calls_aws_has_a_role_of_its_own_before_its_pods_start(graph: Graph, caller: str) -> None:
    association = graph.named(f"cluster-controllers-{caller}-pods-association")
    assert (association.plain("namespace"), association.plain("serviceAccount")) == (caller, caller)
    assert graph.reaches(graph.named(f"cluster-controllers-{caller}"), association)
    assert graph.exports["roles"][caller] == f"cluster-controllers-{caller}-pods-role-1a2b3c4"
    granted = [node.name for node in graph.of_type(":RolePolicyAttachment") if caller in node.plain("role")]
    assert granted == [], "rights are granted by those who own what they are on"


def test_the_dns_records_of_a_cluster_are_marked_as_its_own(graph: Graph) -> None:
    said = json.loads(graph.named("cluster-controllers-external-dns").plain("configurationValues"))
    assert said == {"policy": "sync", "txtOwnerId": "shop"}


def teardown(graph: Graph) -> list[set[str]]:
    """Return what goes in which step of a deletion: whatever nothing that is left waits for."""
    left = {node.name: node for node in graph.nodes.values() if node.custom}
    waits = {
        name: {other for other, goal in left.items() if other != name and graph.reaches(node, goal)}
        for name, node in left.items()
    }
    steps = []
    while left:
        going = {name for name in left if not any(name in waits[other] for other in left)}
        assert going, f"a circle among {sorted(left)}"
        steps.append(going)
        left = {name: node for name, node in left.items() if name not in going}
    return steps


def test_a_cluster_is_taken_down_in_the_opposite_order(graph: Graph) -> None:
    step = {name: number for number, names in enumerate(teardown(graph)) for name in names}
    nodes = {step[f"cluster-general-{zone}"] for zone in ZONES}
    # Pods with controllers go while there are nodes, nodes while there is a network plugin with rights to take down
    # their interfaces, and all of that while the API answers.
    assert max(step[f"cluster-controllers-{addon}"] for addon in AFTER_NODES) < min(nodes)
    networking = [step[f"cluster-{addon}"] for addon in BEFORE_NODES]
    assert max(nodes) < min(networking)
    assert step["cluster-vpc-cni"] < step["cluster-pods-cni-association"]
    assert step["cluster-vpc-cni"] < step["cluster-cni-policy"]
    assert max(nodes) < step["cluster-nodes-AmazonEKSWorkerNodePolicy"]
    assert max(networking) < step["cluster-cluster"]
    assert step["cluster-access-operators-policy"] < step["cluster-cluster"]
    for later in ("cluster-log", "cluster-encryption-key", "cluster-control-AmazonEKSClusterPolicy"):
        assert step["cluster-cluster"] < step[later]


def test_the_cluster_s_tokens_are_known_to_iam_unless_told_otherwise(graph: Graph) -> None:
    (provider,) = graph.of_type(":OpenIdConnectProvider")
    assert provider.plain("url") == "https://oidc.eks.example.invalid/id/ABCDEF"
    assert provider.plain("clientIdLists") == ["sts.amazonaws.com"]
    assert cluster(identity_provider=False).of_type(":OpenIdConnectProvider") == []


def test_support_of_an_old_version_is_not_paid_for_unless_told_so(graph: Graph) -> None:
    assert graph.named("cluster-cluster").plain("upgradePolicy") == {"supportType": "STANDARD"}
    extended = cluster(extended_support=True).named("cluster-cluster")
    assert extended.plain("upgradePolicy") == {"supportType": "EXTENDED"}


def test_an_update_takes_a_third_of_a_group_at_most_and_broken_nodes_are_replaced(graph: Graph) -> None:
    for node in graph.of_type(":NodeGroup"):
        assert node.plain("updateConfig") == {"maxUnavailablePercentage": 33}
        assert node.plain("nodeRepairConfig") == {"enabled": True}


def test_the_rights_of_the_network_plugin_are_not_the_nodes(graph: Graph) -> None:
    holders = [
        node.plain("role")
        for node in graph.of_type(":RolePolicyAttachment")
        if node.plain("policyArn").endswith("/AmazonEKS_CNI_Policy")
    ]
    assert holders == ["cluster-pods-cni-role-1a2b3c4"]
    association = graph.named("cluster-pods-cni-association")
    assert (association.plain("namespace"), association.plain("serviceAccount")) == ("kube-system", "aws-node")
    assert graph.reaches(graph.named("cluster-vpc-cni"), association)


def test_network_policies_are_enforced(graph: Graph) -> None:
    assert json.loads(graph.named("cluster-vpc-cni").plain("configurationValues")) == {"enableNetworkPolicy": "true"}


def test_the_kubeconfig_asks_aws_for_a_token_and_holds_none(graph: Graph) -> None:
    kubeconfig = json.loads(graph.exports["kubeconfig"])
    assert kubeconfig["clusters"][0]["cluster"] == {
        "server": "https://cluster.eks.example.invalid",
        "certificate-authority-data": "Q0E=",
    }
    user = kubeconfig["users"][0]["user"]
    assert user.keys() == {"exec"}
    command = [user["exec"]["command"], *user["exec"]["args"]]
    assert " ".join(command) == "aws eks get-token --cluster-name shop --region eu-central-1 --output json"


def test_its_security_group_is_the_one_that_eks_makes(graph: Graph) -> None:
    assert graph.exports["group"] == CLUSTER_GROUP


def test_it_is_protected_from_deletion_twice_unless_told_otherwise(graph: Graph) -> None:
    assert graph.named("cluster-cluster").protect
    assert graph.named("cluster-cluster").plain("deletionProtection") is True
    loose = cluster(protect=False).named("cluster-cluster")
    assert not loose.protect
    assert loose.plain("deletionProtection") is False


def test_pools_have_kinds_of_their_own() -> None:
    large = NodeKind(instance_types=["r7i.xlarge"], minimum=0, maximum=2, disk_gib=200)
    graph = cluster(node_pools={"general": cluster_args().node_pools["general"], "memory": large})
    assert len(graph.of_type(":NodeGroup")) == 6
    assert graph.named("cluster-memory-template").plain("blockDeviceMappings", 0, "ebs", "volumeSize") == 200


def test_a_pool_can_be_of_the_other_architecture_and_kept_for_some_pods() -> None:
    kept = NodeKind(
        instance_types=["m7g.large"],
        minimum=1,
        maximum=2,
        architecture="arm64",
        labels={"purpose": "images"},
        taints=[Taint(key="dedicated", value="images")],
    )
    graph = cluster(node_pools={"images": kept})
    for node in graph.of_type(":NodeGroup"):
        assert node.plain("amiType") == "AL2023_ARM_64_STANDARD"
        assert node.plain("labels") == {"purpose": "images"}
        assert node.plain("taints") == [{"key": "dedicated", "value": "images", "effect": "NO_SCHEDULE"}]
