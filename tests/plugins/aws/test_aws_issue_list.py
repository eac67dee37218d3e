"""The types and functions that the plugin was asked to have, in the words of the request."""

import pytest

from infra.sandbox.plugins.aws.functions import FUNCTIONS
from infra.sandbox.plugins.aws.kinds import KINDS
from tests.plugins.aws.examples import EXAMPLES

ASKED = {
    "VPC": "ec2/vpc:Vpc",
    "Subnet": "ec2/subnet:Subnet",
    "InternetGateway": "ec2/internetGateway:InternetGateway",
    "Eip": "ec2/eip:Eip",
    "NatGateway": "ec2/natGateway:NatGateway",
    "RouteTable": "ec2/routeTable:RouteTable",
    "Route": "ec2/route:Route",
    "RouteTableAssociation": "ec2/routeTableAssociation:RouteTableAssociation",
    "VpcEndpoint": "ec2/vpcEndpoint:VpcEndpoint",
    "FlowLog": "ec2/flowLog:FlowLog",
    "SecurityGroup": "ec2/securityGroup:SecurityGroup",
    "ingress rules": "vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "egress rules": "vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "KMS Key": "kms/key:Key",
    "KMS Alias": "kms/alias:Alias",
    "IAM Role": "iam/role:Role",
    "IAM Policy": "iam/policy:Policy",
    "IAM policy of a role": "iam/rolePolicy:RolePolicy",
    "IAM attachments": "iam/rolePolicyAttachment:RolePolicyAttachment",
    "EKS Cluster": "eks/cluster:Cluster",
    "EKS NodeGroup": "eks/nodeGroup:NodeGroup",
    "EKS Addon": "eks/addon:Addon",
    "EKS AccessEntry": "eks/accessEntry:AccessEntry",
    "EKS access policy association": "eks/accessPolicyAssociation:AccessPolicyAssociation",
    "EKS PodIdentityAssociation": "eks/podIdentityAssociation:PodIdentityAssociation",
    "LaunchTemplate": "ec2/launchTemplate:LaunchTemplate",
    "RDS SubnetGroup": "rds/subnetGroup:SubnetGroup",
    "RDS ParameterGroup": "rds/parameterGroup:ParameterGroup",
    "RDS Instance": "rds/instance:Instance",
    "RDS Snapshot": "rds/snapshot:Snapshot",
    "RDS automated-backup replication": "rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
    "ElastiCache SubnetGroup": "elasticache/subnetGroup:SubnetGroup",
    "ElastiCache ParameterGroup": "elasticache/parameterGroup:ParameterGroup",
    "ElastiCache ReplicationGroup": "elasticache/replicationGroup:ReplicationGroup",
    "S3 Bucket": "s3/bucket:Bucket",
    "S3 policy": "s3/bucketPolicy:BucketPolicy",
    "S3 versioning": "s3/bucketVersioning:BucketVersioning",
    "S3 encryption": "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "S3 lifecycle": "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "S3 public access": "s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "S3 replication": "s3/bucketReplicationConfig:BucketReplicationConfig",
    "Secrets Manager Secret": "secretsmanager/secret:Secret",
    "Secrets Manager version": "secretsmanager/secretVersion:SecretVersion",
    "CloudWatch LogGroup": "cloudwatch/logGroup:LogGroup",
    "CloudWatch MetricAlarm": "cloudwatch/metricAlarm:MetricAlarm",
    "SNS Topic": "sns/topic:Topic",
}
"""What was asked for -> its token, without the package."""

DRIFT_ELSEWHERE = {
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "tests.plugins.aws.test_aws_iam",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": "tests.plugins.aws.test_aws_eks",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": "tests.plugins.aws.test_aws_eks",
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": "tests.plugins.aws.test_aws_rds",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "tests.plugins.aws.test_aws_ecr",
    "aws:acm/certificateValidation:CertificateValidation": "tests.plugins.aws.test_aws_names",
}
"""Token -> where its drift is tested: it takes more than an id to change it, or it can only go."""


@pytest.mark.parametrize("token", ASKED.values(), ids=ASKED)
def test_a_type_that_was_asked_for_is_there_with_an_example(token: str) -> None:
    assert f"aws:{token}" in KINDS
    assert f"aws:{token}" in {example.token for example in EXAMPLES}


@pytest.mark.parametrize(
    "token",
    [
        "aws:index/getCallerIdentity:getCallerIdentity",
        "aws:index/getRegion:getRegion",
        "aws:index/getAvailabilityZones:getAvailabilityZones",
        "aws:index/getPartition:getPartition",
        "aws:iam/getPolicyDocument:getPolicyDocument",
    ],
)
def test_a_function_that_was_asked_for_is_there(token: str) -> None:
    assert token in FUNCTIONS


def test_every_type_drifts_in_its_example_or_in_a_test_of_its_own() -> None:
    assert {example.token for example in EXAMPLES if example.drift is None} == DRIFT_ELSEWHERE.keys()
