"""The stack `local` as it is: on a cluster, a database and Redis that it declares in the sandbox's AWS account.

Owns clients of what it declares, and the comparison of its state with the account and with the servers that run. Leaves
what is in the cluster and in PostgreSQL to `consistency`.
"""

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg
import redis

from infra.paths import BIN
from infra.sandbox import lifecycle, pulumi, stack_file
from infra.sandbox.cloud.service import Cloud
from infra.sandbox.environment import Workspace
from tests.engine.stack import Settings, Stack, storefront_alone
from tests.sandbox.cloud.harness import client

Resource = dict[str, Any]

_CLUSTER = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
_MODULE = "infra.sandbox."

_LISTED: Mapping[str, tuple[str, Callable[[Resource], str]]] = {
    "aws:acm/certificate:Certificate": ("acm CertificateSummaryList", lambda it: it["id"]),
    "aws:budgets/budget:Budget": ("budgets Budgets", lambda it: it["outputs"]["name"]),
    "aws:cloudtrail/trail:Trail": ("cloudtrail trailList", lambda it: it["outputs"]["name"]),
    "aws:cloudwatch/logGroup:LogGroup": ("logs logGroups", lambda it: it["id"]),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("cloudwatch MetricAlarms", lambda it: it["id"]),
    "aws:ec2/eip:Eip": ("ec2 Addresses", lambda it: it["id"]),
    "aws:ec2/flowLog:FlowLog": ("ec2 FlowLogs", lambda it: it["id"]),
    "aws:ec2/internetGateway:InternetGateway": ("ec2 InternetGateways", lambda it: it["id"]),
    "aws:ec2/launchTemplate:LaunchTemplate": ("ec2 LaunchTemplates", lambda it: it["id"]),
    "aws:ec2/natGateway:NatGateway": ("ec2 NatGateways", lambda it: it["id"]),
    "aws:ec2/routeTable:RouteTable": ("ec2 RouteTables", lambda it: it["id"]),
    "aws:ec2/securityGroup:SecurityGroup": ("ec2 SecurityGroups", lambda it: it["id"]),
    "aws:ec2/subnet:Subnet": ("ec2 Subnets", lambda it: it["id"]),
    "aws:ec2/vpc:Vpc": ("ec2 Vpcs", lambda it: it["id"]),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("ec2 VpcEndpoints", lambda it: it["id"]),
    "aws:ecr/repository:Repository": ("ecr repositories", lambda it: it["outputs"]["name"]),
    "aws:eks/accessEntry:AccessEntry": ("eks accessEntries", lambda it: it["id"].replace(":", "/", 1)),
    "aws:eks/addon:Addon": ("eks addons", lambda it: it["id"].replace(":", "/", 1)),
    "aws:eks/cluster:Cluster": ("eks clusters", lambda it: it["id"]),
    "aws:eks/nodeGroup:NodeGroup": ("eks nodegroups", lambda it: it["id"].replace(":", "/", 1)),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": (
        "eks associations",
        lambda it: f"{it['outputs']['clusterName']}/{it['id']}",
    ),
    "aws:elasticache/parameterGroup:ParameterGroup": ("elasticache CacheParameterGroups", lambda it: it["id"]),
    "aws:elasticache/replicationGroup:ReplicationGroup": ("elasticache ReplicationGroups", lambda it: it["id"]),
    "aws:elasticache/subnetGroup:SubnetGroup": ("elasticache CacheSubnetGroups", lambda it: it["id"]),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": ("iam OpenIDConnectProviderList", lambda it: it["id"]),
    "aws:iam/policy:Policy": ("iam Policies", lambda it: it["id"]),
    "aws:iam/role:Role": ("iam Roles", lambda it: it["id"]),
    "aws:kms/alias:Alias": ("kms Aliases", lambda it: it["id"]),
    "aws:kms/key:Key": ("kms Keys", lambda it: it["id"]),
    "aws:rds/instance:Instance": ("rds DBInstances", lambda it: it["outputs"]["identifier"]),
    "aws:rds/parameterGroup:ParameterGroup": ("rds DBParameterGroups", lambda it: it["id"]),
    "aws:rds/subnetGroup:SubnetGroup": ("rds DBSubnetGroups", lambda it: it["id"]),
    "aws:route53/zone:Zone": ("route53 HostedZones", lambda it: f"/hostedzone/{it['id']}"),
    "aws:s3/bucket:Bucket": ("s3 Buckets", lambda it: it["id"]),
    "aws:secretsmanager/secret:Secret": ("secretsmanager SecretList", lambda it: it["outputs"]["name"]),
    "aws:sns/topic:Topic": ("sns Topics", lambda it: it["id"]),
    "aws:sqs/queue:Queue": ("sqs QueueUrls", lambda it: it["id"]),
    "aws:wafv2/webAcl:WebAcl": ("wafv2 WebACLs", lambda it: it["outputs"]["arn"]),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ("ec2 IngressRules", lambda it: it["id"]),
}
"""Type -> service and kind as the cloud lists them, and the resource's id there."""

_PARTS = {
    "aws:acm/certificateValidation:CertificateValidation",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ec2/route:Route",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:route53/record:Record",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketLogging:BucketLogging",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:secretsmanager/secretVersion:SecretVersion",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sqs/queuePolicy:QueuePolicy",
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
}
"""Types that the cloud does not list: they end with what they are a part of, and a refresh finds them missing."""


class DeclaredStack(Stack):
    """A stack whose cluster, database and Redis are reached by its own outputs."""

    @property
    def cloud(self) -> Cloud:
        """The AWS account."""
        return Cloud(self.workspace.instance, backed=True)

    def client(self, service: str) -> Any:
        """Return boto3's client, in the region of the stack."""
        return client(self.cloud, service, self.settings()["aws"]["region"])

    def emptied(self) -> Self:
        """Return it with nothing of it there; what an earlier test left is destroyed."""
        if self.resources():
            self.pulumi("destroy", "--yes", "--skip-preview")
        return self

    def start_servers(self) -> None:
        """Start what does not run of the instance, as `make up` does."""
        wanted = stack_file.services(self.workspace.stack_file)
        lifecycle.up(self.workspace.instance.name, lambda _line: None, wanted)

    def kubectl(self, *arguments: str) -> Any:
        """Run `kubectl ARGUMENTS -o json` with the output `kubeconfig`, and return the document."""
        file = self.workspace.instance.folder("pulumi") / "kubeconfig-of-the-output"
        file.write_text(self.outputs()["kubeconfig"])
        finished = subprocess.run(
            [BIN / "kubectl", "--kubeconfig", file, *arguments, "-o", "json"],
            env=self.workspace.process_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        return json.loads(finished.stdout)

    def administrator(self, database: str = "postgres") -> "psycopg.Connection[tuple[Any, ...]]":
        """Return a connection of the master role by the output `database_url`, in autocommit."""
        authority = self.workspace.variables()["PGSSLROOTCERT"]
        return psycopg.connect(self.outputs()["database_url"], dbname=database, sslrootcert=authority, autocommit=True)

    def redis(self, store: str) -> redis.Redis:
        """Return a client of a store by the output `redis_urls`."""
        authority = self.workspace.variables()["REDIS_CA_FILE"]
        return redis.Redis.from_url(self.outputs()["redis_urls"][store], ssl_ca_certs=authority)

    def of_type(self, kind: str) -> list[Resource]:
        """Return the resources of a type, as `aws:ec2/vpc:Vpc`, in the state."""
        return [resource for resource in self.resources() if resource["type"] == kind]


def make_declared(name: str) -> DeclaredStack:
    """Start the instance `name` with a fresh stack `local` that nothing has been applied to, and its cloud alone."""
    services = stack_file.services(stack_file.source_of("local"))
    workspace = Workspace(lifecycle.up(name, lambda _line: None, services), "local")
    workspace.prepare()
    pulumi.ensure_stack(workspace)
    return DeclaredStack(workspace)


def smaller(settings: Settings) -> None:
    """Leave out what these tests neither kill nor ask: the rehearsals apply all that `local` declares.

    Beside the storefront, which reads secrets, there is a service that reads none.
    """
    storefront_alone(settings)
    settings.update(dict.fromkeys(("storage", "registry", "edge", "audit")))
    for section in ("dns", "gateway", "budget"):
        settings.pop(section, None)
    settings["queues"], settings["network"]["interface_endpoints"] = {}, []
    settings["tenancy"]["lifecycle"]["schedule"] = "0 0 1 1 *"  # when a test asks for it
    for service in settings["services"].values():  # without a zone no host is routed
        for field in ("hosts", "tenant_hosts", "buckets", "queues"):
            service.pop(field, None)
    blue = {**settings["services"]["storefront"]["slots"]["blue"], "replicas": 1}
    neighbour = {"port": 3001, "active": "blue", "database_connections": 1, "slots": {"blue": blue}}
    settings["services"]["neighbour"] = neighbour


def assert_account_equals_state(stack: DeclaredStack) -> None:
    """Fail unless the account holds what the state names, and exactly the servers behind that run."""
    resources = [resource for resource in stack.resources() if resource["type"].startswith("aws:")]
    assert in_account(stack, resources) == sorted(_recorded(resources))
    assert running(stack) == _servers_of(resources)


def in_account(stack: DeclaredStack, resources: list[Resource]) -> list[str]:
    """Return what the account holds as `SERVICE KIND ID`, without what AWS itself made for `resources`."""
    made_by_aws = {resource["outputs"].get("networkInterfaceId") for resource in resources}
    for resource in resources:
        made_by_aws.update(resource["outputs"].get("networkInterfaceIds") or ())  # of an interface endpoint
        if resource["type"] == "aws:eks/cluster:Cluster":
            made_by_aws.add(resource["outputs"]["vpcConfig"]["clusterSecurityGroupId"])
    found = [line.split(maxsplit=1)[1] for line in stack.cloud.contents()]
    listed = [line for line in found if line.rpartition(" ")[2] not in made_by_aws]
    groups = [line.rpartition(" ")[2] for line in found if line.startswith("ec2 SecurityGroups ")]
    if groups:
        rules = stack.client("ec2").describe_security_group_rules(Filters=[{"Name": "group-id", "Values": groups}])
        listed += [
            f"ec2 IngressRules {rule['SecurityGroupRuleId']}"
            for rule in rules["SecurityGroupRules"]
            if not rule["IsEgress"] and not (rule["GroupId"] in made_by_aws and _is_of_its_own(rule))
        ]
    return sorted(listed)


def _is_of_its_own(rule: dict[str, Any]) -> bool:
    """Whether a group lets itself in, as EKS makes the group of a cluster."""
    return bool(rule.get("ReferencedGroupInfo", {}).get("GroupId") == rule["GroupId"])


def running(stack: DeclaredStack) -> Counter[str]:
    """Return the programs that work in the instance's folder, as name -> count; of Python's, the modules."""
    folder = stack.workspace.instance.directory.resolve()
    return Counter(name for name in (_server(process, folder) for process in psutil.process_iter()) if name)


def _recorded(resources: list[Resource]) -> Iterator[str]:
    for resource in resources:
        if resource["type"] not in _PARTS:
            kind, identify = _LISTED[resource["type"]]
            yield f"{kind} {identify(resource)}"


def _servers_of(resources: list[Resource]) -> Counter[str]:
    count = Counter(resource["type"] for resource in resources)
    databases, stores = count["aws:rds/instance:Instance"], count["aws:elasticache/replicationGroup:ReplicationGroup"]
    clusters = count["aws:eks/cluster:Cluster"]
    wanted = Counter({"cloud.server": 1, "postgres": databases, "valkey-server": stores})
    wanted["servers.tls_proxy"] = databases + stores
    wanted.update(dict.fromkeys((*_CLUSTER, "control_plane.host_runner"), clusters))
    return +wanted


def _server(process: psutil.Process, folder: Path) -> str | None:
    """Return what a process is; None for one that works elsewhere, and for PostgreSQL's own children."""
    try:
        if process.status() == psutil.STATUS_ZOMBIE or not Path(process.cwd()).is_relative_to(folder):
            return None
        name, parent, command = process.name(), process.parent(), process.cmdline()
        if name == "postgres" and parent is not None and parent.name() == "postgres":
            return None
    except psutil.Error:
        return None
    modules = [word.removeprefix(_MODULE) for word in command if word.startswith(_MODULE)]
    return modules[0] if modules else name
