"""The Kubernetes cluster of an environment, on Amazon EKS.

Owns the control plane, its logs, its nodes, its add-ons, and who may use its API. Leaves what runs in it to the
Kubernetes components.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_aws import cloudwatch, eks, iam, vpc

from components.account import Account
from components.cluster_access import AccessLevel, ClusterAccess, ClusterAccessArgs
from components.cluster_addon import managed_addon
from components.cluster_controllers import Caller, ClusterControllers, ClusterControllersArgs
from components.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.kubeconfig import kubeconfig
from components.node_pool import NodeKind, NodePool, NodePoolArgs
from components.pod_identity import PodIdentity, PodIdentityArgs
from components.private_endpoints import PrivateEndpoints
from components.service_role import ServiceRole, ServiceRoleArgs
from infra.tags import tags

_API_PORT = 443
_LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """Arguments of `Cluster`.

    Args:
        cluster_name: the EKS name, unique in account and region.
        version: of Kubernetes, as `1.34`.
        subnets: zone -> private subnet; two zones at least.
        egress: the ways out of those subnets (`Network.egress`); nodes join through them.
        endpoints: the network's private ways to AWS (`Network.endpoints`), which let nodes and pods in.
        node_pools: name -> what its nodes are.
        node_tags: of the nodes and their disks, which the provider's default tags do not reach; costs are told apart
            by them.
        administrators: name -> ARN of the IAM principal that may do everything; who applies the program must be one.
        public_access: addresses in CIDR notation that reach the API from the internet; none: it is private only.
        log_retention_days: one of CloudWatch's own periods. Ours: no source document gives a number.
        extended_support: whether EKS keeps a version for 12 months more, at six times the price, when its 14 months
            are over; otherwise it then upgrades the control plane by itself (EKS user guide, release calendar).
        identity_provider: whether IAM trusts the cluster's tokens, for software that knows no pod identities; a role
            has to name the provider before that gives anybody anything.
        protect: AWS and the engine both refuse to delete it.
    """

    cluster_name: str
    version: str
    subnets: Mapping[str, pulumi.Input[str]]
    egress: Sequence[pulumi.Resource]
    endpoints: PrivateEndpoints | None = None
    node_pools: Mapping[str, NodeKind]
    node_tags: Mapping[str, str] = field(default_factory=dict)
    administrators: Mapping[str, pulumi.Input[str]]
    public_access: Sequence[str] = ()
    log_retention_days: int = 90
    extended_support: bool = False
    identity_provider: bool = True
    protect: bool = True


class Cluster(pulumi.ComponentResource):
    """The API answers inside the network only, unless addresses are named, and to IAM principals that were granted it.

    Secrets are encrypted with a key of our own, every kind of log is kept. What runs on the nodes depends on the
    component: then they are ready.
    """

    cluster_name: pulumi.Output[str]
    """The EKS name, known once the control plane answers."""

    arn: pulumi.Output[str]
    """Its ARN, known then too."""

    endpoint: pulumi.Output[str]
    """The API's URL."""

    security_group_id: pulumi.Output[str]
    """The group of the control plane, the nodes and their pods, for `allow_from` of others."""

    kubeconfig: pulumi.Output[str]
    """For kubectl and the Kubernetes provider; holds no secret, since the token comes from `aws eks get-token`."""

    controller_roles: Mapping[Caller, pulumi.Output[str]]
    """Add-on that calls AWS -> its IAM role's name, without rights yet."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:cluster:Cluster", name, None, opts)
        self._name = name
        self._args = args
        self._log_group_name = f"/aws/eks/{args.cluster_name}/cluster"  # fixed by EKS
        self._key = self._encryption_key()
        cluster = self._control_plane(self._log_group())
        self.cluster_name = cluster.name
        self.arn = cluster.arn
        for administrator, principal in args.administrators.items():
            self.grant_access(administrator, principal, "ClusterAdmin")
        # No `apply`: a preview leaves it out while another part of the block, as a new subnet, is unknown, and would
        # then show what names the group as replaced.
        self.security_group_id = cluster.vpc_config.cluster_security_group_id
        if args.identity_provider:
            self._identity_provider(cluster)
        pools = self._node_pools([*self._networking(), *self._ways_to_aws()])
        self.controller_roles = self._controllers(pools).roles
        self.endpoint = cluster.endpoint
        self.kubeconfig = kubeconfig(args.cluster_name, cluster, Account(self).region)
        self.register_outputs(
            {
                "cluster_name": self.cluster_name,
                "arn": self.arn,
                "endpoint": self.endpoint,
                "security_group_id": self.security_group_id,
                "kubeconfig": self.kubeconfig,
                "controller_roles": self.controller_roles,
            }
        )

    def grant_access(
        self, grantee: str, principal_arn: pulumi.Input[str], level: AccessLevel, namespaces: Sequence[str] = ()
    ) -> ClusterAccess:
        """Let an IAM principal use the API.

        Args:
            grantee: who it is, for logical names.
            principal_arn: of the IAM role or user; one grant each.
            level: EKS's access policy.
            namespaces: where it applies; none for the whole cluster.
        """
        args = ClusterAccessArgs(
            cluster_name=self.cluster_name, principal_arn=principal_arn, level=level, namespaces=namespaces
        )
        return ClusterAccess(f"{self._name}-access-{grantee}", args, self._child())

    def allow_from(self, source: str, security_group_id: pulumi.Input[str], port: int = _API_PORT) -> None:
        """Let the members of a security group reach the API, or one port of nodes and pods, which reach it anyway.

        Args:
            source: who they are, for logical names.
            security_group_id: their group.
            port: the TCP port; the API's, unless given.
        """
        name = f"{self._name}-{'api' if port == _API_PORT else port}-from-{source}"
        vpc.SecurityGroupIngressRule(
            name,
            security_group_id=self.security_group_id,
            referenced_security_group_id=security_group_id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=f"from {source}",
            tags=tags(name, "cluster"),
            opts=self._child(),
        )

    def pod_identity(
        self, workload: str, namespace: pulumi.Input[str], service_account: pulumi.Input[str]
    ) -> PodIdentity:
        """Give the pods of a service account an IAM role, without rights yet.

        Args:
            workload: who it is, for logical names.
            namespace: the Kubernetes namespace.
            service_account: the Kubernetes service account.
        """
        args = PodIdentityArgs(cluster_name=self.cluster_name, namespace=namespace, service_account=service_account)
        return PodIdentity(f"{self._name}-pods-{workload}", args, self._child())

    def _child(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(depends_on))

    def _encryption_key(self) -> EncryptionKey:
        args = EncryptionKeyArgs(
            description=f"Kubernetes secrets, logs and node disks of {self._args.cluster_name}",
            log_groups=[self._log_group_name],
            through=["ec2"],  # node disks: the autoscaling service attaches them on our behalf
            protect=self._args.protect,
        )
        return EncryptionKey(f"{self._name}-encryption", args, self._child())

    def _log_group(self) -> cloudwatch.LogGroup:
        # EKS makes a missing one itself: in plain text, and kept for ever.
        return cloudwatch.LogGroup(
            f"{self._name}-log",
            name=self._log_group_name,
            retention_in_days=self._args.log_retention_days,
            kms_key_id=self._key.arn,
            tags=tags(f"{self._name}-log", "cluster"),
            opts=self._child(),
        )

    def _control_plane(self, log_group: cloudwatch.LogGroup) -> eks.Cluster:
        args = self._args
        role_args = ServiceRoleArgs(service="eks.amazonaws.com", managed_policies=["AmazonEKSClusterPolicy"])
        role = ServiceRole(f"{self._name}-control", role_args, self._child())
        network: eks.ClusterVpcConfigArgsDict = {
            "subnet_ids": list(args.subnets.values()),
            "endpoint_private_access": True,
            "endpoint_public_access": bool(args.public_access),
        }
        if args.public_access:
            network["public_access_cidrs"] = args.public_access
        return eks.Cluster(
            f"{self._name}-cluster",
            name=args.cluster_name,
            version=args.version,
            role_arn=role.arn,
            vpc_config=network,
            access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": False},
            encryption_config={"provider": {"key_arn": self._key.arn}, "resources": ["secrets"]},
            enabled_cluster_log_types=list(_LOG_TYPES),
            bootstrap_self_managed_addons=False,
            upgrade_policy={"support_type": "EXTENDED" if args.extended_support else "STANDARD"},
            deletion_protection=args.protect,
            tags=tags(f"{self._name}-cluster", "cluster"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[log_group, role], protect=args.protect),
        )

    def _networking(self) -> list[pulumi.Resource]:
        """Declare what a node needs before it joins; the CNI's rights are its pods', not the nodes'."""
        identity = self.pod_identity("cni", "kube-system", "aws-node")
        policy = iam.RolePolicyAttachment(
            f"{self._name}-cni-policy",
            role=identity.role,
            policy_arn=Account(self).managed_policy("AmazonEKS_CNI_Policy"),
            opts=self._child(),
        )
        agent = self._node_addon("eks-pod-identity-agent")
        network_policy = {"enableNetworkPolicy": "true"}
        cni = self._node_addon("vpc-cni", [identity, policy, agent], network_policy)
        return [cni, agent, self._node_addon("kube-proxy")]

    def _node_addon(
        self, addon: str, after: Sequence[pulumi.Resource] = (), configuration: Mapping[str, str] | None = None
    ) -> eks.Addon:
        return managed_addon(f"{self._name}-{addon}", addon, self.cluster_name, self._child(after), configuration)

    def _ways_to_aws(self) -> Sequence[pulumi.Resource]:
        """Let nodes and pods reach the network's endpoints: the names of ECR and STS lead nowhere else there."""
        if self._args.endpoints is None:
            return ()
        return self._args.endpoints.allow_from("cluster", self.security_group_id)

    def _identity_provider(self, cluster: eks.Cluster) -> iam.OpenIdConnectProvider:
        name = f"{self._name}-identity-provider"
        return iam.OpenIdConnectProvider(
            name,
            url=cluster.identities[0].oidcs[0].issuer,
            client_id_lists=["sts.amazonaws.com"],
            tags=tags(name, "cluster"),
            opts=self._child(),
        )

    def _controllers(self, pools: Sequence[NodePool]) -> ClusterControllers:
        args = ClusterControllersArgs(cluster_name=self.cluster_name, owner=self._args.cluster_name, after=pools)
        return ClusterControllers(f"{self._name}-controllers", args, self._child())

    def _node_pools(self, networking: Sequence[pulumi.Resource]) -> list[NodePool]:
        role_args = ServiceRoleArgs(service="ec2.amazonaws.com", managed_policies=_NODE_POLICIES)
        role = ServiceRole(f"{self._name}-nodes", role_args, self._child())
        return [
            NodePool(
                f"{self._name}-{pool}",
                NodePoolArgs(
                    cluster_name=self.cluster_name,
                    version=self._args.version,
                    role_arn=role.arn,
                    disk_key_arn=self._key.arn,
                    subnets=self._args.subnets,
                    kind=kind,
                    after=[role, *networking, *self._args.egress],
                    tags=self._args.node_tags,
                ),
                self._child(),
            )
            for pool, kind in self._args.node_pools.items()
        ]
