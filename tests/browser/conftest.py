"""The gate's pages in a headless Chromium, which `make look` installs: `make test` leaves this folder out."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from infra.gate.report_html import html
from infra.paths import PROJECT_ROOT
from tests.browser.looking import Looked, opened
from tests.browser.reports import REPORTS

INSTALLED = PROJECT_ROOT / ".sandbox" / "checks" / "browser"
FLAGS = ("--disable-gpu", "--disable-quic", "--disable-domain-reliability", "--no-pings")
"""Beside those that Playwright gives every Chromium: no updates, no background network, no sandbox of its own, which a
container refuses."""

_FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Return the browser, with its own libraries and letters: it sees the same on every machine."""
    folder = tmp_path_factory.mktemp("fonts")
    fonts = folder / "fonts.conf"
    fonts.write_text(_FONTS.format(fonts=INSTALLED / "fonts", cache=folder), encoding="utf-8")
    environment = {
        **os.environ,
        "LD_LIBRARY_PATH": str(INSTALLED / "al2023" / "lib"),
        "FONTCONFIG_FILE": str(fonts),
    }
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=INSTALLED / "chromium", args=[*FLAGS], env=environment)
        yield started
        started.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with every report as a page."""
    folder = tmp_path_factory.mktemp("pages")
    for name, verdict in REPORTS.items():
        (folder / f"{name}.html").write_text(html(verdict), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def view(request: pytest.FixtureRequest, browser: Browser, pages: Path) -> Iterator[Looked]:
    """Return a report that is opened in a window; the parameter names both."""
    name, window = request.param
    with opened(browser, pages / f"{name}.html", window) as looked:
        yield looked
