"""An update keeps to its plan, tells what it does, and shows no secret; `pulumi` is a script that says what it is told.

Leaves the real engine to `tests/engine`.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.errors import TenantryError
from infra.gate.applying import Stack

_SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"canary-secret"'}
_URN = "urn:pulumi:local::tenantry::random:index/randomPassword:RandomPassword::password"

_CLI = """#!{python}
import json, pathlib, sys
folder = pathlib.Path(__file__).parent
said = json.loads((folder / "said.json").read_text())
with (folder / "asked").open("a") as asked:
    asked.write(" ".join(sys.argv[1:]) + chr(10))
answer = said["up" if sys.argv[1] == "up" else "export"]
sys.stdout.write(answer["out"]); sys.stderr.write(answer["err"]); sys.exit(answer["code"])
"""


def answer(out: str = "", err: str = "", code: int = 0) -> dict[str, Any]:
    return {"out": out, "err": err, "code": code}


def event(kind: str, **what: object) -> str:
    return json.dumps({"sequence": 1, kind: what}) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cli = tmp_path / "pulumi"
    cli.write_text(_CLI.format(python=sys.executable))
    cli.chmod(0o755)
    return tmp_path


def stack(folder: Path, up: dict[str, Any], export: dict[str, Any] | None = None) -> Stack:
    state = json.dumps({"deployment": {"resources": [{"inputs": {"password": _SECRET}}]}})
    (folder / "said.json").write_text(json.dumps({"up": up, "export": export or answer(state)}))
    path = os.pathsep.join([str(folder), os.environ["PATH"]])
    return Stack("local", folder, {**os.environ, "PATH": path})


def test_the_update_is_constrained_by_the_plan_and_each_step_is_told(folder: Path) -> None:
    metadata = {"op": "update", "urn": _URN, "type": "random:index/randomPassword:RandomPassword"}
    same = {**metadata, "op": "same"}
    events = event("resOutputsEvent", metadata=metadata) + event("resOutputsEvent", metadata=same) + "no event\n"
    told: list[str] = []
    applied = stack(folder, answer(events)).up(folder / "plan.json", {}, told.append)
    assert (applied.code, applied.errors, applied.left_the_plan) == (0, (), False)
    assert told == ["updated password (random:index/randomPassword:RandomPassword)"]
    update = (folder / "asked").read_text().splitlines()[-1].split()
    assert update[0] == "up"
    assert update[update.index("--plan") + 1] == str(folder / "plan.json")
    assert update[update.index("--stack") + 1] == "local"
    assert {"--yes", "--skip-preview", "--non-interactive"} <= set(update)


def test_what_left_the_plan_is_told_without_its_values(folder: Path) -> None:
    message = f"resource {_URN} violates plan: properties changed: ~~length[{{canary-value\n}}!={{x}}]"
    events = event("diagnosticEvent", urn=_URN, message=message, severity="error")
    update = stack(folder, answer(events, code=255)).up
    applied = update(folder / "plan.json", {_URN: frozenset({"length", "special"})}, lambda _line: None)
    assert applied.left_the_plan
    assert applied.errors == (
        f"password: resource {_URN} violates plan: properties changed: length (planned: changed; now: changed)",
    )


@pytest.mark.parametrize("severity", ["error", "warning"])
def test_a_secret_of_the_state_is_in_nothing_that_is_shown(folder: Path, severity: str) -> None:
    events = event("diagnosticEvent", message="the server said canary-secret", severity=severity)
    told: list[str] = []
    update = stack(folder, answer(events, "error: canary-secret is wrong\n", code=255)).up
    applied = update(folder / "plan.json", {}, told.append)
    assert applied.code == 255
    assert not applied.left_the_plan
    assert "canary" not in "\n".join((*applied.errors, *told))
    assert "[secret]" in applied.errors[0]


def test_a_state_that_cannot_be_read_stops_it_before_anything_is_applied(folder: Path) -> None:
    behind = stack(folder, answer(), answer(err="warning: x\nerror: no stack named 'local' found\n", code=1))
    with pytest.raises(TenantryError, match=r"its state cannot be read \(no stack named 'local' found\)") as refused:
        behind.up(folder / "plan.json", {}, lambda _line: None)
    assert refused.value.exit_code == 3
    assert "up" not in (folder / "asked").read_text().split()


def test_without_a_cli_one_line_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(TenantryError, match="no pulumi on the PATH, stack local, install the Pulumi CLI") as refused:
        Stack("local", tmp_path, {"PATH": str(tmp_path)}).export()
    assert refused.value.exit_code == 3
