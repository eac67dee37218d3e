"""Fixtures of the language host's tests: scratch projects with a backend and a home of their own."""

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


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project.create(tmp_path)
    project.pulumi("stack", "init", "dev")
    return project


@pytest.fixture
def service() -> Iterator[Service]:
    with Service.start() as service:
        yield service
