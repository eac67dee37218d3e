"""What `make check`, `make look`, `make scan` and `make audit` look with: pinned, and able to find something."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from infra.paths import PROJECT_ROOT

TOOLS = PROJECT_ROOT / ".github" / "tools"
BUILT = PROJECT_ROOT / ".sandbox" / "checks"

_WORKFLOW = """\
on: pull_request
jobs:
  a:
    runs-on: ubuntu-24.04
    steps:
      - {step}
"""


def build(tool: str) -> Path:
    """Return a tool, built as `make` does it: in a second where Go has compiled it before, in a minute otherwise."""
    subprocess.run(["make", f".sandbox/checks/{tool}"], cwd=PROJECT_ROOT, check=True, capture_output=True, timeout=280)
    return BUILT / tool


@pytest.mark.parametrize("tool", ["actionlint", "gitleaks"])
def test_what_is_built_is_pinned_by_hash(tool: str) -> None:
    wanted = set(re.findall(r"^\s+(\S+ v\S+)", (TOOLS / tool / "go.mod").read_text(encoding="utf-8"), re.MULTILINE))
    hashed = set(re.findall(r"^(\S+ v\S+) h1:", (TOOLS / tool / "go.sum").read_text(encoding="utf-8"), re.MULTILINE))
    assert wanted
    assert wanted <= hashed


@pytest.mark.parametrize(("tool", "package"), [("pip-audit", "pip-audit"), ("browser", "playwright")])
def test_what_is_installed_is_pinned_by_hash(tool: str, package: str) -> None:
    text = (TOOLS / tool / "requirements.lock").read_text(encoding="utf-8")
    packages = re.findall(r"^[a-z0-9].*$", text, re.MULTILINE)
    assert any(line.startswith(f"{package}==") for line in packages)
    assert all(line.endswith("\\") for line in packages)  # its hashes follow


def test_the_browser_is_pinned_by_hash_and_comes_from_any_registry() -> None:
    """Otherwise: lock it with npm's option `--omit-lockfile-registry-resolved`."""
    wanted = json.loads((TOOLS / "browser" / "package.json").read_text(encoding="utf-8"))["dependencies"]
    locked = json.loads((TOOLS / "browser" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert locked.pop("")["dependencies"] == wanted
    for name, version in wanted.items():
        assert locked[f"node_modules/{name}"]["version"] == version
    for package in locked.values():
        assert package["integrity"].startswith("sha512-")
        assert "resolved" not in package


def test_ci_looks_at_the_page() -> None:
    assert "\nmake look\n" in (PROJECT_ROOT / ".ci" / "run").read_text(encoding="utf-8")
    workflow = (PROJECT_ROOT / ".github" / "workflows" / "pull-request.yml").read_text(encoding="utf-8")
    assert "run: make look\n" in workflow


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("run: echo ${{ github.event.pull_request.title }}", "potentially untrusted"),
        ("run: echo ${{ steps.none.outputs.x }}", "not defined"),
        ("uses: actions/checkout", "ref is missing"),
    ],
)
def test_a_workflow_that_is_wrong_is_found(tmp_path: Path, step: str, told: str) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "x.yml").write_text(_WORKFLOW.format(step=step), encoding="utf-8")
    found = [build("actionlint"), "-no-color", "-shellcheck=", "-pyflakes=", folder / "x.yml"]
    ran = subprocess.run(found, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 1
    assert told in ran.stdout + ran.stderr


def test_a_secret_that_is_committed_is_found_and_not_shown(tmp_path: Path) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.invalid", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    planted = "R8sT2uV4wX6yZ1aB3cD5eF7gH9iJ0kL2mN4o"
    (tmp_path / "settings.txt").write_text(f"token = ghp_{planted}\n", encoding="utf-8")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "x"], check=True)
    scan = [
        build("gitleaks"),
        "git",
        "--no-banner",
        "--redact",
        "--verbose",
        "--config",
        PROJECT_ROOT / ".gitleaks.toml",
    ]
    ran = subprocess.run([*scan, tmp_path], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 1, ran.stderr
    assert "leaks found" in ran.stderr
    assert "settings.txt" in ran.stdout
    assert planted not in ran.stdout + ran.stderr
