"""How the console is looked at: by axe, by its width, by the Tab key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parent / "node" / "node_modules" / "axe-core" / "axe.min.js"
NARROW: Any = {"width": 360, "height": 740}
THEMES: tuple[Any, ...] = ("light", "dark")
TABS_MAX = 90
COLOUR_RULES = ["color-contrast", "link-in-text-block"]


def load_axe(page: Page) -> None:
    """Not a script of the page: the tool's own evaluation, which no policy concerns."""
    page.evaluate(AXE.read_text(encoding="utf-8"))


def assert_no_barrier(page: Page, screen: str, themes: tuple[Any, ...] = THEMES) -> None:
    """Axe finds nothing, in light and in dark.

    What another theme changes are colours: only the rules about them are asked again.
    """
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    for theme in themes:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        found = page.evaluate("(options) => axe.run(options)", options)
        assert [
            f"{screen}, {theme}: {one['id']}: {[node['target'] for node in one['nodes'][:3]]}"
            for one in found["violations"]
        ] == []
        options["runOnly"] = COLOUR_RULES


def assert_fits(page: Page, screen: str) -> None:
    """Nothing has to be scrolled sideways."""
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.evaluate("document.documentElement.clientWidth"), screen


def press_until(page: Page, selector: str) -> None:
    """Tab to an element; fails when it cannot be reached."""
    wanted = page.locator(selector).first
    for _ in range(TABS_MAX):
        if wanted.evaluate("(one) => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} cannot be reached with the Tab key")
