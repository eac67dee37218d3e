"""SQS beyond moto: policies that outlive a change, who may use a queue for dead letters, keys that must exist, and
receiving without waiting.

What moto gets wrong: each change of a queue drops its policy, and nothing tells of a redrive allow policy. A receiver
is answered at once, as with a wait time of 0: the cloud answers one call at a time, and nobody could send meanwhile.
"""

import json
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sqs import urls
from moto.sqs.exceptions import SQSException
from moto.sqs.responses import SQSResponse

from infra.sandbox.cloud.additions import references

_ALLOWS = "RedriveAllowPolicy"
_POLICY = "Policy"
_REDRIVES = "RedrivePolicy"
_KEY = "KmsMasterKeyId"
_MANAGED = "SqsManagedSseEnabled"


class Additions(SQSResponse):
    """moto's SQS with the rest."""

    def create_queue(self) -> ActionResult:
        """As moto, unless its key does not exist or its dead letters are not taken."""
        attributes = self._get_param("Attributes", {})
        self._insist(attributes, str(self._get_param("QueueName")))
        answer = super().create_queue()
        queue = self.sqs_backend.get_queue(self._get_param("QueueName"))
        _keep(queue, attributes)
        return answer

    def get_queue_attributes(self) -> ActionResult:
        """As moto, with the policy that it does not tell of."""
        names = self._get_param("AttributeNames", [])
        queue = self.sqs_backend.get_queue(self._get_queue_name())
        told = [name for name in names if name != _ALLOWS]
        found = self.sqs_backend.get_queue_attributes(queue.name, told)
        if _ALLOWS in names or "All" in names:
            found[_ALLOWS] = getattr(queue, "redrive_allow_policy", None)
        attributes = {name: str(value) for name, value in found.items() if value not in (None, "")}
        return ActionResult({"Attributes": attributes}) if attributes else EmptyResult()

    def set_queue_attributes(self) -> ActionResult:
        """Change what is named, and nothing else."""
        attributes = dict(self._get_param("Attributes", {}))
        queue = self.sqs_backend.get_queue(self._get_queue_name())
        self._insist(attributes, queue.name)
        kept = {} if _POLICY in attributes else {_POLICY: queue.policy}
        self.sqs_backend.set_queue_attributes(queue.name, {**kept, **attributes})
        _keep(queue, attributes)
        return EmptyResult()

    def receive_message(self) -> ActionResult:
        """As moto, at once."""
        waits, self.params["WaitTimeSeconds"] = self._get_param("WaitTimeSeconds"), 0
        if waits is not None and not 0 <= int(waits) <= 20:
            self.params["WaitTimeSeconds"] = waits  # which moto refuses
        return super().receive_message()

    def _insist(self, attributes: dict[str, Any], queue: str) -> None:
        key = attributes.get(_KEY)
        if key and not references.has_key(self.current_account, self.region, str(key)):
            raise SQSException("KMS.NotFoundException", f"KMS key {key} does not exist.")
        if attributes.get(_REDRIVES):
            self._insist_on_taker(json.loads(attributes[_REDRIVES]).get("deadLetterTargetArn", ""), queue)

    def _insist_on_taker(self, taker: str, queue: str) -> None:
        name = str(taker).rpartition(":")[2]
        found = self.sqs_backend.queues.get(name)
        if found is None:
            what = f"Value for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist: {taker}."
            raise SQSException("InvalidParameterValue", what)
        said = getattr(found, "redrive_allow_policy", None)
        allows = json.loads(said) if said else {"redrivePermission": "allowAll"}
        source = found.queue_arn.rpartition(":")[0] + f":{queue}"
        if allows["redrivePermission"] == "denyAll" or (
            allows["redrivePermission"] == "byQueue" and source not in allows.get("sourceQueueArns", ())
        ):
            what = f"Value for parameter RedrivePolicy is invalid. Reason: {taker} does not allow {source} to redrive."
            raise SQSException("InvalidParameterValue", what)


def _keep(queue: Any, attributes: dict[str, Any]) -> None:
    """Set what moto forgets: an encryption with a key of one's own ends that with SQS's, and the other way."""
    if attributes.get(_KEY):
        queue.sqs_managed_sse_enabled = False
    elif str(attributes.get(_MANAGED, "")).lower() == "true":
        queue.kms_master_key_id = None


def install() -> None:
    """Let moto's SQS answer with the additions; doing it again changes nothing."""
    urls.url_paths.update(dict.fromkeys(urls.url_paths, Additions.dispatch))
