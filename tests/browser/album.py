"""Pictures of pages, and what a machine can tell of how accessible they are."""

from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve
from playwright.sync_api import Page, Response

SIZES = {390: 844, 1280: 900}
SCHEMES = ("light", "dark")
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
"""Evaluated by the browser's own debugger: a script tag would be refused by the pages' policy."""
SETTLE = "document.getAnimations().filter((one) => one instanceof CSSTransition).forEach((one) => one.finish())"
"""A colour on its way from day to night has no contrast of its own."""


def violations(page: Page, rules: tuple[str, ...] = RULES) -> list[str]:
    """What axe-core finds wrong with the page as it is now: rule, help and place, one line each."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    # Preloading writes style sheets into documents, which the policy refuses; only css-orientation-lock needs it.
    options = {"runOnly": {"type": "tag", "values": list(rules)}, "resultTypes": ["violations"], "preload": False}
    found: list[dict[str, Any]] = page.evaluate(
        "async (options) => (await axe.run(document, options)).violations", options
    )
    return [
        f"{rule['id']}: {rule['help']}: {' '.join(map(str, node['target']))}"
        for rule in found
        for node in rule["nodes"]
    ]


def too_wide(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def address_of(page: Page) -> str:
    """The name of the page's address, as "citizens:status"; empty where the page says that there is none."""
    try:
        return resolve(urlsplit(page.url).path).view_name
    except Resolver404:
        return ""


STILL = """
window.shift = 0;
new PerformanceObserver(list => { for (const e of list.getEntries()) window.shift += e.value; })
    .observe({ type: "layout-shift", buffered: true });
"""
HEAVIEST = 150_000
MOVED = 0.02
"""A layout shift that nobody would notice."""


def light_and_still(page: Page, url: str, *, pictures: bool = True) -> None:
    """The page weighs less than `HEAVIEST` with all it needs, unpacked, and nothing in it moves while it loads.

    Args:
        pictures: whether the person's own pictures count.
    """
    page.add_init_script(STILL)
    weights: dict[str, int] = {}

    def weigh(response: Response) -> None:
        if pictures or not response.headers.get("content-type", "").startswith("image/jpeg"):
            weights[response.url] = len(response.body())

    page.on("response", weigh)
    page.goto(url, wait_until="networkidle")
    page.remove_listener("response", weigh)
    assert sum(weights.values()) < HEAVIEST, weights
    assert page.evaluate("window.shift") < MOVED, url


class Album:
    """Pages looked at as a telephone and a desktop show them, and photographed if there is a folder for it.

    Args:
        folder: where screenshots are kept, by day and by night at both widths. Without one there are none, and pages
            are looked at as the telephone shows them by day and the desktop by night.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.seen: set[str] = set()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def take(self, page: Page, name: str) -> None:
        """The whole page at both widths. No page may be wider than the screen, nor break a rule of axe-core."""
        wrong: list[str] = []
        for (width, height), scheme in zip(SIZES.items(), SCHEMES, strict=True):
            page.set_viewport_size({"width": width, "height": height})
            for colours in (scheme,) if self.folder is None else SCHEMES:
                page.emulate_media(color_scheme=colours)
                page.evaluate(SETTLE)
                if self.folder is not None:
                    page.screenshot(path=self.folder / f"{name}-{width}-{colours}.png", full_page=True)
                wrong += [f"{width} {colours} {line}" for line in violations(page)]
            overflow = too_wide(page)
            assert overflow <= 0, f"{name} is {overflow} pixels wider than a screen of {width}."
        page.emulate_media(color_scheme="light")
        assert not wrong, f"{name} ({page.url}):\n" + "\n".join(wrong)
        self.seen.add(address_of(page))
