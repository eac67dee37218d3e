"""Nothing of the project's own stacks is dangerous, declared or made for the first time."""

from pathlib import Path

import pytest

from infra.gate.rules.table import RULES
from tests.gate.rules import declared


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> str:
    file: Path = tmp_path_factory.mktemp("authority") / "authority.pem"
    file.write_text("an authority\n")
    return str(file)


@pytest.mark.parametrize("stack", declared.STACKS)
def test_a_stack_of_ours_is_made_without_danger(stack: str, authority: str) -> None:
    view = declared.whole(stack, authority)
    assert len(view.preview.resources) > 400
    found = [finding for rule in RULES.values() for finding in rule.find(view)]
    wrong = [finding for finding in found if finding.level in ("dangerous", "forbidden")]
    assert not wrong, "\n".join(f"{one.rule}: {one.urn}: {one.reason}" for one in wrong)
