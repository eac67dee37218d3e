"""`tenantry secrets`: what it shows, what it changes, and that bad input changes nothing."""

import copy
import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws
from typer.testing import CliRunner, Result

from infra.cli import app
from infra.commands import secrets as commands
from infra.errors import TenantryError
from infra.rotation import values
from infra.settings import SETTINGS_KEY, stack_file
from tests.examples import SECRETS, raw_declared_settings
from tests.stack_files import write_stack

NOW = datetime.datetime(2027, 3, 1, 12, tzinfo=datetime.UTC)
CANARY = "canary-9f27c1"
GIVEN = {"id": f"{CANARY}-id", "webhook": f"{CANARY}-webhook"}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stack file in a project of its own, at a known time, without terminal and credentials of the caller's."""
    original = stack_file.source_of
    monkeypatch.setattr(stack_file, "source_of", lambda stack: original(stack, tmp_path))
    monkeypatch.setattr(commands, "_now", lambda: NOW)
    for name, value in (("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b"), ("AWS_CONFIG_FILE", "/dev/null")):
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "Pulumi.example.yaml"
    write(path)
    return path


def write(path: Path, **changes: object) -> None:
    """Write a stack file whose secrets or account are changed."""
    raw = raw_declared_settings()
    raw["secrets"] = copy.deepcopy(changes.get("secrets", SECRETS))
    raw["aws"]["account_id"] = changes.get("account", "123456789012")
    write_stack(path.parent, "example", raw)
    path.write_text("# ours\n" + path.read_text())


@pytest.fixture
def cloud() -> Iterator[Any]:
    """Secrets Manager, simulated in this process."""
    with mock_aws():
        yield boto3.client("secretsmanager", region_name="eu-central-1")


@pytest.fixture
def declared(cloud: Any) -> Any:
    cloud.create_secret(Name="shop/payment")
    return cloud


def run(*arguments: str, stdin: str | bytes = "") -> Result:
    return CliRunner().invoke(app, ["secrets", *arguments], input=stdin)


def refused(*arguments: str, stdin: str | bytes = "") -> TenantryError:
    """Return the error of a command that changes nothing."""
    result = run(*arguments, stdin=stdin)
    assert isinstance(result.exception, TenantryError), result.output
    assert CANARY not in str(result.exception) + result.output
    assert result.exception.exit_code == 1  # DESIGN, section 5
    return result.exception


def written(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text())["config"][SETTINGS_KEY]["secrets"]
    return found


def test_the_list_shows_what_is_due_first_and_what_is_overdue(file: Path) -> None:
    lines = run("list", "example").output.splitlines()
    assert [line.split()[0] for line in lines] == ["name", "jwt", "payment"]
    assert lines[1].split() == [
        *("jwt", "generated", "platform-team", "storefront"),
        *("2026-11-01T00:00:00Z", "2027-01-30T00:00:00Z", "overdue"),
    ]
    assert "payments-team" in lines[2]
    assert "overdue" not in lines[2]


def test_the_list_is_one_json_document(file: Path) -> None:
    told = json.loads(run("list", "example", "--json").output)
    assert told["stack"] == "example"
    assert [(entry["name"], entry["overdue"]) for entry in told["secrets"]] == [("jwt", True), ("payment", False)]
    assert told["secrets"][1]["due"] == "2027-04-30T00:00:00Z"


def test_a_stack_without_secrets_says_so(file: Path) -> None:
    write(file, secrets={})
    assert run("list", "example").output == "example declares no secrets\n"


def test_rotating_a_generated_secret_declares_it_and_asks_nobody(file: Path) -> None:
    before = file.read_text()
    result = run("rotate", "example", "jwt")
    assert result.exit_code == 0, result.output
    assert written(file)["generated"]["jwt"]["rotated_at"] == "2027-03-01T12:00:00Z"
    assert "+" in result.output
    assert "next: `pulumi up --stack example`, which rolls the pods of storefront" in result.output
    changed = [
        pair for pair in zip(before.splitlines(), file.read_text().splitlines(), strict=True) if len({*pair}) > 1
    ]
    assert len(changed) == 1


def test_rotating_an_external_secret_puts_its_value_into_secrets_manager_first(file: Path, declared: Any) -> None:
    result = run("rotate", "example", "payment", "--from-stdin", stdin=json.dumps(GIVEN))
    assert result.exit_code == 0, (result.output, result.exception)
    assert json.loads(declared.get_secret_value(SecretId="shop/payment")["SecretString"]) == GIVEN
    assert written(file)["external"]["payment"]["rotated_at"] == "2027-03-01T12:00:00Z"
    assert CANARY not in result.output
    assert CANARY not in file.read_text()


def test_a_rotation_that_was_interrupted_before_the_edit_is_repeated(
    file: Path, declared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("infra.edits.write", kill)
        run("rotate", "example", "payment", "--from-stdin", stdin=json.dumps(GIVEN))
    assert written(file) == SECRETS
    assert run("rotate", "example", "payment", "--from-stdin", stdin=json.dumps(GIVEN)).exit_code == 0
    assert json.loads(declared.get_secret_value(SecretId="shop/payment")["SecretString"]) == GIVEN
    assert written(file)["external"]["payment"]["rotated_at"] == "2027-03-01T12:00:00Z"


# arguments, what is given on stdin, what is said
BAD_INPUT: list[tuple[tuple[str, ...], str | bytes, str]] = [
    (("list", "exmple"), "", "no such stack, Pulumi.exmple.yaml, use one of: example"),
    (("rotate", "exmple", "jwt"), "", "no such stack, Pulumi.exmple.yaml, use one of: example"),
    (("rotate", "example", "payments"), "", "no such secret, Pulumi.example.yaml, did you mean payment?"),
    (("rotate", "example", "mail"), "", "no such secret, Pulumi.example.yaml, use one of: jwt, payment"),
    (("rotate", "example", "jwt", "--from-stdin"), "", "takes no value: the program draws it, jwt, leave out"),
    (("rotate", "example", "payment"), "", "no terminal to ask for the value on, payment, give it with --from-stdin"),
    (("rotate", "example", "payment", "--from-stdin"), "", "no value of the secret: not JSON"),
    (("rotate", "example", "payment", "--from-stdin"), b"\xff\xfe\x00", "no value of the secret: not JSON"),
    (("rotate", "example", "payment", "--from-stdin"), 100_000 * "[", "no value of the secret: not JSON"),
    (("rotate", "example", "payment", "--from-stdin"), f'["{CANARY}"]', "no value of the secret: not a JSON object"),
    (
        ("rotate", "example", "payment", "--from-stdin"),
        f'{{"id": "{CANARY}", "id": "x", "webhook": "y"}}',
        "no value of the secret: with a key that is there twice",
    ),
    (
        ("rotate", "example", "payment", "--from-stdin"),
        json.dumps({**GIVEN, "id": "\ud800"}),
        "id is no text that UTF-8 can hold",
    ),
    (("rotate", "example", "payment", "--from-stdin"), f'{{"id": "{CANARY}"}}', "without webhook"),
    (
        ("rotate", "example", "payment", "--from-stdin"),
        json.dumps({**GIVEN, f"{CANARY}": "x"}),
        "with keys that the secret does not have",
    ),
    (("rotate", "example", "payment", "--from-stdin"), json.dumps({**GIVEN, "id": ""}), "id is empty or no text"),
    (("rotate", "example", "payment", "--from-stdin"), json.dumps({**GIVEN, "id": 7}), "id is empty or no text"),
    (
        ("rotate", "example", "payment", "--from-stdin"),
        json.dumps({**GIVEN, "webhook": f"{CANARY}\n"}),
        "webhook begins or ends with white space",
    ),
]


@pytest.mark.parametrize(("arguments", "stdin", "said"), BAD_INPUT)
def test_bad_input_is_one_clear_line_and_changes_nothing(
    file: Path, declared: Any, arguments: tuple[str, ...], stdin: str | bytes, said: str
) -> None:
    before = file.read_text()
    assert said in str(refused(*arguments, stdin=stdin))
    assert file.read_text() == before
    assert "VersionIdsToStages" not in declared.describe_secret(SecretId="shop/payment")


@pytest.mark.parametrize(
    ("typed", "said"), [("", "id is empty"), (f"{CANARY} ", "white space"), (b"\xff\xfe", "not UTF-8 text")]
)
def test_what_is_typed_wrongly_is_one_clear_line_without_it(typed: str | bytes, said: str) -> None:
    with pytest.raises(TenantryError, match=said) as caught:
        values.from_prompts(lambda _: typed if isinstance(typed, str) else typed.decode(), ["id", "webhook"])
    assert CANARY not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def refused_rotation(file: Path) -> TenantryError:
    before = file.read_text()
    error = refused("rotate", "example", "payment", "--from-stdin", stdin=json.dumps(GIVEN))
    assert file.read_text() == before
    return error


def test_another_account_is_refused_before_anything_is_sent(file: Path, declared: Any) -> None:
    write(file, account="210987654321")
    assert str(refused_rotation(file)).startswith(
        "the credentials are for another account, 123456789012 instead of 210987654321"
    )
    assert "VersionIdsToStages" not in declared.describe_secret(SecretId="shop/payment")


def test_a_secret_that_is_not_declared_in_aws_yet_says_how_to_declare_it(file: Path, cloud: Any) -> None:
    error = refused_rotation(file)
    assert str(error).startswith("not in Secrets Manager yet, shop/payment, run `pulumi up --stack example`")


def test_a_secret_that_waits_for_its_deletion_says_how_to_bring_it_back(file: Path, declared: Any) -> None:
    declared.delete_secret(SecretId="shop/payment")
    assert "restore-secret --secret-id shop/payment" in str(refused_rotation(file))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ExpiredToken", "the AWS credentials have expired, AWS, sign in again"),
        ("InvalidClientTokenId", "AWS does not know the credentials (InvalidClientTokenId), AWS, sign in again"),
        ("AccessDeniedException", "AWS refuses it (AccessDeniedException), AWS, ask for secretsmanager:PutSecretValue"),
        ("ThrottlingException", "AWS refuses it (ThrottlingException), AWS, mend that"),
    ],
)
def test_credentials_that_do_not_work_are_one_clear_line(
    file: Path, declared: Any, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    from botocore.exceptions import ClientError

    class Refusing:
        def get_caller_identity(self) -> None:
            raise ClientError({"Error": {"Code": code, "Message": CANARY}}, "GetCallerIdentity")

    monkeypatch.setattr("infra.rotation.vault.boto3.client", lambda *_, **__: Refusing())
    assert str(refused_rotation(file)).startswith(said)


def test_no_credentials_at_all_are_one_clear_line(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    boto3.setup_default_session()
    assert str(refused_rotation(file)).startswith("AWS cannot be asked (NoCredentialsError), AWS in eu-central-1")


def test_a_rotation_in_the_future_is_not_moved_back(file: Path) -> None:
    later = copy.deepcopy(SECRETS)
    later["generated"]["jwt"]["rotated_at"] = "2028-01-01T00:00:00Z"
    write(file, secrets=later)
    assert str(refused("rotate", "example", "jwt")).startswith("its rotation is declared in the future")
    assert written(file) == later


def test_copies_are_rotated_where_they_come_from(file: Path) -> None:
    write(file, secrets={**SECRETS, "copies_of": "shop-production"})
    assert str(refused("rotate", "example", "jwt")).startswith("its secrets are copies of shop-production's")
