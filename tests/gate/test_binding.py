"""One digest says whether program, state and changes are those that were approved, and which of them are not."""

import json
import os
from pathlib import Path

import pytest

from infra.errors import TenantryError
from infra.gate.binding import Binding, program_digest, state_digest

_A, _B = "a" * 64, "b" * 64


def project(root: Path) -> Path:
    for name in ("infra/x.py", "components/y.py", "stacks/tenants/local.yaml", "configs/1.yaml", "Pulumi.local.yaml"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (root / "requirements.lock").write_text("pulumi==1")
    return root


def test_the_digest_is_of_all_three_parts() -> None:
    digests = {Binding(*parts).digest for parts in ((_A, _A, _A), (_B, _A, _A), (_A, _B, _A), (_A, _A, _B))}
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("was", "changed"),
    [
        (Binding(_A, _A, _A), []),
        (Binding(_B, _A, _A), ["the program or its settings"]),
        (Binding(_A, _B, _A), ["the state"]),
        (Binding(_B, _A, _B), ["the program or its settings", "the changes"]),
        (Binding("a" * 8 + "c" * 56, _A, _A), ["it is the digest of something else"]),
    ],
)
def test_what_is_another_is_named(was: Binding, changed: list[str]) -> None:
    assert Binding(_A, _A, _A).differences(was.digest) == changed


@pytest.mark.parametrize("digest", ["", "x", _A, Binding(_A, _A, _A).digest[:-1], Binding(_A, _A, _A).digest[1:]])
def test_a_digest_that_is_cut_off_or_made_up_is_never_the_same(digest: str) -> None:
    assert Binding(_A, _A, _A).differences(digest)


def test_time_and_order_of_files_are_not_in_the_programs_digest(tmp_path: Path) -> None:
    before = program_digest(project(tmp_path))
    path = tmp_path / "infra" / "x.py"
    text = path.read_text()
    path.unlink()
    path.write_text(text)
    os.utime(path, (0, 0))
    (tmp_path / "infra" / "__pycache__").mkdir()
    (tmp_path / "infra" / "__pycache__" / "x.pyc").write_bytes(b"x")
    (tmp_path / "README.md").write_text("of no consequence")
    (tmp_path / "stacks" / "waivers").mkdir()
    (tmp_path / "stacks" / "waivers" / "local.yaml").write_text("[]")
    assert program_digest(tmp_path) == before


def test_the_key_that_a_preview_writes_into_a_stack_file_is_not_in_it(tmp_path: Path) -> None:
    path = project(tmp_path) / "Pulumi.local.yaml"
    path.write_text("config: {a: 1}\n")
    before = program_digest(tmp_path)
    for key in ("encryptionsalt: v1:x", "encryptedkey: y"):
        path.write_text(f"{key}\nconfig: {{a: 1}}\n")
        assert program_digest(tmp_path) == before
    path.write_text("secretsprovider: z\nconfig: {a: 1}\n")
    assert program_digest(tmp_path) != before


@pytest.mark.parametrize(
    "name", ["infra/x.py", "components/new.py", "stacks/tenants/local.yaml", "Pulumi.local.yaml", "requirements.lock"]
)
def test_any_file_that_decides_what_is_declared_is_in_it(tmp_path: Path, name: str) -> None:
    before = program_digest(project(tmp_path))
    (tmp_path / name).write_text("other")
    assert program_digest(tmp_path) != before


def test_a_file_that_changes_its_name_is_another(tmp_path: Path) -> None:
    before = program_digest(project(tmp_path))
    (tmp_path / "infra" / "x.py").rename(tmp_path / "infra" / "z.py")
    assert program_digest(tmp_path) != before


def test_when_a_state_was_written_is_not_in_its_digest() -> None:
    def state(time: str, **deployment: object) -> str:
        return json.dumps({"version": 3, "deployment": {"manifest": {"time": time}, **deployment}})

    one = state_digest(state("2026-01-01", resources=[{"urn": "a"}]))
    assert state_digest(state("2026-02-02", resources=[{"urn": "a"}])) == one
    assert state_digest(state("2026-01-01", resources=[{"urn": "b"}])) != one
    assert state_digest(state("2026-01-01", resources=[{"urn": "a"}], pending_operations=[{}])) != one
    assert state_digest('{"version": 3, "deployment": null}') != one


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"deploy', '"deployment"'])
def test_what_is_no_state_is_refused(text: str) -> None:
    with pytest.raises(TenantryError, match="is no state") as refused:
        state_digest(text)
    assert refused.value.exit_code == 3
