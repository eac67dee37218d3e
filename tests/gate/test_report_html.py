"""The page loads nothing, runs nothing, says everything, and no text of others becomes a part of it."""

import base64
import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest

from infra.gate import picture
from infra.gate.change import Resource
from infra.gate.report_html import html
from tests.gate import verdicts

VOID = {"meta", "rect"}
LOADS = {"src", "href", "srcset", "action", "data", "poster", "background", "style", "xlink:href", "formaction"}


@dataclass
class Page(HTMLParser):
    """What the standard parser finds in a page: tags, attributes, texts; elements that are not closed in order."""

    tags: Counter[str] = field(default_factory=Counter)
    attributes: Counter[str] = field(default_factory=Counter)
    values: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes.update(name for name, _ in attrs)
        self.values += [value or "" for _, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.opened.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self.opened or self.opened.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def parsed(text: str) -> Page:
    page = Page()
    page.feed(text)
    page.close()
    return page


@pytest.fixture(scope="module")
def hostile() -> Page:
    return parsed(html(verdicts.hostile()))


def test_the_page_says_what_the_comment_says() -> None:
    text = parsed(html(verdicts.small())).text
    for part in (
        "blocked staging: backup-retention-lowered: main keeps backups 1 day, 7 before (and 1 more reason)",
        "touches 2 tenants, 1 enterprise",
        "Why it is blocked",
        "tenantry gate staging --waive prints what to add to stacks/waivers/staging.yaml.",
        "2 approvals needed; it touches 5 % of 40 tenants",
        "estimate, prices of 2026-11-01",
        "1 type without a price in the estimate aws:wafv2/webAcl:WebAcl",
        "Dangerous: 1 change",
        "backupRetentionPeriod 7 1",
        "secret",
        "known after apply",
        'aliases=[Alias(name="old")]',
        "until the registry signs",
        "image-by-tag of worker expired on 2026-01-01",
        "the provider is old",
        verdicts.DIGEST,
        "412 resources stay as they are.",
    ):
        assert part in text, part
    assert "tenantry apply" not in text
    assert f"tenantry apply staging --digest {verdicts.DIGEST}" in parsed(html(verdicts.passing())).text


def test_the_worst_level_is_open_and_what_is_safe_is_folded() -> None:
    text = html(verdicts.small())
    assert '<details class="change dangerous" open>' in text
    assert '<details class="change safe">' in text
    assert text.index('class="change dangerous"') < text.index('class="change notable"') < text.index('"change safe"')


@pytest.mark.parametrize("verdict", [verdicts.small(), verdicts.passing(), verdicts.hostile()])
def test_it_is_well_formed_and_loads_and_runs_nothing(verdict: verdicts.Verdict) -> None:
    text = html(verdict)
    page = parsed(text)
    assert not page.wrong
    assert not page.opened
    assert not set(page.attributes) & LOADS
    assert not [name for name in page.attributes if name.startswith("on")]
    assert not set(page.tags) & {"script", "link", "iframe", "img", "object", "embed", "base", "form", "a", "use"}
    assert not [value for value in page.values if re.match(r"\s*(https?:|//|javascript:|data:)", value)]
    style = text[text.index("<style>") + 7 : text.index("</style>")]
    assert not re.search(r"url\(|@import|https?:", style)


def test_its_policy_allows_its_own_style_and_nothing_else() -> None:
    text = html(verdicts.small())
    style = text[text.index("<style>") + 7 : text.index("</style>")]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert policy in parsed(text).values


def test_no_text_of_others_becomes_a_part_of_the_page(hostile: Page) -> None:
    known = parsed(html(verdicts.small()))
    assert set(hostile.tags) <= set(known.tags)
    assert set(hostile.attributes) <= set(known.attributes)
    assert "<script>alert(1)</script>" in hostile.text
    assert "{{ 7 * 7 }}" in hostile.text
    assert all(one.isprintable() for one in hostile.text)


def test_every_name_in_the_page_is_one_and_what_is_referred_to_is_there(hostile: Page) -> None:
    text = html(verdicts.hostile())
    assert len(hostile.ids) == len(set(hostile.ids))
    assert set(re.findall(r'aria-labelledby="([^"]*)"', text)) <= set(hostile.ids)


def test_a_page_of_twenty_thousand_changes_is_bounded_and_counts_what_it_leaves_out() -> None:
    text = html(verdicts.large())
    assert len(text) < 3_000_000
    page = parsed(text)
    assert not page.wrong
    assert page.text.count("and 1,500 more, see the JSON") == 1
    assert "and 6,000 more, see the JSON" in page.text
    assert "and 12,000 more, see the JSON" in page.text
    assert page.tags["rect"] <= 2 * picture.NODES


@pytest.mark.parametrize("verdict", [verdicts.small(), verdicts.hostile(), verdicts.large(300, 100)])
def test_the_order_of_the_input_is_not_seen(verdict: verdicts.Verdict) -> None:
    assert {html(verdicts.shuffled(verdict, seed)) for seed in range(3)} == {html(verdict)}


def test_parents_that_stay_are_in_the_picture() -> None:
    stack = "urn:pulumi:staging::tenantry::pulumi:pulumi:Stack::tenantry-staging"
    component = verdicts.urn("db", "x:y:Z")
    resources = {component: Resource(component, "x:y:Z", {}, parent=stack), stack: Resource(stack, "s:s:Stack", {})}
    text = html(verdicts.small(), resources)
    assert "db · x:y:Z · stays as it is" in text
    assert "tenantry-staging" in text
    assert "tenantry-staging" not in html(verdicts.small())
