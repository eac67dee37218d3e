"""Nothing of the project's own stacks is dangerous, declared or made anew; and no rule fails on odd ones."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.gate.change import Hidden, Kind
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


ODD: tuple[Any, ...] = (None, True, -1, 1.5, "", "nonsense", [], {}, [None], {"a": None}, Hidden.UNKNOWN, Hidden.SECRET)


def distorted(value: Any, chance: random.Random) -> Any:
    """Return a value in which something is odd, at any depth."""
    if chance.random() < 0.05:
        return chance.choice(ODD)
    if isinstance(value, dict):
        return {key: distorted(part, chance) for key, part in value.items()}
    if isinstance(value, list):
        return [distorted(part, chance) for part in value]
    if isinstance(value, str) and value.startswith('{"'):
        return json.dumps(distorted(json.loads(value), chance), default=str)  # a policy, or an entry of the registry
    return value


@pytest.mark.parametrize("seed", range(8))
def test_no_rule_fails_whatever_it_finds(seed: int, authority: str) -> None:
    whole = declared.whole("production", authority)
    chance = random.Random(seed)
    kinds: tuple[Kind, ...] = ("update", "replace", "delete", "create")
    changes = []
    for one in whole.preview.changes:
        kind, odd = chance.choice(kinds), {key: distorted(part, chance) for key, part in one.after.items()}
        before, after = (odd, one.after) if chance.random() < 0.5 else (one.after, odd)
        changes.append(replace(one, kind=kind, before=before, after={} if kind == "delete" else after))
    resources = {one.urn: replace(whole.preview.resources[one.urn], inputs=one.after) for one in changes if one.after}
    view = replace(whole, preview=replace(whole.preview, changes=changes, resources=resources))
    found = [finding for rule in RULES.values() for finding in rule.find(view)]
    assert len(found) > 100
    assert not [finding for finding in found if "\n" in finding.reason or len(finding.reason) > 400]


def test_nothing_is_found_where_nothing_changes(authority: str) -> None:
    whole = declared.whole("production", authority)
    still = replace(whole, preview=replace(whole.preview, changes=()))
    found = [finding for rule in RULES.values() for finding in rule.find(still)]
    assert not [finding for finding in found if finding.level != "notable"]
