"""The fake Go is the only one that these tests find."""

from pathlib import Path

import pytest

from infra.sandbox.engine import toolchain
from tests.sandbox.engine.harness import Smithy


@pytest.fixture
def smithy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Smithy:
    made = Smithy(tmp_path / "a smithy")
    monkeypatch.setenv("PATH", made.path)
    monkeypatch.setattr(toolchain, "USUAL_PLACE", tmp_path / "no go here")
    return made
