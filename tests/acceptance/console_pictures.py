"""The pictures of docs/console.md, taken anew: `python -m tests.acceptance.console_pictures`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from tests.acceptance.console_house import House, open_browser, open_house, open_page, sign_in
from tests.acceptance.console_states import every_state, listing

IMAGES = Path(__file__).parents[2] / "docs" / "images"


def take(browser: Browser, house: House, name: str, **context: Any) -> None:
    """The table with everything that it can show."""
    with open_page(browser, viewport={"width": 1120, "height": 760}, **context) as page:
        answer = listing(every_state())
        page.route("**/api/credentials?order*", lambda route: route.fulfill(json=answer))
        sign_in(page, house.url)
        page.locator("tr.row").first.wait_for()
        page.screenshot(path=IMAGES / name)


def main() -> None:
    """Take them all."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_house(Path(folder)) as house,
        open_browser() as browser,
    ):
        take(browser, house, "console.png")
        take(browser, house, "console.zh-CN.png", locale="zh-CN", color_scheme="dark")


if __name__ == "__main__":
    main()
