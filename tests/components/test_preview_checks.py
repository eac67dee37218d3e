"""What the components declare on AWS passes the checks that the offline plugin makes in a preview."""

from infra.sandbox.plugins.aws.kinds import KINDS
from infra.sandbox.plugins.aws.provider import AWSProvider
from infra.sandbox.plugins.provider import Resource
from infra.sandbox.plugins.values import UNKNOWN, Value
from tests.cloud_examples import cloud_graph
from tests.cloud_outputs import MOCKED_ID

SEED = bytes(32)


def as_in_a_first_preview(value: Value) -> Value:
    """Return the value with the mocks' ids as what they are before anything exists: unknown."""
    if isinstance(value, str) and value.startswith(MOCKED_ID):
        return UNKNOWN
    if isinstance(value, dict):
        return {key: as_in_a_first_preview(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_in_a_first_preview(item) for item in value]
    return value


def test_every_input_is_one_that_aws_would_take() -> None:
    plugin = AWSProvider()
    declared = [node for node in cloud_graph().nodes.values() if node.type.startswith("aws:")]
    assert {node.type for node in declared} <= KINDS.keys()
    failures = []
    for node in declared:
        resource = Resource(urn=node.urn, type=node.type, name=node.name)
        inputs = {name: as_in_a_first_preview(value) for name, value in node.inputs.items()}
        failures.extend((node.name, failure) for failure in plugin.check(resource, {}, inputs, SEED)[1])
    assert failures == []
