"""What the base has in AWS: data, keys, rights, the network and the edge, in the shapes of our own components."""

import json
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from tests.gate.corpus.declaring import Inputs, Program

ACCOUNT = "123456789012"
REGION = "eu-central-1"
RANDOM = version("pulumi-random")
"""The version of the plugin of random values, as the SDK asks for it."""


def policy(*statements: Inputs) -> str:
    """Return a policy of IAM."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]})


def allowed(actions: Sequence[str], *resources: str, **more: Any) -> Inputs:
    """Return a statement."""
    return {"Action": list(actions), "Resource": list(resources), **more}


def tls_only(bucket: str) -> Inputs:
    """Return the statement that refuses connections without TLS."""
    arn = f"arn:aws:s3:::{bucket}"
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": condition,
    }


def owner(account: str = ACCOUNT, actions: Sequence[str] = ("kms:*",)) -> Inputs:
    """Return the statement of a key that gives it to an account."""
    return {"Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": list(actions), "Resource": "*"}


def trust(service: str = "pods.eks.amazonaws.com") -> Inputs:
    """Return the statement of a role that a service of AWS takes on."""
    return {"Principal": {"Service": service}, "Action": ["sts:AssumeRole"]}


def federated(subject: str | None = "repo:tenantry/shop:environment:staging") -> Inputs:
    """Return the statement of a role that a run of CI takes on."""
    issuer = "token.actions.githubusercontent.com"
    conditions = {f"{issuer}:aud": "sts.amazonaws.com", **({f"{issuer}:sub": subject} if subject else {})}
    return {
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"},
        "Action": ["sts:AssumeRoleWithWebIdentity"],
        "Condition": {"StringEquals": conditions},
    }


def kept_images(count: int) -> str:
    """Return the policy of a repository that keeps so many images."""
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": count}
    return json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})


def add_cloud(program: Program) -> None:
    """Declare it."""
    tags = {"tags": {"owner": "platform-team", "environment": "example", "cost-centre": "commerce"}}
    provider = {"region": REGION, "allowedAccountIds": [ACCOUNT], "defaultTags": tags}
    program.add("pulumi:providers:aws", "aws", provider)
    _rights(program)
    _network(program)
    _database(program)
    _stores(program)
    _buckets(program)
    _audit(program)
    _messages(program)
    _edge(program)


def key(program: Program, name: str, parent: str, **more: Any) -> None:
    """Declare a key of KMS, whose ARN is `${NAME.arn}`."""
    inputs = {
        "description": f"{name} of {parent}",
        "enableKeyRotation": True,
        "deletionWindowInDays": 30,
        "policy": policy(owner()),
    }
    program.add("aws:kms/key:Key", name, inputs | more, parent=parent, protect=True)


def group(program: Program, name: str, parent: str) -> None:
    """Declare a security group without rules."""
    inputs = {"name": f"example-{name}", "vpcId": "${vpc.id}", "description": name, "tags": {"Name": name}}
    program.add("aws:ec2/securityGroup:SecurityGroup", name, inputs, parent=parent)


def _network(program: Program) -> None:
    program.add("tenantry:network:Network", "network")
    program.add("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.10.0.0/16", "enableDnsHostnames": True}, parent="network")
    for number, zone in enumerate("ab"):
        inputs = {"vpcId": "${vpc.id}", "cidrBlock": f"10.10.{number}.0/24", "availabilityZone": f"{REGION}{zone}"}
        program.add("aws:ec2/subnet:Subnet", f"subnet-{zone}", inputs, parent="network")
    program.add("aws:ec2/internetGateway:InternetGateway", "internet", {"vpcId": "${vpc.id}"}, parent="network")
    program.add("aws:ec2/eip:Eip", "way-out-address", {"domain": "vpc"}, parent="network")
    way_out = {"allocationId": "${way-out-address.id}", "subnetId": "${subnet-a.id}"}
    program.add("aws:ec2/natGateway:NatGateway", "way-out", way_out, parent="network")
    program.add("aws:ec2/routeTable:RouteTable", "routes", {"vpcId": "${vpc.id}"}, parent="network")
    group(program, "clients", "network")
    egress = {"securityGroupId": "${clients.id}", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
    egress["cidrIpv4"] = "10.10.0.0/16"
    program.add("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "clients-call", egress, parent="network")
    recorder = {"name": "example-flow-recorder", "assumeRolePolicy": policy(trust("vpc-flow-logs.amazonaws.com"))}
    program.add("aws:iam/role:Role", "flow-recorder", recorder, parent="network")
    key(program, "flow-key", "network")
    logs = {"name": "/tenantry/example/flow", "retentionInDays": 90, "kmsKeyId": "${flow-key.arn}"}
    program.add("aws:cloudwatch/logGroup:LogGroup", "flow-logs", logs, parent="network")
    flow = {"vpcId": "${vpc.id}", "trafficType": "ALL", "logDestination": "${flow-logs.arn}"}
    program.add("aws:ec2/flowLog:FlowLog", "flow", flow | {"iamRoleArn": "${flow-recorder.arn}"}, parent="network")
    nodes: Inputs = {"name": "example-nodes", "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required"}}
    disk = {"volumeSize": 50, "volumeType": "gp3", "encrypted": "true", "deleteOnTermination": "true"}
    nodes["blockDeviceMappings"] = [{"deviceName": "/dev/xvda", "ebs": disk}]
    program.add("aws:ec2/launchTemplate:LaunchTemplate", "nodes", nodes, parent="network")


def _database(program: Program) -> None:
    program.add("tenantry:database:Database", "database")
    key(program, "database-key", "database")
    group(program, "database-port", "database")
    rule = {"securityGroupId": "${database-port.id}", "ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432}
    rule |= {"referencedSecurityGroupId": "${clients.id}", "description": "services"}
    name = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    program.add(name, "database-from-services", rule, parent="database")
    subnets = {"name": "example-database", "subnetIds": ["${subnet-a.id}", "${subnet-b.id}"]}
    program.add("aws:rds/subnetGroup:SubnetGroup", "database-subnets", subnets, parent="database")
    parameters = {"rds.force_ssl": "1", "max_connections": "200", "password_encryption": "scram-sha-256"}
    said: Inputs = {"name": "example-database", "family": "postgres18"}
    said["parameters"] = [
        {"name": name, "value": value, "applyMethod": "pending-reboot"} for name, value in parameters.items()
    ]
    program.add("aws:rds/parameterGroup:ParameterGroup", "database-parameters", said, parent="database")
    password = {"length": 32, "special": False, "keepers": {"rotated_at": "2026-11-01T00:00:00Z"}}
    options: Inputs = {"parent": "database", "version": RANDOM, "additional_secret_outputs": ["result", "bcryptHash"]}
    program.add("random:index/randomPassword:RandomPassword", "database-password", password, **options)
    logs = {"name": "/aws/rds/instance/example/postgresql", "retentionInDays": 90, "kmsKeyId": "${database-key.arn}"}
    program.add("aws:cloudwatch/logGroup:LogGroup", "database-logs", logs, parent="database")
    program.add("aws:rds/instance:Instance", "database-instance", _instance(), parent="database", protect=True)
    secret = {"name": "example/database", "kmsKeyId": "${database-key.arn}", "recoveryWindowInDays": 30}
    secret["replicas"] = [{"region": "eu-west-1"}, {"region": "eu-north-1"}]
    program.add("aws:secretsmanager/secret:Secret", "database-secret", secret, parent="database", protect=True)
    content = {"secretId": "${database-secret.id}", "secretString": {"secret": '{"password": "canary-of-the-secret"}'}}
    program.add("aws:secretsmanager/secretVersion:SecretVersion", "database-secret-content", content, parent="database")


def _instance() -> Inputs:
    return {
        "identifier": "example",
        "engine": "postgres",
        "engineVersion": "18",
        "instanceClass": "db.t4g.micro",
        "allocatedStorage": 20,
        "maxAllocatedStorage": 100,
        "storageType": "gp3",
        "username": "tenantry",
        "password": "${database-password.result}",
        "dbSubnetGroupName": "${database-subnets.name}",
        "parameterGroupName": "${database-parameters.name}",
        "vpcSecurityGroupIds": ["${database-port.id}"],
        "multiAz": True,
        "port": 5432,
        "publiclyAccessible": False,
        "storageEncrypted": True,
        "kmsKeyId": "${database-key.arn}",
        "backupRetentionPeriod": 30,
        "deleteAutomatedBackups": False,
        "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "deletionProtection": True,
        "skipFinalSnapshot": False,
        "finalSnapshotIdentifier": "example-last",
        "applyImmediately": True,
    }


def _stores(program: Program) -> None:
    for name, keeps in (("sessions", "noeviction"), ("cache", "allkeys-lru")):
        program.add("tenantry:redis:Redis", name)
        parameters: Inputs = {"name": f"example-{name}", "family": "valkey8"}
        parameters["parameters"] = [{"name": "maxmemory-policy", "value": keeps}]
        token = "aws:elasticache/parameterGroup:ParameterGroup"
        program.add(token, f"{name}-parameters", parameters, parent=name)
        subnets = {"name": f"example-{name}", "subnetIds": ["${subnet-a.id}", "${subnet-b.id}"]}
        program.add("aws:elasticache/subnetGroup:SubnetGroup", f"{name}-subnets", subnets, parent=name)
        token = "aws:elasticache/replicationGroup:ReplicationGroup"
        program.add(token, f"{name}-store", _store(name), parent=name)


def _store(name: str) -> Inputs:
    return {
        "replicationGroupId": f"example-{name}",
        "description": name,
        "engine": "valkey",
        "engineVersion": "8.0",
        "nodeType": "cache.t4g.micro",
        "numCacheClusters": 2,
        "automaticFailoverEnabled": True,
        "multiAzEnabled": True,
        "port": 6379,
        "subnetGroupName": f"${{{name}-subnets.name}}",
        "parameterGroupName": f"${{{name}-parameters.name}}",
        "securityGroupIds": ["${clients.id}"],
        "atRestEncryptionEnabled": True,
        "transitEncryptionEnabled": True,
        "transitEncryptionMode": "required",
        "authToken": {"secret": f"canary-of-the-token-of-{name}"},
        "snapshotRetentionLimit": 7,
        "finalSnapshotIdentifier": f"example-{name}-last",
    }


def bucket(program: Program, name: str, *statements: Inputs, **more: Any) -> None:
    """Declare a bucket that is closed, and encrypted by a key of its own, and what it is part of."""
    program.add("tenantry:storage:Bucket", name)
    key(program, f"{name}-key", name, deletionWindowInDays=7)
    program.add("aws:s3/bucket:Bucket", f"{name}-bucket", {"bucket": f"example-{name}", **more}, parent=name)
    of: Inputs = {"bucket": f"${{{name}-bucket.id}}"}
    closed = dict.fromkeys(("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True)
    default = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": f"${{{name}-key.arn}}"}
    encrypted = {"rules": [{"applyServerSideEncryptionByDefault": default, "bucketKeyEnabled": True}]}
    sealed = "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    parts: dict[str, tuple[str, Inputs]] = {
        "closed": ("bucketPublicAccessBlock:BucketPublicAccessBlock", closed),
        "policy": ("bucketPolicy:BucketPolicy", {"policy": policy(tls_only(f"example-{name}"), *statements)}),
        "encrypted": (sealed, encrypted),
    }
    before = f"{name}-bucket"
    for part, (token, inputs) in parts.items():
        program.add(f"aws:s3/{token}", f"{name}-{part}", of | inputs, parent=name, depends_on=[before])
        before = f"{name}-{part}"


def _buckets(program: Program) -> None:
    bucket(program, "uploads")
    program.option("uploads-bucket", protect=True)
    of: Inputs = {"bucket": "${uploads-bucket.id}"}
    former = {"id": "former", "status": "Enabled", "filter": {}, "noncurrentVersionExpiration": {"noncurrentDays": 90}}
    parts: dict[str, tuple[str, Inputs]] = {
        "owner": (
            "bucketOwnershipControls:BucketOwnershipControls",
            {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
        ),
        "versions": ("bucketVersioning:BucketVersioning", {"versioningConfiguration": {"status": "Enabled"}}),
        "lifecycle": ("bucketLifecycleConfiguration:BucketLifecycleConfiguration", {"rules": [former]}),
    }
    before = "uploads-encrypted"
    for part, (token, inputs) in parts.items():
        program.add(f"aws:s3/{token}", f"uploads-{part}", of | inputs, parent="uploads", depends_on=[before])
        before = f"uploads-{part}"


def _audit(program: Program) -> None:
    source = {"StringEquals": {"aws:SourceArn": f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/example-audit"}}
    writer = {"Principal": {"Service": "cloudtrail.amazonaws.com"}, "Condition": source}
    bucket(
        program,
        "audit",
        allowed(["s3:GetBucketAcl"], "arn:aws:s3:::example-audit", **writer),
        allowed(["s3:PutObject"], f"arn:aws:s3:::example-audit/AWSLogs/{ACCOUNT}/*", **writer),
        objectLockEnabled=True,
    )
    program.option("audit-bucket", protect=True)
    encrypts = {
        "Principal": writer["Principal"],
        "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"],
        "Resource": "*",
    }
    program.set("audit-key", "policy", to=policy(owner(), encrypts | {"Condition": source}))
    lock = {"defaultRetention": {"mode": "COMPLIANCE", "days": 365}}
    token = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
    program.add(token, "audit-lock", {"bucket": "${audit-bucket.id}", "rule": lock}, parent="audit")
    trail = {"name": "example-audit", "s3BucketName": "${audit-bucket.id}", "enableLogFileValidation": True}
    trail |= {"isMultiRegionTrail": True, "enableLogging": True, "kmsKeyId": "${audit-key.arn}"}
    program.add("aws:cloudtrail/trail:Trail", "trail", trail, parent="audit", depends_on=["audit-encrypted"])


def _messages(program: Program) -> None:
    program.add("tenantry:queue:Queue", "mail")
    inputs = {"name": "example-mail", "sqsManagedSseEnabled": True, "messageRetentionSeconds": 604_800}
    program.add("aws:sqs/queue:Queue", "mail-queue", inputs, parent="mail")
    sender = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/example-storefront"}}
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:example-mail"
    said = {"queueUrl": "${mail-queue.url}", "policy": policy(allowed(["sqs:SendMessage"], arn, **sender))}
    program.add("aws:sqs/queuePolicy:QueuePolicy", "mail-policy", said, parent="mail", depends_on=["storefront-role"])
    alarm = {
        "name": "example-mail-waits",
        "alarmDescription": "messages wait for more than five minutes",
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 1,
        "metricName": "ApproximateAgeOfOldestMessage",
        "namespace": "AWS/SQS",
        "statistic": "Maximum",
        "period": 60,
        "threshold": 300,
        "dimensions": {"QueueName": "${mail-queue.name}"},
    }
    program.add("aws:cloudwatch/metricAlarm:MetricAlarm", "mail-waits", alarm, parent="mail")
    images: Inputs = {"name": "example/storefront", "imageTagMutability": "IMMUTABLE"}
    images["imageScanningConfiguration"] = {"scanOnPush": True}
    program.add("aws:ecr/repository:Repository", "images", images)
    program.add("aws:ecr/lifecyclePolicy:LifecyclePolicy", "images-kept", {"repository": "${images.name}"})
    program.set("images-kept", "policy", to=kept_images(30))


def _rights(program: Program) -> None:
    boundary = {"name": "example-boundary", "policy": policy(allowed(["s3:*", "sqs:*"], "arn:aws:s3:::example-*"))}
    program.add("aws:iam/policy:Policy", "boundary", boundary)
    role = {"name": "example-storefront", "assumeRolePolicy": policy(trust())}
    program.add("aws:iam/role:Role", "storefront-role", role | {"permissionsBoundary": "${boundary.arn}"})
    reads = policy(allowed(["s3:GetObject"], "arn:aws:s3:::example-uploads/*"))
    own = {"role": "${storefront-role.name}", "name": "reads", "policy": reads}
    program.add("aws:iam/rolePolicy:RolePolicy", "storefront-reads", own)
    ci = {"name": "example-ci", "assumeRolePolicy": policy(federated())}
    program.add("aws:iam/role:Role", "ci-role", ci)
    views = policy(allowed(["logs:GetLogEvents"], f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/tenantry/example/*"))
    program.add("aws:iam/policy:Policy", "views-logs", {"name": "example-views-logs", "policy": views})
    attached = {"role": "${ci-role.name}", "policyArn": "${views-logs.arn}"}
    program.add("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "ci-views-logs", attached)


def behaviour(policy: str = "redirect-to-https") -> Inputs:
    """Return how a distribution answers."""
    return {
        "targetOriginId": "assets",
        "viewerProtocolPolicy": policy,
        "allowedMethods": ["GET", "HEAD"],
        "cachedMethods": ["GET", "HEAD"],
        "cachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        "compress": True,
    }


def firewall_rule(name: str, priority: int, limit: int) -> Inputs:
    """Return a rule that blocks who asks more often than so."""
    rate = {"limit": limit, "aggregateKeyType": "IP", "evaluationWindowSec": 60}
    shown = {"cloudwatchMetricsEnabled": True, "sampledRequestsEnabled": True, "metricName": name}
    statement = {"rateBasedStatement": rate}
    return {
        "name": name,
        "priority": priority,
        "action": {"block": {}},
        "statement": statement,
        "visibilityConfig": shown,
    }


def _edge(program: Program) -> None:
    program.add("tenantry:edge:Cdn", "edge")
    zone = {"name": "example.tenantry.example", "comment": "the shops"}
    program.add("aws:route53/zone:Zone", "zone", zone, parent="edge", protect=True)
    record: Inputs = {"zoneId": "${zone.id}", "name": "app.example.tenantry.example", "type": "CNAME", "ttl": 300}
    record["records"] = ["edge.example.com"]
    program.add("aws:route53/record:Record", "app-record", record, parent="edge")
    certificate: Inputs = {"domainName": "example.tenantry.example", "validationMethod": "DNS"}
    certificate["subjectAlternativeNames"] = ["*.example.tenantry.example"]
    program.add("aws:acm/certificate:Certificate", "certificate", certificate, parent="edge")
    shown = {"cloudwatchMetricsEnabled": True, "sampledRequestsEnabled": True, "metricName": "edge"}
    firewall: Inputs = {"name": "example-edge", "scope": "REGIONAL", "visibilityConfig": shown}
    firewall["defaultAction"] = {"allow": {}}
    firewall["rules"] = [firewall_rule("clients", 1, 100), firewall_rule("logins", 2, 20)]
    program.add("aws:wafv2/webAcl:WebAcl", "firewall", firewall, parent="edge")
    control = {"name": "example-assets", "originAccessControlOriginType": "s3", "signingBehavior": "always"}
    control["signingProtocol"] = "sigv4"
    program.add("aws:cloudfront/originAccessControl:OriginAccessControl", "control", control, parent="edge")
    assets = {"originId": "assets", "domainName": "example-uploads.s3.eu-central-1.amazonaws.com"}
    distribution = {
        "enabled": True,
        "comment": "static assets",
        "priceClass": "PriceClass_100",
        "origins": [assets | {"originAccessControlId": "${control.id}"}],
        "defaultCacheBehavior": behaviour(),
        "restrictions": {"geoRestriction": {"restrictionType": "none"}},
        "viewerCertificate": {"cloudfrontDefaultCertificate": True, "minimumProtocolVersion": "TLSv1.2_2021"},
    }
    program.add("aws:cloudfront/distribution:Distribution", "distribution", distribution, parent="edge")
