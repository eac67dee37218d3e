"""One entry per resource type: which calls make, read, change and delete it, and where its words differ from AWS's.

Owns the flow that most types share; a type that needs another overrides a method. Leaves tables to `tables`, words to
`translation`, and everything about the engine to `provider`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import jmespath
from botocore.exceptions import ClientError
from botocore.model import Shape

from infra.sandbox.plugins.aws import kept_tables, translation
from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.tagging import Tagging
from infra.sandbox.plugins.properties import Table
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_GONE = re.compile(r"NotFound|NoSuch|NonExistentQueue|NonexistentItem|^404$")

Answer = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of AWS.

    Args:
        method: boto3's name of it, as `create_subnet`.
        subject: the parameter that takes the resource's id; with `[]` behind it, a list of one. Empty for none.
        by: what `subject` takes: `id`, or a property.
        also: parameter -> property that it takes, for calls that name a resource by several.
        constants: what the call always says.
        result: where the resource is in the answer, as a JMESPath; empty for the whole.
        sends: the only properties that the call may send; None for every one that it has a parameter for.
        alone: whether it takes one property at a time.
    """

    method: str
    subject: str = ""
    by: str = "id"
    also: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    result: str = ""
    sends: frozenset[str] | None = None
    alone: bool = False

    def shape(self, client: Any) -> Shape | None:
        """Return what the call takes."""
        model = client.meta.service_model
        return model.operation_model(client.meta.method_to_api_mapping[self.method]).input_shape

    def make(self, client: Any, known: Properties, parameters: Mapping[str, Any]) -> Any:
        """Make the call.

        Args:
            client: the service's client.
            known: the resource's properties, and its id as `id`.
            parameters: what it takes beside its subject.

        Returns:
            What `result` finds in the answer.
        """
        named = {parameter: known[name] for parameter, name in self.also.items()}
        if self.subject:
            subject = known[self.by]
            named[self.subject.removesuffix("[]")] = [subject] if self.subject.endswith("[]") else subject
        answer = getattr(client, self.method)(**{**self.constants, **parameters, **named})
        return jmespath.search(self.result, answer) if self.result else answer


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One resource type.

    Args:
        token: its Pulumi type, as `aws:ec2/subnet:Subnet`.
        noun: what messages call it, as `EC2 Subnet`.
        schema: AWS's own name of it, as `AWS::EC2::Subnet`; empty for a type without a schema.
        service: the client, as `ec2`.
        identifier: the JMESPath of the id in what the creation returns; with `=` before it, a property of the inputs.
        creating: the call that makes it.
        reading: the call that returns it; what it says becomes properties.
        changing: the calls that change it in place, each sends what changed and it has parameters for.
        deleting: the call that deletes it.
        tagging: how it is tagged; None for a type without tags.
        names: Pulumi path -> AWS's name, where they differ by more than case; empty for what is not sent.
        schema_names: input path -> path of its schema property, as `tables.table` takes it.
        unchecked: input -> why no schema judges it.
        defaults: what AWS takes for inputs that are left out and the official plugin states.
        computed: inputs that AWS chooses when they are left out.
        overruled: inputs that AWS may not follow; outputs tell what it has done instead.
        replace: inputs whose change replaces, beyond those of the schema.
        in_place: inputs that change in place, whatever the schema says.
        secret: inputs that are secret.
        documents: inputs that are JSON.
        automatic: input -> longest, for names made from the logical name when they are left out.
        sets: lists whose order means nothing.
        write_only: inputs that AWS never gives back.
        same_place: the inputs that two resources cannot share, so that a replacement deletes first.
        filled: object among the inputs -> its fields that AWS fills in, as outputs that no program states.
        limits: input -> what AWS's API reference allows beyond the schema, as arguments of `Property`.
        broken: the values of its output `status` with which neither a creation nor a change has succeeded.
        asked: the input whose new values the cloud is asked about, by `unavailable`; empty for none.
    """

    token: str
    noun: str
    service: str
    identifier: str
    creating: Call
    reading: Call
    deleting: Call
    changing: tuple[Call, ...] = ()
    schema: str = ""
    tagging: Tagging | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    schema_names: Mapping[str, str] = field(default_factory=dict)
    unchecked: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Value] = field(default_factory=dict)
    computed: frozenset[str] = frozenset()
    overruled: frozenset[str] = frozenset()
    replace: frozenset[str] = frozenset()
    in_place: frozenset[str] = frozenset()
    secret: frozenset[str] = frozenset()
    documents: frozenset[str] = frozenset()
    automatic: Mapping[str, int] = field(default_factory=dict)
    sets: frozenset[str] = frozenset()
    write_only: frozenset[str] = frozenset()
    same_place: frozenset[str] = frozenset()
    filled: Mapping[str, frozenset[str]] = field(default_factory=dict)
    limits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()
    asked: str = ""

    @cached_property
    def table(self) -> Table:
        """Its inputs."""
        merged = kept_tables.table(
            self.token,
            schema=self.schema,
            names=self.schema_names,
            unchecked=self.unchecked,
            computed=self.computed,
            replace=self.replace,
            in_place=self.in_place,
            secret=self.secret,
            automatic=self.automatic,
            sets=self.sets,
        )
        stated = {name: replace(merged[name], default=value, shared=False) for name, value in self.defaults.items()}
        silent = {name: replace(merged[name], write_only=True) for name in self.write_only}
        whole = {**merged, **stated, **silent}
        return {**whole, **{name: replace(whole[name], **allowed) for name, allowed in self.limits.items()}}

    @cached_property
    def results(self) -> frozenset[str]:
        """The outputs that are no inputs."""
        return kept_tables.results(self.token)

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it and return its id.

        Args:
            cloud: where.
            region: in which region.
            inputs: revealed.
            tags: all of its tags, the provider's default ones included.
        """
        client = cloud.client(self.service, region)
        parameters = translation.request(self.creating.shape(client), _sent(self.creating, inputs), self.names)
        if self.tagging is not None:
            parameters.pop("Tags", None)
            parameters.pop("tags", None)
            parameters.update(self.tagging.creation(tags))
        made = self.creating.make(client, inputs, parameters)
        if self.identifier.startswith("="):
            return str(inputs[self.identifier[1:]])
        return str(jmespath.search(self.identifier, made))

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Give a new resource what its creation had no parameter for: nothing, without `changing`."""
        client = cloud.client(self.service, region)
        taken = translation.consumed(self.creating.shape(client), frozenset(_sent(self.creating, inputs)), self.names)
        left = {name: value for name, value in inputs.items() if name not in taken and value is not None}
        self._send(client, {**inputs, "id": id}, left)

    def read(self, cloud: Cloud, region: str, id: str, known: Properties) -> dict[str, Value] | None:
        """Return its properties, with `tagsAll` for its tags, or None when it is gone.

        Args:
            cloud: where.
            region: in which region.
            id: which one.
            known: its properties as last known, revealed; empty for an import.
        """
        client = cloud.client(self.service, region)
        try:
            answer = self.reading.make(client, {**known, "id": id}, {})
            if not answer or self.is_gone(answer):
                return None
            properties = self.told(cloud, region, id, answer)
            if self.tagging is not None:
                subject = str({**known, **properties, "id": id}[self.tagging.by])
                properties["tagsAll"] = self.tagging.read(client, subject, answer)
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return properties

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return the properties that the answer of `reading` tells; a type adds what takes more calls."""
        del cloud, region, id
        results = translation.results_of(self.results, answer, self.names)
        return {**results, **translation.properties_of(self.table, answer, self.names)}

    def is_gone(self, answer: Answer) -> bool:
        """Whether the answer tells of a resource that is deleted but still listed."""
        del answer
        return False

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Change what differs between `old` and `new`, both revealed, by `changing`; tags are changed elsewhere."""
        client = cloud.client(self.service, region)
        changed = {name: value for name, value in new.items() if name in self.table and old.get(name) != value}
        self._send(client, {**old, **new, "id": id}, changed)

    def retag(
        self, cloud: Cloud, region: str, known: Properties, old: Mapping[str, str], new: Mapping[str, str]
    ) -> None:
        """Make its tags `new` where they were `old`.

        Args:
            cloud: where.
            region: in which region.
            known: its properties, and its id as `id`.
            old: tags so far.
            new: wanted tags.
        """
        if self.tagging is not None and dict(old) != dict(new):
            self.tagging.update(cloud.client(self.service, region), str(known[self.tagging.by]), old, new)

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it; does nothing when it is gone.

        Args:
            cloud: where.
            region: in which region.
            id: which one.
            known: its properties as last known, revealed.
        """
        try:
            self.deleting.make(cloud.client(self.service, region), {**known, "id": id}, {})
        except ClientError as error:
            if not is_gone(error):
                raise

    def moving(self, old: Properties, new: Properties) -> frozenset[str]:
        """Return the outputs that a change from `old` to `new` inputs moves on, so that a preview cannot know them."""
        del old, new
        return frozenset()

    def imported(self, id: str) -> dict[str, Value]:
        """Return what the id given to an import says of the resource, for calls that name it by more than its id."""
        del id
        return {}

    def lasting_id(self, id: str, properties: Properties) -> str:
        """Return the id that a creation would have given, where an import may name the resource by another one.

        Args:
            id: the one given to the import.
            properties: what was found.
        """
        del properties
        return id

    def named(self, name: str) -> str:
        """Return an automatic name as this type may have it; one that it has returned before stays as it is."""
        return name

    def is_waiting(self, cloud: Cloud, region: str, name: str) -> bool:
        """Whether a resource of this name is deleted and AWS still keeps it, so that the name is not free yet."""
        del cloud, region, name
        return False

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return (property, what is wrong) for rules that span properties; inputs are revealed and known."""
        del inputs
        return []

    def unavailable(self, cloud: Cloud, region: str, inputs: Properties) -> list[tuple[str, str]]:
        """Return (property, what is wrong) for what this cloud does not have, which no schema knows; asks the cloud.

        Args:
            cloud: where.
            region: in which region.
            inputs: those that are known, revealed; `asked` is among them.
        """
        del cloud, region, inputs
        return []

    def _send(self, client: Any, known: Properties, values: Properties) -> None:
        for call in self.changing:
            shape = call.shape(client)
            sent = _sent(call, values)
            parameters = translation.request(shape, sent, self.names)
            for part in [{name: value} for name, value in parameters.items()] if call.alone else [parameters]:
                if part:
                    call.make(client, known, part)


def is_gone(error: ClientError) -> bool:
    """Whether AWS says that there is no such resource."""
    return bool(_GONE.search(error.response.get("Error", {}).get("Code", "")))


def _sent(call: Call, values: Properties) -> dict[str, Value]:
    return {
        name: value
        for name, value in values.items()
        if name not in ("tags", "region") and (call.sends is None or name in call.sends)
    }
