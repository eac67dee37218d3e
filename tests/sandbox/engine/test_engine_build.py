"""Building: what is made, what a user sees, and that a failure leaves one clear line and nothing else."""

import errno
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from infra.errors import TenantryError
from infra.sandbox.engine import toolchain
from infra.sandbox.engine.builder import ensure_built
from infra.sandbox.engine.display import spoken
from infra.sandbox.engine.status import status
from infra.sandbox.engine.tools import Copy
from tests.sandbox.engine.harness import BUILD, TOOL, Smithy

PRODUCTS = {"bin/anvil", "bin/.anvil.json", "share/anvil/one.yaml"}


def test_a_build_makes_the_programs_the_files_and_the_stamp(smithy: Smithy) -> None:
    smithy.build()
    sandbox = smithy.workshop.sandbox
    assert smithy.files() == PRODUCTS
    assert "-X example.org/anvil/v2/version.Version=v2.3.4" in (sandbox / "bin" / "anvil").read_text()
    assert (sandbox / "bin" / "anvil").stat().st_mode & 0o777 == 0o755
    assert (sandbox / "share" / "anvil" / "one.yaml").stat().st_mode & 0o777 == 0o644
    assert json.loads(smithy.workshop.stamp(TOOL).read_text())["go"] == "go1.26.8"


def test_a_second_build_does_nothing_and_needs_no_go(smithy: Smithy) -> None:
    said = smithy.build()
    calls = smithy.calls
    shutil.rmtree(smithy.root / "go")
    assert smithy.build() == said
    assert smithy.calls == calls


def test_plain_lines_name_what_is_built_and_how_long_it_took(smithy: Smithy) -> None:
    first, second = smithy.build().splitlines()
    assert first == "building anvil v2.3.4 (1 of 1)..."
    assert second.startswith("built anvil in ")
    assert second.endswith("about 100 % of all is done")


def test_a_terminal_shows_the_tool_the_share_and_the_time(smithy: Smithy) -> None:
    console = Console(file=smithy.output, width=120, force_terminal=True)
    ensure_built(console, tools=[TOOL], workshop=smithy.workshop)
    assert "building anvil v2.3.4 (1 of 1)" in smithy.output.getvalue()
    assert "0 % of all" in smithy.output.getvalue()


def test_times_read_as_people_say_them() -> None:
    assert [spoken(seconds) for seconds in (0.04, 12.4, 59.7, 285)] == ["0.0 s", "12 s", "1 min 0 s", "4 min 45 s"]


def test_programs_of_one_tool_are_built_together(smithy: Smithy) -> None:
    smithy.tool = replace(TOOL, programs={"anvil": "example.org/x/anvil", "tongs": "example.org/x/tongs"})
    smithy.build()
    assert smithy.files() == PRODUCTS | {"bin/tongs"}
    assert smithy.builds == 1


def test_files_that_the_new_version_lacks_are_removed(smithy: Smithy) -> None:
    smithy.build()
    files = smithy.root / "module" / "files"
    (files / "one.yaml").rename(files / "two.yaml")
    sums = smithy.workshop.module_file(TOOL, "go.sum")
    sums.write_text("changed")
    smithy.build()
    assert smithy.files() == {"bin/anvil", "bin/.anvil.json", "share/anvil/two.yaml"}


def test_the_users_flags_do_not_change_the_build_and_their_proxy_stays(
    smithy: Smithy, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = {"GOFLAGS": "-race", "GOOS": "plan9", "CGO_ENABLED": "1", "GOWORK": "/x", "GOTOOLCHAIN": "auto"}
    kept = {"GOPROXY": "off", "GOCACHE": str(smithy.root / "cache"), "GONOSUMDB": "example.org"}
    for name, value in {**theirs, **kept}.items():
        monkeypatch.setenv(name, value)
    smithy.build()
    seen = smithy.environment
    assert {name: seen[name] for name in kept} == kept
    assert seen["GOFLAGS"] == "-mod=readonly -buildvcs=false"
    assert (seen["CGO_ENABLED"], seen["GOWORK"], seen["GOTOOLCHAIN"]) == ("0", "off", "local")
    assert "GOOS" not in seen
    assert Path(seen["GOTMPDIR"]).is_relative_to(smithy.workshop.scratch)


def test_a_failed_build_is_one_line_and_leaves_nothing(smithy: Smithy) -> None:
    smithy.install_go(build='echo "# example.org/anvil"; echo "server.go:3: undefined: x" >&2; echo x >$output; exit 1')
    error = _failure(smithy)
    assert str(error).count("\n") == 0
    assert error.what == "anvil v2.3.4 was not built: server.go:3: undefined: x"
    assert "undefined: x" in Path(error.where).read_text()
    assert smithy.files() == set()


def test_a_failed_build_leaves_the_last_good_one_in_place(smithy: Smithy) -> None:
    smithy.build()
    before = (smithy.workshop.sandbox / "bin" / "anvil").read_text()
    smithy.workshop.module_file(TOOL, "go.sum").write_text("changed")
    smithy.install_go(build="exit 1")
    assert "Go failed without a message" in _failure(smithy).what
    assert (smithy.workshop.sandbox / "bin" / "anvil").read_text() == before
    assert smithy.files() == PRODUCTS
    smithy.install_go()
    smithy.build()
    assert status(tools=[TOOL], workshop=smithy.workshop)[1].ok


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("write /x/_pkg_.a: no space left on device", "the disk is full"),
        ("open /x: read-only file system", "a folder cannot be written"),
        ('Get "https://proxy.invalid/x": dial tcp: lookup proxy.invalid: no such host', "proxy cannot be reached"),
        ("module lookup disabled by GOPROXY=off", "proxy cannot be reached"),
        ("verifying module: checksum mismatch", "differs from what go.sum pins"),
        ("compile: signal: killed", "memory ran out"),
    ],
)
def test_known_causes_are_named_with_what_to_do(smithy: Smithy, said: str, cause: str) -> None:
    smithy.install_go(build=f"echo 'go: downloading x'; echo '{said}' >&2; exit 1")
    error = _failure(smithy)
    assert error.what.startswith("anvil v2.3.4 was not built: ")
    assert cause in error.what
    assert error.remedy


def test_a_module_that_cannot_be_fetched_is_reported_with_gos_reason(smithy: Smithy) -> None:
    smithy.tool = replace(TOOL, programs={})
    program = smithy.install_go()
    program.write_text(program.read_text().replace('"Dir": "%s"}\' "$here/module"', '"Error": "dial tcp"}\'; exit 1'))
    assert "the Go module proxy cannot be reached" in _failure(smithy).what


def test_a_module_without_the_files_is_reported(smithy: Smithy) -> None:
    smithy.tool = replace(TOOL, copies=(Copy(module=TOOL.module, pattern="gone/*.yaml", folder="share"),))
    assert "the module has no gone/*.yaml" in _failure(smithy).what
    assert smithy.files() == set()


def test_a_full_disk_while_copying_is_one_line_and_leaves_nothing(
    smithy: Smithy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    monkeypatch.setattr(shutil, "copyfile", full)
    error = _failure(smithy)
    assert error.what == "anvil v2.3.4 was not built: No space left on device"
    assert "free 8 GiB" in error.remedy
    assert smithy.files() == set()


def test_a_sandbox_that_cannot_be_written_is_one_line(smithy: Smithy) -> None:
    smithy.workshop.sandbox.write_text("a file where a folder should be")  # root may write to a folder of mode 0500
    assert _failure(smithy).where.startswith(str(smithy.workshop.sandbox))


def test_missing_go_is_said_with_the_release_that_is_needed(smithy: Smithy) -> None:
    shutil.rmtree(smithy.root / "go")
    error = _failure(smithy)
    assert (error.what, error.remedy) == ("Go is not installed", "install Go 1.25.8 or newer")
    assert smithy.files() == set()


@pytest.mark.parametrize("version", ["go1.24.13", "go1.25.7", "go1.25rc1"])
def test_a_go_that_is_too_old_is_said_before_anything_is_built(smithy: Smithy, version: str) -> None:
    program = smithy.install_go(version=version)
    error = _failure(smithy)
    assert error.what == f"Go is too old ({version})"
    assert (error.where, error.remedy) == (str(program), "install Go 1.25.8 or newer")
    assert smithy.builds == 0


def test_a_new_go_in_its_usual_place_serves_when_the_one_on_the_path_is_too_old(
    smithy: Smithy, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = smithy.install_go().rename(smithy.root / "go-usual")
    smithy.install_go(version="go1.20", build="exit 1")
    monkeypatch.setattr(toolchain, "USUAL_PLACE", usual)
    smithy.build()
    assert smithy.files() == PRODUCTS


def test_a_go_that_does_not_run_counts_as_missing(smithy: Smithy) -> None:
    smithy.install_go().write_text("#!/bin/sh\nexit 3\n")
    assert _failure(smithy).what == "Go is not installed"


def test_status_tells_built_outdated_and_missing_apart(smithy: Smithy) -> None:
    def rows() -> list[tuple[str, bool, str, str]]:
        parts = status(tools=[TOOL], workshop=smithy.workshop)
        return [(part.name, part.ok, part.detail, part.remedy) for part in parts]

    build = "tenantry sandbox build"
    assert rows()[1] == ("anvil", False, "v2.3.4, missing", build)
    smithy.build()
    assert rows()[0][:2] == ("go", True)
    assert rows()[1] == ("anvil", True, "v2.3.4, built", "")
    smithy.workshop.module_file(TOOL, "go.sum").write_text("changed")
    smithy.install_go(version="go1.20")
    assert rows()[0][1:] == (False, f"go1.20, {smithy.root}/go/bin/go, older than 1.25.8", "install Go 1.25.8 or newer")
    assert rows()[1] == ("anvil", False, "v2.3.4, outdated or incomplete", build)


def _failure(smithy: Smithy) -> TenantryError:
    with pytest.raises(TenantryError) as caught:
        smithy.build()
    assert list(smithy.workshop.sandbox.glob("build/*")) == []
    return caught.value


def test_the_fake_compiler_is_not_the_reason_why_tests_pass(smithy: Smithy) -> None:
    smithy.install_go(build=f"{BUILD}; rm -f $output")
    assert "No such file" in _failure(smithy).what
