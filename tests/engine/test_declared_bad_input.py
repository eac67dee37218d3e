"""The stack `local` in an empty account: what AWS refuses is one clear line, and nothing that another `up` leaves."""

from collections.abc import Callable, Iterator

import pytest

from infra.sandbox import lifecycle
from tests.engine.declared import DeclaredStack, assert_account_equals_state, make_declared, running
from tests.engine.stack import Settings, storefront_alone

_NAME = "test-bad-input"


@pytest.fixture(scope="module")
def refused() -> Iterator[DeclaredStack]:
    """A stack of its own in an empty account, whose calls are tried twice only: what is refused here stays refused."""
    made = make_declared(_NAME)
    made.configure(storefront_alone)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_MAX_ATTEMPTS", "2")
            patch.setenv("PULUMI_SKIP_CHECKPOINTS", "true")  # no update is killed: its state is asked at the end
            yield made
    finally:
        lifecycle.down(_NAME, lambda _line: None, delete=True)


def complaints(text: str) -> list[str]:
    """Return the different errors that a run of the engine tells, without its own summary."""
    told = (line.partition("error: ")[2] for line in text.splitlines() if "error: " in line)
    return sorted({line for line in told if not line.endswith((" failed", "failed with an unhandled exception:"))})


@pytest.fixture
def fresh(refused: DeclaredStack) -> DeclaredStack:
    """The stack, with nothing of it there."""
    return refused.emptied()


def test_a_first_preview_works_before_anything_exists_and_makes_nothing(fresh: DeclaredStack) -> None:
    planned = fresh.changes()
    assert set(planned) == {"create"}
    assert planned["create"] > 100
    assert fresh.cloud.is_empty()
    assert running(fresh) == {"cloud.server": 1}


def test_a_preview_in_another_account_is_refused_and_says_why(fresh: DeclaredStack) -> None:
    account = fresh.settings()["aws"]["account_id"]
    fresh.configure(in_account("210987654321"))
    result = fresh.pulumi("preview", expect=None)
    fresh.configure(in_account(account))
    assert result.code != 0
    # Once, or a second time with the program's traceback: its functions of AWS (getRegion...) are refused as well.
    assert "error: AWS account ID not allowed: 123456789012; the credentials belong to another" in result.text
    told = {line.partition("error: ")[2] for line in result.text.splitlines() if "error: " in line}
    assert len({text for text in told if not text.startswith("Program failed")}) == 1, result.text
    assert fresh.cloud.is_empty()


def test_an_expired_credential_is_one_clear_line_and_makes_nothing(fresh: DeclaredStack) -> None:
    fresh.cloud.add_fault(kind="expired")
    result = fresh.pulumi("preview", expect=None)
    fresh.cloud.clear_faults()
    assert result.code != 0
    # Its own functions of AWS (getRegion...) may be refused as well: then the program's traceback repeats the line.
    assert complaints(result.text) == [
        "asking for the account: ExpiredToken: The security token included in the request is expired "
        "(GetCallerIdentity)"
    ]
    assert fresh.cloud.is_empty()
    assert running(fresh) == {"cloud.server": 1}


def test_a_quota_and_a_failure_after_creation_are_named_and_another_up_finishes(fresh: DeclaredStack) -> None:
    quota = fresh.cloud.quotas()["elastic-ips"]
    fresh.cloud.set_quotas(elastic_ips=0)
    assert refusal(fresh).endswith(
        "-address: AddressLimitExceeded: The maximum number of addresses has been reached. (AllocateAddress)"
    )
    fresh.cloud.set_quotas(elastic_ips=quota)
    fresh.cloud.add_fault(kind="fail-after", action="CreateReplicationGroup")  # it is made, and nobody is told
    assert refusal(fresh).endswith(": InternalError: An internal error has occurred. (CreateReplicationGroup)")
    assert fresh.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    fresh.cloud.clear_faults()
    fresh.up()
    assert fresh.changes() == {}
    assert_account_equals_state(fresh)


def refusal(stack: DeclaredStack) -> str:
    """Update a stack, which must fail for one reason and keep what it has made, and return the reason."""
    before = len(stack.resources())
    result = stack.up(expect=None)
    assert result.code != 0
    assert "Traceback" not in result.text
    (told,) = complaints(result.text)
    assert len(stack.resources()) > before
    return told


def in_account(number: str) -> Callable[[Settings], None]:
    """Return the change of settings that names another account."""

    def change(settings: Settings) -> None:
        settings["aws"]["account_id"] = number

    return change
