"""Secrets that the stack declares: in Secrets Manager, in no file or word of the engine, and rotated by a declaration.

The pods are simulated: they are ready without the files that real ones would wait for.
"""

import base64
import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from tests.engine.canaries import Canaries
from tests.engine.declared import DeclaredStack
from tests.engine.stack import Settings
from tests.engine.test_secrets import HOLDERS

NEW = "2026-11-22T00:00:00Z"
STORED = {*HOLDERS, "cloud"}
"""Beside what servers hold by nature: the simulated AWS keeps the secrets themselves, in its journal."""


def value(stack: DeclaredStack, name: str) -> str:
    """Return a secret's value as a pod would read it."""
    stored = stack.client("secretsmanager").get_secret_value(SecretId=f"{stack.settings()['aws']['name']}/{name}")
    return str(stored["SecretString"])


def running_pods(stack: DeclaredStack) -> dict[str, set[str]]:
    """Return service -> its pods' ids."""
    found: dict[str, set[str]] = {}
    for pod in stack.kubectl("get", "pods", "-n", "tenantry")["items"]:
        if "deletionTimestamp" not in pod["metadata"]:
            service = pod["metadata"]["labels"]["app.kubernetes.io/name"]
            found.setdefault(service, set()).add(pod["metadata"]["uid"])
    return found


def rotated(settings: Settings) -> None:
    """Declare a rotation of a generated secret and of an external one; it stays, as no other file asks when."""
    settings["secrets"]["generated"]["jwt"]["rotated_at"] = NEW
    settings["secrets"]["external"]["payment"]["rotated_at"] = NEW


@pytest.fixture(scope="module")
def canaries(declared_applied: DeclaredStack) -> Canaries:
    """What must be told nowhere: generated values, and one that an operator puts in."""
    payment = {key: f"{key}+{secrets.token_hex(8)}={secrets.token_hex(8)}" for key in ("id", "secret", "webhook")}
    name = f"{declared_applied.settings()['aws']['name']}/payment"
    declared_applied.client("secretsmanager").put_secret_value(SecretId=name, SecretString=json.dumps(payment))
    drawn = {name: value(declared_applied, name) for name in ("cron", "jwt")}
    return Canaries({**drawn, **{f"payment.{key}": text for key, text in payment.items()}})


@pytest.fixture(scope="module")
def rotation(declared_applied: DeclaredStack, canaries: Canaries) -> dict[str, Any]:
    """A rotation: what the engine printed and logged of it, and the pods before and after."""
    before, drawn = running_pods(declared_applied), value(declared_applied, "jwt")
    declared_applied.configure(rotated)
    log = declared_applied.workspace.instance.folder("pulumi") / "rotation-events.json"
    update = ("up", "--yes", "--diff", "--event-log", str(log))  # its preview first
    told = (("stack", "export"), ("stack", "output"), ("stack", "history"))
    printed = [declared_applied.pulumi(*run).text for run in (("preview", "--json"), update, *told)]
    canaries.secrets["new jwt"] = value(declared_applied, "jwt")
    return {"printed": printed, "events": log.read_text(), "before": before, "drawn": drawn}


def test_generated_secrets_have_a_value_of_their_length_and_external_ones_wait_for_theirs(
    declared_applied: DeclaredStack, canaries: Canaries
) -> None:
    assert len({value(declared_applied, "cron"), value(declared_applied, "jwt")}) == 2
    assert len(base64.b64decode(value(declared_applied, "jwt"))) == 32
    versions = [
        one["outputs"]["secretId"] for one in declared_applied.of_type("aws:secretsmanager/secretVersion:SecretVersion")
    ]
    assert not [arn for arn in versions if "/payment-" in arn]


def test_a_rotation_draws_a_new_value_and_leaves_the_others(
    declared_applied: DeclaredStack, canaries: Canaries, rotation: dict[str, Any]
) -> None:
    assert value(declared_applied, "jwt") != rotation["drawn"]
    assert value(declared_applied, "cron") == canaries.secrets["cron"]
    assert json.loads(value(declared_applied, "payment"))["id"] == canaries.secrets["payment.id"]


def test_a_rotation_rolls_the_pods_that_read_the_secret_and_no_others(
    declared_applied: DeclaredStack, rotation: dict[str, Any]
) -> None:
    before, after = rotation["before"], running_pods(declared_applied)
    assert before["neighbour"] == after["neighbour"]
    assert not before["storefront"] & after["storefront"]


def test_nothing_is_left_to_change_after_a_rotation(declared_applied: DeclaredStack, rotation: dict[str, Any]) -> None:
    assert declared_applied.changes() == {}
    assert "unchanged" in declared_applied.pulumi("refresh", "--preview-only").text


def test_the_engine_tells_no_value_in_preview_update_state_or_events(
    canaries: Canaries, rotation: dict[str, Any]
) -> None:
    assert [canaries.in_text(text) for text in rotation["printed"]] == [[]] * len(rotation["printed"])
    assert canaries.in_text(rotation["events"]) == []
    assert "SecretVersion" in rotation["events"], "the events are those of the rotation"


def test_nothing_in_the_cluster_holds_a_value(
    declared_applied: DeclaredStack, canaries: Canaries, rotation: dict[str, Any]
) -> None:
    kinds = "secrets,configmaps,pods,deployments,secretproviderclasses,serviceaccounts,events"
    assert canaries.in_text(json.dumps(declared_applied.kubectl("get", kinds, "--all-namespaces"))) == []


def test_no_file_of_the_instance_but_the_simulated_cloud_holds_a_value(
    declared_applied: DeclaredStack, canaries: Canaries, rotation: dict[str, Any]
) -> None:
    directory = declared_applied.workspace.instance.directory
    told = canaries.in_files([directory])
    assert [(file, name) for file, name in told if not STORED & set(Path(file).relative_to(directory).parts)] == []
