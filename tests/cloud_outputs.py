"""What AWS adds to the resources that components declare: the outputs and functions that the mocks answer with."""

from collections.abc import Callable, Mapping
from typing import Any

ACCOUNT = "123456789012"
REGION = "eu-central-1"

CLUSTER_GROUP = "sg-0c1a55e5c1a55e5c1"
"""The security group that EKS makes for a cluster."""

MOCKED_ID = "id-of-"
"""What every id begins with that the mocks give."""

STORAGE_BLOCKS = ("3.5.136.0/22", "52.219.170.0/23")
"""Where S3 is in the region."""

_FUNCTIONS: Mapping[str, Mapping[str, Any]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT, "id": ACCOUNT},
    "aws:index/getRegion:getRegion": {"region": REGION, "id": REGION},
    "aws:index/getPartition:getPartition": {"partition": "aws", "id": "aws", "dnsSuffix": "amazonaws.com"},
}


def _log_group(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Name a group as its prefix says: AWS WAF asks for one."""
    if "namePrefix" not in inputs:
        return {}
    name = f"{inputs['namePrefix']}1a2b3c4"
    return {"name": name, "arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"}


def _cluster(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "endpoint": "https://cluster.eks.example.invalid",
        "certificateAuthority": {"data": "Q0E="},
        "identities": [{"oidcs": [{"issuer": "https://oidc.eks.example.invalid/id/ABCDEF"}]}],
        "vpcConfig": {**inputs["vpcConfig"], "clusterSecurityGroupId": CLUSTER_GROUP},
    }


_PROOF = {"resourceRecordType": "CNAME", "resourceRecordValue": "_value.acm-validations.aws."}

_OUTPUTS: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
    "aws:acm/certificate:Certificate": lambda inputs: {
        "domainValidationOptions": [{**_PROOF, "resourceRecordName": f"_proof.{inputs['domainName']}."}]
    },
    "aws:cloudfront/distribution:Distribution": lambda inputs: {
        "domainName": "d1.cloudfront.example.invalid",
        "hostedZoneId": "Z2FDTNDATAQYW2",
    },
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:ec2/eip:Eip": lambda inputs: {"allocationId": "eipalloc-1"},
    "aws:ec2/launchTemplate:LaunchTemplate": lambda inputs: {"latestVersion": 3},
    "aws:ec2/vpcEndpoint:VpcEndpoint": lambda inputs: (
        {"cidrBlocks": list(reversed(STORAGE_BLOCKS))} if inputs["vpcEndpointType"] == "Gateway" else {}
    ),
    "aws:ecr/repository:Repository": lambda inputs: {
        "repositoryUrl": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{inputs['name']}"
    },
    "aws:eks/cluster:Cluster": _cluster,
    "aws:elasticache/replicationGroup:ReplicationGroup": lambda inputs: {
        "primaryEndpointAddress": "primary.cache.example.invalid"
    },
    "aws:route53/record:Record": lambda inputs: {"fqdn": str(inputs["name"]).removesuffix(".")},
    "aws:route53/zone:Zone": lambda inputs: {
        "zoneId": f"{MOCKED_ID}dns-zone",
        "nameServers": ["ns-1.awsdns-01.org", "ns-2.awsdns-02.com"],
    },
    "aws:secretsmanager/secretVersion:SecretVersion": lambda inputs: {"versionId": "version-of-" + inputs["secretId"]},
    "aws:rds/instance:Instance": lambda inputs: {
        "address": "database.rds.example.invalid",
        "endpoint": "database.rds.example.invalid:5432",
    },
}

# Where an ARN is not arn:aws:SERVICE:REGION:ACCOUNT:NAME.
_ARNS: Mapping[str, str] = {
    "aws:amp/workspace:Workspace": f"arn:aws:aps:{REGION}:{ACCOUNT}:workspace/",
    "aws:eks/cluster:Cluster": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/",
    "aws:iam/policy:Policy": f"arn:aws:iam::{ACCOUNT}:policy/",
    "aws:iam/role:Role": f"arn:aws:iam::{ACCOUNT}:role/",
    "aws:kms/key:Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/",
    "aws:s3/bucket:Bucket": "arn:aws:s3:::",
}


def function(token: str) -> Mapping[str, Any] | None:
    """Return what an AWS function answers; None for one that no component calls."""
    return _FUNCTIONS.get(token)


def outputs(token: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of an AWS resource: its inputs, automatic names, and what AWS adds."""
    service = token.split(":")[1].partition("/")[0]
    added = {
        "arn": _ARNS.get(token, f"arn:aws:{service}:{REGION}:{ACCOUNT}:") + name,
        "keyId": f"key-of-{name}",
        "url": f"https://{service}.example.invalid/{name}",
        **{key: f"{name}-1a2b3c4" for key in ("name", "bucket", "nodeGroupName") if key not in inputs},
    }
    if token == "aws:s3/bucket:Bucket":
        bucket = {**added, **inputs}["bucket"]
        added["bucketRegionalDomainName"] = f"{bucket}.s3.{inputs.get('region', REGION)}.amazonaws.com"
    special = _OUTPUTS.get(token)
    return {**added, **inputs, **(special(inputs) if special else {})}
