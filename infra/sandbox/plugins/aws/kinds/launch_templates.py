"""Launch templates."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from botocore.model import Shape

from infra.sandbox.plugins.aws import translation
from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.kinds.network_arns import ec2_arn
from infra.sandbox.plugins.aws.tagging import ec2
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_NAMES: Final = {
    "name": "",
    "description": "",
    "vpcSecurityGroupIds": "SecurityGroupIds",
    "securityGroupNames": "SecurityGroups",
    "networkInterfaces.securityGroups": "Groups",
    "networkInterfaces.ipv4Addresses": "PrivateIpAddresses",
    "networkInterfaces.ipv4AddressCount": "SecondaryPrivateIpAddressCount",
}

_WRAPPED: Final = {
    "ipv4Addresses": "privateIpAddress",
    "ipv6Addresses": "ipv6Address",
    "ipv4Prefixes": "ipv4Prefix",
    "ipv6Prefixes": "ipv6Prefix",
    "privateIpAddresses": "privateIpAddress",
}
"""List of texts in an interface -> what AWS, which has a list of objects, calls the text."""

_ABOUT: Final = frozenset({"name", "namePrefix", "defaultVersion", "updateDefaultVersion", "tags", "region"})
"""Inputs that are not of a version."""

_LONGEST_USER_DATA: Final = 16_384
"""Bytes before they are encoded, from "Run commands at launch" of the EC2 user guide."""


class LaunchTemplate(Kind):
    """A launch template; a change makes a new version, which is the default one only when the program says so."""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it and its first version."""
        client = cloud.client("ec2", region)
        made = client.create_launch_template(
            LaunchTemplateName=inputs["name"],
            LaunchTemplateData=translation.request(_data_shape(client), _wrapped(inputs), self.names),
            **_described(inputs),
            **(self.tagging.creation(tags) if self.tagging is not None else {}),
        )
        return str(made["LaunchTemplate"]["LaunchTemplateId"])

    def read(self, cloud: Cloud, region: str, id: str, known: Properties) -> dict[str, Value] | None:
        """Return its properties; its tags are asked for, since moto describes those that it was created with."""
        properties = super().read(cloud, region, id, known)
        if properties is not None:
            wanted = [{"Name": "resource-id", "Values": [id]}]
            found = cloud.client("ec2", region).describe_tags(Filters=wanted)["Tags"]
            properties["tagsAll"] = {tag["Key"]: tag["Value"] for tag in found}
        return properties

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return what its last version says."""
        client = cloud.client("ec2", region)
        versions = client.describe_launch_template_versions(LaunchTemplateId=id, Versions=["$Latest"])
        latest = versions["LaunchTemplateVersions"][0]
        said = translation.properties_of(self.table, _unwrapped(latest["LaunchTemplateData"]), self.names)
        return {
            **said,
            "name": answer["LaunchTemplateName"],
            "description": latest.get("VersionDescription") or None,
            "defaultVersion": answer["DefaultVersionNumber"],
            "latestVersion": answer["LatestVersionNumber"],
            "arn": ec2_arn(cloud, region, f"launch-template/{id}"),
        }

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Make a version of what is new, and choose the default one."""
        client, default = cloud.client("ec2", region), new.get("defaultVersion")
        if self._is_another_version(old, new):
            made = client.create_launch_template_version(
                LaunchTemplateId=id,
                LaunchTemplateData=translation.request(_data_shape(client), _wrapped(new), self.names),
                **_described(new),
            )
            if new.get("updateDefaultVersion"):
                default = made["LaunchTemplateVersion"]["VersionNumber"]
        if default is not None and default != old.get("defaultVersion"):
            client.modify_launch_template(LaunchTemplateId=id, DefaultVersion=str(default))

    def moving(self, old: Properties, new: Properties) -> frozenset[str]:
        """Return the numbers of versions that only the change itself will tell."""
        if not self._is_another_version(old, new):
            return frozenset()
        return frozenset({"latestVersion", *(("defaultVersion",) if new.get("updateDefaultVersion") else ())})

    def _is_another_version(self, old: Properties, new: Properties) -> bool:
        return any(old.get(name) != new.get(name) for name in self.table.keys() - _ABOUT)

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what cannot stand together, and whether user data are such."""
        pairs = (
            ("instanceType", "instanceRequirements"),
            ("vpcSecurityGroupIds", "securityGroupNames"),
            ("defaultVersion", "updateDefaultVersion"),
        )
        found = [
            (one, f"cannot be given together with {other}")
            for one, other in pairs
            if inputs.get(one) and inputs.get(other)
        ]
        wrong = _user_data_problem(str(inputs.get("userData") or ""))
        return [*found, ("userData", wrong)] if wrong is not None else found


def _user_data_problem(text: str) -> str | None:
    try:
        decoded = base64.b64decode(text, validate=True)
    except binascii.Error:
        return "must be encoded in base64"
    if len(decoded) > _LONGEST_USER_DATA:
        return f"must have at most {_LONGEST_USER_DATA} bytes before it is encoded"
    return None


def _data_shape(client: Any) -> Shape:
    model = client.meta.service_model.operation_model("CreateLaunchTemplate")
    return model.input_shape.members["LaunchTemplateData"]


def _described(inputs: Properties) -> dict[str, Any]:
    return {"VersionDescription": inputs["description"]} if inputs.get("description") else {}


def _wrapped(inputs: Properties) -> dict[str, Value]:
    """Return the inputs with objects where AWS has lists of them and Pulumi texts and maps."""
    said = {name: value for name, value in inputs.items() if name not in _ABOUT and value is not None}
    for name in ("networkInterfaces", "secondaryInterfaces"):
        if name in said:
            said[name] = [
                {
                    key: [{_WRAPPED[key]: text} for text in value] if key in _WRAPPED else value
                    for key, value in item.items()
                }
                for item in said[name]
            ]
    if "tagSpecifications" in said:
        said["tagSpecifications"] = [
            {**item, "tags": [{"key": key, "value": text} for key, text in (item.get("tags") or {}).items()]}
            for item in said["tagSpecifications"]
        ]
    return said


def _unwrapped(data: Answer) -> dict[str, Any]:
    """Return what a version says with texts and maps where Pulumi has them; the reverse of `_wrapped`.

    moto lists the tags of the template itself among those of what it launches.
    """
    said = dict(data)
    for name in ("NetworkInterfaces", "SecondaryInterfaces"):
        if name in said:
            said[name] = [{key: _texts(value) for key, value in item.items()} for item in said[name]]
    if "TagSpecifications" in said:
        said["TagSpecifications"] = [
            {**item, "Tags": {tag["Key"]: tag["Value"] for tag in item.get("Tags", ())}}
            for item in said["TagSpecifications"]
            if item.get("ResourceType") != "launch-template"
        ]
    return said


def _texts(value: Any) -> Any:
    """Return a list of objects around one text each as the texts."""
    if not isinstance(value, list) or not value or not all(isinstance(item, Mapping) for item in value):
        return value
    keys = {key[0].lower() + key[1:]: key for key in value[0]}
    called = next((keys[name] for name in _WRAPPED.values() if name in keys), None)
    return [item[called] for item in value] if called is not None else value


KINDS: tuple[Kind, ...] = (
    LaunchTemplate(
        token="aws:ec2/launchTemplate:LaunchTemplate",
        noun="EC2 Launch Template",
        service="ec2",
        schema="AWS::EC2::LaunchTemplate",
        identifier="LaunchTemplate.LaunchTemplateId",
        creating=Call(method="create_launch_template"),
        reading=Call(method="describe_launch_templates", subject="LaunchTemplateIds[]", result="LaunchTemplates[0]"),
        deleting=Call(method="delete_launch_template", subject="LaunchTemplateId"),
        tagging=ec2("launch-template"),
        names=_NAMES,
        schema_names={
            "": "LaunchTemplateData",
            "name": "LaunchTemplateName",
            "description": "VersionDescription",
            "vpcSecurityGroupIds": "LaunchTemplateData/SecurityGroupIds",
            "securityGroupNames": "LaunchTemplateData/SecurityGroups",
            "networkInterfaces.securityGroups": "LaunchTemplateData/NetworkInterfaces/Groups",
            "networkInterfaces.ipv4AddressCount": (
                "LaunchTemplateData/NetworkInterfaces/SecondaryPrivateIpAddressCount"
            ),
        },
        unchecked={
            "namePrefix": "the official provider's own",
            "updateDefaultVersion": "the official provider's own",
            "defaultVersion": "an output in AWS's schema",
            "networkInterfaces.ipv4Addresses": "objects in AWS's schema, not texts",
            "secondaryInterfaces": "missing in AWS's schema",
        },
        automatic={"name": 128},
        sets=frozenset({"vpcSecurityGroupIds", "securityGroupNames"}),
        replace=frozenset({"namePrefix"}),
        computed=frozenset({"defaultVersion"}),
        write_only=frozenset({"updateDefaultVersion"}),
    ),
)
