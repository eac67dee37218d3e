"""How a page is looked at: what its reader sees, and what it does behind their back."""

import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Locator, Page

WIDE, NARROW = (1280, 800), (390, 844)
PAPER = (718, 1047)
"""A4 without margins of a centimetre, in pixels of a ninety-sixth of an inch."""

CONTRAST = 4.5
"""What small text needs at least: WCAG 2.2, 1.4.3."""

_SEEN = """
element => {
  const box = element.getBoundingClientRect();
  const across = [0.05, 0.5, 0.95].map(part => box.left + part * box.width);
  const down = [0.1, 0.5, 0.9].map(part => box.top + part * box.height);
  const within = box.width > 0 && box.height > 0 && box.left >= 0 && box.top >= 0
    && box.right <= innerWidth && box.bottom <= innerHeight;
  return within && across.every(x => down.every(y => element.contains(document.elementFromPoint(x, y))));
}
"""
_SIDEWAYS = """
() => {
  scrollTo(1e6, scrollY);
  const moved = scrollX;
  scrollTo(0, scrollY);
  return Math.max(moved, document.documentElement.scrollWidth - innerWidth);
}
"""
_UNSEEN = """
elements => elements.filter(element => {
  const box = element.getBoundingClientRect();
  return !element.checkVisibility({opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true})
    || box.width <= 0 || box.height <= 0 || box.left < 0 || box.right > innerWidth;
}).map(element => element.textContent.slice(0, 80))
"""
_PALE = """
least => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const light = colour => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    const linear = [r, g, b].map(c => c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
    return [0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2], a];
  };
  const behind = element => {
    const box = element.closest("svg > svg")?.querySelector(":scope > .box");
    if (box) return light(getComputedStyle(box).fill)[0];
    for (let at = element; at; at = at.parentElement) {
      const [found, opaque] = light(getComputedStyle(at).backgroundColor);
      if (opaque) return found;
    }
    return 1;
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const pale = new Set();
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const element = text.parentElement;
    if (!text.data.trim() || ["title", "STYLE"].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const colour = light(element.namespaceURI.endsWith("svg") ? style.fill : style.color)[0];
    const [low, high] = [colour, behind(element)].sort((a, b) => a - b);
    if ((high + 0.05) / (low + 0.05) < least) pale.add(element.outerHTML.slice(0, 80));
  }
  return [...pale];
}
"""


@dataclass
class Looked:
    """A page in a window, and what was heard of it since it was opened.

    Args:
        page: it.
        name: of its file.
        address: its own.
        asked: what it asked for, itself included.
        said: messages on its console, of any kind.
        failed: errors of scripts.
        ran: dialogs, which only a script opens.
    """

    page: Page
    name: str
    address: str
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)

    def is_seen(self, selector: str) -> bool:
        """Return whether all of such elements is in the window, and nothing before them; there has to be one."""
        found = self.page.locator(selector).all()
        assert found, selector
        return all(element.evaluate(_SEEN) for element in found)

    def picture(self) -> Image.Image:
        """Return what is in the window."""
        return Image.open(io.BytesIO(self.page.screenshot()))

    def unseen(self, selector: str) -> list[str]:
        """Return the texts of those elements that cannot be read by scrolling down; there has to be one."""
        found = self.page.locator(selector)
        assert found.count(), selector
        return list(found.evaluate_all(_UNSEEN))

    def pale(self) -> list[str]:
        """Return elements whose text is hard to tell from what is behind it."""
        return list(self.page.evaluate(_PALE, CONTRAST))

    def sideways(self) -> int:
        """Return by how many pixels the page can be moved to the side."""
        return int(self.page.evaluate(_SIDEWAYS))


def colours(picture: Image.Image, element: Locator) -> tuple[int, float]:
    """Return how many colours a window's picture has where an element is, and which part is not of the commonest."""
    box = element.bounding_box()
    assert box is not None
    edges = (box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"])
    found = Counter(picture.crop(edges).convert("RGB").get_flattened_data())
    return len(found), 1 - found.most_common(1)[0][1] / found.total()


@contextmanager
def opened(
    browser: Browser, file: Path, window: tuple[int, int], scheme: Literal["light", "dark"] = "light"
) -> Iterator[Looked]:
    """Open a page in a new window of so many pixels."""
    size = {"width": window[0], "height": window[1]}
    context = browser.new_context(viewport=size, color_scheme=scheme, offline=True)
    context.set_default_timeout(10_000)
    page = context.new_page()
    looked = Looked(page, file.stem, file.as_uri())
    page.on("request", lambda request: looked.asked.append(request.url))
    page.on("console", lambda message: looked.said.append(message.text))
    page.on("pageerror", lambda error: looked.failed.append(str(error)))
    page.on("dialog", lambda dialog: (looked.ran.append(dialog.message), dialog.dismiss()))
    page.goto(looked.address)
    yield looked
    context.close()
