"""Fixtures of the language host's tests: scratch projects with a backend and a home of their own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.paths import BIN
from infra.sandbox.plugins.language.install import install
from tests.plugins.language.harness import CLI, Project
from tests.plugins.language.service import Service


@pytest.fixture(scope="session", autouse=True)
def language_host() -> None:
    assert CLI.is_file(), f"there is no Pulumi CLI at {CLI}; run `make up` first"
    install(BIN)


class Copy(Project):
    """A copy of a project with a stack, which is said each time: the CLI keeps a selection by the project's path."""

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {"PULUMI_STACK": "dev"}


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose stack was never updated; to copy."""
    project = Project.create(tmp_path_factory.mktemp("fresh"))
    project.pulumi("stack", "init", "dev")
    return project


@pytest.fixture
def project(fresh: Project, tmp_path: Path) -> Project:
    """A project of the test's own."""
    shutil.copytree(fresh.root.parent, tmp_path, symlinks=True, dirs_exist_ok=True)
    return Copy(tmp_path / fresh.root.name)


@pytest.fixture
def service() -> Iterator[Service]:
    with Service.start() as service:
        yield service
