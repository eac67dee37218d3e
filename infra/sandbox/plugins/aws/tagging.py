"""How each service takes, gives and changes tags; the plugin itself only knows maps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jmespath

Tags = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Tagging:
    """One service's way.

    Args:
        parameter: the parameter of a creation that takes tags.
        ec2: the resource type in a `TagSpecifications` parameter; empty for other services.
        key: what the key of one tag is called; empty where tags are a map.
        value: what its value is called.
        listing: the method that lists tags, when reading the resource does not tell them.
        found: where an answer of `listing`, or the resource itself, holds them, as a JMESPath.
        tag: the method that sets some tags; empty when an update call of the resource does.
        untag: the method that removes some.
        tags: the parameter of `tag` that takes them.
        keys: the parameter of `untag` that takes the keys.
        subject: the parameter that names the resource in all three.
        by: the output that `subject` takes, `id` for the id itself.
        plural: whether `subject` is a list.
        extra: what all three take beside.
    """

    parameter: str = "Tags"
    ec2: str = ""
    key: str = "Key"
    value: str = "Value"
    listing: str = ""
    found: str = "Tags"
    tag: str = ""
    untag: str = ""
    tags: str = "Tags"
    keys: str = "TagKeys"
    subject: str = "ResourceArn"
    by: str = "arn"
    plural: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)

    def creation(self, tags: Tags) -> dict[str, Any]:
        """Return the parameters that give `tags` to a creation; none for no tags."""
        if not tags:
            return {}
        if self.ec2:
            return {"TagSpecifications": [{"ResourceType": self.ec2, "Tags": self._written(tags)}]}
        return {self.parameter: self._written(tags)} if self.parameter else {}

    def read(self, client: Any, subject: str, answer: Mapping[str, Any]) -> dict[str, str]:
        """Return the tags of a resource.

        Args:
            client: the service's client.
            subject: what `by` says of the resource.
            answer: the resource as its reading call gave it.
        """
        if self.listing:
            answer = getattr(client, self.listing)(**self._subject(subject))
        found = jmespath.search(self.found, answer) or {}
        if isinstance(found, Mapping):
            return {str(key): str(value) for key, value in found.items()}
        return {item[self.key]: item.get(self.value, "") for item in found}

    def update(self, client: Any, subject: str, old: Tags, new: Tags) -> None:
        """Make the tags `new` where they were `old`."""
        if not self.tag:
            return
        gone, changed = changes(old, new)
        if gone:
            keys: Any = [{"Key": key} for key in gone] if self.ec2 else gone
            getattr(client, self.untag)(**self._subject(subject), **{self.keys: keys})
        if changed:
            getattr(client, self.tag)(**self._subject(subject), **{self.tags: self._written(changed)})

    def _subject(self, subject: str) -> dict[str, Any]:
        return {self.subject: [subject] if self.plural else subject, **self.extra}

    def _written(self, tags: Tags) -> Any:
        if not self.key:
            return dict(tags)
        return [{self.key: key, self.value: value} for key, value in sorted(tags.items())]


def changes(old: Tags, new: Tags) -> tuple[list[str], dict[str, str]]:
    """Return the keys to remove, and the tags to set, that make `new` of `old`."""
    return sorted(old.keys() - new.keys()), {key: value for key, value in new.items() if old.get(key) != value}


def ec2(resource_type: str) -> Tagging:
    """Return EC2's way.

    Args:
        resource_type: as `vpc`, `security-group-rule`.
    """
    return Tagging(
        ec2=resource_type,
        tag="create_tags",
        untag="delete_tags",
        keys="Tags",
        subject="Resources",
        by="id",
        plural=True,
    )


EKS = Tagging(
    parameter="tags",
    key="",
    found="tags",
    tag="tag_resource",
    untag="untag_resource",
    tags="tags",
    keys="tagKeys",
    subject="resourceArn",
)
"""Maps, in parameters that begin with small letters; of other services too."""
