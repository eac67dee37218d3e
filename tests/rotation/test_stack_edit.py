"""A rotation changes one value in a stack file, and not a letter beside it."""

from pathlib import Path

import pytest

from infra.errors import TenantryError
from infra.rotation import stack_edit

FILE = Path("Pulumi.example.yaml")
OLD, NEW = "2026-11-01T00:00:00Z", "2026-11-21T14:30:00Z"

TEXT = f"""# A comment at the top, and    odd spacing
config:
  tenantry:settings:   # of the stack
    secrets:
      generated:
        jwt: {{ rotated_at: {OLD}, services: [api] }} # what tokens are signed with
        cron:
          rotated_at: "{OLD}"
      external:
        payment:
          owner: payments-team
          rotated_at:   '{OLD}'   # by hand
          keys: [id]
    services: {{}}
"""


@pytest.mark.parametrize(
    ("kind", "name", "line"),
    [
        ("generated", "jwt", f"        jwt: {{ rotated_at: {NEW}, services: [api] }} # what tokens are signed with"),
        ("generated", "cron", f'          rotated_at: "{NEW}"'),
        ("external", "payment", f"          rotated_at:   '{NEW}'   # by hand"),
    ],
)
def test_one_value_changes_and_its_quotes_stay(kind: str, name: str, line: str) -> None:
    changed = stack_edit.moved(FILE, TEXT, kind, name, NEW)
    pairs = zip(TEXT.splitlines(), changed.splitlines(), strict=True)
    assert [after for before, after in pairs if before != after] == [line]
    assert changed.replace(NEW, OLD) == TEXT


def test_line_ends_of_another_system_stay() -> None:
    text = TEXT.replace("\n", "\r\n")
    changed = stack_edit.moved(FILE, text, "generated", "cron", NEW)
    assert changed == text.replace(f'"{OLD}"', f'"{NEW}"')


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace(f"{{ rotated_at: {OLD},", f"{{ rotated_at: &then {OLD},").replace(f'"{OLD}"', "*then"),
        TEXT.replace(f'          rotated_at: "{OLD}"', "          <<: *it").replace("jwt: {", "jwt: &it {"),
    ],
    ids=["an anchor", "a merged key"],
)
def test_a_value_that_others_share_is_not_changed(text: str) -> None:
    with pytest.raises(TenantryError, match="shares its value with others"):
        stack_edit.moved(FILE, text, "generated", "cron", NEW)
