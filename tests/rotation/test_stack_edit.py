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


def test_what_changed_is_shown_as_a_difference() -> None:
    shown = stack_edit.difference(FILE, TEXT, stack_edit.moved(FILE, TEXT, "generated", "cron", NEW))
    assert f'-          rotated_at: "{OLD}"' in shown.splitlines()
    assert f'+          rotated_at: "{NEW}"' in shown.splitlines()


def test_a_file_that_somebody_else_changed_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / FILE.name
    path.write_text("# theirs\n" + TEXT)
    with pytest.raises(TenantryError, match="changed the file meanwhile"):
        stack_edit.write(path, TEXT, "ours")
    assert path.read_text() == "# theirs\n" + TEXT


def test_a_written_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / FILE.name
    path.write_text(TEXT)
    path.chmod(0o640)
    stack_edit.write(path, TEXT, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == [FILE.name]
