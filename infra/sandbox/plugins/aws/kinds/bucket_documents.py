"""The documents that a bucket can be given; which they are is in `bucket_settings`."""

from dataclasses import dataclass
from typing import Any

from infra.sandbox.plugins.aws import translation
from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Kind
from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Value

_COLD = frozenset({"STANDARD_IA", "ONEZONE_IA"})
_LEAST_DAYS_TO_COLD = 30  # "Constraints and considerations for transitions" of S3
_ENABLED = "Enabled"


@dataclass(frozen=True, kw_only=True)
class Setting(Kind):
    """One document of a bucket's.

    Args:
        within: the parameter of `creating` that holds it; empty where the parameters are named as the inputs are.
    """

    within: str = ""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: object) -> str:
        """Put it."""
        del tags
        self.put(cloud, region, inputs)
        return str(inputs["bucket"])

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Put the new document in place of the old."""
        del id, old
        self.put(cloud, region, new)

    def put(self, cloud: Cloud, region: str, inputs: Properties) -> None:
        """Put the document that `inputs` say."""
        client = cloud.client(self.service, region)
        self.creating.make(client, inputs, self.parameters(client, inputs))

    def parameters(self, client: Any, inputs: Properties) -> dict[str, Any]:
        """Return the parameters of the call that puts it."""
        shape = self.creating.shape(client)
        said = {name: value for name, value in inputs.items() if name not in ("region", "tags")}
        parameters = translation.request(shape, said, self.names)
        if self.within:
            parameters[self.within] = translation.request(shape.members[self.within], said, self.names)  # type: ignore[union-attr]  # a call that puts takes something
        return parameters

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return what the document says."""
        return {**super().told(cloud, region, id, answer), "bucket": id}

    def imported(self, id: str) -> dict[str, Value]:
        """Return the bucket, and its owner where the id names one."""
        bucket, _, owner = id.partition(",")
        return {"bucket": bucket, **({"expectedBucketOwner": owner} if owner else {})}


class Versioning(Setting):
    """Whether a bucket keeps old versions; S3 never forgets that it once did, so the end of it is to suspend it."""

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return what the document says; a bucket that never kept versions has none."""
        return super().told(cloud, region, id, {"VersioningConfiguration": answer})

    def is_gone(self, answer: Answer) -> bool:
        """Whether nothing was ever said of versions."""
        return "Status" not in answer

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Suspend it, as the official plugin does."""
        if self.read(cloud, region, id, known) is not None:
            suspended = {"bucket": id, "versioningConfiguration": {"status": "Suspended"}}
            self.put(cloud, region, suspended)


class Logging(Setting):
    """Where requests are logged to. The simulated S3 delivers none, and forgets the format of the records' names."""

    def read(self, cloud: Cloud, region: str, id: str, known: Properties) -> dict[str, Value] | None:
        """Return its properties, the format as it was stated."""
        found = super().read(cloud, region, id, known)
        if found is not None and known.get("targetObjectKeyFormat"):
            found["targetObjectKeyFormat"] = known["targetObjectKeyFormat"]
        return found

    def parameters(self, client: Any, inputs: Properties) -> dict[str, Any]:
        """Return the parameters of the call that puts it."""
        parameters = super().parameters(client, inputs)
        status: Any = self.creating.shape(client).members[self.within]  # type: ignore[union-attr]  # it takes something
        said = {name: value for name, value in inputs.items() if name not in ("region", "bucket")}
        enabled = translation.request(status.members["LoggingEnabled"], said, self.names)
        return {**parameters, self.within: {"LoggingEnabled": enabled}}

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """End it: S3 has no call for that but to put nothing."""
        if self.read(cloud, region, id, known) is not None:
            cloud.client(self.service, region).put_bucket_logging(Bucket=id, BucketLoggingStatus={})


class Lifecycle(Setting):
    """What happens to objects as they grow old."""

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return transitions that S3 refuses, and ends that come before them."""
        return [*_too_soon(inputs), *_ended_before(inputs)]


def _ended_before(inputs: Properties) -> list[tuple[str, str]]:
    """Return ends that do not come after each transition of their rule, as S3 asks for."""
    ends = [
        (number, (rule.get("expiration") or {}).get("days"), rule.get("transitions") or ())
        for number, rule in enumerate(inputs.get("rules") or ())
    ]
    return [
        (f"rules[{number}].expiration.days", "must be more than the days of every transition of the rule")
        for number, days, transitions in ends
        if days is not None and any((transition.get("days") or 0) >= days for transition in transitions)
    ]


def _too_soon(inputs: Properties) -> list[tuple[str, str]]:
    return [
        (
            f"rules[{number}].transitions[{index}].days",
            f"must be {_LEAST_DAYS_TO_COLD} or more for {transition['storageClass']}",
        )
        for number, rule in enumerate(inputs.get("rules") or ())
        for index, transition in enumerate(rule.get("transitions") or ())
        if transition["storageClass"] in _COLD
        and transition.get("days") is not None
        and transition["days"] < _LEAST_DAYS_TO_COLD
    ]


class Replication(Setting):
    """What is copied to another bucket; the simulated S3 keeps it, and copies nothing."""

    def put(self, cloud: Cloud, region: str, inputs: Properties) -> None:
        """Put the rules, when both buckets keep versions: the simulated S3 would only look at the source."""
        s3 = cloud.client(self.service, region)
        for rule in inputs["rules"]:
            target = str(rule["destination"]["bucket"]).rpartition(":")[2]
            if s3.get_bucket_versioning(Bucket=target).get("Status") != _ENABLED:
                raise ProviderError("InvalidRequest: Destination bucket must have versioning enabled.")
        super().put(cloud, region, inputs)

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what a rule needs beside what it says, as S3's reference of `ReplicationRule` and its parts has it."""
        return [
            (f"rules[{number}].{missing}", f"is required beside {stated}")
            for number, rule in enumerate(inputs.get("rules") or ())
            for missing, stated in _incomplete(rule)
        ]


def _incomplete(rule: Properties) -> list[tuple[str, str]]:
    """Return (what is missing in a rule, what it is needed for)."""
    destination, selection = rule.get("destination") or {}, rule.get("sourceSelectionCriteria") or {}
    needs = (
        ("filter", rule.get("filter") is not None, "deleteMarkerReplication", rule),
        ("destination.replicationTime", "replicationTime" in destination, "metrics", destination),
        (
            "sourceSelectionCriteria.sseKmsEncryptedObjects",
            "sseKmsEncryptedObjects" in selection,
            "encryptionConfiguration",
            destination,
        ),
        (
            "destination.encryptionConfiguration",
            "encryptionConfiguration" in destination,
            "sourceSelectionCriteria",
            rule,
        ),
    )
    return [
        (name if among is rule else f"destination.{name}", stated)
        for stated, is_stated, name, among in needs
        if is_stated and not among.get(name)
    ]
