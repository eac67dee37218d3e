"""`tenantry tenants export` and `import`, from the stack's outputs on; pulumi is a script that prints them."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from infra.cli import app
from infra.errors import TenantryError
from infra.paths import PROJECT_ROOT
from infra.tenancy.outputs import access_to
from tests.tenancy.pool import PASSWORD
from tests.tenancy.rows import Home


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a script in place of pulumi, alone on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def replaced(script: str) -> Path:
        path = folder / "pulumi"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o700)
        return folder

    return replaced


@pytest.fixture
def outputs(homes: dict[str, Home]) -> dict[str, Any]:
    """The outputs of a stack with three tenants, one in each isolation, whose rows are all `acme`'s."""
    pooled, schema, database = (homes[isolation].access for isolation in ("pool", "schema", "database"))
    tenants = {
        slug: {"isolation": access.isolation, "state": state, "plan": "pro", "schema": access.schema, "role": "r"}
        for slug, access, state in (
            ("acme", pooled, "active"),
            ("old-shop", schema, "suspended"),
            ("new-shop", database, "trial"),
        )
    }
    tenants["gone-shop"] = {"isolation": "pool", "state": "deleted", "plan": "free"}  # nothing of it is declared
    connections = {"old-shop": schema.url, "new-shop": database.url}
    return {"tenants": tenants, "connections": connections, "pool_connection": pooled.url, "namespace": "x"}


@pytest.fixture
def applied(pulumi: Callable[[str], Path], outputs: dict[str, Any], tmp_path: Path) -> Path:
    """A stack that has been applied."""
    (tmp_path / "outputs.json").write_text(json.dumps(outputs))
    wanted = "stack output --json --show-secrets --stack=local --non-interactive"
    check = f'[ "$*" = "{wanted}" ] || {{ echo "error: $*" >&2; exit 255; }}'
    return pulumi(f"{check}\n/bin/cat {tmp_path}/outputs.json")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["tenants", *arguments], env={"PULUMI_STACK": "local"})


def told(*arguments: str) -> dict[str, Any]:
    """Return the one JSON document of a command that succeeds."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    content: dict[str, Any] = json.loads(result.stdout)
    return content


def error_of(*arguments: str) -> TenantryError:
    """Return the error of a command, in which there is no password."""
    result = run(*arguments)
    assert isinstance(result.exception, TenantryError), result.output
    assert PASSWORD not in result.output + str(result.exception)
    return result.exception


def test_a_tenant_is_exported_and_imported_by_its_name(
    homes: dict[str, Home], applied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    homes["pool"].fill()
    before = homes["pool"].content()
    result = run("export", "acme")
    (path,) = tmp_path.glob("*.tenant.zip")
    assert re.fullmatch(r"local-acme-\d{8}T\d{6}Z\.tenant\.zip", path.name)
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["order_items", "40"] in lines
    assert re.findall(r"export: ([0-9a-f]{64})", result.stdout) == [hashlib.sha256(path.read_bytes()).hexdigest()]
    homes["pool"].empty()
    dry = run("import", "acme", str(path), "--dry-run")
    assert "nothing was written" in dry.stdout
    assert not any(homes["pool"].content().values())
    done = run("import", "acme", path.name)
    assert "imported, and read back with the same checksums" in done.stdout
    assert homes["pool"].content() == before


def test_json_is_one_document_with_rows_and_checksums(homes: dict[str, Home], applied: Path, tmp_path: Path) -> None:
    homes["pool"].fill()
    path = str(tmp_path / "some.zip")
    written = told("export", "acme", "--only", "customers, orders", "--output", path)
    homes["pool"].empty()
    read = told("import", "acme", path)
    assert written["file"] == path
    assert written["size"] == Path(path).stat().st_size
    assert (written["sha256"], written["tables"]) == (read["sha256"], read["tables"])
    assert [(table["name"], table["rows"]) for table in read["tables"]] == [("customers", 20), ("orders", 20)]
    assert "products" in written["left_out"]
    assert "lifecycle" not in run("export", "acme", "--only", "orders", "--output", f"{path}.2").stdout


def test_what_cannot_be_done_is_said_in_one_line(applied: Path, outputs: dict[str, Any], tmp_path: Path) -> None:
    unknown = error_of("export", "acne")
    closed = error_of("export", "old-shop")
    gone = error_of("export", "gone-shop")
    nothing = error_of("export", "acme", "--only", ",")
    missing = error_of("import", "acme", str(tmp_path / "missing.zip"))
    other = error_of("export", "acme", "--stack", "staging")
    assert (unknown.what, unknown.remedy) == ("no such tenant: acne", "did you mean acme?")
    assert unknown.exit_code == 2
    assert closed.what == "it is suspended: its logins are closed"
    assert "lifecycle.state: offboarding" in closed.remedy
    assert (gone.what, gone.where) == ("it is deleted", "tenant gone-shop")
    assert (nothing.what, nothing.exit_code) == ("names no table", 2)
    assert (missing.what, missing.exit_code) == ("cannot read the archive: No such file or directory", 2)
    assert other.what.startswith("pulumi: stack output")
    assert not list(tmp_path.glob("*.zip"))


@pytest.mark.parametrize("command", [["export", "acme"], ["import", "acme", "a.zip"], ["connection", "acme"]])
def test_a_stack_that_has_no_file_is_refused_before_pulumi_is_asked(command: list[str]) -> None:
    error = error_of(*command, "--stack", "nowhere")
    assert (error.what, error.where, error.exit_code) == ("no such stack", "Pulumi.nowhere.yaml", 2)


def test_a_file_that_is_there_is_refused_before_pulumi_is_asked(pulumi: Callable[[str], Path], tmp_path: Path) -> None:
    folder = pulumi(f"/bin/touch {tmp_path}/asked")
    error = error_of("export", "acme", "--output", str(folder / "pulumi"))
    assert (error.what, error.exit_code) == ("there is a file already", 2)
    assert not (tmp_path / "asked").exists()


def test_a_trial_and_an_offboarding_tenant_are_open(applied: Path, outputs: dict[str, Any], tmp_path: Path) -> None:
    assert access_to("local", "new-shop").isolation == "database"
    outputs["tenants"]["old-shop"]["state"] = "offboarding"
    (tmp_path / "outputs.json").write_text(json.dumps(outputs))
    access = access_to("local", "old-shop")
    assert access.url == outputs["connections"]["old-shop"]
    assert PASSWORD not in repr(access)


def test_a_tenants_connection_is_printed_alone(applied: Path, outputs: dict[str, Any]) -> None:
    assert run("connection", "new-shop").stdout == outputs["connections"]["new-shop"] + "\n"
    pooled = run("connection", "acme")
    assert pooled.stdout == outputs["pool_connection"] + "\n"
    assert "SET LOCAL app.current_tenant_id = 'acme'" in pooled.stderr
    assert error_of("connection", "old-shop").what == "it is suspended: its logins are closed"


def test_without_pulumi_the_way_through_the_sandbox_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    error = error_of("export", "acme", "--output", str(tmp_path / "acme.zip"))
    assert error.what == "no pulumi on the PATH"
    assert "tenantry sandbox run local -- tenantry tenants" in error.remedy


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("echo '{}'", "it has no outputs"),
        ("echo '{\"tenants\": {}}'", "its outputs tell nothing of tenants' connections"),
        ("echo '[1]'", "its outputs tell nothing of tenants' connections"),
        ("echo secret; exit 0", "its outputs tell nothing of tenants' connections"),
        ("echo 'error: no stack named x' >&2; exit 255", "pulumi: no stack named x"),
        ("exit 3", "pulumi: exit 3"),
    ],
)
def test_a_stack_that_is_not_applied_is_said_to_be_so(pulumi: Callable[[str], Path], script: str, what: str) -> None:
    pulumi(script)
    with pytest.raises(TenantryError) as caught:
        access_to("local", "acme")
    assert caught.value.what == what
    assert "pulumi up --stack local" in caught.value.remedy
    assert "secret" not in str(caught.value)


def test_the_program_itself_ends_with_one_line_and_2_for_what_is_no_archive(applied: Path, tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_bytes(os.urandom(1000))
    command = [sys.executable, "-c", "from infra.cli import main; main()", "tenants", "import", "acme"]
    done = subprocess.run(
        [*command, str(tmp_path / "no.zip"), "--stack", "local"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert line.startswith("error: no whole archive: its end is not there, ")
    assert "Traceback" not in done.stderr
