"""Examples: launch templates."""

import base64

from tests.plugins.aws.world import Example, World


def _another_version(world: World, identity: str) -> None:
    world.client("ec2").create_launch_template_version(
        LaunchTemplateId=identity, SourceVersion="$Latest", LaunchTemplateData={"InstanceType": "m7i.large"}
    )


EXAMPLES: tuple[Example, ...] = (
    Example(
        token="aws:ec2/launchTemplate:LaunchTemplate",
        inputs=lambda world: {
            "name": world.name("nodes"),
            "description": "nodes of the shop",
            "instanceType": "t4g.medium",
            "ebsOptimized": "true",
            "userData": base64.b64encode(b"#!/bin/sh\n").decode(),
            "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1},
            "blockDeviceMappings": [
                {
                    "deviceName": "/dev/xvda",
                    "ebs": {"volumeSize": 20, "volumeType": "gp3", "encrypted": "true", "deleteOnTermination": "true"},
                }
            ],
            "networkInterfaces": [
                {
                    "deviceIndex": 0,
                    "associatePublicIpAddress": "false",
                    "securityGroups": ["sg-0123456789abcdef0"],
                    "ipv6Addresses": ["2001:db8::1"],
                }
            ],
            "tagSpecifications": [{"resourceType": "instance", "tags": {"owner": "shop", "cost": "1"}}],
            "tags": {"owner": "shop"},
        },
        change={"instanceType": "t4g.large", "tags": {"owner": "platform"}},
        replacement={"name": "another"},
        drift=_another_version,
        drifted=frozenset({"instanceType", "latestVersion"}),
    ),
)
