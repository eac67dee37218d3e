"""A reader sees the verdict and the totals at once, all that is dangerous without a click, and nothing else happens."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from infra.gate import picture, wording
from infra.paths import PROJECT_ROOT
from tests.browser import reports
from tests.browser.looking import NARROW, PAPER, WIDE, Looked, colours, opened
from tests.browser.reports import REPORTS

SEEN = PROJECT_ROOT / ".sandbox" / "checks" / "seen"
"""Where the pictures are that the tests took, for whoever wants to look as well."""

SMALL = [name for name in REPORTS if name != "crowded"]
EVERY = [(name, window) for name in REPORTS for window in (WIDE, NARROW)]
BLOCKED = [(name, window) for name, window in EVERY if name != "passed"]
DANGEROUS = "details.change:is(.dangerous, .forbidden)"


WRONG = """\
<!doctype html>
<title>wrong</title>
<style>.before { position: absolute; top: 0; width: 3000px; height: 300px } .far { margin-left: 2000px }</style>
<h1 style="color: #ccc">blocked</h1>
<p class="before">before it</p>
<p class="far">far</p>
<p class="none" hidden>none</p>
<div style="height: 9em"></div>
<img src="https://example.invalid/x.png">
<script>console.log("said"); alert("ran"); throw new Error("failed")</script>
"""


def named(case: tuple[str, tuple[int, int]]) -> str:
    return f"{case[0]}-{case[1][0]}"


def windows(cases: list[tuple[str, tuple[int, int]]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("view", cases, indirect=True, ids=named)


@windows(EVERY)
def test_the_verdict_and_the_totals_are_seen_at_once(view: Looked) -> None:
    assert view.is_seen("header h1")
    for total in ("tbody th", "tbody td:nth-child(2)"):
        assert view.is_seen(f"table.totals {total}")
    answer, _, why = wording.headline(REPORTS[view.name]).partition(": ")
    assert view.page.locator("h1").text_content() == f"{answer} {why}"
    rows = view.page.locator("table.totals tbody tr").all_inner_texts()
    totals = wording.totals(REPORTS[view.name])
    assert [tuple(row.split()[:2]) for row in rows] == [
        (level, f"{sum(of.values()):,}") for level, of in totals.items()
    ]


@windows(EVERY)
def test_the_verdict_and_the_totals_are_drawn(view: Looked, request: pytest.FixtureRequest) -> None:
    seen = view.picture()
    SEEN.mkdir(exist_ok=True)
    seen.save(SEEN / f"{request.node.callspec.id}.png")
    for selector in (
        "header h1",
        ".answer",
        ".totals tbody tr:last-child th",
        ".totals tbody tr:last-child td:nth-child(2)",
    ):
        count, part = colours(seen, view.page.locator(selector))
        assert count > 2, selector
        assert 0.005 < part < 0.7, selector


@windows(EVERY)
def test_the_page_moves_up_and_down_and_never_to_the_side(view: Looked) -> None:
    assert view.sideways() == 0


@windows(BLOCKED)
def test_what_is_dangerous_is_read_without_a_click(view: Looked) -> None:
    for part in ("summary b", ".said li", "tbody th", "tbody td"):
        assert view.unseen(f"{DANGEROUS} {part}") == []


@windows([("blocked", WIDE), ("blocked", NARROW), ("passed", WIDE), ("hostile", NARROW)])
def test_what_is_folded_opens_by_a_click_and_by_keys(view: Looked) -> None:
    folded = view.page.locator("details.change.safe").first
    summary, inside = folded.locator("summary"), folded.locator(".urn")
    assert not inside.is_visible()
    summary.click()
    assert inside.is_visible()
    summary.click()
    assert not inside.is_visible()
    for key, shows in (("Enter", True), ("Space", False)):
        summary.press(key)
        assert inside.is_visible() is shows


@windows(EVERY)
def test_every_box_of_the_picture_is_drawn_and_its_letters_can_be_read(view: Looked) -> None:
    sizes = view.page.locator(".graph rect.box").evaluate_all(
        "boxes => boxes.map(box => box.getBoundingClientRect()).map(box => Math.min(box.width, box.height))"
    )
    assert len(sizes) == len(picture.draw(REPORTS[view.name], {}).boxes) > 0
    assert min(sizes) > 20
    letters = view.page.locator(".graph .note").evaluate_all("notes => notes.map(note => 11 * note.getScreenCTM().a)")
    assert min(letters) > 9


@windows([("blocked", WIDE), ("crowded", WIDE)])
def test_names_of_ordinary_letters_end_within_their_boxes(view: Looked) -> None:
    wide = view.page.locator(".graph .name").evaluate_all(
        """names => names.filter(name => name.getBoundingClientRect().right
          > name.parentElement.querySelector(".box").getBoundingClientRect().right).map(name => name.textContent)"""
    )
    assert wide == []


@windows(EVERY)
def test_the_page_asks_for_nothing_says_nothing_and_runs_nothing(view: Looked) -> None:
    assert view.asked == [view.address]
    assert (view.said, view.failed, view.ran) == ([], [], [])


@windows([("hostile", WIDE), ("hostile", NARROW)])
def test_what_others_wrote_is_a_text(view: Looked) -> None:
    assert view.page.locator("script, img, a, iframe, object, form").count() == 0
    headline = view.page.locator("h1").inner_text()
    assert reports.SCRIPT in headline
    assert reports.IMAGE in headline
    whole = view.page.locator("body").inner_text()
    assert "\u202e" not in whole
    assert "\u2067" not in whole


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_told_from_what_is_behind_it(browser: Browser, pages: Path, name: str, scheme: str) -> None:
    with opened(browser, pages / f"{name}.html", WIDE, scheme) as looked:
        assert looked.pale() == []


@pytest.mark.parametrize("name", SMALL)
def test_paper_has_all_of_it_on_white(browser: Browser, pages: Path, name: str) -> None:
    with opened(browser, pages / f"{name}.html", PAPER, "dark") as looked:
        looked.page.emulate_media(media="print")
        assert looked.is_seen("header h1")
        assert looked.unseen("details p, details li, details th, details td, .graph rect") == []
        assert looked.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert looked.pale() == []
        assert looked.sideways() == 0


def test_what_is_wrong_with_a_page_would_be_found(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "wrong.html"
    page.write_text(WRONG, encoding="utf-8")
    with opened(browser, page, WIDE) as looked:
        assert looked.asked == [looked.address, "https://example.invalid/x.png"]
        assert "said" in looked.said
        assert (looked.failed, looked.ran) == (["failed"], ["ran"])
        assert not looked.is_seen("h1")
        assert looked.sideways() > 0
        assert looked.unseen(".far, .none") == ["far", "none"]
        assert any("blocked" in text for text in looked.pale())
        assert colours(looked.picture(), looked.page.locator("div")) == (1, 0)
