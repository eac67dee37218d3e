"""What AWS refuses while `local` is applied: one clear line each, and nothing that a second `up` does not finish."""

from collections.abc import Iterator

import pytest

from infra.sandbox import lifecycle
from tests.engine.declared import DeclaredStack, assert_account_equals_state, make_declared, running

_NAME = "test-bad-input"


@pytest.fixture(scope="module")
def refused() -> Iterator[DeclaredStack]:
    """A stack of its own in an empty account, whose calls are tried twice only: what is refused here stays refused."""
    made = make_declared(_NAME)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_MAX_ATTEMPTS", "2")
            yield made
    finally:
        lifecycle.down(_NAME, lambda _line: None, delete=True)


def complaints(text: str) -> list[str]:
    """Return the different errors that a run of the engine tells, without its own summary."""
    told = (line.partition("error: ")[2] for line in text.splitlines() if "error: " in line)
    return sorted({line for line in told if not line.endswith((" failed", "failed with an unhandled exception:"))})


def test_an_expired_credential_is_one_clear_line_and_makes_nothing(refused: DeclaredStack) -> None:
    refused.cloud.add_fault(kind="expired")
    result = refused.pulumi("preview", expect=None)
    refused.cloud.clear_faults()
    assert result.code != 0
    # Its own functions of AWS (getRegion...) may be refused as well: then the program's traceback repeats the line.
    assert complaints(result.text) == [
        "asking for the account: ExpiredToken: The security token included in the request is expired "
        "(GetCallerIdentity)"
    ]
    assert refused.cloud.is_empty()
    assert running(refused) == {"cloud.server": 1}


def test_a_quota_and_a_failure_after_creation_are_named_and_another_up_finishes(refused: DeclaredStack) -> None:
    quota = refused.cloud.quotas()["elastic-ips"]
    refused.cloud.set_quotas(elastic_ips=0)
    assert refusal(refused).endswith(
        "-address: AddressLimitExceeded: The maximum number of addresses has been reached. (AllocateAddress)"
    )
    refused.cloud.set_quotas(elastic_ips=quota)
    refused.cloud.add_fault(kind="fail-after", action="CreateReplicationGroup")  # it is made, and nobody is told
    assert refusal(refused).endswith(": InternalError: An internal error has occurred. (CreateReplicationGroup)")
    assert refused.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    refused.cloud.clear_faults()
    refused.up()
    assert refused.changes() == {}
    assert_account_equals_state(refused)


def refusal(stack: DeclaredStack) -> str:
    """Update a stack, which must fail for one reason and keep what it has made, and return the reason."""
    before = len(stack.resources())
    result = stack.up(expect=None)
    assert result.code != 0
    assert "Traceback" not in result.text
    (told,) = complaints(result.text)
    assert len(stack.resources()) > before
    return told
