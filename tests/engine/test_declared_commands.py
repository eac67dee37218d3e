"""What a user of the declared stack types and sees: the commands that `sandbox up` prints, the status, down and up."""

import json
import socket
import subprocess
from typing import Any

from infra.paths import PROJECT_ROOT
from infra.sandbox.cloud.account import JOURNAL
from tests.engine.command import TENANTRY, tenantry
from tests.engine.consistency import assert_consistent
from tests.engine.declared import DeclaredStack, assert_account_equals_state, running

NAME = "tenantry-local"


def rows(stack: DeclaredStack) -> dict[str, Any]:
    """Return what the status says of the stack's instance, by what is before the first space."""
    document = json.loads(tenantry("sandbox", "status", "--json").stdout)
    return {row["name"].partition(" ")[0]: row for row in document[stack.workspace.instance.name]}


def shell(stack: DeclaredStack, script: str) -> str:
    """Run a script in the shell that `sandbox env` makes, and return what it prints."""
    entered = f"eval \"$('{TENANTRY}' sandbox env local --instance {stack.workspace.instance.name})\"\n{script}"
    ran = subprocess.run(["sh", "-ec", entered], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_status_lists_what_the_stack_declared_below_the_cloud(declared_applied: DeclaredStack) -> None:
    found = rows(declared_applied)
    assert list(found) == ["cloud", "EKS", "RDS", "ElastiCache"]
    assert (found["EKS"]["name"], found["RDS"]["name"]) == (f"EKS {NAME}", f"RDS {NAME}")
    assert [row["endpoint"].rpartition(":")[2] for row in found.values()] == ["5000", "6443", "5432", "6379"]
    assert all(row["healthy"] for row in found.values())


def test_the_commands_that_up_prints_open_the_cluster_and_the_database(declared_applied: DeclaredStack) -> None:
    up = tenantry("sandbox", "up", "local", "--instance", declared_applied.workspace.instance.name)
    update, query, as_tenant = (line.partition("   #")[0] for line in up.stdout.splitlines()[-3:])
    printed = shell(
        declared_applied,
        f"""
        {update}
        kubectl get deployment storefront-blue -n tenantry -o 'jsonpath={{.status.readyReplicas}}'; echo
        {query} -At -c "select count(*) from pg_database where datname in ('tenantry', 'tenant_department_store')"
        {as_tenant.replace("SLUG", "book-store")} -At -c "select current_user"
        """,
    )
    said, *answers = printed.splitlines()
    assert said.startswith((f"Added new context arn:aws:eks:eu-central-1:123456789012:cluster/{NAME} to ", "Updated"))
    assert answers == ["2", "2", "tenant_book_store_app"]


def test_down_leaves_no_process_and_up_brings_all_back_with_nothing_left_to_do(
    declared_applied: DeclaredStack,
) -> None:
    name, before = declared_applied.workspace.instance.name, rows(declared_applied)
    assert tenantry("sandbox", "down", name).returncode == 0
    assert running(declared_applied) == {}
    stopped = rows(declared_applied)
    assert not any(row["running"] or row["healthy"] for row in stopped.values())
    _nothing_comes_back_elsewhere(declared_applied, stopped)
    _nothing_comes_back_without_its_journal(declared_applied)
    up = tenantry("sandbox", "up", "local", "--instance", name)
    assert up.returncode == 0, up.stderr
    found = rows(declared_applied)
    facts = ("name", "endpoint", "healthy")
    assert [[row[fact] for fact in facts] for row in found.values()] == [
        [row[fact] for fact in facts] for row in before.values()
    ]
    assert_account_equals_state(declared_applied)
    assert_consistent(declared_applied)


def _nothing_comes_back_elsewhere(stack: DeclaredStack, stopped: dict[str, Any]) -> None:
    for row in stopped.values():
        address, _, port = row["endpoint"].rpartition(":")
        with socket.create_server((address, int(port))):
            refused = tenantry("sandbox", "up", "local", "--instance", stack.workspace.instance.name)
        assert refused.returncode == 1
        assert refused.stderr.startswith("error: the address is taken by ")
        assert f", {row['endpoint']}, stop that process: " in refused.stderr
    assert running(stack) == {}


def _nothing_comes_back_without_its_journal(stack: DeclaredStack) -> None:
    journal = stack.cloud.folder / JOURNAL
    journal.rename(journal.with_suffix(".kept"))
    refused = tenantry("sandbox", "up", "local", "--instance", stack.workspace.instance.name)
    assert refused.returncode == 1
    assert "error: the journal of the simulated AWS is lost, and what was declared there is not, " in refused.stderr
    assert not journal.exists()
    journal.with_suffix(".kept").rename(journal)
