"""`tenantry config check` reads a stack file as the real engine does."""

import json
import os
import subprocess
from pathlib import Path

from infra.paths import BIN
from infra.settings import SETTINGS_KEY
from infra.settings.stack_file import read
from tests.settings.test_stack_file import AS_THE_ENGINE_READS


def test_a_plain_value_is_the_same_to_the_engine_and_to_the_check(tmp_path: Path) -> None:
    lines = [f"    key{number}: {written}" for number, written in enumerate(AS_THE_ENGINE_READS)]
    stack_file = tmp_path / "Pulumi.example.yaml"
    stack_file.write_text("\n".join(["config:", f"  {SETTINGS_KEY}:", *lines, ""]))
    (tmp_path / "Pulumi.yaml").write_text("name: tenantry\nruntime: python\n")
    (tmp_path / "state").mkdir()
    before = read(stack_file).settings
    pulumi(tmp_path, "stack", "init", "example")
    answered = json.loads(pulumi(tmp_path, "config", "get", SETTINGS_KEY, "--stack", "example"))
    assert answered == before
    assert list(answered.values()).count(None) == 3


def pulumi(folder: Path, *arguments: str) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "a passphrase of this test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    result = subprocess.run(
        [str(BIN / "pulumi"), *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout
